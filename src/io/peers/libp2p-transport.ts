/**
 * The Transport over libp2p, put together: the node (libp2p-node.ts), who is let in (strangers.ts), connections (dialler.ts),
 * streams of requests (request-streams.ts) and of bulks (bulk-streams.ts).
 */
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import {
  asPeerId,
  type BulkHandler,
  type Cancel,
  ChordnsError,
  type Clock,
  type Doorkeeper,
  errorText,
  Listeners,
  type Log,
  type PeerAddress,
  type PeerId,
  type RequestHandler,
  type RequestOptions,
  type Transport,
  withTimeout,
} from '../../base/index.ts'
import { parseAddress } from '../finding/addresses.ts'
import { limits } from '../limits.ts'
import { unreachable } from '../streams/failures.ts'
import { BULK_PROTOCOL, BulkStreams } from './bulk-streams.ts'
import { Dialler } from './dialler.ts'
import { Doorstep } from './doorstep.ts'
import { createNode, type Libp2pNodeOptions } from './libp2p-node.ts'
import { ownAddresses } from './own-addresses.ts'
import { PEER_PROTOCOL, RequestStreams } from './request-streams.ts'
import { Strangers } from './strangers.ts'

export interface Libp2pTransportOptions extends Libp2pNodeOptions {
  readonly doorkeeper: Doorkeeper
  readonly clock: Clock
  readonly log: Log
  /** Members that are connected at once. Default: MAX_PEER_CONNECTIONS. */
  readonly maxPeers?: number
}

export interface PeerCounters {
  /** Streams that were opened to us, and those whose hello failed. */
  readonly accepted: number
  readonly refused: number
  /** Streams that ended because what came was no sequence of frames. */
  readonly malformed: number
  /** Connections that got no place at the door, or lost it before hello was over. */
  readonly turnedAway: number
  /** Members whose connection made room for another, was idle, or found no place. */
  readonly madeRoom: number
  readonly idle: number
  readonly noPlace: number
  readonly dials: number
  readonly failedDials: number
}

export interface Libp2pTransport extends Transport {
  readonly counters: PeerCounters
}

