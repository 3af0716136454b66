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
  /** A record with a life: with a transfer to other servers under way. */
  MAX_LIVING_BYTES: 1_024,
  /** What a policy may say: ten years for one term or delay, prices whose sums are safe integers, counts. */
  MOST_TERM_MS: 10 * 366 * 24 * 60 * 60 * 1_000,
  MOST_UNITS: 2 ** 40,
  MOST_COUNT: 1_000,
  MAX_PRICES: 63,
  /** Names kept back in the genesis one by one: 40 kB. */
  MAX_KEPT: 1_024,
  /**
   * Pages of kept names: a page and its path go with a registration, 2.7 kB of the 32 of a payload. 2^20 pages hold some sixty million names of
   * fifteen letters, as full as the fullest of them lets the others be.
   */
  MAX_KEPT_BITS: 20,
  MAX_PAGE_BYTES: 2_048,
  /** What a root says of its names: more than 2^20 pages hold. */
  MAX_PAGED_NAMES: 2 ** 30,
  /** TLDs in one of which somebody must have the same name (B9). */
  MAX_ELSEWHERE: 8,
  /** Wishes for a name by whoever has it elsewhere, that nodes look at; each for a day of block time. */
  MAX_WISHES: 64,
  WISH_MS: 24 * 60 * 60 * 1_000,
  /** So long what nodes have found of a name elsewhere is enough to register it. */
  TITLE_MS: 7 * 24 * 60 * 60 * 1_000,
  /** Guardians of one name. */
  MAX_GUARDIANS: 16,
  /** Names that one block settles because their time has come; the others come in the next blocks. */
  SETTLED_A_BLOCK: 1_024,
  /** Changes of hands that a chain remembers: who looks once a minute misses none at 60 a second. */
  HANDS_REMEMBERED: 4_096,
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
