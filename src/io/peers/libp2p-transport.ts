/** The Transport over libp2p: which streams and connections there are to whom. What goes over a stream is in peer-stream.ts. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  aborted,
  asPeerId,
  type BulkHandler,
  baseLimits,
  type Cancel,
  ChordnsError,
  type Clock,
  type Doorkeeper,
  errorText,
  isChordnsError,
  type Log,
  type PeerAddress,
  type PeerId,
  type RequestHandler,
  type RequestOptions,
  type Transport,
  withTimeout,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { gone, type PeerLoad, PeerStream } from '../streams/peer-stream.ts'
import { BULK_PROTOCOL, type BulkStreams, createBulkStreams } from './bulk-streams.ts'
import { createNode, isPlainAddress, type NodeOptions, parseAddress, withPeer } from './libp2p-node.ts'
import { PeerBook } from './peer-book.ts'

export const PEER_PROTOCOL = '/chordns/peer/1'

export interface Libp2pTransportOptions extends NodeOptions {
  readonly doorkeeper: Doorkeeper
  readonly clock: Clock
  readonly log: Log
}

export interface PeerCounters {
  /** Streams that were opened to us, and those whose hello failed. */
  readonly accepted: number
  readonly refused: number
  /** Streams that ended because what came was no sequence of frames. */
  readonly malformed: number
  readonly dials: number
  readonly failedDials: number
}

export interface Libp2pTransport extends Transport {
  readonly counters: PeerCounters
}

/** Listens at once. Throws PEER_LISTEN_FAILED when an address cannot be bound. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Libp2pTransport> {
  let transport!: PeerTransport
  await createNode(options, async (node) => {
    transport = new PeerTransport(node, options)
    await transport.register()
  })
  options.log.debug({ listen: transport.addresses() }, 'listening for peers')
  return transport
}

/** When a connection is ended that did not bring an admitted peer; monotonic ms. */
interface Deadline {
  readonly at: number
  readonly cancel: Cancel
}

/** Finds a connection, or makes one; `anew`: whatever is open does not do. */
type Connect = (anew: boolean) => Promise<Connection>

class PeerTransport implements Libp2pTransport {
  readonly self: PeerId
  readonly counters = { accepted: 0, refused: 0, malformed: 0, dials: 0, failedDials: 0 }
  readonly #node: Libp2p
  readonly #options: Libp2pTransportOptions
  readonly #book = new PeerBook()
  /** Our own stream to each peer: requests go out on it. */
  readonly #outbound = new Map<PeerId, Promise<PeerStream>>()
  /** The stream that a peer's requests come in on. */
  readonly #inbound = new Map<PeerId, PeerStream>()
  readonly #streams = new Set<PeerStream>()
  /** Peers that passed hello on a connection that is still open. */
  readonly #admitted = new Set<PeerId>()
  readonly #loads = new Map<PeerId, PeerLoad>()
  /** Connections whose peer has yet to pass hello, by their ids. */
  readonly #deadlines = new Map<string, Deadline>()
  readonly #goneListeners = new Set<(peer: PeerId) => void>()
  readonly #stopping = new AbortController()
  readonly #bulks: BulkStreams
  #handler: RequestHandler | undefined
  #closing: Promise<void> | undefined

