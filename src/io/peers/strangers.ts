/**
 * Who was let in, and who was not: a connection whose peer does not pass hello is given a term, and is ended with it. Whoever
 * is not let in does not stay at the door. Whoever was stays while there is a place: `OpenPeers` says who makes room.
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { asPeerId, baseLimits, type Cancel, type Clock, OpenPeers, type PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { Doorstep } from './doorstep.ts'

export interface StrangersOptions {
  /** Peers that are connected at once. */
  readonly most: number
  /** Owes whether a request or a bulk is on its way between the peer and this node. */
  readonly isBusy: (peer: PeerId) => boolean
}

export class Strangers {
  readonly counters = { madeRoom: 0, noPlace: 0, idle: 0 }
  readonly #node: Libp2p
  readonly #clock: Clock
  readonly #doorstep: Doorstep
  /** Peers that passed hello on a connection that is still open. */
  readonly #open: OpenPeers
  /** They passed hello, and had to make room: their connections are being closed. */
  readonly #makingRoom = new Set<PeerId>()
  /** They passed hello, and may stay no longer: how the end of their moment is cancelled. */
  readonly #dismissed = new Map<PeerId, Cancel>()
  #cancelIdleTimer: Cancel | undefined
  /** By the ids of connections: when each is ended if its peer has not passed hello by then. */
  readonly #terms = new Map<string, { readonly at: number; readonly cancel: Cancel }>()
  #closed = false

  /** From now on each connection of `node` has a term; those that came in have one of the doorstep already. */
  constructor(node: Libp2p, clock: Clock, doorstep: Doorstep, { most, isBusy }: StrangersOptions) {
    this.#open = new OpenPeers({ most, idleMs: baseLimits.PEER_IDLE_MS, restMs: baseLimits.PEER_REST_MS }, { isBusy })
    this.#node = node
    this.#clock = clock
    this.#doorstep = doorstep
    node.addEventListener('connection:open', ({ detail }) => {
      this.#giveTerm(detail, baseLimits.HELLO_TIMEOUT_MS)
      this.#keepFew(detail)
    })
    node.addEventListener('connection:close', ({ detail }) => this.#cancelTerm(detail.id))
  }

  admitted(): readonly PeerId[] {
    return this.#closed ? [] : this.#open.peers()
  }

  isAdmitted(peer: PeerId): boolean {
    return !this.#closed && this.#open.has(peer)
  }

  /** It passed hello. False: there is no place for it, and its connections end. */
  admit(peer: PeerId): boolean {
    const close = (other: PeerId) => {
      this.counters.madeRoom++
      this.#makingRoom.add(other)
      for (const connection of this.#connectionsOf(other)) hangUp(connection)
    }
    if (!this.#open.admit(peer, this.#clock.monotonic(), close)) {
      this.counters.noPlace++
      this.onRefused(peer)
      return false
    }
    this.#doorstep.admit(peer)
    this.#watchIdle()
    return true
  }

  /** Something is exchanged with it. */
  used(peer: PeerId): void {
    if (this.#open.has(peer)) this.#open.used(peer, this.#clock.monotonic())
  }

  keep(peers: readonly PeerId[]): void {
    this.#open.keep(peers)
  }

  /** Its connections end in a moment. It keeps its place until then: whoever listens for lost peers hears of it. */
  dismiss(peer: PeerId): void {
    if (this.#closed || !this.#open.has(peer) || this.#dismissed.has(peer)) return
    const end = () => {
      this.#dismissed.delete(peer)
      for (const connection of this.#connectionsOf(peer)) hangUp(connection)
    }
    this.#dismissed.set(peer, this.#clock.after(baseLimits.HANG_UP_AFTER_MS, end))
  }

  /** Its last connection is gone. True if it was admitted. */
  forget(peer: PeerId): boolean {
    this.#dismissed.get(peer)?.()
    this.#dismissed.delete(peer)
    const madeRoom = this.#makingRoom.delete(peer)
    return this.#open.gone(peer) || madeRoom
  }

  /** This peer did not pass our hello: its connections have a moment left, in which it hears so. */
  onRefused(peer: PeerId): void {
    // Not at once: the end of the connection would overtake that of the stream, and look like a failure of the network.
    for (const connection of this.#connectionsOf(peer)) this.#giveTerm(connection, baseLimits.HANG_UP_AFTER_MS)
  }

  /** This peer refused us: we hang up, unless we let it in ourselves. */
  hangUp(peer: PeerId): void {
    if (this.isAdmitted(peer)) return
    for (const connection of this.#connectionsOf(peer)) hangUp(connection)
  }

  /** Ends all its connections: nothing comes on them any more. It keeps its place until they have ended. */
  abandon(peer: PeerId): void {
    // To close in order would wait for the far side.
    for (const connection of this.#connectionsOf(peer)) connection.abort(new Error('nothing comes on it any more'))
  }

  /** No more terms are given; those that run are cancelled by `end`, when the connections are closed. */
  close(): void {
    this.#closed = true
    this.#cancelIdleTimer?.()
  }

  end(): void {
    this.#doorstep.end()
    for (const cancel of this.#dismissed.values()) cancel()
    for (const { cancel } of this.#terms.values()) cancel()
    this.#terms.clear()
  }

  /** From time to time, while anybody is connected. */
  #watchIdle(): void {
    this.#cancelIdleTimer ??= this.#clock.after(baseLimits.PEER_IDLE_MS / 4, () => {
      this.#cancelIdleTimer = undefined
      for (const peer of this.#open.idle(this.#clock.monotonic())) {
        this.counters.idle++
        for (const connection of this.#connectionsOf(peer)) hangUp(connection)
      }
      if (this.#open.size > 0 && !this.#closed) this.#watchIdle()
    })
  }

  /** A peer has a few connections at most: the oldest ends, it may be of a process that is gone. */
  #keepFew({ remotePeer }: Connection): void {
    const open = this.#node.getConnections(remotePeer).filter(({ status }) => status === 'open')
    const oldestFirst = open.sort((a, b) => a.timeline.open - b.timeline.open)
    for (const one of oldestFirst.slice(0, -limits.MAX_CONNECTIONS_PER_PEER)) hangUp(one)
  }

  /** Never later than was said before. */
  #giveTerm(connection: Connection, ms: number): void {
    const peer = asPeerId(connection.remotePeer.toString())
    if (this.#closed || this.#open.has(peer)) return
    const at = this.#clock.monotonic() + ms
    const before = this.#terms.get(connection.id)
    if (before !== undefined && before.at <= at) return
    before?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#terms.delete(connection.id)
      if (!this.#open.has(peer)) hangUp(connection)
    })
    this.#terms.set(connection.id, { at, cancel })
  }

  #cancelTerm(connection: string): void {
    this.#terms.get(connection)?.cancel()
    this.#terms.delete(connection)
  }

  #connectionsOf(peer: PeerId): Connection[] {
    return this.#node.getConnections(peerIdFromString(peer))
  }
}

function hangUp(connection: Connection): void {
  connection.close().catch((error: Error) => connection.abort(error))
}
