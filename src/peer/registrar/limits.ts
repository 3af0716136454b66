/** Bounds of a registrar's front: all that customers and strangers could stretch. */
export const limits = {
  /** A create with four servers of four addresses each, two DS records and a signature has 2 kB. */
  MAX_BODY_BYTES: 16_384,
  MAX_HEADER_BYTES: 8_192,
  MAX_CONNECTIONS: 128,
  REQUEST_TIMEOUT_MS: 5_000,
  /** Names of one check: each is a proof that the node gets. */
  MAX_CHECKED: 20,
  /** Commands of one customer a second, and at once; a check counts as one for each name. */
  COMMANDS_PER_SECOND: 5,
  COMMANDS_BURST: 40,
  /** Transactions of one customer a second, and at once: each is one of the account's quota of the day. */
  TRANSACTIONS_PER_SECOND: 0.5,
  TRANSACTIONS_BURST: 20,
  /** Requests without a good token, a second and at once, of all strangers together: a token has 256 random bits, so this only bounds the work. */
  STRANGERS_PER_SECOND: 20,
  STRANGERS_BURST: 100,
  /** What one command may cost where neither customer nor operator says less: a name of five letters for ten years is 100. */
  MOST_UNITS: 10_000,
  MAX_CLIENTS: 10_000,
  MAX_CLIENTS_FILE: 2_000_000,
  /** A transaction waits for its block. */
  OUTCOME_WAIT_MS: 60_000,
  /** Commands under way at the same time, of all customers: each holds a connection. */
  MAX_UNDER_WAY: 64,
} as const
