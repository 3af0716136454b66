/** Bounds of names. All of them are rules of the chain: another value needs another number of the rules. */
export const limits = {
  /** Blocks from a commit to its reveal at least: whoever sees a reveal cannot commit and reveal before it is in a block. */
  REVEAL_BLOCKS: 2,
  /** From a commit to its reveal at most, ms of block time. */
  COMMIT_MS: 24 * 60 * 60 * 1_000,
  /**
   * As long after its commit a reveal takes a name from a later commit that was revealed first. A block is made every minute, by another
   * validator each, so nobody is kept out of all of them for an hour; and who holds commits back to take names from others makes one an hour for each.
   */
  CONTEST_MS: 60 * 60 * 1_000,
  /** Commits that are forgotten at the end of one block: twice as many as one block can bring. */
  FORGOTTEN_A_BLOCK: 2_048,
  /** A record, CBOR. With the path among a million names a proof has 1.3 kB then. */
  MAX_RECORD_BYTES: 512,
  /** The old key and the new one. */
  MAX_DS: 2,
  MAX_SERVERS: 4,
  MAX_ADDRESSES: 4,
  /** Records of a CDS set, a DNSKEY set, and signatures of each, in one transaction. */
  MAX_DNSKEYS: 12,
  MAX_SIGNATURES: 4,
  /** RRSIG rdata: 18 bytes, a name, a signature. */
  MAX_RDATA_BYTES: 600,
  /** Signers date signatures back by an hour or two, for clocks that are behind (BIND 1 h, Knot 90 min). */
  DATED_BACK_S: 7_200,
  /** More than the bounds above let anything cost: a verdict must not hang on a budget. */
  MOST_CHECKS: 1_000_000,
} as const
