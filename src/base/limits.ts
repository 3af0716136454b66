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
} as const
