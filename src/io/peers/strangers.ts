/**
 * Who was let in, and who was not: a connection whose peer does not pass hello is given a term, and is ended with it. Whoever
 * is not let in does not stay at the door.
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { asPeerId, baseLimits, type Cancel, type Clock, type PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { Doorstep } from './doorstep.ts'

export class Strangers {
  readonly #node: Libp2p
  readonly #clock: Clock
  readonly #doorstep: Doorstep
  /** Peers that passed hello on a connection that is still open. */
  readonly #admitted = new Set<PeerId>()
  /** By the ids of connections: when each is ended if its peer has not passed hello by then. */
  readonly #terms = new Map<string, { readonly at: number; readonly cancel: Cancel }>()
  #closed = false

  /** From now on each connection of `node` has a term; those that came in have one of the doorstep already. */
  constructor(node: Libp2p, clock: Clock, doorstep: Doorstep) {
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
    return [...this.#admitted]
  }

  isAdmitted(peer: PeerId): boolean {
    return this.#admitted.has(peer)
  }

  admit(peer: PeerId): void {
    this.#admitted.add(peer)
    this.#doorstep.admit(peer)
  }

  /** Its last connection is gone. True if it was admitted. */
  forget(peer: PeerId): boolean {
    return this.#admitted.delete(peer)
  }

  /** This peer did not pass our hello: its connections have a moment left, in which it hears so. */
  onRefused(peer: PeerId): void {
    // Not at once: the end of the connection would overtake that of the stream, and look like a failure of the network.
    for (const connection of this.#connectionsOf(peer)) this.#giveTerm(connection, limits.HANG_UP_AFTER_MS)
  }

  /** This peer refused us: we hang up, unless we let it in ourselves. */
  hangUp(peer: PeerId): void {
    if (this.#admitted.has(peer)) return
    for (const connection of this.#connectionsOf(peer)) hangUp(connection)
  }

  /** No more terms are given; those that run are cancelled by `end`, when the connections are closed. */
  close(): void {
    this.#closed = true
    this.#admitted.clear()
  }

  end(): void {
    this.#doorstep.end()
    for (const { cancel } of this.#terms.values()) cancel()
    this.#terms.clear()
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
    if (this.#admitted.has(peer) || this.#closed) return
    const at = this.#clock.monotonic() + ms
    const before = this.#terms.get(connection.id)
    if (before !== undefined && before.at <= at) return
    before?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#terms.delete(connection.id)
      if (!this.#admitted.has(peer)) hangUp(connection)
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
