/**
 * The Transport without sockets. A link stands for a connection, on which each side opens a stream of its own, as over libp2p: who is
 * dialled, who finds a place, and who is hung up on.
 */
import {
  type BulkHandler,
  baseLimits,
  type Cancel,
  ChordnsError,
  type Clock,
  type Doorkeeper,
  errorText,
  isChordnsError,
  OpenPeers,
  type PeerAddress,
  type PeerId,
  type RequestHandler,
  type RequestOptions,
  type Transport,
  withTimeout,
} from '../base/index.ts'
import { gone, timedOut, unreachable } from './failures.ts'
import { MemoryBulks } from './memory-bulks.ts'
import { type MemoryLink, MemoryStreams, type OpenStream } from './memory-streams.ts'
import type { DoorPort } from './types.ts'
import { checkFits, type Station, splitAddress, type WireMessage, type Wires, withPeer } from './wires.ts'

export interface MemoryTransportDeps {
  readonly self: PeerId
  readonly address: PeerAddress
  readonly doorkeeper: Doorkeeper
  readonly wires: Wires
  readonly clock: Clock
  /** Peers that are connected at once. Default: any number. */
  readonly maxPeers?: number
  /** Default: everybody may wait for hello. */
  readonly door?: DoorPort
}

const DIAL_TIMEOUT_MS = 5_000
/** As in the real transport: a dead peer is not dialled by every request. */
const REDIAL_AFTER_MS = 2_000

export class MemoryTransport implements Transport, Station {
  readonly self: PeerId
  readonly places: number
  readonly address: PeerAddress
  readonly #deps: MemoryTransportDeps
  readonly #links = new Map<number, MemoryLink>()
  readonly #outbound = new Map<PeerId, Promise<OpenStream>>()
  readonly #known = new Map<PeerId, readonly PeerAddress[]>()
  readonly #unreachable = new Map<PeerId, number>()
  readonly #goneListeners = new Set<(peer: PeerId) => void>()
  readonly #admitted: OpenPeers
  readonly #dismissed = new Set<PeerId>()
  readonly #streams: MemoryStreams
  readonly #bulks: MemoryBulks
  #closed = false

  constructor(deps: MemoryTransportDeps) {
    this.#deps = deps
    this.self = deps.self
    this.address = deps.address
    this.places = deps.maxPeers ?? Number.POSITIVE_INFINITY
    this.#admitted = new OpenPeers(
      {
        most: this.places,
        idleMs: baseLimits.PEER_IDLE_MS,
        restMs: baseLimits.PEER_REST_MS,
      },
      { isBusy: (peer) => this.#isBusy(peer) },
    )
    this.#streams = this.#createStreams(deps)
    this.#bulks = new MemoryBulks(deps.clock, {
      newId: () => deps.wires.newId(),
      connect: async (peer) => {
        if (this.#closed) throw gone(peer)
        return (await this.#streamTo(peer)).link.id
      },
      isAdmitted: (peer) => this.#admitted.has(peer),
      send: (message) => {
        const link = this.#links.get(message.link)
        if (link !== undefined) this.#send(link, message)
      },
    })
  }

