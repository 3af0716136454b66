/** Bounds of reading a configuration: it is the operator's own, so they only catch a wrong file. */
export const limits = {
  /** Characters of a configuration file; a thousand stub zones are 100 kB. */
  MAX_FILE_CHARACTERS: 4 * 1024 * 1024,
  /** Nesting of the JSON text; the schema needs four. */
  MAX_DEPTH: 32,
  /** Problems told at once. */
  MAX_PROBLEMS: 50,
  /** Memory of the cache that can be configured: below it holds next to nothing, above the packed records have no places. */
  LEAST_CACHE_BYTES: 2 ** 20,
  MAX_CACHE_BYTES: 64 * 2 ** 30,
  /** Of a ring that begins now: a small one pays no more for it, and one of 100,000 members needs it (docs/decisions/0147, 0173). */
  NEW_RING_CHUNK_BITS: 16,
} as const
