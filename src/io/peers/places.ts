/**
 * Places at the door: which connections that have not passed hello may wait there. Knows hosts and times only.
 *
 * Hosts of known members have places of their own, so many for each; all others share a few, so many for one network. Where all
 * are taken, the connection that has waited for longest makes room, but not before its time: a place is a hand-shake, about
 * 4 ms of CPU, so that what places there are and how fast they change hands bounds what strangers cost.
 */
import ipaddr from 'ipaddr.js'
import { limits } from '../limits.ts'

export interface Knocking {
  /** Ends the connection that waits here; called at most once, when another takes its place. */
  readonly evict: () => void
}

interface Held extends Knocking {
  readonly group: string
  readonly isKnown: boolean
  /** Monotonic ms. */
  readonly since: number
}

export interface DoorPlacesHooks {
  /** Owes whether a member is known to be at this host. */
  readonly isKnown: (host: string) => boolean
}

export class DoorPlaces {
  readonly #hooks: DoorPlacesHooks
  /** Of each host of members, and of each network of others: who waits, the first first. */
  readonly #groups = new Map<string, Set<Held>>()
  readonly #taken = { known: 0, strangers: 0 }

  constructor(hooks: DoorPlacesHooks) {
    this.#hooks = hooks
  }

  /** What is returned gives the place back, and may be called twice. Undefined: there is none. */
  take(host: string, place: Knocking, now: number): (() => void) | undefined {
    const isKnown = this.#hooks.isKnown(host)
    const group = isKnown ? `host ${host}` : `network ${networkOf(host)}`
    if (!this.#makeRoom(group, isKnown, now)) return undefined
    const held: Held = { evict: place.evict, group, isKnown, since: now }
    const others = this.#groups.get(group) ?? new Set()
    this.#groups.set(group, others.add(held))
    this.#taken[isKnown ? 'known' : 'strangers']++
    return () => this.#release(held)
  }

  counts(): { readonly known: number; readonly strangers: number } {
    return { ...this.#taken }
  }

  #makeRoom(group: string, isKnown: boolean, now: number): boolean {
    const inGroup = this.#groups.get(group)?.size ?? 0
    if (inGroup >= (isKnown ? limits.MAX_WAITING_PER_MEMBER_HOST : limits.MAX_STRANGERS_PER_NETWORK))
      return this.#evictFirst(group, now - limits.PLACE_KEPT_MS)
    const isFull = isKnown
      ? this.#taken.known >= limits.MAX_WAITING_MEMBERS
      : this.#taken.strangers >= limits.MAX_STRANGERS
    if (!isFull) return true
    // Whoever has none yet comes before whoever has most: many connections from few networks do not keep a new one out.
    const largest = this.#largest(isKnown)
    if (largest === undefined || largest.size <= inGroup + 1) return false
    return this.#evictFirst(largest.group, inGroup === 0 ? now : now - limits.PLACE_KEPT_MS)
  }

  #evictFirst(group: string, since: number): boolean {
    const [first] = this.#groups.get(group) ?? []
    if (first === undefined || first.since > since) return false
    this.#release(first)
    first.evict()
    return true
  }

  #largest(isKnown: boolean): { readonly group: string; readonly size: number } | undefined {
    let largest: { group: string; size: number } | undefined
    for (const [group, { size }] of this.#groups)
      if (group.startsWith('host ') === isKnown && size > (largest?.size ?? 0)) largest = { group, size }
    return largest
  }

  #release(held: Held): void {
    const others = this.#groups.get(held.group)
    if (others === undefined || !others.delete(held)) return
    if (others.size === 0) this.#groups.delete(held.group)
    this.#taken[held.isKnown ? 'known' : 'strangers']--
  }
}

/** An IPv4 address that came in over an IPv6 socket is the IPv4 address. */
export function hostOf(address: string): string {
  try {
    return ipaddr.process(address.replace(/%.*$/, '')).toString()
  } catch {
    return address
  }
}

/** What one operator usually has at the least: /24 of IPv4, /48 of IPv6. Loopback and LAN are no exception. */
export function networkOf(host: string): string {
  const bytes = ipaddr.isValid(host) ? ipaddr.process(host).toByteArray() : undefined
  if (bytes === undefined) return host
  return bytes.slice(0, bytes.length === 4 ? 3 : 6).join('.')
}
