/** Bounds of the upstream sockets. */
export const limits = {
  /** UDP sockets open at once; each query has one of its own. Far below the usual 1,024 to 65,536 descriptors of a process. */
  MAX_UDP_SOCKETS: 2_000,
  MAX_TCP_CONNECTIONS: 256,
  /** Replies to one query that are passed over before it is given up: a flood of forgeries must not hold the socket (TuDoor, SAD DNS). */
  MAX_IGNORED_REPLIES: 64,
  /** Tries to find a free source port. */
  MAX_PORT_TRIES: 8,
  /** Source ports: unprivileged, and none that firewalls or other protocols on the host treat specially. */
  MIN_PORT: 1_024,
  MAX_PORT: 65_535,
  /** How long `families` is believed, ms. */
  FAMILIES_MS: 5_000,
  /** Connections that peers may open in a second from one host, and that may be in hand-shake at once. */
  MAX_INBOUND_CONNECTIONS_PER_SECOND: 200,
  MAX_PENDING_CONNECTIONS: 128,
  /** About 100 KiB of memory each. */
  MAX_PEER_CONNECTIONS: 1_000,
  /** Streams of our protocol in one connection: one in each direction, and what overlaps while one is replaced. */
  MAX_INBOUND_STREAMS: 8,
  MAX_ADDRESSES_PER_PEER: 8,
  MAX_KNOWN_PEERS: 100_000,
  DIAL_TIMEOUT_MS: 5_000,
  /** A peer that could not be reached is not dialled again by every request. */
  REDIAL_AFTER_MS: 2_000,
} as const

/** Ports never used as a source: replies to them may be dropped on the way, or reach another service of the host. */
export const AVOIDED_PORTS: ReadonlySet<number> = new Set([1900, 3702, 4789, 4791, 5350, 5351, 5353, 5355, 6081, 11211])