  constructor(node: Libp2p, options: Libp2pTransportOptions) {
    this.#node = node
    this.#options = options
    this.self = asPeerId(node.peerId.toString())
    this.#bulks = createBulkStreams({
      clock: options.clock,
      log: options.log,
      isAdmitted: (peer) => this.#admitted.has(peer),
      open: (peer) => this.#openBulk(peer),
    })
  }

  async register(): Promise<void> {
    const node = this.#node
    node.addEventListener('connection:open', ({ detail }) => this.#onConnection(detail))
    node.addEventListener('connection:close', ({ detail }) => this.#cancelDeadline(detail.id))
    node.addEventListener('peer:disconnect', ({ detail }) => this.#onDisconnect(asPeerId(detail.toString())))
    await node.handle(PEER_PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: limits.MAX_INBOUND_STREAMS,
      maxOutboundStreams: limits.MAX_INBOUND_STREAMS,
    })
    await node.handle(BULK_PROTOCOL, (stream, connection) => this.#bulks.accept(stream, connection), {
      // One more than are served, so that the excess is told so.
      maxInboundStreams: 2 * limits.MAX_BULKS_PER_PEER,
      maxOutboundStreams: limits.MAX_BULKS,
    })
  }

  addresses(): readonly PeerAddress[] {
    return this.#node.getMultiaddrs().map((one) => one.toString())
  }

  connectedPeers(): readonly PeerId[] {
    return [...this.#admitted]
  }

  onRequest(handler: RequestHandler): void {
    this.#handler = handler
  }

  onPeerGone(listener: (peer: PeerId) => void): Cancel {
    this.#goneListeners.add(listener)
    return () => this.#goneListeners.delete(listener)
  }

  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    const plain = addresses.filter(isPlainAddress)
    if (peer !== this.self && plain.length > 0) this.#book.learn(peer, plain)
  }

  async connect(addresses: readonly PeerAddress[], options: RequestOptions): Promise<PeerId> {
    const targets = addresses.map(parseAddress)
    const work = this.#connect(targets, options.signal)
    const late = () => unreachable(addresses.join(', '), 'no answer in time')
    const peer = await withTimeout(this.#options.clock, work, options.timeoutMs, late, options.signal)
    this.#book.learn(peer, addresses)
    return peer
  }

  async request(peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { clock } = this.#options
    const started = clock.monotonic()
    const late = () => new ChordnsError('PEER_TIMEOUT', `no connection within ${options.timeoutMs} ms`, { peer })
    const stream = await withTimeout(clock, this.#streamTo(peer), options.timeoutMs, late, options.signal)
    const timeoutMs = Math.max(1, options.timeoutMs - (clock.monotonic() - started))
    return stream.request(body, { ...options, timeoutMs })
  }

  bulk(peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array> {
    return this.#bulks.bulk(peer, body, options)
  }

  onBulk(handler: BulkHandler): void {
    this.#bulks.onBulk(handler)
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    this.#goneListeners.clear()
    this.#stopping.abort()
    for (const stream of [...this.#streams]) stream.close(gone(stream.remote))
    this.#bulks.close()
    this.#admitted.clear()
    await this.#node.stop()
    for (const { cancel } of this.#deadlines.values()) cancel()
    this.#deadlines.clear()
  }

  async #connect(targets: readonly Multiaddr[], signal: AbortSignal | undefined): Promise<PeerId> {
    if (this.#closing !== undefined) throw unreachable(targets.join(', '), 'this node is stopping')
    const dial = async (anew: boolean) => {
      try {
        return await this.#dialAddresses(targets, anew, signal)
      } catch (cause) {
        if (signal?.aborted) throw aborted(signal)
        throw unreachable(targets.join(', '), errorText(cause), cause)
      }
    }
    const connection = await dial(false)
    const peer = asPeerId(connection.remotePeer.toString())
    await (this.#outbound.get(peer) ?? this.#open(peer, async (anew) => (anew ? dial(true) : connection)))
    return peer
  }

  /** The stream that requests to the peer go out on; opened when there is none, once at a time. */
  #streamTo(peer: PeerId): Promise<PeerStream> {
    if (this.#closing !== undefined) return Promise.reject(gone(peer))
    const open = this.#outbound.get(peer)
    if (open !== undefined) return open
    return this.#open(peer, (anew) => this.#connectionTo(peer, anew))
  }

  #open(peer: PeerId, connect: Connect): Promise<PeerStream> {
    const opening = this.#openStream(peer, connect)
    this.#outbound.set(peer, opening)
    opening.catch(() => {
      if (this.#outbound.get(peer) === opening) this.#outbound.delete(peer)
    })
    return opening
  }

  async #openStream(peer: PeerId, connect: Connect): Promise<PeerStream> {
    let stream: Stream | undefined
    try {
      stream = await this.#newStream(peer, connect)
      const opened = this.#wrap(stream, peer, 'dialer')
      await opened.admitted
      return opened
    } catch (cause) {
      stream?.abort(cause instanceof Error ? cause : new Error(String(cause)))
      const failure = stream === undefined ? cause : asRefusal(peer, cause, stream)
      if (isChordnsError(failure, 'PEER_REFUSED')) {
        this.#book.failed(peer, this.#options.clock.monotonic())
        this.#hangUpStranger(peer)
      }
      throw failure
    }
  }

  /** Our own stream to the peer stands first: then it has let us in. */
  async #openBulk(peer: PeerId): Promise<Stream> {
    await this.#streamTo(peer)
    return this.#newStream(peer, (anew) => this.#connectionTo(peer, anew), BULK_PROTOCOL)
  }

  async #newStream(peer: PeerId, connect: Connect, protocol = PEER_PROTOCOL): Promise<Stream> {
    for (const anew of [false, true]) {
      const connection = await connect(anew)
      try {
        return await connection.newStream(protocol, { signal: this.#deadline(baseLimits.HELLO_TIMEOUT_MS) })
      } catch (cause) {
        // A peer whose door is shut for us ends the stream as soon as it has agreed on the protocol.
        if (cause instanceof Error && cause.name === 'StreamResetError') throw refusedBy(peer, cause)
        // The far side may be closing a connection that still looks open here: that is worth another one.
        if (anew) throw gone(peer, cause)
      }
    }
    throw gone(peer)
  }

  async #connectionTo(peer: PeerId, anew: boolean): Promise<Connection> {
    const existing = this.#node.getConnections(peerIdFromString(peer)).find((one) => one.status === 'open')
    if (existing !== undefined && !anew) return existing
    const addresses = this.#book.addresses(peer)
    if (addresses === undefined) throw unreachable(peer, 'no address is known')
    if (!this.#book.mayDial(peer, this.#options.clock.monotonic()))
      throw unreachable(peer, 'it could not be reached a moment ago')
    try {
      return await this.#dialAddresses(
        addresses.map((address) => withPeer(parseAddress(address), peer)),
        anew,
      )
    } catch (cause) {
      this.#book.failed(peer, this.#options.clock.monotonic())
      throw unreachable(peer, errorText(cause), cause)
    }
  }

  async #dialAddresses(addresses: readonly Multiaddr[], anew: boolean, signal?: AbortSignal): Promise<Connection> {
    const deadline = this.#deadline(limits.DIAL_TIMEOUT_MS)
    this.counters.dials++
    try {
      return await this.#node.dial([...addresses], {
        force: anew,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      })
    } catch (error) {
      this.counters.failedDials++
      throw error
    }
  }

  #deadline(ms: number): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ms)])
  }

  /** A stream that the other side opened: its requests come in here. Runs without an await before the reader is attached. */
  #accept(stream: Stream, connection: Connection): void {
    const peer = asPeerId(connection.remotePeer.toString())
    this.counters.accepted++
    try {
      this.#wrap(stream, peer, 'listener')
    } catch (error) {
      // The doorkeeper does not even want to hear this peer.
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      this.#onRefused(peer, error)
    }
  }

  #wrap(stream: Stream, remote: PeerId, role: 'dialer' | 'listener'): PeerStream {
    const peerStream = new PeerStream({
      pipe: {
        send: (bytes) => stream.send(bytes),
        pause: () => {
          if (stream.readStatus === 'readable') stream.pause()
        },
        resume: () => {
          if (stream.readStatus === 'paused') stream.resume()
        },
        abort: (error) => stream.abort(error),
      },
      remote,
      role,
      hello: this.#options.doorkeeper.hello(this.self, remote, role),
      clock: this.#options.clock,
      load: this.#loadOf(remote),
      handler: () => this.#handler,
      onAdmitted: (admitted) => this.#onAdmitted(admitted),
      onClosed: (closed, reason) => this.#onClosed(closed, reason),
    })
    this.#streams.add(peerStream)
    stream.addEventListener('message', ({ data }) => peerStream.receive(data.subarray()))
    stream.addEventListener('drain', () => peerStream.drained())
    stream.addEventListener('remoteCloseWrite', () => peerStream.close(gone(remote)))
    stream.addEventListener('close', (event) => peerStream.close(gone(remote, event.error)))
    // It may have ended while its protocol was agreed on: then none of these events comes any more.
    if (stream.status !== 'open') peerStream.close(gone(remote))
    return peerStream
  }

  #loadOf(peer: PeerId): PeerLoad {
    const known = this.#loads.get(peer)
    if (known !== undefined) return known
    const load = { inWork: 0 }
    this.#loads.set(peer, load)
    return load
  }

  #onAdmitted(stream: PeerStream): void {
    const { remote } = stream
    this.#admitted.add(remote)
    this.#book.reached(remote)
    if (stream.role === 'dialer') return
    // One stream a peer and direction: a peer that opens another has given up the one before.
    const before = this.#inbound.get(remote)
    this.#inbound.set(remote, stream)
    before?.close(gone(remote))
  }

  #onClosed(stream: PeerStream, reason: Error): void {
    const { remote, role } = stream
    this.#streams.delete(stream)
    if (this.#inbound.get(remote) === stream) this.#inbound.delete(remote)
    // Only the stream in use sits there, or one that is being opened, which this cannot be.
    if (role === 'dialer' && stream.wasAdmitted) this.#outbound.delete(remote)
    if (isChordnsError(reason, 'PEER_MALFORMED')) this.counters.malformed++
    if (role === 'listener' && !stream.wasAdmitted) this.#onRefused(remote, reason)
    else this.#options.log.debug({ peer: remote, role, reason: errorText(reason) }, 'a peer stream ended')
  }

  #onRefused(peer: PeerId, reason: unknown): void {
    this.counters.refused++
    this.#options.log.info({ peer, reason: errorText(reason) }, 'a peer was not admitted')
    // Not at once: the end of the connection would overtake that of the stream, and look like a failure of the network.
    for (const connection of this.#node.getConnections(peerIdFromString(peer)))
      this.#giveTime(connection, limits.HANG_UP_AFTER_MS)
  }

  #onConnection(connection: Connection): void {
    this.#giveTime(connection, baseLimits.HELLO_TIMEOUT_MS)
  }

  /** Ends a connection after so long unless its peer is admitted by then; never later than was said before. */
  #giveTime(connection: Connection, ms: number): void {
    const peer = asPeerId(connection.remotePeer.toString())
    if (this.#admitted.has(peer) || this.#closing !== undefined) return
    const { clock } = this.#options
    const at = clock.monotonic() + ms
    const before = this.#deadlines.get(connection.id)
    if (before !== undefined && before.at <= at) return
    before?.cancel()
    const cancel = clock.after(ms, () => {
      this.#deadlines.delete(connection.id)
      if (!this.#admitted.has(peer)) hangUp(connection)
    })
    this.#deadlines.set(connection.id, { at, cancel })
  }

  #cancelDeadline(connection: string): void {
    this.#deadlines.get(connection)?.cancel()
    this.#deadlines.delete(connection)
  }

  /** Ends the connections of a peer that did not pass hello: whoever is not let in does not stay at the door. */
  #hangUpStranger(peer: PeerId): void {
    if (this.#admitted.has(peer)) return
    for (const connection of this.#node.getConnections(peerIdFromString(peer))) hangUp(connection)
  }

  #onDisconnect(peer: PeerId): void {
    for (const stream of [...this.#streams]) if (stream.remote === peer) stream.close(gone(peer))
    const wasAdmitted = this.#admitted.delete(peer)
    this.#forgetIdle()
    // Its addresses are in our own book; a stranger's would stay for hours.
    this.#node.peerStore.delete(peerIdFromString(peer)).catch((error: unknown) => {
      this.#options.log.debug({ peer, error: errorText(error) }, 'a peer could not be forgotten')
    })
    if (!wasAdmitted) return
    for (const listener of [...this.#goneListeners]) {
      try {
        listener(peer)
      } catch (error) {
        // This runs inside an event of libp2p, where a throw would end the process.
        this.#options.log.error({ peer, error: errorText(error) }, 'a listener for lost peers failed')
      }
    }
  }

  /** What an earlier connection of a peer left in work counts still, or to reconnect would lift its bound. */
  #forgetIdle(): void {
    const inUse = new Set([...this.#streams].map(({ remote }) => remote))
    for (const [peer, load] of this.#loads) if (load.inWork === 0 && !inUse.has(peer)) this.#loads.delete(peer)
  }
}

function hangUp(connection: Connection): void {
  connection.close().catch((error: Error) => connection.abort(error))
}

/** How a hello that failed looks to whoever wanted the stream. The far side resets it when it does not like ours. */
function asRefusal(peer: PeerId, reason: unknown, stream: Stream): ChordnsError {
  if (isChordnsError(reason, 'PEER_TIMEOUT')) return reason
  if (isChordnsError(reason, 'PEER_GONE') && stream.status !== 'reset') return reason
  if (isChordnsError(reason, 'PEER_GONE')) return refusedBy(peer, reason)
  return new ChordnsError('PEER_REFUSED', errorText(reason), { peer }, { cause: reason })
}

function refusedBy(peer: PeerId, cause: unknown) {
  return new ChordnsError('PEER_REFUSED', 'the peer ended the stream during hello', { peer }, { cause })
}

function unreachable(target: string, why: string, cause?: unknown) {
  return new ChordnsError('PEER_UNREACHABLE', `cannot reach ${target}: ${why}`, { target, why }, { cause })
}
