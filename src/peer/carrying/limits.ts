/** Bounds of what a carrier does: what an outsider names by NOTIFY costs a proof, two fetches and, if it holds, a transaction. */
export const limits = {
  /** Names that others have named and that wait for a look; those of one network (IPv4 /24, IPv6 /48) among them. */
  MAX_NOTIFIED: 64,
  MAX_NOTIFIED_OF_NETWORK: 8,
  /** Looks at a name that others have named, until it is forgotten again: its servers may not have the new set at once. */
  NOTIFIED_LOOKS: 3,
  /** Between two looks of names that others have named, and between two at one name, ms. */
  LOOK_GAP_MS: 1_000,
  SAME_NAME_GAP_MS: 60_000,
  /** Names looked at lately, whose gap is remembered. */
  MAX_RESTING: 1_024,
  /** Soon after the start, and after a NOTIFY of a name that was told, ms. */
  SOON_MS: 2_000,
  /** One look with everything that it causes, ms, without the wait for a block. */
  LOOK_TIMEOUT_MS: 20_000,
  /** Of several carriers of one name, one by chance is first: the others see what it did. Ms. */
  JITTER_MS: 20_000,
  /** How long a transaction is waited for, and how long it can get into a block, ms. */
  OUTCOME_WAIT_MS: 150_000,
  TRANSACTION_LIFE_MS: 600_000,
  /** How often a transaction is made in all where others of its account overtake it, and how long this node waits to hear of them, ms. */
  OVERTAKEN_TRIES: 4,
  OVERTAKEN_WAIT_MS: 5_000,
  /** Transactions in a day for one name: one of the operator's, and one that others have named. */
  A_DAY_TOLD: 24,
  A_DAY_NOTIFIED: 4,
  DAY_MS: 24 * 3_600_000,
  /** Names whose transactions are counted. */
  MAX_COUNTED: 4_096,
} as const
