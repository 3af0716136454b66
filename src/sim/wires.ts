/** What carries messages between simulated peers: delay, order, loss, cuts, and machines without power. */
import {
  asPeerId,
  type BulkFrame,
  baseLimits,
  type Cancel,
  ChordnsError,
  type PeerAddress,
  type PeerId,
} from '../base/index.ts'
import type { Delay, MemoryNetworkOptions } from './types.ts'

/** Default delay of a message, and half of what it takes to learn that nobody listens at an address, ms. */
const DEFAULT_DELAY_MS = 5
/** What everything but requests, replies and bulks counts as where bandwidth is bounded. */
const SMALL_MESSAGE_BYTES = 64

export type WireMessage =
  | { readonly kind: 'bye'; readonly link: number }
  | { readonly kind: 'open'; readonly link: number; readonly stream: number; readonly hello: Uint8Array | undefined }
  | StreamMessage
  | BulkMessage

/** One frame of a bulk, to the side that asked or to the one that was asked; without a frame the way is taken down. */
export interface BulkMessage {
  readonly kind: 'bulk'
  readonly link: number
  readonly bulk: number
  readonly to: 'requester' | 'source'
  readonly frame: BulkFrame | undefined
}

export type StreamMessage = { readonly link: number; readonly stream: number } & (
  | { readonly kind: 'hello'; readonly body: Uint8Array }
  | { readonly kind: 'request'; readonly id: number; readonly body: Uint8Array }
  | { readonly kind: 'reply'; readonly id: number; readonly body: Uint8Array }
  | { readonly kind: 'error'; readonly id: number; readonly code: string }
  | { readonly kind: 'reset' }
)

/** One end of the network. */
export interface Station {
  readonly self: PeerId
  readonly address: PeerAddress
  receive(from: PeerId, message: WireMessage): void
  /** Somebody at this address dialled: `link` is the connection from now on. False: there is no place at the door. */
  welcome(link: number, peer: PeerId, from: PeerAddress): boolean
  /** Ends everything at once; `silent`: without a word to the peers. */
  die(silent: boolean): void
}

interface Clog {
  readonly isClogged: (from: PeerId, to: PeerId) => boolean
  /** What waits, in its order. */
  readonly held: (() => void)[]
}

/** What a transport sees of the network. */
export class Wires {
  readonly counters = { sent: 0, delivered: 0, lost: 0, duplicated: 0, reordered: 0, clogged: 0 }
  readonly #options: MemoryNetworkOptions
  readonly #byPeer = new Map<PeerId, Station>()
  readonly #byAddress = new Map<PeerAddress, Station>()
  /** Addresses of machines that lost their power: nothing there even refuses. */
  readonly #dark = new Set<string>()
  readonly #cuts = new Set<(from: PeerId, to: PeerId) => boolean>()
  readonly #clogs = new Set<Clog>()
  /** When each ordered pair has sent what it was given, where bandwidth is bounded. */
  readonly #free = new Map<string, number>()
  /** When the last message of each ordered pair arrives: none overtakes another, as on one TCP connection. */
  readonly #lastArrival = new Map<string, number>()
  #delay: Delay
  #nextId = 1

  constructor(options: MemoryNetworkOptions) {
    this.#options = options
    this.#delay = asDelay(options.delayMs ?? DEFAULT_DELAY_MS)
  }

  /** Of a link, a stream or a dial: unique in this network. */
  newId(): number {
    return this.#nextId++
  }

