/** Bounds of what is observed: foreign texts end up in logs. */
export const limits = {
  /** Bytes waiting for a slow reader of stderr; beyond it lines are dropped. */
  MAX_PENDING_LOG_BYTES: 4 * 1024 * 1024,
  /** Until a reader of stderr that was busy gets the same again, and until something new is tried where nothing could be written (a full disk), ms. */
  LOG_SLOW_MS: 100,
  LOG_RETRY_MS: 1_000,
  /** Combinations of labels of answers, and metrics in all: there are about 200 of either, and none comes from outside. */
  MAX_ANSWER_LABELS: 500,
  MAX_METRICS: 500,
  /** Characters of one text in a log line; the longest name is 1,004 in presentation form. */
  MAX_LOG_TEXT: 2_000,
  /** Entries of one object or list in a log line, and nesting. */
  MAX_LOG_FIELDS: 50,
  MAX_LOG_DEPTH: 4,
  /** The status API: bytes of request head and URL that are read, open connections, and time for a request to arrive. */
  MAX_HEADER_BYTES: 8_192,
  MAX_CONNECTIONS: 32,
  REQUEST_TIMEOUT_MS: 5_000,
} as const
