import type { Cancel, Clock, Doorkeeper, PeerAddress, PeerId, Random, Transport } from '../base/index.ts'

/** One-way delay of a message, ms. Called once a message; a random one keeps the order of messages on a stream. */
export type Delay = (from: PeerId, to: PeerId) => number

export interface MemoryNetworkOptions {
  readonly clock: Clock
  readonly random: Random
  /** Default: 5 ms. */
  readonly delayMs?: number | Delay
  /**
   * Part of the requests and replies that is lost, 0 to 1: they time out. Connections and hello are spared, as TCP would
   * repeat what was lost; `drop` spares nothing. Default: 0.
   */
  readonly loss?: number
  /** What happens to messages beside delay, and changes while time passes. Default: nothing. */
  readonly weather?: Weather
}

/** What becomes of one request or reply. */
export interface Fate {
  readonly lost: boolean
  /** It arrives twice. */
  readonly duplicated: boolean
  /** More than 0: it takes so much longer, and what was sent after it may arrive before it. Ms. */
  readonly lateMs: number
}

/** Faults of all links at once; rates are between 0 and 1 and may be set at any time. */
export interface Weather {
  loss: number
  duplicates: number
  reorder: number
  /** Of each link and direction; undefined: no bound. */
  bytesPerSecond: number | undefined
  fate(): Fate
}

export interface TransportPlace {
  /** Own address without `/p2p/`. Default: `/memory/<peer id>`. */
  readonly address?: PeerAddress
  /** Peers that are connected at once. Default: any number. */
  readonly maxPeers?: number
  /** Who may wait there before hello is over. Default: everybody. */
  readonly door?: DoorPort
}

/** Places for connections that have not passed hello: `DoorPlaces` of a real node. */
export interface DoorPort {
  /** The host that an address is at. */
  readonly hostOf: (address: PeerAddress) => string
  /** What is returned gives the place back. Undefined: there is none, and the connection is refused. */
  readonly take: (host: string, place: { readonly evict: () => void }, now: number) => Cancel | undefined
  /** A connection that has not passed hello by then is closed, ms. */
  readonly termMs: number
}

/** Many transports in one process, over virtual or real time, with faults by command. */
export interface MemoryNetwork {
  /** Throws when a living transport has the id or the address already. */
  transport(peer: PeerId, doorkeeper: Doorkeeper, place?: TransportPlace): Transport
  /** Nothing passes from `from` to `to` until the returned function is called; both believe in their connection meanwhile. */
  drop(from: PeerId, to: PeerId): Cancel
  /** Both ways, between each of the one side and each of the other. */
  partition(side: readonly PeerId[], other: readonly PeerId[]): Cancel
  /**
   * The peer is gone at once, in the middle of whatever it did. `silent`, as when the power fails: nobody hears of it.
   * Otherwise, as when its process is killed, the others' connections end after the delay. Another transport may then take its id.
   */
  kill(peer: PeerId, how?: { readonly silent: boolean }): void
  /** One way: nothing passes from any of `side` to any of `other`. */
  cut(side: readonly PeerId[], other: readonly PeerId[]): Cancel
  /** One way: what is sent waits until the returned function is called. */
  clog(side: readonly PeerId[], other: readonly PeerId[]): Cancel
  /** A host that is no member opens a connection there, and says nothing. */
  knock(host: string, address: PeerAddress): void
  setDelay(delayMs: number | Delay): void
  /** Messages since the start. */
  readonly counters: {
    readonly sent: number
    readonly delivered: number
    readonly lost: number
    readonly duplicated: number
    readonly reordered: number
    readonly clogged: number
  }
}
