/** Bounds of the ledger: everything that a submitter, an organisation or a file could stretch. The chain has bounds of its own. */
export const limits = {
  /** Modules of one application: each is asked at the end of every block. */
  MAX_MODULES: 32,
  /** First item of a payload; third parties' begin at 1,024. */
  MAX_KIND: 65_535,
  /** As the chain has it. */
  MAX_PAYLOAD_BYTES: 32_000,
  /** A key of a module: what is longer is hashed by the module. */
  MAX_KEY_BYTES: 256,
  /** The largest balance, and the largest fee: a safe integer. */
  MAX_AMOUNT: Number.MAX_SAFE_INTEGER,
  /** Transactions of one account in one day of block time where the genesis says nothing else: endorsed accounts are few, so this bounds them all. */
  QUOTA_A_DAY: 1_000,
  /** A day of block time, ms: what quotas are counted in. */
  DAY_MS: 24 * 60 * 60 * 1_000,
} as const
