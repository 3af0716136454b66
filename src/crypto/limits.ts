/** Bounds of this room. */
export const limits = {
  /** Imported public keys kept, about 1 KB each: the members of a large ring whose signatures are checked again and again. */
  MAX_IMPORTED_KEYS: 4_096,
  /** Nesting of a CBOR document: honest ones have at most 6 levels. */
  MAX_CBOR_DEPTH: 16,
} as const
