/** Which peers said what cannot be: they are asked last for a while. */
import type { PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'

/** Bounded memory of faults by peer; the peer remembered longest is forgotten first. */
export class Faults {
  readonly #byPeer = new Map<PeerId, number>()
  #total = 0

  /** All that were ever counted. */
  get total(): number {
    return this.#total
  }

  add(peer: PeerId): void {
    this.#total++
    this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? 0) + 1)
    if (this.#byPeer.size > limits.MAX_FAULTY_PEERS) this.#byPeer.delete(this.#byPeer.keys().next().value!)
  }

  /** A good reply halves what is remembered of a peer. */
  forgive(peer: PeerId): void {
    const before = this.#byPeer.get(peer)
    if (before === undefined) return
    if (before > 1) this.#byPeer.set(peer, before / 2)
    else this.#byPeer.delete(peer)
  }

  isAskedLast(peer: PeerId): boolean {
    return (this.#byPeer.get(peer) ?? 0) >= limits.FAULTS_ASKED_LAST
  }
}