  attach(transport: Station): void {
    const { self, address } = transport
    if (this.#byPeer.has(self) || this.#byAddress.has(address))
      throw new ChordnsError('PEER_LISTEN_FAILED', `${address} (${self}) is taken`, { listen: [address] })
    this.#byPeer.set(self, transport)
    this.#byAddress.set(address, transport)
    this.#dark.delete(self)
    this.#dark.delete(address)
  }

  detach(transport: Station): void {
    if (this.#byPeer.get(transport.self) !== transport) return
    this.#byPeer.delete(transport.self)
    this.#byAddress.delete(transport.address)
  }

  kill(peer: PeerId, silent: boolean): void {
    const transport = this.#byPeer.get(peer)
    if (transport === undefined) return
    this.detach(transport)
    if (silent) this.#dark.add(peer).add(transport.address)
    transport.die(silent)
  }

  setDelay(delayMs: number | Delay): void {
    this.#delay = asDelay(delayMs)
  }

  cut(side: readonly PeerId[], other: readonly PeerId[]): Cancel {
    const from = new Set(side)
    const to = new Set(other)
    const isCut = (a: PeerId, b: PeerId) => from.has(a) && to.has(b)
    this.#cuts.add(isCut)
    return () => this.#cuts.delete(isCut)
  }

  /** Messages wait until the returned function is called, and then go on in their order. */
  clog(side: readonly PeerId[], other: readonly PeerId[]): Cancel {
    const from = new Set(side)
    const to = new Set(other)
    const clog: Clog = { isClogged: (a, b) => from.has(a) && to.has(b), held: [] }
    this.#clogs.add(clog)
    return () => {
      if (!this.#clogs.delete(clog)) return
      for (const go of clog.held) go()
    }
  }

  send(from: PeerId, to: PeerId, message: WireMessage): void {
    const { random, loss = 0, weather } = this.#options
    const isBody = message.kind === 'request' || message.kind === 'reply' || message.kind === 'error'
    const bytes = sizeOf(message)
    const fate = isBody ? weather?.fate() : undefined
    if ((isBody && loss > 0 && random.below(2 ** 32) < loss * 2 ** 32) || fate?.lost === true) {
      this.counters.sent++
      this.counters.lost++
      return
    }
    const deliver = () => {
      const receiver = this.#byPeer.get(to)
      if (receiver !== undefined) receiver.receive(from, message)
      // The machine is there, but nothing on it knows the connection.
      else if (!this.#dark.has(to) && message.kind !== 'bye') this.send(to, from, { kind: 'bye', link: message.link })
    }
    if (fate?.duplicated === true) {
      this.counters.duplicated++
      this.#carry(from, to, deliver, bytes)
    }
    if (fate !== undefined && fate.lateMs > 0) this.counters.reordered++
    this.#carry(from, to, deliver, bytes, fate?.lateMs)
  }

  /** Knocks at an address: `answer` gets the transport there one delay later and undefined when nothing listens. */
  knock(from: PeerId, address: PeerAddress, answer: (there: Station | undefined) => void): void {
    const there = this.#byAddress.get(address)
    if (there === undefined) {
      if (!this.#dark.has(address)) this.#options.clock.after(2 * DEFAULT_DELAY_MS, () => answer(undefined))
      return
    }
    // It may have gone, or another may have come, by the time the knock arrives.
    this.#carry(from, there.self, () => {
      if (!this.#dark.has(address)) answer(this.#byAddress.get(address))
    })
  }

  /** A connection of a host that is no peer, and says nothing on it. */
  knockOnly(host: string, address: PeerAddress): void {
    const stranger = asPeerId(`stranger at ${host}`)
    this.knock(stranger, address, (there) => void there?.welcome(this.newId(), stranger, host))
  }

  /** One message from `from` to `to` that only says: done. */
  greet(from: PeerId, to: PeerId, deliver: () => void): void {
    this.#carry(from, to, deliver)
  }

  /** `lateMs`: it takes so much longer, and others may overtake it. */
  #carry(from: PeerId, to: PeerId, deliver: () => void, bytes = SMALL_MESSAGE_BYTES, lateMs = 0): void {
    this.counters.sent++
    const { clock, weather } = this.#options
    const delayMs = this.#delay(from, to)
    if (this.#isCut(from, to)) {
      this.counters.lost++
      return
    }
    for (const { isClogged, held } of this.#clogs) {
      if (!isClogged(from, to)) continue
      this.counters.clogged++
      held.push(() => this.#carry(from, to, deliver, bytes, lateMs))
      return
    }
    const now = clock.monotonic()
    const pair = `${from}>${to}`
    let leaves = now
    const bytesPerSecond = weather?.bytesPerSecond
    if (bytesPerSecond !== undefined) {
      leaves = Math.max(now, this.#free.get(pair) ?? 0) + (1_000 * bytes) / bytesPerSecond
      this.#free.set(pair, leaves)
    }
    let at = leaves + delayMs + lateMs
    if (lateMs === 0) {
      at = Math.max(this.#lastArrival.get(pair) ?? 0, at)
      this.#lastArrival.set(pair, at)
    }
    clock.after(at - now, () => {
      // A cut takes what is on its way, too.
      if (this.#isCut(from, to)) this.counters.lost++
      else {
        this.counters.delivered++
        deliver()
      }
    })
  }

  #isCut(from: PeerId, to: PeerId): boolean {
    for (const isCut of this.#cuts) if (isCut(from, to)) return true
    return false
  }
}

function sizeOf(message: WireMessage): number {
  if (message.kind === 'request' || message.kind === 'reply') return message.body.length
  return Math.max(SMALL_MESSAGE_BYTES, message.kind === 'bulk' ? (message.frame?.payload.length ?? 0) : 0)
}

function asDelay(delayMs: number | Delay): Delay {
  return typeof delayMs === 'number' ? () => delayMs : delayMs
}

/** Throws PEER_OVERSIZE, as a frame on a real stream would. */
export function checkFits(body: Uint8Array): void {
  if (body.length > baseLimits.MAX_FRAME_BYTES)
    throw new ChordnsError('PEER_OVERSIZE', `a message of ${body.length} bytes does not fit into a frame`, {
      bytes: body.length,
    })
}

/** `/memory/x/p2p/y` is where peer y listens. */
export function splitAddress(text: PeerAddress): { address: PeerAddress; peer: PeerId | undefined } {
  const at = text.indexOf('/p2p/')
  return at < 0
    ? { address: text, peer: undefined }
    : { address: text.slice(0, at), peer: asPeerId(text.slice(at + '/p2p/'.length)) }
}

export function withPeer(address: PeerAddress, peer: PeerId): PeerAddress {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
}
