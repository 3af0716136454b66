/** One look-up by kad-dht, counted as Chord's are: how deep the first answer of a holder was, and what was sent for it. */

import type { PeerId as Libp2pPeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerId } from '../../src/base/index.ts'
import { compareBytes } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { KadOutcome } from './commands.ts'
import { portOf, type RoundTrip } from './far-links.ts'

/** What a single DHT has beside its interface; how it begins a query. */
export interface Routing {
  readonly size: number
  add(peer: Libp2pPeerId): Promise<void>
  closestPeers(place: Uint8Array, options: { readonly count: number }): readonly { toString(): string }[]
  addEventListener(name: 'peer:add', listener: (event: CustomEvent<{ toString(): string }>) => void): void
}

export function routingOf(dht: KadDHT): Routing {
  return (dht as KadDHT & { readonly routingTable: Routing }).routingTable
}

interface Concurrency {
  alpha: number
  disjointPaths: number
}

const defaults = new WeakMap<KadDHT, Concurrency>()

/** How a node asks is its own affair, so that one node can do it either way; the library takes it at its start only. */
export function setAlpha(dht: KadDHT, alpha: number | 'default'): void {
  const { queryManager } = dht as KadDHT & { readonly queryManager: Concurrency }
  const own = defaults.get(dht) ?? { alpha: queryManager.alpha, disjointPaths: queryManager.disjointPaths }
  defaults.set(dht, own)
  Object.assign(queryManager, alpha === 'default' ? own : { alpha, disjointPaths: 1 })
}

const LONGEST_MS = 20_000
const places = new Map<PeerId, Uint8Array>()

/** Kademlia's place of a peer. */
function placeOf(peer: PeerId): Uint8Array {
  let place = places.get(peer)
  if (place === undefined) {
    place = sha256(peerIdFromString(peer).toMultihash().bytes)
    places.set(peer, place)
  }
  return place
}

/** The k of `peers` that hold the key. */
function closest(key: Uint8Array, k: number, peers: readonly PeerId[]): Set<string> {
  const place = sha256(key)
  const far = (peer: PeerId) => placeOf(peer).map((byte, i) => byte ^ place[i]!)
  const order = peers.map((peer) => ({ peer, distance: far(peer) }))
  order.sort((a, b) => compareBytes(a.distance, b.distance))
  return new Set(order.slice(0, k).map(({ peer }) => peer))
}

export interface FarPeers {
  readonly peers: readonly PeerId[]
  /** Of those peers. */
  readonly addresses: readonly string[]
  readonly roundTrip: RoundTrip
}

/** The nearest of the k that hold the key. */
export function nearestHolder(
  own: string,
  key: Uint8Array,
  k: number,
  { peers, addresses, roundTrip }: FarPeers,
): PeerId {
  const holders = closest(key, k, peers)
  const far = (i: number) => roundTrip(portOf(own), portOf(addresses[i]!))
  const places = peers.flatMap((peer, i) => (holders.has(peer) ? [i] : []))
  return peers[places.reduce((best, one) => (far(one) < far(best) ? one : best))]!
}

export async function kadLookup(
  dht: KadDHT,
  self: PeerId,
  key: Uint8Array,
  k: number,
  peers: readonly PeerId[],
): Promise<KadOutcome> {
  const holders = closest(key, k, peers)
  /** Requests that were needed, one after the other, to hear of a peer; those of the own table need none. */
  const heardAt = new Map<string, number>()
  for (const peer of routingOf(dht).closestPeers(sha256(key), { count: k })) heardAt.set(peer.toString(), 0)
  let depth = holders.has(self) ? 0 : undefined
  let [messages, messagesToEnd, errors, ms] = [0, 0, 0, 0]
  const began = performance.now()
  const signal = AbortSignal.timeout(LONGEST_MS)
  try {
    for await (const event of dht.getClosestPeers(key, { signal })) {
      if (event.name === 'SEND_QUERY') {
        messagesToEnd += 1
        if (depth === undefined) messages += 1
      } else if (event.name === 'QUERY_ERROR') errors += 1
      else if (event.name === 'PEER_RESPONSE') {
        const from = event.from.toString()
        const at = 1 + (heardAt.get(from) ?? 0)
        for (const { id } of event.closer) {
          const named = id.toString()
          if (!heardAt.has(named)) heardAt.set(named, at)
        }
        if (depth === undefined && holders.has(from)) {
          depth = at
          ms = performance.now() - began
        }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return { depth, messages, messagesToEnd, errors, ms, msToEnd: performance.now() - began }
}
