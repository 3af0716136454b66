/** Where peers can be reached, which of them could not be a moment ago, and the hosts that they are at. */
import type { PeerAddress, PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { hostOf } from './places.ts'

interface Failure {
  /** Monotonic ms. */
  readonly until: number
  readonly waitMs: number
}

/** Bounded: what was learnt longest ago is forgotten first. */
export class PeerBook {
  readonly #addresses = new Map<PeerId, readonly PeerAddress[]>()
  readonly #failures = new Map<PeerId, Failure>()
  /** How many peers name each host. */
  readonly #hosts = new Map<string, number>()
  /** Hosts that members came from, the latest last. */
  readonly #cameFrom = new Set<string>()

  addresses(peer: PeerId): readonly PeerAddress[] | undefined {
    return this.#addresses.get(peer)
  }

  /** New addresses are worth a new try; the same ones again are not. */
  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    const kept = addresses.slice(0, limits.MAX_ADDRESSES_PER_PEER)
    const before = this.#addresses.get(peer)
    if (before === undefined || before.join(' ') !== kept.join(' ')) this.#failures.delete(peer)
    this.#count(before ?? [], -1)
    this.#count(kept, 1)
    const forgotten = set(this.#addresses, peer, kept)
    if (forgotten !== undefined) this.#count(forgotten, -1)
  }

  /** A member is there by what it says, or came from there. */
  isKnownHost(host: string): boolean {
    return this.#hosts.has(host) || this.#cameFrom.has(host)
  }

  cameFrom(host: string): void {
    this.#cameFrom.delete(host)
    this.#cameFrom.add(host)
    if (this.#cameFrom.size > limits.MAX_REMEMBERED_HOSTS) this.#cameFrom.delete(firstOf(this.#cameFrom))
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

  #count(addresses: readonly PeerAddress[], by: number): void {
    for (const host of new Set(addresses.map(hostIn))) {
      const peers = (this.#hosts.get(host) ?? 0) + by
      if (peers > 0) this.#hosts.set(host, peers)
      else this.#hosts.delete(host)
    }
  }
}

function hostIn(address: PeerAddress): string {
  return hostOf(address.split('/')[2] ?? '')
}

/** What was put in longest ago makes room, and is returned. */
function set<V>(map: Map<PeerId, V>, peer: PeerId, value: V): V | undefined {
  map.delete(peer)
  map.set(peer, value)
  if (map.size <= limits.MAX_KNOWN_PEERS) return undefined
  const first = firstOf(map.keys())
  const forgotten = map.get(first)
  map.delete(first)
  return forgotten
}

function firstOf<T>(items: Iterable<T>): T {
  for (const item of items) return item
  throw new Error('empty')
}
