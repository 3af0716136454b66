/** A cache that is watched: what this node puts into it for names that are everybody's is heard of. */
import type { Cache, CacheContext, CacheEntry } from '../cache/index.ts'
import type { Delegation, Name } from '../dns/index.ts'

/** The names that are resolved by everybody in the same way; others never leave the node, nor come to it. */
export const MAIN: CacheContext = 'main'

export interface CacheWatcher {
  /** It was kept. */
  readonly answer: (entry: CacheEntry) => void
  readonly delegation: (delegation: Delegation, parent: Name | undefined) => void
}

/** The same cache. `watcher` may come later, or not at all. */
export function watchedCache(cache: Cache, watcher: () => CacheWatcher | undefined): Cache {
  return {
    get: (context, question, now, options) => cache.get(context, question, now, options),
    put(context, entry, now) {
      const kept = cache.put(context, entry, now)
      if (kept && context === MAIN) watcher()?.answer(entry)
      return kept
    },
    remove: (context, question) => cache.remove(context, question),
    delegation: (context, name, now) => cache.delegation(context, name, now),
    putDelegation(context, delegation, now, parent) {
      cache.putDelegation(context, delegation, now, parent)
      if (context === MAIN && delegation.zone.labels > 0) watcher()?.delegation(delegation, parent)
    },
    dropDelegationDs: (context, zone) => cache.dropDelegationDs(context, zone),
    removeDelegation: (context, zone) => cache.removeDelegation(context, zone),
    failure: (context, question, nowMonotonic) => cache.failure(context, question, nowMonotonic),
    putFailure: (context, failure) => cache.putFailure(context, failure),
    forgetFailures: (except) => cache.forgetFailures(except),
    flush: (name, reach) => cache.flush(name, reach),
    renew: () => cache.renew(),
    stats: () => cache.stats(),
    get generation() {
      return cache.generation
    },
  }
}