/** Listens at once. Throws PEER_LISTEN_FAILED when an address cannot be bound. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Libp2pTransport> {
  let transport: PeerTransport | undefined
  const doorstep = new Doorstep(options.clock, {
    isKnownHost: (host) => transport?.isKnownHost(host) ?? false,
    isAdmitted: (peer) => transport?.isAdmitted(peer) ?? false,
    onAdmitted: (host) => transport?.cameFrom(host),
  })
  await createNode({ ...options, gater: doorstep.gater() }, async (node) => {
    transport = new PeerTransport(node, doorstep, options)
    await transport.register()
  })
  if (transport === undefined) throw new Error('no node was made')
  options.log.debug({ listen: transport.addresses() }, 'listening for peers')
  return transport
}

class PeerTransport implements Libp2pTransport {
  readonly self: PeerId
  readonly places: number
  readonly #node: Libp2p
  readonly #clock: Clock
  readonly #log: Log
  readonly #doorstep: Doorstep
  readonly #announced: readonly PeerAddress[]
  readonly #strangers: Strangers
  readonly #dialler: Dialler
  readonly #requests: RequestStreams
  readonly #bulks: BulkStreams
  readonly #goneListeners: Listeners<[PeerId]>
  #handler: RequestHandler | undefined
  #closing: Promise<void> | undefined

  constructor(node: Libp2p, doorstep: Doorstep, options: Libp2pTransportOptions) {
    const { doorkeeper, clock, log, announce = [], maxPeers = limits.MAX_PEER_CONNECTIONS } = options
    this.#node = node
    this.#goneListeners = new Listeners((error) => {
      log.error({ error: errorText(error) }, 'a listener for lost peers failed')
    })
    this.#doorstep = doorstep
    this.#announced = announce
    this.#clock = clock
    this.#log = log
    this.self = asPeerId(node.peerId.toString())
    this.places = maxPeers
    const strangers = new Strangers(node, clock, doorstep, {
      most: maxPeers,
      isBusy: (peer) => this.#requests.isBusy(peer) || this.#bulks.isBusy(peer),
    })
    const dialler = new Dialler(node, clock)
    this.#strangers = strangers
    this.#dialler = dialler
    this.#requests = new RequestStreams(
      { self: this.self, doorkeeper, dialler, strangers, clock, log },
      { handler: () => this.#handler },
    )
    this.#bulks = new BulkStreams(
      { clock, log },
      {
        isAdmitted: (peer) => strangers.isAdmitted(peer),
        open: async (peer) => {
          // Our own stream to the peer stands first: then it has let us in.
          await this.#requests.to(peer)
          return dialler.newStream(peer, (anew) => dialler.connectionTo(peer, anew), BULK_PROTOCOL)
        },
      },
    )
  }

  async register(): Promise<void> {
    const node = this.#node
    node.addEventListener('peer:disconnect', ({ detail }) => this.#onDisconnect(asPeerId(detail.toString())))
    await node.handle(PEER_PROTOCOL, (stream, connection) => this.#requests.accept(stream, connection), {
      maxInboundStreams: limits.MAX_INBOUND_STREAMS,
      maxOutboundStreams: limits.MAX_INBOUND_STREAMS,
    })
    await node.handle(BULK_PROTOCOL, (stream, connection) => this.#bulks.accept(stream, connection), {
      // More than are served, so that the excess is told so.
      maxInboundStreams: 2 * limits.MAX_BULKS_PER_PEER,
      maxOutboundStreams: limits.MAX_BULKS,
    })
  }

  get counters(): PeerCounters {
    return {
      ...this.#requests.counters,
      ...this.#dialler.counters,
      ...this.#doorstep.counters,
      ...this.#strangers.counters,
    }
  }

  isKnownHost(host: string): boolean {
    return this.#dialler.isKnownHost(host)
  }

  isAdmitted(peer: PeerId): boolean {
    return this.#strangers.isAdmitted(peer)
  }

  cameFrom(host: string): void {
    this.#dialler.cameFrom(host)
  }

  addresses(): readonly PeerAddress[] {
    return ownAddresses(this.#node, this.#announced)
  }

  connectedPeers(): readonly PeerId[] {
    return this.#strangers.admitted()
  }

  onRequest(handler: RequestHandler): void {
    this.#handler = handler
  }

  onPeerGone(listener: (peer: PeerId) => void): Cancel {
    return this.#goneListeners.add(listener)
  }

  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    if (peer !== this.self) this.#dialler.learn(peer, addresses)
  }

  keep(peers: readonly PeerId[]): void {
    this.#strangers.keep(peers)
  }

  dismiss(peer: PeerId): void {
    this.#strangers.dismiss(peer)
  }

  async connect(addresses: readonly PeerAddress[], options: RequestOptions): Promise<PeerId> {
    const targets = addresses.map(parseAddress)
    const work = this.#connect(targets, options.signal)
    const late = () => unreachable(addresses.join(', '), 'no answer in time')
    const peer = await withTimeout(this.#clock, work, options.timeoutMs, late, options.signal)
    this.#dialler.ledTo(peer, addresses)
    return peer
  }

  async request(peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const clock = this.#clock
    const started = clock.monotonic()
    const late = () => new ChordnsError('PEER_TIMEOUT', `no connection within ${options.timeoutMs} ms`, { peer })
    const stream = await withTimeout(clock, this.#requests.to(peer), options.timeoutMs, late, options.signal)
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
    this.#dialler.stop()
    this.#strangers.close()
    this.#requests.close()
    this.#bulks.close()
    await this.#node.stop()
    this.#strangers.end()
  }

  async #connect(targets: readonly Multiaddr[], signal: AbortSignal | undefined): Promise<PeerId> {
    if (this.#closing !== undefined) throw unreachable(targets.join(', '), 'this node is stopping')
    const connect = (anew: boolean) => this.#dialler.connectionAt(targets, anew, signal)
    const connection = await connect(false)
    const peer = asPeerId(connection.remotePeer.toString())
    await this.#requests.over(peer, async (anew) => (anew ? connect(true) : connection))
    return peer
  }

  #onDisconnect(peer: PeerId): void {
    this.#requests.end(peer)
    const wasAdmitted = this.#strangers.forget(peer)
    this.#requests.forgetIdle()
    // Its addresses are in our own book; a stranger's would stay for hours.
    this.#node.peerStore.delete(peerIdFromString(peer)).catch((error: unknown) => {
      this.#log.debug({ peer, error: errorText(error) }, 'a peer could not be forgotten')
    })
    if (!wasAdmitted) return
    // This runs inside an event of libp2p, where a throw would end the process.
    this.#goneListeners.tell(peer)
  }
}
