/**
 * The ports: every effect that a pure room may need, handed in. Real ones live in io/, simulated ones in sim/.
 */
import type { Cancel, PeerId } from './types.ts'

/** Wall and monotonic time, and timers. All in milliseconds. */
export interface Clock {
  /** Unix time in ms: signatures, certificates and expiry go by it. */
  now(): number
  /** Monotonic ms with sub-millisecond fraction: durations and intervals go by it. */
  monotonic(): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): Cancel
}

/** A cryptographically strong source; in the simulator, a seeded one. */
export interface Random {
  bytes(length: number): Uint8Array
  /** Uniform integer in [0, bound), bound <= 2^32. */
  below(bound: number): number
}

export type UpstreamProtocol = 'udp' | 'tcp'

/** Address and port of a DNS server. `address` is an IP literal without brackets. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** What the caller says about one datagram or stream message that came back. */
export type ReplyVerdict = 'accept' | 'ignore' | 'near-miss'

export interface UpstreamQuery {
  readonly server: Endpoint
  readonly protocol: UpstreamProtocol
  readonly message: Uint8Array
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** TCP: over a new connection from a new port, since whoever sits in an old one would sit in this query, too. */
  readonly fresh?: boolean
  /** Ms that it may wait for a socket of this node before it is sent: `timeoutMs` counts from then. Default: `timeoutMs`. */
  readonly waitMs?: number
  /** The server was silent lately. Queries to others go first, and some sockets are theirs alone. */
  readonly patient?: boolean
  /** Called when it is sent, at the latest before the reply: what a round trip is measured from. */
  readonly onSent?: () => void
  /** UDP: for so long after the time-out, ms, the socket stays open for a reply that is only slow. Default: not at all. */
  readonly lateMs?: number
  /** Called at most once, with a reply that came after the time-out and that `classify` accepts. */
  readonly onLate?: (reply: Uint8Array) => void
  /** For who watches: the names asked for and of the zone whose server is asked, in wire form. `isForward`: the server resolves for us. */
  readonly about?: { readonly name: Uint8Array; readonly zone: Uint8Array; readonly isForward: boolean }
  /**
   * Classifies each message that arrives: `accept` ends the exchange with it, `ignore` keeps waiting for the true one
   * (TuDoor), `near-miss` ends it with the error `UPSTREAM_NEAR_MISS` (right question, wrong id: somebody is guessing).
   */
  readonly classify: (reply: Uint8Array) => ReplyVerdict
}

/**
 * One query to one authoritative server, one reply. UDP: a fresh connected socket on a random port for each query.
 * Rejects with a ChordnsError: UPSTREAM_TIMEOUT, UPSTREAM_REFUSED (ICMP or RST), UPSTREAM_UNREACHABLE,
 * UPSTREAM_CLOSED, UPSTREAM_NEAR_MISS, UPSTREAM_BUSY (this node's own shortage: it was never sent), or ABORTED.
 */
export interface Exchange {
  exchange(query: UpstreamQuery): Promise<Uint8Array>
  /**
   * Which address families have a route now: what `ipv6: auto` goes by. `network` changes when this machine's addresses do: what was
   * learnt of the way to servers was learnt on another network then.
   */
  families(): { readonly ipv4: boolean; readonly ipv6: boolean; readonly network?: string }
}

/** Where a peer can be reached: multiaddr texts, with or without `/p2p/<id>`. */
export type PeerAddress = string

export interface RequestOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** For so long, ms, it may wait for company on its way to the peer; `timeoutMs` begins when it leaves. Default: not at all. */
  readonly patienceMs?: number
}

/** Answers one request of a peer. A throw becomes an error reply that carries only the error's code. */
export type RequestHandler = (from: PeerId, body: Uint8Array) => Promise<Uint8Array> | Uint8Array

/** Makes the frames of one bulk; each of at most MAX_FRAME_BYTES. `signal` fires when nobody wants them any more. */
export type BulkHandler = (from: PeerId, body: Uint8Array, signal: AbortSignal) => AsyncIterable<Uint8Array>

/**
 * Request and reply between admitted peers, over one long-lived stream per peer and direction (DESIGN 8).
 * Bodies are at most MAX_FRAME_BYTES. Rejects with a ChordnsError: PEER_TIMEOUT, PEER_GONE, PEER_UNREACHABLE,
 * PEER_REFUSED (hello failed), PEER_OVERSIZE, PEER_FAILED (the far handler threw; detail.remoteCode), ABORTED.
 */
