import { baseLimits } from '../base/index.ts'

/** Bounds of what the network can make this machine hold. */
export const limits = {
  /** UDP sockets open at once; each query has one of its own. Far below the usual 1,024 to 65,536 descriptors of a process. */
  MAX_UDP_SOCKETS: 2_000,
  /** Of these, the part that queries to servers that were silent lately may have: thousands of them must not keep out all others. */
  PATIENT_PART: 0.75,
  MAX_TCP_CONNECTIONS: 256,
  /**
   * Queries that wait for a socket; above it the one that has waited for longest is given up. As many as there may be questions in
   * work (`IN_FLIGHT` of recurse); about 1 kB each.
   */
  MAX_WAITING_QUERIES: 20_000,
  /** After the system refused a socket (EMFILE, ENOBUFS) no more than were open then, and at least so many, are opened. */
  MIN_UDP_SOCKETS: 16,
  /** And when none is open whose end could be waited for, it is tried again after so long, ms. */
  SOCKET_RETRY_MS: 50,
  /** Queries in work on one connection; servers answer many at once, but some in order. */
  MAX_PIPELINED_QUERIES: 8,
  /** How long an idle connection to a server is kept, ms (RFC 7766 section 6.2.3: a few seconds). */
  TCP_IDLE_MS: 10_000,
  /** Replies to one query that are passed over before it is given up: a flood of forgeries must not hold the socket (TuDoor, SAD DNS). */
  MAX_IGNORED_REPLIES: 64,
  /** Tries to find a free source port. */
  MAX_PORT_TRIES: 8,
  /** Source ports: unprivileged, and none that firewalls or other protocols on the host treat specially. */
  MIN_PORT: 1_024,
  MAX_PORT: 65_535,
  /** How long `families` is believed, ms; a look takes 0.1 ms. */
  FAMILIES_MS: 1_000,
  /** How long a connection that came in may take to pass hello, from its first packet on, ms. */
  STRANGER_MS: 2_000,
  /**
   * Connections that have not passed hello: from one network (/24, /48) and in all. A hand-shake costs about 4 ms of CPU
   * before we know who it is, and a place changes hands after PLACE_KEPT_MS at the earliest: strangers of one network cost
   * an eighth of a core at most, all together half of one.
   */
  MAX_STRANGERS_PER_NETWORK: 16,
  MAX_STRANGERS: 64,
  /** The same for hosts at which a member is known to be: these places are theirs, whatever strangers do. */
  MAX_WAITING_PER_MEMBER_HOST: 32,
  MAX_WAITING_MEMBERS: 256,
  /** Before this a connection does not have to make room for another of its network, ms: hello over a far path takes half of it. */
  PLACE_KEPT_MS: 500,
  /** Hosts that members came from, though they name others: behind a NAT. */
  MAX_REMEMBERED_HOSTS: 4_096,
  /** Connections with one member: one that each side opened, and what overlaps while one is replaced. */
  MAX_CONNECTIONS_PER_PEER: 4,
  /** Connections with members. About 100 KiB of memory each. */
  MAX_PEER_CONNECTIONS: 1_000,
  /** Streams of our protocol in one connection: one in each direction, and what overlaps while one is replaced. */
  MAX_INBOUND_STREAMS: 8,
  /** Bulks that one peer, and all together, may have from us at once: 256 KiB and some work each. */
  MAX_BULKS_PER_PEER: 4,
  MAX_BULKS: 32,
  /** Bytes of replies that wait for one peer to read; above it, its requests are not read either. */
  MAX_QUEUED_REPLY_BYTES: 1024 * 1024,
  /** Bytes of requests that wait for one peer to read, as many as it would work on at once; above it, new ones fail. */
  MAX_QUEUED_REQUEST_BYTES: baseLimits.MAX_INBOUND_REQUESTS_PER_PEER * baseLimits.MAX_FRAME_BYTES,
  /** Replies to requests that came in one piece wait so long for each other, ms: less than a round trip in one house. */
  REPLIES_TOGETHER_MS: 2,
  /** A stream whose peer takes nothing for so long while something waits for it is ended, ms. */
  SLOW_MS: 30_000,
  /**
   * A connection on which requests time out, and nothing comes for so long, is ended, and the next request dials anew, ms. A host that got another address, or
   * lost its power, ends no connection; the system would only after 15 minutes. Longer than an event loop that is busy stands still.
   */
  DEAF_MS: 8_000,
  /** Messages up to this length are sealed in WebAssembly: see `peers/sealing.ts`. */
  SEALED_AS_SMALL_BYTES: 768,
  /** Bytes on their way to us on one stream before we have read any: the default, 16 MiB, is more than a paused one may hold. */
  MAX_STREAM_WINDOW: 1024 * 1024,
  /** Addresses kept of one peer, and peers whose addresses are kept: as many as the member table holds. */
  MAX_ADDRESSES_PER_PEER: 8,
  MAX_KNOWN_PEERS: 110_000,
  DIAL_TIMEOUT_MS: 5_000,
  /** A peer that could not be reached is not dialled again by every request: twice as long after each failure. */
  REDIAL_AFTER_MS: 1_000,
  MAX_REDIAL_AFTER_MS: 16_000,
  /** Size of the data file: chunk entries and warm cache are bounded by themselves, this is for what they did not foresee. */
  MAX_STORE_BYTES: 384 * 1024 * 1024,
  /** Size of the file of votes: one record a chain, up to three blocks each, and marks of those that are over. */
  /** The state of a ledger: a million names are some 600 MB with the versions that are kept. */
  MAX_LEDGER_STATE_BYTES: 4 * 1024 * 1024 * 1024,
  /** Blocks of all ledgers: a year of one a minute is below 2 GB. */
  MAX_LEDGER_BLOCKS_BYTES: 16 * 1024 * 1024 * 1024,
  MAX_VOTES_BYTES: 128 * 1024 * 1024,
  /** A node that is restarted may have to wait for the one that still stops. The process does nothing else meanwhile. */
  STORE_BUSY_TIMEOUT_MS: 3_000,
  /**
   * Pages of the file with the blocks of ledgers. A row longer than a quarter of its page spills into a page of its own: with pages of 4 KiB each
   * certificate of 31 validators did, 5.6 kB a block instead of 2.7. Those of more than 41 still do, here too.
   */
  LEDGER_BLOCKS_PAGE_BYTES: 8_192,
  /** Values from this length on go to the writing thread in shared memory, bytes. */
  SHARED_FROM_BYTES: 65_536,
  /** The log of writes is cut back to this after it has been folded into the file. */
  STORE_LOG_BYTES: 8 * 1024 * 1024,
  /** The log of writes is folded back into the file when it is as long: SQLite's own 1,000 pages of 4 KiB. */
  STORE_FOLDED_BYTES: 4_096_000,
  /**
   * Bytes that wait for the disk, of one file; what must be durable may have as much again. A warm cache is written in one go when a
   * node stops; more than this means that the disk does not keep up. And what one write costs beside its bytes.
   */
  MAX_UNWRITTEN_BYTES: 64 * 1024 * 1024,
  UNWRITTEN_OVERHEAD_BYTES: 200,
  /** Of these, what becomes one transaction: a few ms of work for the thread, in which votes wait. */
  WRITTEN_AT_ONCE_BYTES: 2 * 1024 * 1024,
  /** Pairs that are read at once while one iterates; those of the warm cache are up to 64 KiB. */
  STORE_PAGE_PAIRS: 32,
  /** Connections to nodes of a DHT, and members that one search of it may name: a DHT stores what anybody says. */
  MAX_RENDEZVOUS_CONNECTIONS: 64,
  MAX_RENDEZVOUS_FOUND: 64,
  /** One search, or one record handed to the DHT, ms. */
  RENDEZVOUS_TIMEOUT_MS: 60_000,
  /** A search while this node is alone or the DHT is out of reach, and when it has company (a ring in two parts heals by it), ms. */
  RENDEZVOUS_ALONE_MS: 30_000,
  RENDEZVOUS_SEARCH_MS: 1_800_000,
  /** A DHT forgets a record after two days; addresses change before that, ms. */
  RENDEZVOUS_SAY_MS: 6 * 3_600_000,
  /** Memory of a thread that works for this one, MiB: what is young (docs/decisions/0036), and in all; what it works on is on disk. */
  THREAD_YOUNG_MB: 16,
  THREAD_OLD_MB: 256,
  /** A file with a key or secret in it: one of them is 130 characters long. */
  MAX_KEY_FILE_BYTES: 4_096,
} as const

/** Ports never used as a source: replies to them may be dropped on the way, or reach another service of the host. */
export const AVOIDED_PORTS: ReadonlySet<number> = new Set([1900, 3702, 4789, 4791, 5350, 5351, 5353, 5355, 6081, 11211])
