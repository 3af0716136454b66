/** Delegations, by context and zone; the least recently used are dropped. */
import { LRUCache } from 'lru-cache'
import { type Delegation, type Name, parentName } from '../dns/index.ts'
import { limits } from './limits.ts'
import { clear, dropWhere, reaches, SEPARATOR } from './lru.ts'
import type { CacheContext, CachedDelegation, Reach } from './types.ts'

export class DelegationTable {
  readonly #entries = new LRUCache<string, CachedDelegation>({ max: limits.MAX_DELEGATIONS })

  get size(): number {
    return this.#entries.size
  }

  /**
   * The deepest zone that is `name` or encloses it, and has no expired delegation above it: what an expired parent said, or its
   * children, counts again only when its own parent has confirmed it. So no zone outlives its revocation by delegating to
   * itself further down (ghost and phoenix domains, CVE-2022-30698, CVE-2022-30699; Unbound decides the same way).
   */
  enclosing(context: CacheContext, name: Name, now: number): CachedDelegation | undefined {
    let deepest: CachedDelegation | undefined
    for (let zone = name; ; zone = parentName(zone)) {
      const entry = this.#entries.get(context + SEPARATOR + zone.key)
      if (entry !== undefined && entry.expires <= now) deepest = undefined
      else deepest ??= entry
      if (zone.labels === 0) return deepest
    }
  }

  put(context: CacheContext, delegation: Delegation, ttlSeconds: number, now: number): void {
    const nameServers = delegation.nameServers.slice(0, limits.MAX_DELEGATION_SERVERS)
    const kept = nameServers.length === delegation.nameServers.length ? delegation : { ...delegation, nameServers }
    const entry = { delegation: kept, stored: now, expires: now + ttlSeconds * 1000 }
    this.#entries.set(context + SEPARATOR + delegation.zone.key, entry)
  }

  *all(): Generator<{ readonly context: CacheContext; readonly cached: CachedDelegation }> {
    for (const [key, cached] of this.#entries.entries()) {
      yield { context: key.slice(0, key.length - cached.delegation.zone.key.length - SEPARATOR.length), cached }
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
