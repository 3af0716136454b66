/**
 * What was resolved, for as long as it may be used. `createCache` makes a `Cache`; of it, use
 *
 * - `get` and `put` for answers: they are found by question, each in its context, and a lower rank never replaces a higher one;
 * - `delegation` and `putDelegation` for where a walk may begin: these never answer a question;
 * - `failure` and `putFailure` for what failed a moment ago (RFC 9520);
 * - `flush` when something must be forgotten, `list` to see what there is of a name first, and `generation` to notice that it was.
 *
 * `createWarmCache` keeps the cache on disk over a restart. `hashKey` and `halfSipHash` are the keyed hash of its index, for other
 * tables that strangers fill. How it works inside: `cache.ts` over `slab.ts` (bytes), `packing.ts` and `keys.ts` (what is in them).
 */
export { type CacheHooks, createCache } from './cache.ts'
export { type HashKey, halfSipHash, hashKey } from './hash.ts'
export { limits as cacheLimits } from './limits.ts'
export {
  type Cache,
  type CacheContents,
  type CacheContext,
  type CachedDelegation,
  type CachedFailure,
  type CacheEntry,
  type CacheListing,
  type CacheOptions,
  type CacheStats,
  Rank,
  type Reach,
  type Side,
} from './types.ts'
export { createWarmCache, type WarmCache, type WarmCacheDeps } from './warm.ts'
