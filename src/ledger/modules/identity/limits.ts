/** Bounds of identities. All of them are rules of the chain: another value needs another number of the rules. */
export const limits = {
  /** They stand in one value, so that one proof has them all. */
  MAX_CERTIFIERS: 64,
  /** Of one key: several may vouch for it (D51), and nobody reads more. */
  MAX_ENDORSEMENTS: 16,
  /** Name of an organisation, UTF-8. */
  MAX_NAME_BYTES: 128,
  /** As long as a CA vouches at most (CA/Browser Forum: 398 days), ms. */
  MOST_TERM_MS: 398 * 24 * 60 * 60 * 1_000,
} as const
