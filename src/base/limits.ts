/** Bounds of the transport. DESIGN 8. */
export const limits = {
  /** One frame between peers; larger things go in pieces on a bulk stream, so that a small request never waits long. */
  MAX_FRAME_BYTES: 65_536,
  /** One hello message: version, ring id, nonce, MAC. */
  MAX_HELLO_BYTES: 1_024,
  /** Time for a peer to complete hello, ms. */
  HELLO_TIMEOUT_MS: 5_000,
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
  /**
   * What nobody waits for is done after so long, though others wait for this node: long beside an answer, short beside the life of a
   * record, ms. And how often it is looked whether they still wait: a question is on its way for some tens of milliseconds.
   */
  LEISURE_LATE_MS: 1_000,
  LEISURE_LOOK_MS: 10,
  /** What waits for leisure at once: more is done when it comes, the oldest first. */
  MAX_LEISURE: 256,
} as const
