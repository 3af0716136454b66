/**
 * Which peers a transport stays connected with, when a node may have fewer connections than its ring has members. Some are kept:
 * ring neighbours, replicas, members far away that changes are told to. All others come and go: whoever was not spoken to for
 * longest makes room, and those that are idle are closed. Bookkeeping only; the transport opens and closes.
 */
import type { PeerId } from './types.ts'

export interface OpenPeersLimits {
  /** Connected peers at once. */
  readonly most: number
  /** One that is not kept, and with which nothing was exchanged for so long, is closed, ms. */
  readonly idleMs: number
  /** One that something was exchanged with so lately does not make room, ms: a look-up or a reading of the table goes on. */
  readonly restMs: number
}

export interface OpenPeersHooks {
  /** Owes whether a request or a bulk is on its way between the peer and this node. */
  readonly isBusy: (peer: PeerId) => boolean
}

export class OpenPeers {
  readonly #limits: OpenPeersLimits
  readonly #hooks: OpenPeersHooks
  #kept: ReadonlySet<PeerId> = new Set()
  /** When each was last spoken to, monotonic ms; the one that was longest ago first. */
  readonly #open = new Map<PeerId, number>()

  constructor(limits: OpenPeersLimits, hooks: OpenPeersHooks) {
    this.#limits = limits
    this.#hooks = hooks
  }

  get size(): number {
    return this.#open.size
  }

  peers(): readonly PeerId[] {
    return [...this.#open.keys()]
  }

  has(peer: PeerId): boolean {
    return this.#open.has(peer)
  }

  /** The peers to stay connected with, the most important first: places are kept for them, but a quarter is for others. */
  keep(peers: readonly PeerId[]): void {
    this.#kept = new Set(peers.slice(0, Math.floor((3 * this.#limits.most) / 4)))
  }

  /**
   * A peer passed hello. False: there is no place for it. `close` is called first with the one that makes room, which is not
   * open any more then.
   */
  admit(peer: PeerId, now: number, close: (peer: PeerId) => void): boolean {
    if (!this.#open.has(peer) && !this.#hasPlace(peer)) {
      const other = this.#leastUsed(now)
      if (other === undefined) return false
      this.#open.delete(other)
      close(other)
    }
    this.used(peer, now)
    return true
  }

  /** Something was exchanged with it. */
  used(peer: PeerId, now: number): void {
    this.#open.delete(peer)
    this.#open.set(peer, now)
  }

  /** True if it was open. */
  gone(peer: PeerId): boolean {
    return this.#open.delete(peer)
  }

  /** Those that are to be closed now. */
  idle(now: number): PeerId[] {
    const out: PeerId[] = []
    for (const [peer, at] of this.#open) {
      if (at > now - this.#limits.idleMs) break
      if (!this.#kept.has(peer) && !this.#hooks.isBusy(peer)) out.push(peer)
    }
    return out
  }

  #hasPlace(peer: PeerId): boolean {
    if (this.#kept.has(peer)) return this.#open.size < this.#limits.most
    let away = 0
    for (const one of this.#kept) if (!this.#open.has(one)) away++
    return this.#open.size + away < this.#limits.most
  }

  #leastUsed(now: number): PeerId | undefined {
    for (const [peer, at] of this.#open) {
      if (at > now - this.#limits.restMs) return undefined
      if (!this.#kept.has(peer) && !this.#hooks.isBusy(peer)) return peer
    }
    return undefined
  }
}
