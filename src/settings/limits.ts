/** Bounds of what a household's boxes have in common: a believed member may be broken all the same. */
export const limits = {
  /** UTF-8. The longest name, a type and an address fit; a rule of a list as well. */
  MAX_KEY_BYTES: 384,
  MAX_VALUE_BYTES: 1_024,
  /** Keys in the document, removed ones included: with the two bounds above 11 MB at the worst, and 1 MB as people use it. */
  MAX_CHANGES: 8_192,
  /** An edit is refused above so many keys that have a value, so that there is room for those that are gone: they give way first. */
  MAX_SETTINGS: 6_000,
  /** Edits of one call: an import of somebody's local records. */
  MAX_EDITS: 2_000,
  /** Changes that this box remembers, with what was there before. */
  MAX_HISTORY: 500,
  /** A counter is a time in ms or more: the year 37000. */
  MAX_COUNTER: 2 ** 50,
  /** One message: each change costs a check of a signature, some 70 us. */
  CHANGES_A_MESSAGE: 64,
  /** Below a frame of the transport, with its heads. Bytes. */
  MESSAGE_BYTES: 60_000,
  /** The document is compared in so many parts. */
  PARTS: 64,
  PART_BYTES: 16,
  /** Ms. A peer that does not answer in this time is asked again later. */
  REQUEST_TIMEOUT_MS: 5_000,
  /** Without a frame for so long, a pull has failed. Ms. */
  PULL_TIMEOUT_MS: 10_000,
  /** After a failure the document is compared again, first after so long, twice as long each time, up to the second. Ms. */
  AGAIN_MS: 500,
  MAX_AGAIN_MS: 60_000,
  /** One other box after the other is compared with: what no message brought is there a minute later. Ms. */
  COMPARE_EVERY_MS: 60_000,
  /** Boxes that are told at once. Larger rings hear the rest by comparing. */
  MAX_TOLD: 16,
  /** What one member may send. Bytes a second, and at once: a whole document as people use it. */
  TAKEN_BYTES_PER_SECOND: 262_144,
  TAKEN_BURST_BYTES: 2_097_152,
  MAX_RATED: 64,
} as const
