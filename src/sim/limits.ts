/** Bounds of what stands for the real things: they are as large as theirs. */
export const limits = {
  /** As many bulks as the real transport serves one peer at a time. */
  MAX_BULKS_PER_PEER: 4,
} as const