export interface Transport {
  readonly self: PeerId
  /** Peers that it is connected with at once, at most. */
  readonly places: number
  /** Own multiaddrs, each with `/p2p/<id>`. */
  addresses(): readonly PeerAddress[]
  /** Connects and runs hello; resolves with the id of the peer, which must be the one in the address if it names one. */
  connect(addresses: readonly PeerAddress[], options: RequestOptions): Promise<PeerId>
  /** Sends one request to a peer that is connected, or whose addresses were given to `connect` or `learn` before. */
  request(peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array>
  /** Remembers addresses, so that `request` can connect when it needs to. */
  learn(peer: PeerId, addresses: readonly PeerAddress[]): void
  /**
   * Stays connected with these peers, the most important first, once something connected them. Connections are bounded: those
   * with other peers are closed when they are idle, or when another needs the place.
   */
  keep(peers: readonly PeerId[]): void
  /**
   * Lets a peer stay no longer: what was answered last still arrives, then its connections are closed. Whether it may come again, and what it
   * hears if not, the doorkeeper says.
   */
  dismiss(peer: PeerId): void
  /** Sets the one handler of incoming requests. Until it is set, requests are answered with an error. */
  onRequest(handler: RequestHandler): void
  /**
   * Requests more of a peer than fits into one frame: frames of at most MAX_FRAME_BYTES, in order, made as fast as they are read.
   * Nothing is sent before the first one is waited for; whoever stops reading ends the bulk. `timeoutMs` counts for each frame.
   * Rejects as `request` does, and with PEER_MALFORMED; PEER_OVERSIZE beyond MAX_BULK_BYTES.
   */
  bulk(peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array>
  /** Sets the one handler of bulks that peers request. Its throw becomes an error that carries only the code. */
  onBulk(handler: BulkHandler): void
  /** Called when the last connection to a peer is gone. Returns the unsubscribe function. */
  onPeerGone(listener: (peer: PeerId) => void): Cancel
  connectedPeers(): readonly PeerId[]
  close(): Promise<void>
}

export interface HelloStep {
  /** What goes out now. */
  readonly send?: Uint8Array
  readonly admitted: boolean
  /** This side does not go on: `send` tells the other side enough to say why, and this is why. */
  readonly refusal?: Error
}

/** One side of a hello in progress. Messages are at most MAX_HELLO_BYTES each. */
export interface HelloSession {
  /** What this side sends before it has heard anything; undefined when it waits. */
  opening(): Uint8Array | undefined
  /** Feeds one message; throws a ChordnsError (HELLO_REFUSED, HELLO_MALFORMED) when the peer is not to be admitted. */
  receive(message: Uint8Array): HelloStep
}

/** Who is let in at the door of a transport. */
export interface Doorkeeper {
  hello(self: PeerId, remote: PeerId, role: 'dialer' | 'listener'): HelloSession
}

/**
 * Bytes, or pieces of them that are kept one behind the other as if they were one: what is long and encoded already need not be copied for a few bytes
 * around it.
 */
export type StoredBytes = Uint8Array | readonly Uint8Array[]

export type StoreWrite =
  | { readonly kind: 'put'; readonly key: Uint8Array; readonly value: StoredBytes }
  | { readonly kind: 'delete'; readonly key: Uint8Array }

/**
 * Ordered keys and values on disk. What is put may be changed afterwards, unless it stands in shared memory of its own: that may not be copied.
 * Throws a ChordnsError: STORE_FULL (nothing of the batch was written), STORE_FAILED, STORE_BEHIND (too much waits to be written: nothing of the batch
 * will be), STORE_CLOSED.
 */
export interface Store {
  /** The caller's own copy; undefined also for a value that was damaged on the disk. */
  get(key: Uint8Array): Uint8Array | undefined
  /**
   * All of the writes or none, in their order, and after all batches before. Reads see them from now on; on disk they are when
   * `written` says so. `durable: true`: what is on disk survives the loss of power, too, and so does every batch before it.
   */
  batch(writes: readonly StoreWrite[], options: { readonly durable: boolean }): void
  /**
   * Calls `done` once, at once or later: the last batch before this call, and with it every earlier one, is on disk and survives the
   * death of the process. With a failure: nothing of that last batch was written, and reads do not see it any more. Whatever tells
   * others that something is kept waits for it.
   */
  written(done: (failure?: Error) => void): void
  /**
   * Pairs with `from <= key < to` in key order, to the end without `to`. What is written while one iterates is seen or not;
   * what is deleted before its turn may still come.
   */
  range(from: Uint8Array, to?: Uint8Array): Iterable<readonly [key: Uint8Array, value: Uint8Array]>
  /** All that was written is on disk at its end. Twice is harmless. */
  close(): void | Promise<void>
}

/** Structured events for logs and metrics; never carries query names unless the operator asked. */
export interface Log {
  debug(detail: object, message: string): void
  info(detail: object, message: string): void
  warn(detail: object, message: string): void
  error(detail: object, message: string): void
}
