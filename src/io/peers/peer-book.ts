/** Where peers can be reached, and which of them could not be a moment ago. */
import type { PeerAddress, PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'

interface Failure {
  /** Monotonic ms. */
  readonly until: number
  readonly waitMs: number
}

/** Bounded: what was learnt longest ago is forgotten first. */
export class PeerBook {
  readonly #addresses = new Map<PeerId, readonly PeerAddress[]>()
  readonly #failures = new Map<PeerId, Failure>()

  addresses(peer: PeerId): readonly PeerAddress[] | undefined {
    return this.#addresses.get(peer)
  }

  /** New addresses are worth a new try; the same ones again are not. */
  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    const kept = addresses.slice(0, limits.MAX_ADDRESSES_PER_PEER)
    const before = this.#addresses.get(peer)
    if (before === undefined || before.join(' ') !== kept.join(' ')) this.#failures.delete(peer)
    set(this.#addresses, peer, kept)
  }

  failed(peer: PeerId, monotonicMs: number): void {
    const before = this.#failures.get(peer)
    const waitMs =
      before === undefined ? limits.REDIAL_AFTER_MS : Math.min(2 * before.waitMs, limits.MAX_REDIAL_AFTER_MS)
    set(this.#failures, peer, { until: monotonicMs + waitMs, waitMs })
  }

  reached(peer: PeerId): void {
    this.#failures.delete(peer)
  }

  mayDial(peer: PeerId, monotonicMs: number): boolean {
    const failure = this.#failures.get(peer)
    return failure === undefined || failure.until <= monotonicMs
  }
}

function set<V>(map: Map<PeerId, V>, peer: PeerId, value: V): void {
  map.delete(peer)
  map.set(peer, value)
  if (map.size > limits.MAX_KNOWN_PEERS) map.delete(map.keys().next().value!)
}