  #createStreams({ self, doorkeeper, wires, clock }: MemoryTransportDeps): MemoryStreams {
    return new MemoryStreams(
      { self, doorkeeper, clock, newId: () => wires.newId() },
      {
        send: (link, message) => this.#send(link, message),
        admit: (peer) => this.#admitted.admit(peer, clock.monotonic(), (other) => this.#hangUpOn(other)),
        onAdmitted: (link) => {
          link.leaveDoor()
          this.#unreachable.delete(link.peer)
        },
        onRefused: (link) => {
          if (!this.#admitted.has(link.peer)) this.#hangUp(link)
        },
        onOutboundGone: (peer) => this.#outbound.delete(peer),
        onUsed: (peer) => {
          if (this.#admitted.has(peer)) this.#admitted.used(peer, clock.monotonic())
        },
      },
    )
  }

  addresses(): readonly PeerAddress[] {
    return [`${this.address}/p2p/${this.self}`]
  }

  connectedPeers(): readonly PeerId[] {
    return this.#admitted.peers()
  }

  onRequest(handler: RequestHandler): void {
    this.#streams.onRequest(handler)
  }

  keep(peers: readonly PeerId[]): void {
    this.#admitted.keep(peers)
  }

  dismiss(peer: PeerId): void {
    if (!this.#admitted.has(peer) || this.#dismissed.has(peer)) return
    this.#dismissed.add(peer)
    this.#deps.clock.after(baseLimits.HANG_UP_AFTER_MS, () => {
      this.#dismissed.delete(peer)
      for (const link of [...this.#links.values()]) if (link.peer === peer) this.#hangUp(link)
    })
  }

  onPeerGone(listener: (peer: PeerId) => void): Cancel {
    this.#goneListeners.add(listener)
    return () => this.#goneListeners.delete(listener)
  }

  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    if (peer === this.self || addresses.length === 0) return
    const before = this.#known.get(peer)
    this.#known.set(peer, [...addresses])
    if (before?.join() !== addresses.join()) this.#unreachable.delete(peer)
  }

  async connect(addresses: readonly PeerAddress[], options: RequestOptions): Promise<PeerId> {
    if (this.#closed) throw unreachable(addresses.join(', '), 'this node is stopping')
    for (const address of addresses)
      if (!address.startsWith('/')) throw new ChordnsError('PEER_ADDRESS', `not a multiaddr: ${address}`, { address })
    const work = this.#dial(addresses).then(async (link) => {
      await (this.#outbound.get(link.peer) ?? this.#open(link.peer, () => Promise.resolve(link)))
      return link.peer
    })
    const late = () => unreachable(addresses.join(', '), 'no answer in time')
    const peer = await withTimeout(this.#deps.clock, work, options.timeoutMs, late, options.signal)
    this.learn(peer, addresses)
    return peer
  }

  async request(peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    if (this.#closed) throw gone(peer)
    checkFits(body)
    const { clock } = this.#deps
    const started = clock.monotonic()
    const unconnected = () => timedOut(peer, `no connection within ${options.timeoutMs} ms`)
    const stream = await withTimeout(clock, this.#streamTo(peer), options.timeoutMs, unconnected, options.signal)
    if (this.#admitted.has(peer)) this.#admitted.used(peer, clock.monotonic())
    const timeoutMs = Math.max(0, options.timeoutMs - (clock.monotonic() - started))
    return this.#streams.request(stream, body, { ...options, timeoutMs })
  }

  bulk(peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array> {
    return this.#bulks.request(peer, body, options)
  }

  onBulk(handler: BulkHandler): void {
    this.#bulks.onBulk(handler)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#deps.wires.detach(this)
    this.die(false)
  }

  die(silent: boolean): void {
    this.#closed = true
    this.#goneListeners.clear()
    for (const link of [...this.#links.values()]) {
      if (!silent) this.#send(link, { kind: 'bye', link: link.id })
      this.#endLink(link)
    }
  }

  receive(from: PeerId, message: WireMessage): void {
    const link = this.#links.get(message.link)
    if (link === undefined || link.peer !== from) {
      if (message.kind !== 'bye') this.#deps.wires.send(this.self, from, { kind: 'bye', link: message.link })
      return
    }
    if (message.kind === 'bye') this.#endLink(link)
    else if (message.kind === 'bulk') this.#bulks.receive(from, message)
    else if (message.kind === 'open') this.#streams.accept(link, message.stream, message.hello)
    else {
      const stream = link.streams.get(message.stream)
      if (stream !== undefined) this.#streams.receive(stream, message)
      else if (message.kind !== 'reset') this.#send(link, { kind: 'reset', link: link.id, stream: message.stream })
    }
  }

  welcome(id: number, peer: PeerId, from: PeerAddress): boolean {
    const { door, clock } = this.#deps
    if (door === undefined || this.#admitted.has(peer)) this.#addLink(id, peer)
    else {
      const evict = () => {
        const link = this.#links.get(id)
        if (link !== undefined) this.#hangUp(link)
      }
      const leave = door.take(door.hostOf(from), { evict }, clock.monotonic())
      if (leave === undefined) return false
      this.#addLink(id, peer, door.termMs, leave)
    }
    return true
  }

  #addLink(
    id: number,
    peer: PeerId,
    termMs: number = baseLimits.HELLO_TIMEOUT_MS,
    leaveDoor: Cancel = () => {},
  ): MemoryLink {
    const cancelTimer = this.#deps.clock.after(termMs, () => {
      const link = this.#links.get(id)
      if (link !== undefined && !this.#admitted.has(peer)) this.#hangUp(link)
    })
    const link: MemoryLink = { id, peer, streams: new Map(), cancelTimer, leaveDoor }
    this.#links.set(id, link)
    return link
  }

  #streamTo(peer: PeerId): Promise<OpenStream> {
    const open = this.#outbound.get(peer)
    if (open !== undefined) return open
    const link = [...this.#links.values()].find((one) => one.peer === peer)
    if (link !== undefined) return this.#open(peer, () => Promise.resolve(link))
    const until = this.#unreachable.get(peer)
    if (until !== undefined && until > this.#deps.clock.monotonic())
      return Promise.reject(unreachable(peer, 'it did not answer a moment ago'))
    const addresses = this.#known.get(peer)
    if (addresses === undefined) return Promise.reject(unreachable(peer, 'no address is known'))
    return this.#open(peer, () => this.#dial(addresses.map((address) => withPeer(address, peer))))
  }

  #open(peer: PeerId, connect: () => Promise<MemoryLink>): Promise<OpenStream> {
    const opening = this.#openStream(connect)
    this.#outbound.set(peer, opening)
    opening.catch((error: unknown) => {
      if (this.#outbound.get(peer) === opening) this.#outbound.delete(peer)
      if (isChordnsError(error, 'PEER_UNREACHABLE') || isChordnsError(error, 'PEER_REFUSED'))
        this.#unreachable.set(peer, this.#deps.clock.monotonic() + REDIAL_AFTER_MS)
    })
    return opening
  }

  async #openStream(connect: () => Promise<MemoryLink>): Promise<OpenStream> {
    const link = await connect()
    if (!this.#links.has(link.id)) throw gone(link.peer)
    return this.#streams.open(link)
  }

  async #dial(addresses: readonly PeerAddress[]): Promise<MemoryLink> {
    const { clock, wires } = this.#deps
    const attempt = (text: PeerAddress) =>
      new Promise<MemoryLink>((resolve, reject) => {
        const { address, peer } = splitAddress(text)
        wires.knock(this.self, address, (there) => {
          if (there === undefined) return reject(unreachable(text, 'the connection was refused'))
          if (peer !== undefined && there.self !== peer) return reject(unreachable(text, 'another peer lives there'))
          if (there === this) return reject(unreachable(text, 'that is this node itself'))
          const id = wires.newId()
          if (!there.welcome(id, this.self, this.address))
            return reject(unreachable(text, 'the connection was refused'))
          // The way back: a link is there when both know of it.
          wires.greet(there.self, this.self, () => {
            if (this.#closed) return reject(gone(there.self))
            resolve(this.#addLink(id, there.self))
          })
        })
      })
    const late = () => unreachable(addresses.join(', '), 'no answer in time')
    try {
      return await withTimeout(clock, Promise.any(addresses.map(attempt)), DIAL_TIMEOUT_MS, late)
    } catch (error) {
      if (error instanceof ChordnsError) throw error
      const first: unknown = error instanceof AggregateError ? error.errors[0] : error
      throw unreachable(addresses.join(', '), errorText(first))
    }
  }

  #send(link: MemoryLink, message: WireMessage): void {
    if (this.#links.has(link.id)) this.#deps.wires.send(this.self, link.peer, message)
  }

  #isBusy(peer: PeerId): boolean {
    if (this.#streams.isServing(peer)) return true
    for (const link of this.#links.values())
      if (link.peer === peer) for (const { pending } of link.streams.values()) if (pending.size > 0) return true
    return false
  }

  /** It made room for another: whoever listens for lost peers hears of it. */
  #hangUpOn(peer: PeerId): void {
    for (const link of [...this.#links.values()]) if (link.peer === peer) this.#hangUp(link)
    for (const listener of [...this.#goneListeners]) listener(peer)
  }

  #hangUp(link: MemoryLink): void {
    this.#send(link, { kind: 'bye', link: link.id })
    this.#endLink(link)
  }

  #endLink(link: MemoryLink): void {
    if (!this.#links.delete(link.id)) return
    link.cancelTimer()
    link.leaveDoor()
    this.#bulks.linkEnded(link.id, link.peer)
    for (const stream of [...link.streams.values()]) this.#streams.end(stream, gone(link.peer))
    if ([...this.#links.values()].some((other) => other.peer === link.peer)) return
    if (!this.#admitted.gone(link.peer)) return
    for (const listener of [...this.#goneListeners]) listener(link.peer)
  }
}
