/** Every bound that somebody outside controls. A front end can be given others (tests, big machines). */
export const limits = {
  /** Questions in work, all clients together: each holds a few KB until it is answered. */
  MAX_IN_WORK: 10_000,
  /**
   * Questions in work of one client address (an IPv6 /64): Unbound's wait-limit, which came with CVE-2024-33655. Not for
   * loopback: a forwarder on this machine (dnsmasq, a browser's stub) speaks for many.
   */
  MAX_IN_WORK_PER_CLIENT: 1_000,
  MAX_IN_WORK_PER_LOOPBACK_CLIENT: 10_000,
  /** When all is full, the oldest question gives way to a new one if it is older than this (Unbound's jostle-timeout). */
  JOSTLE_AFTER_MS: 200,
  /** The resolver's own budget is 10 s; a question that outlives it is a bug, and ends here all the same. */
  MAX_QUESTION_MS: 12_000,
  /** DNSBomb (CVE-2024-33655): see `isBurst` in fairness.ts. Unbound's discard-timeout. */
  DISCARD_AFTER_MS: 1_900,
  DISCARD_ABOVE_PENDING: 100,

  /** DNS flag day 2020: larger UDP answers fragment, and fragments can be forged (CVE-2025-40778, CVE-2025-59024). */
  MAX_UDP_REPLY: 1_232,
  MIN_UDP_REPLY: 512,
  /** A header; after a length that no message has, nothing on the connection can be read. */
  MIN_TCP_QUERY: 12,
  /** No honest query is larger, options and padding included; the protocol would allow 65,535 per connection. */
  MAX_TCP_QUERY: 8_192,
  /** Sockets that the service manager hands over: four for each address of a machine with many. */
  MAX_INHERITED: 256,
  MAX_TCP_CONNECTIONS: 1_000,
  MAX_TCP_CONNECTIONS_PER_CLIENT: 100,
  MAX_TCP_CONNECTIONS_PER_LOOPBACK_CLIENT: 1_000,
  /** Pipelined questions of one connection in work; above it the connection is not read (RFC 7766 section 6.2.1). */
  MAX_IN_WORK_PER_CONNECTION: 100,
  /** Without a complete question or an answer for so long, a connection is closed: bytes that trickle do not count. */
  TCP_IDLE_MS: 10_000,
  /** Answers waiting for a client that does not read them; above it the connection is not read. */
  MAX_TCP_UNSENT: 262_144,

  /** A handshake of TLS that takes longer is given up: it holds a place, and nothing can be asked before it is done. */
  TLS_HANDSHAKE_MS: 5_000,
  /** Keys of session tickets are used for so long: whoever finds one reads what was resumed under it. */
  TLS_TICKETS_MS: 3_600_000,

  /** How often the addresses of the machine are read, for listeners on 0.0.0.0 and ::, ms. It takes 0.1 ms. */
  INTERFACES_MS: 3_000,
  /** Sockets of one wildcard and protocol: a host of containers has an address for each of its links. */
  MAX_LISTEN_ADDRESSES: 512,

  /** Client addresses that are remembered in parsed form. */
  MAX_KNOWN_CLIENTS: 10_000,
  /** Bytes asked of the system per UDP socket and direction: a burst of 10,000 queries fits. */
  UDP_BUFFER: 4_194_304,

  /**
   * The fast path (fast/). A datagram above the first is dropped: no honest query is longer, and each place of a batch has room for it.
   * Batch: as many as 16 sockets of a busy client send at once; more gained nothing (524 to 548 thousand q/s from 32 to 64).
   */
  MAX_UDP_QUERY: 4_096,
  FAST_BATCH: 64,
  /** Queries that wait for the main thread, of one worker: some thousands, half a second of them; what is more is lost. */
  FAST_QUEUE_BYTES: 1_048_576,
  /** Taken from a worker before anything else has its turn. */
  FAST_PACKETS_IN_A_ROW: 128,
  /** How often the workers are told the time that this process goes by, ms. */
  FAST_TICK_MS: 1_000,
  /** Answers that were found before a step of the wall clock of so many ms are found anew: signatures go by it. */
  FAST_CLOCK_STEP_MS: 1_000,
  /** A worker that dies is started again after so many ms, and after at most so many when it keeps on dying. */
  FAST_RESTART_MS: 50,
  FAST_RESTART_MAX_MS: 10_000,
  /** Threads that answer: what they gain ends where the cores do. */
  MAX_FAST_WORKERS: 64,
  /** Extended errors in a reply, and bytes of each one's text. */
  MAX_EDE: 4,
  MAX_EDE_TEXT: 160,
  /** Clients whose replies are counted at one time (24 bytes each, a power of two): above it, those that ask least are forgotten first. */
  RATE_SLOTS: 8_192,
  /** The answer table. Slots that are looked at for one question, and answers of one name that are kept: who asks one name for all types gets no more. */
  TABLE_PROBES: 24,
  TABLE_ANSWERS_PER_NAME: 8,
  /** Records that are written anew, since they were read, to make room for one: what is more is dropped though it was read. */
  TABLE_MOVES: 16,
  /** Links of aliases, and records, of an answer in the table: what has more is answered by the main thread. */
  TABLE_LINKS: 16,
  TABLE_RECORDS: 120,
  /** Places of TTLs in one reply: more than fit into the longest. */
  TABLE_TTLS: 128,
  /** No plain question is longer, padded to a multiple of 128 bytes (RFC 8467) or not: what is, is for the main thread. And bytes of padding, its option's head included. */
  MAX_PLAIN_QUERY: 384,
  MAX_PADDING: 472,
  /** Prefixes of `access.allow` that fit; with more than that, nobody is answered by a worker. The configuration allows 4,096. */
  FAST_PREFIXES: 4_096,
  /** Sockets of one worker: as many as the addresses of the machine, twice. */
  FAST_SOCKETS: 1_024,
  /** Bytes of the headers of one HTTP request: a query in a GET, and what browsers add. */
  MAX_HTTP_HEADER_BYTES: 16_384,
  /** MiB that one HTTP/2 connection may take: streams, headers and answers that wait. */
  MAX_HTTP_SESSION_MIB: 2,
} as const

export type ServeLimits = { readonly [K in keyof typeof limits]: number }
