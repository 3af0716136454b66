/** Bounds of what a household's members tell each other. */
export const limits = {
  /**
   * Rings of more members than this do not tell everything to everybody: what a question costs grows with their number. Theirs
   * is the way of all other rings, through replicas.
   */
  MAX_MEMBERS: 16,
  /**
   * For each other member, so that nobody sends more than some 18 messages a second, however many there are. What is found in
   * this time goes in one message: one question's cuts, keys and answer come together. With eight members that resolve three names
   * a second each, 200 ms were 27 packets a question, and 400 ms 17.7; two others are told after 114 ms. Ms.
   */
  GATHER_MS_PER_MEMBER: 57,
  /**
   * An answer is told so soon, with what was gathered, unless the others were told within the time above: then at its end, so that no
   * more messages are sent. Its verdict is there by then where no key had to be fetched. Ms.
   */
  ANSWERED_MS: 5,
  /** One message: below a frame of the transport, with its heads. Bytes. */
  MESSAGE_BYTES: 60_000,
  /** Rows of one message: each costs some 20 us to take. */
  MAX_ROWS: 512,
  /** Rows that are taken in one go: a millisecond. */
  ROWS_AT_ONCE: 48,
  /**
   * Of what waits to be taken, so much is taken at once when a question is about to be fetched: some 50 rows, a millisecond, where a fetch
   * takes ten at least. Bytes.
   */
  TAKEN_BEFORE_FETCH_BYTES: 16_384,
  /** One row: an outcome at its largest, and its question. What is larger is fetched by each for itself. Bytes. */
  MAX_ROW_BYTES: 48_000,
  /** Rows that wait for the next message; the oldest give way. */
  MAX_WAITING: 2_048,
  /** Rows told a moment ago: a verdict that comes later says nothing new to those who validate for themselves. */
  MAX_RECENT: 8_192,
  RECENT_MS: 2_000,
  /** A telling that is not acknowledged by then is lost, which costs a fetch. Ms. */
  SEND_TIMEOUT_MS: 2_000,
  /** Messages to one peer that wait for their acknowledgement: beyond it the peer is slow, and misses some. */
  MAX_IN_FLIGHT: 4,
  /** What one member may tell: eight times what a busy household of a hundred devices finds. Bytes a second, and at once. */
  TAKEN_BYTES_PER_SECOND: 262_144,
  TAKEN_BURST_BYTES: 1_048_576,
  MAX_RATED: 64,
  /** Less than this is over before it is used. Seconds. */
  MIN_SECONDS: 1,
  /** RFC 8767 section 4 and cache.maxTtl bound it anyway. Seconds. */
  MAX_SECONDS: 604_800,
  /** A member that was away asks one other for all that it holds: at most so many rows. */
  CATCH_UP_ROWS: 50_000,
  /** Without a frame for so long, another member is asked. Ms. */
  CATCH_UP_TIMEOUT_MS: 10_000,
  /** For all of it: 15 MB over a slow wireless network take half of that. Ms. */
  CATCH_UP_MS: 60_000,
  /** Members that are asked in turn until one has sent all. */
  CATCH_UP_MEMBERS: 3,
  /** When none has, it asks again: so often in all, first after so long, and after twice as long each time. Ms. */
  CATCH_UP_TRIES: 5,
  CATCH_UP_AGAIN_MS: 5_000,
  /** A member that asks more often is refused. Ms. */
  CATCH_UP_EVERY_MS: 60_000,
  /** So often at once: a box that is started twice in a row. */
  CATCH_UP_BURST: 2,
  /** Alone for longer than this, a member asks again when it meets the others. Ms. */
  AWAY_MS: 30_000,
  /** Where each row came from, for `explain`. */
  MAX_SOURCES: 16_384,
} as const
