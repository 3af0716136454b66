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
  /** Rows of questions that are kept when nobody said how many: about 1 MB. Those that are gone are given back in heaps of so many. */
  MAX_GONE_ROWS: 500,
  /** Lists that are counted in a day: 64 can be in force at once, and some go and come under other names. */
  MAX_BLOCKING_LISTS: 256,
  /** Rows that are sent at once, and that wait for a slow page: beyond it they are lost to that page, which is told how many. */
  MAX_SENT_ROWS: 1_000,
  MAX_WAITING_ROWS: 100,
  /** Streams of events at once, bytes that wait for a slow reader before nothing more is sent to it, and how often something is sent. */
  MAX_STREAMS: 8,
  MAX_STREAM_BYTES: 65_536,
  STREAM_MS: 1_000,
  ROWS_MS: 250,
  /** Who has signed in: how many at once, and for how long. */
  MAX_SESSIONS: 32,
  SESSION_MS: 12 * 3_600_000,
  /** What `chordns dashboard` prints is good for so long. */
  KEY_MS: 300_000,
  /** Tries to sign in a minute: each costs 60 ms of another thread. */
  MAX_SIGN_INS_A_MINUTE: 10,
  /**
   * dnstap: bytes that wait for a reader, some seconds of a busy node, beyond which messages are dropped; bytes written at once; and ms that the first message
   * waits for company, since each write is a system call.
   */
  MAX_DNSTAP_WAITING: 4 * 1024 * 1024,
  MAX_DNSTAP_WRITE: 65_536,
  DNSTAP_COMPANY_MS: 100,
  /** Until a reader that is away is looked for again: at first, and at most, since a refused connection costs little. Ms. */
  DNSTAP_RETRY_MS: 500,
  MAX_DNSTAP_RETRY_MS: 30_000,
  /** Ms that a reader has to say ACCEPT, to take one write, and to say FINISH, before it counts as hanging. */
  DNSTAP_HELLO_MS: 5_000,
  DNSTAP_HANG_MS: 10_000,
  DNSTAP_FINISH_MS: 1_000,
  /** Octets of a control frame: the bound of the fstrm library. */
  MAX_CONTROL_FRAME: 512,
  /** Bytes of a dnstap file, of which two are kept: a disk is not filled by what clients ask. */
  MAX_DNSTAP_FILE: 100 * 1024 * 1024,
} as const
