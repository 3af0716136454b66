/** Bounds of the transport. DESIGN 8. */
export const limits = {
  /** One frame between peers; larger things go in pieces on a bulk stream, so that a small request never waits long. */
  MAX_FRAME_BYTES: 65_536,
  /** One hello message: version, ring id, nonce, MAC. */
  MAX_HELLO_BYTES: 1_024,
  /** Time for a peer to complete hello, ms. */
  HELLO_TIMEOUT_MS: 5_000,
  /** How long a peer that was refused, or dismissed, may take to hang up itself, ms: what was said to it last arrives. */
  HANG_UP_AFTER_MS: 200,
  /** Requests of one peer that may be in work at once; more are answered with PEER_BUSY. */
  MAX_INBOUND_REQUESTS_PER_PEER: 256,
  /** Frames of one bulk that may be under way: 256 KiB, enough for 10 MB/s at 25 ms, and no more than that waits anywhere. */
  BULK_WINDOW: 4,
  /** One bulk: what one peer may stream to us for one request. */
  MAX_BULK_BYTES: 256 * 1024 * 1024,
  /** A requester that reads nothing for so long is given up, ms. */
  BULK_SLOW_MS: 30_000,
  /** A connection with a peer that is not kept, and with which nothing was exchanged for so long, is closed, ms. */
  PEER_IDLE_MS: 120_000,
  /** A connection that something was exchanged on so lately does not make room for another, ms: a reply is on its way back. */
  PEER_REST_MS: 250,
  /** What is told waits so long at most while stubs wait for this node: long beside an answer, short beside the life of a record, ms. */
  LEISURE_LATE_MS: 1_000,
  /** Tells that wait at once: more are done when they come, the oldest first. */
  MAX_LEISURE: 256,
  /**
   * Beside answering: how often it is looked whether work may begin, ms, and how many pieces begin at one look, 1 to 5 ms each. It is looked on
   * for so long after somebody asked, ms.
   */
  WORK_LOOK_MS: 20,
  WORK_BEGUN_AT_ONCE: 2,
  WORK_LOOK_ON_MS: 1_000,
  /**
   * A timer that fires so late says that there is no CPU to spare, ms: on an idle machine they are 1 ms late, and a turn of the event loop
   * takes 1 to 5 ms. What was late counts less from look to look: 30 ms are forgotten after 200 ms.
   */
  WORK_LATE_MS: 5,
  WORK_LATE_FADES: 0.85,
  /** Pieces of work at once: at first, at most, how many more after a look that was not late, which part is left after one that was; ms between two of these. */
  WORK_PLACES_FIRST: 4,
  MAX_WORK_PLACES: 32,
  WORK_MORE: 0.1,
  WORK_FEWER_PART: 0.7,
  WORK_FEWER_MS: 100,
  /** However late all is: one part in a round of others begins each half a second, an own round each second, and so on. Ms. */
  WORK_LEAST_MS: 500,
  /** Of one kind: pieces that wait; more are refused, the oldest first. And rounds that stubs wait for, at once. */
  MAX_WORK_WAITING: 1_024,
  MAX_WORK_AWAITED: 16,
} as const
