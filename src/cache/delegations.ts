/** Delegations, by context and zone; the least recently used are dropped. Each part of one ends when its own TTL does. */
import { RecentMap } from '../base/index.ts'
import { type Delegation, dsTtlOf, isSubdomain, lessDs, type Name, parentName } from '../dns/index.ts'
import { limits } from './limits.ts'
import { clear, dropWhere, reaches, SEPARATOR } from './lru.ts'
import type { CacheContext, CachedDelegation, Reach } from './types.ts'

export class DelegationTable {
  readonly #entries = new RecentMap<string, CachedDelegation>({ max: limits.MAX_DELEGATIONS })

  get size(): number {
    return this.#entries.size
  }

  /** The deepest zone that is `name` or encloses it, and that counts now. */
  enclosing(context: CacheContext, name: Name, now: number): CachedDelegation | undefined {
    for (let zone = name; ; zone = parentName(zone)) {
      const key = context + SEPARATOR + zone.key
      const entry = this.#entries.get(key)
      if (entry !== undefined && this.#confirmedUntil(context, entry) > now) {
        const current = lessExpiredParts(entry, now)
        if (current !== entry) this.#entries.set(key, current)
        // Without its glue nobody but the parent can tell where its servers are. What lies below it counts all the same.
        if (current.glueExpires > now || !needsGlue(current.delegation)) return current
      }
      if (zone.labels === 0) return undefined
    }
  }

  /**
   * Until when the delegation counts: not beyond its own term, nor beyond that of the zone that told it, and so on upwards. What
   * an expired zone has said counts again only when its own parent has confirmed that zone. So no zone outlives its revocation by
   * delegating to itself further down (ghost and phoenix domains, CVE-2022-30698, CVE-2022-30699). Zones between a delegation and
   * the one that told it have no say: they were passed over.
   */
  #confirmedUntil(context: CacheContext, { delegation: { zone }, parent, expires }: CachedDelegation): number {
    let until = expires
    let toldBy: Name | undefined = parent
    for (let at = zone; at.labels > 0; ) {
      at = parentName(at)
      if (toldBy !== undefined && at.labels > toldBy.labels) continue
      const above = this.#entries.get(context + SEPARATOR + at.key)
      if (above === undefined) continue
      until = Math.min(until, above.expires)
      toldBy = above.parent
    }
    return until
  }

  /** `parent`: the zone that told it. Undefined: the nearest one above that is known. */
  put(context: CacheContext, delegation: Delegation, parent: Name | undefined, maxTtl: number, now: number): void {
    const ttl = Math.min(delegation.ttl, maxTtl)
    if (ttl <= 0) return
    const nameServers = delegation.nameServers.slice(0, limits.MAX_DELEGATION_SERVERS)
    const kept = nameServers.length === delegation.nameServers.length ? delegation : { ...delegation, nameServers }
    const glueTtl = Math.min(ttl, delegation.glueTtl ?? ttl)
    const entry: CachedDelegation = {
      delegation: kept,
      parent,
      stored: now,
      expires: now + ttl * 1000,
      dsExpires: now + Math.min(dsTtlOf(delegation) ?? ttl, maxTtl) * 1000,
      glueExpires: now + glueTtl * 1000,
    }
    this.#entries.set(context + SEPARATOR + delegation.zone.key, lessExpiredParts(entry, now))
  }

  /** What the delegation says of DS is of no use: it is asked for the next time. */
  dropDs(context: CacheContext, zone: Name): void {
    const key = context + SEPARATOR + zone.key
    const entry = this.#entries.peek(key)
    if (entry !== undefined) this.#entries.set(key, { ...entry, delegation: lessDs(entry.delegation) })
  }

  /** `expires` is the time until when it counts with all that is above it. */
  *all(): Generator<{ readonly context: CacheContext; readonly cached: CachedDelegation }> {
    for (const [key, cached] of [...this.#entries.entries()]) {
      const context = key.slice(0, key.length - cached.delegation.zone.key.length - SEPARATOR.length)
      yield { context, cached: { ...cached, expires: this.#confirmedUntil(context, cached) } }
    }
  }

  remove(context: CacheContext, zone: Name): void {
    this.#entries.delete(context + SEPARATOR + zone.key)
  }

  at(name: Name, reach: Reach): { readonly context: CacheContext; readonly cached: CachedDelegation }[] {
    return [...this.all()].filter(({ cached }) => reaches(cached.delegation.zone, name, reach))
  }

  drop(name: Name, reach: Reach): number {
    return dropWhere(this.#entries, (entry) => reaches(entry.delegation.zone, name, reach))
  }

  clear(): number {
    return clear(this.#entries)
  }
}

/** The same without the parts whose term has ended; the same object when there are none. */
function lessExpiredParts(entry: CachedDelegation, now: number): CachedDelegation {
  const { delegation, dsExpires, glueExpires } = entry
  const endsDs = dsExpires <= now && (delegation.ds !== undefined || delegation.proofs.length > 0)
  const endsGlue = glueExpires <= now && delegation.addresses.size > 0
  if (!endsDs && !endsGlue) return entry
  const rest = endsDs ? lessDs(delegation) : delegation
  return { ...entry, delegation: endsGlue ? { ...rest, addresses: new Map() } : rest }
}

/** True when every server's name lies in the zone itself, so that nobody else could tell an address. */
function needsGlue({ zone, nameServers }: Delegation): boolean {
  return zone.labels > 0 && nameServers.every((server) => isSubdomain(server, zone))
}
