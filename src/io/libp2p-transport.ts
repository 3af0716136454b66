/**
 * The Transport over libp2p: TCP, Noise, Yamux. Everything libp2p is in this file; each option that is not its default has
 * its reason beside it.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import {
  aborted,
  asPeerId,
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
} from '../base/index.ts'
import { limits } from './limits.ts'
import { gone, PeerStream } from './peer-stream.ts'

const PROTOCOL = '/chordns/peer/1'

export interface Libp2pTransportOptions {
  /** The Ed25519 seed of this node's identity, 32 bytes. */
  readonly seed: Uint8Array
  readonly listen: readonly PeerAddress[]
  readonly doorkeeper: Doorkeeper
  readonly clock: Clock
  readonly log: Log
}

/** Listens at once. Throws PEER_LISTEN_FAILED when no address can be bound. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const { listen, log } = options
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.seed)
  let node: Libp2p
  try {
    node = await createLibp2p({
      privateKey,
      addresses: { listen: [...listen] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: {
        // The default of 5 a second and host is less than a household behind one address needs, let alone a test ring.
        inboundConnectionThreshold: limits.MAX_INBOUND_CONNECTIONS_PER_SECOND,
        maxIncomingPendingConnections: limits.MAX_PENDING_CONNECTIONS,
        maxConnections: limits.MAX_PEER_CONNECTIONS,
      },
      // Ours is not a public network: nothing is announced that was not asked for.
      services: { identify: identify(), ping: ping() },
    })
  } catch (cause) {
    throw new ChordnsError(
      'PEER_LISTEN_FAILED',
      `cannot listen for peers on ${listen.join(', ')}: ${errorText(cause)}; set ring.listen to a free address`,
      { listen },
      { cause },
    )
  }
  const transport = new Libp2pTransport(node, options)
  try {
    await transport.start()
  } catch (error) {
    await node.stop()
    throw error
  }
  log.debug({ listen: transport.addresses() }, 'listening for peers')
  return transport
}

class Libp2pTransport implements Transport {
  readonly self: PeerId
  readonly #node: Libp2p
  readonly #options: Libp2pTransportOptions
  /** Our own stream to each peer: requests go out on it. */
  readonly #outbound = new Map<PeerId, Promise<PeerStream>>()
  readonly #streams = new Set<PeerStream>()
  readonly #known = new Map<PeerId, readonly PeerAddress[]>()
  /** Peers that could not be reached, and until when they are not dialled again (monotonic ms). */
  readonly #unreachable = new Map<PeerId, number>()
  readonly #goneListeners = new Set<(peer: PeerId) => void>()
  #handler: RequestHandler | undefined
  #closing: Promise<void> | undefined

  constructor(node: Libp2p, options: Libp2pTransportOptions) {
    this.#node = node
    this.#options = options
    this.self = asPeerId(node.peerId.toString())
  }

  async start(): Promise<void> {
    await this.#node.handle(PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      maxInboundStreams: limits.MAX_INBOUND_STREAMS,
      maxOutboundStreams: limits.MAX_INBOUND_STREAMS,
    })
    this.#node.addEventListener('peer:disconnect', ({ detail }) => this.#onDisconnect(asPeerId(detail.toString())))
  }

  addresses(): readonly PeerAddress[] {
    return this.#node.getMultiaddrs().map((one) => one.toString())
  }

  connectedPeers(): readonly PeerId[] {
    return [...new Set([...this.#streams].filter((one) => !one.closed).map((one) => one.remote))]
  }

  onRequest(handler: RequestHandler): void {
    this.#handler = handler
  }

  onPeerGone(listener: (peer: PeerId) => void): Cancel {
    this.#goneListeners.add(listener)
    return () => this.#goneListeners.delete(listener)
  }

  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    if (peer === this.self || addresses.length === 0) return
    this.#known.delete(peer)
    this.#known.set(peer, addresses.slice(0, limits.MAX_ADDRESSES_PER_PEER))
    if (this.#known.size > limits.MAX_KNOWN_PEERS) this.#known.delete(this.#known.keys().next().value!)
    this.#unreachable.delete(peer)
  }

  async connect(addresses: readonly PeerAddress[], options: RequestOptions): Promise<PeerId> {
    const targets = addresses.map(parseAddress)
    const work = this.#connect(targets, options.signal)
    const late = () => unreachable(addresses.join(', '), 'no answer in time')
    const peer = await withTimeout(this.#options.clock, work, options.timeoutMs, late, options.signal)
    this.learn(peer, addresses)
    return peer
  }

  async request(peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    if (this.#closing !== undefined) throw gone(peer)
    const { clock } = this.#options
    const started = clock.monotonic()
    const late = () => new ChordnsError('PEER_TIMEOUT', `no connection within ${options.timeoutMs} ms`, { peer })
    const stream = await withTimeout(clock, this.#streamTo(peer), options.timeoutMs, late, options.signal)
    const timeoutMs = Math.max(1, options.timeoutMs - (clock.monotonic() - started))
    return stream.request(body, { ...options, timeoutMs })
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut()
    return this.#closing
  }

  async #shut(): Promise<void> {
    this.#goneListeners.clear()
    for (const stream of this.#streams) stream.close(gone(stream.remote))
    await this.#node.stop()
  }

  async #connect(targets: readonly Multiaddr[], signal: AbortSignal | undefined): Promise<PeerId> {
    let connection: Connection
    try {
      connection = await this.#node.dial([...targets], signal === undefined ? {} : { signal })
    } catch (cause) {
      if (signal?.aborted) throw aborted(signal)
      throw unreachable(targets.join(', '), errorText(cause), cause)
    }
    const peer = asPeerId(connection.remotePeer.toString())
    await this.#openOn(peer, connection)
    return peer
  }

  /** The stream that requests to the peer go out on; opened when there is none, once at a time. */
  #streamTo(peer: PeerId): Promise<PeerStream> {
    const open = this.#outbound.get(peer)
    if (open !== undefined) return open
    const until = this.#unreachable.get(peer)
    if (until !== undefined && until > this.#options.clock.monotonic())
      return Promise.reject(unreachable(peer, 'it did not answer a moment ago'))
    return this.#open(peer, () => this.#dial(peer))
  }

  #openOn(peer: PeerId, connection: Connection): Promise<PeerStream> {
    return this.#outbound.get(peer) ?? this.#open(peer, () => Promise.resolve(connection))
  }

  #open(peer: PeerId, connect: () => Promise<Connection>): Promise<PeerStream> {
    const opening = this.#openStream(peer, connect)
    this.#outbound.set(peer, opening)
    opening.catch((error: unknown) => {
      if (this.#outbound.get(peer) === opening) this.#outbound.delete(peer)
      if (isChordnsError(error, 'PEER_UNREACHABLE')) this.#remember(peer)
    })
    return opening
  }

  async #openStream(peer: PeerId, connect: () => Promise<Connection>): Promise<PeerStream> {
    const connection = await connect()
    let stream: Stream
    try {
      stream = await connection.newStream(PROTOCOL)
    } catch (cause) {
      throw gone(peer, cause)
    }
    const opened = this.#wrap(stream, peer, 'dialer')
    try {
      await opened.admitted
    } catch (cause) {
      if (isChordnsError(cause) && cause.code.startsWith('HELLO_'))
        throw new ChordnsError('PEER_REFUSED', cause.message, { peer }, { cause })
      // The far side ends the stream when it does not like our hello: it does not say why.
      throw new ChordnsError(
        'PEER_REFUSED',
        `the peer ended the connection during hello: ${errorText(cause)}`,
        { peer },
        { cause },
      )
    }
    return opened
  }

  async #dial(peer: PeerId): Promise<Connection> {
    const existing = this.#node.getConnections(peerIdFromString(peer)).find((one) => one.status === 'open')
    if (existing !== undefined) return existing
    const addresses = this.#known.get(peer)
    if (addresses === undefined) throw unreachable(peer, 'no address is known')
    try {
      return await this.#node.dial(
        addresses.map((address) => withPeer(parseAddress(address), peer)),
        {
          signal: AbortSignal.timeout(limits.DIAL_TIMEOUT_MS),
        },
      )
    } catch (cause) {
      throw unreachable(peer, errorText(cause), cause)
    }
  }

  #remember(peer: PeerId): void {
    this.#unreachable.delete(peer)
    this.#unreachable.set(peer, this.#options.clock.monotonic() + limits.REDIAL_AFTER_MS)
    if (this.#unreachable.size > limits.MAX_KNOWN_PEERS)
      this.#unreachable.delete(this.#unreachable.keys().next().value!)
  }

  /** A stream that the other side opened: its requests come in here. Runs without an await before the reader is attached. */
  #accept(stream: Stream, connection: Connection): void {
    const peer = asPeerId(connection.remotePeer.toString())
    try {
      this.#wrap(stream, peer, 'listener')
      this.#unreachable.delete(peer)
    } catch (error) {
      this.#options.log.warn({ peer, error: errorText(error) }, 'refused a peer')
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #wrap(stream: Stream, remote: PeerId, role: 'dialer' | 'listener'): PeerStream {
    const peerStream = new PeerStream({
      pipe: {
        send: (bytes) => stream.send(bytes),
        abort: (error) => {
          if (stream.status === 'open' || stream.status === 'closing') stream.abort(error)
        },
      },
      remote,
      role,
      hello: this.#options.doorkeeper.hello(this.self, remote, role),
      clock: this.#options.clock,
      handler: () => this.#handler,
      onClosed: (closed, reason) => this.#onClosed(closed, reason),
    })
    this.#streams.add(peerStream)
    stream.addEventListener('message', ({ data }) => peerStream.receive(data.subarray()))
    stream.addEventListener('drain', () => peerStream.drained())
    stream.addEventListener('remoteCloseWrite', () => peerStream.close(gone(remote)))
    stream.addEventListener('close', (event) => peerStream.close(event.error ?? gone(remote)))
    return peerStream
  }

  #onClosed(stream: PeerStream, reason: string): void {
    this.#streams.delete(stream)
    this.#options.log.debug({ peer: stream.remote, role: stream.role, reason }, 'a peer stream ended')
    if (stream.role === 'dialer') this.#outbound.delete(stream.remote)
  }

  #onDisconnect(peer: PeerId): void {
    for (const stream of [...this.#streams]) if (stream.remote === peer) stream.close(gone(peer))
    this.#outbound.delete(peer)
    for (const listener of this.#goneListeners) listener(peer)
  }
}

function parseAddress(text: PeerAddress): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new ChordnsError('PEER_ADDRESS', `not a multiaddr: ${text}`, { address: text }, { cause })
  }
}

function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  return address.toString().includes('/p2p/') ? address : address.encapsulate(`/p2p/${peer}`)
}

function unreachable(target: string, why: string, cause?: unknown) {
  return new ChordnsError('PEER_UNREACHABLE', `cannot reach ${target}: ${why}`, { target, why }, { cause })
}
