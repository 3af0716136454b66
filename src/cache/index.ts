export { createCache } from './cache.ts'
export { type HashKey, halfSipHash, hashKey } from './hash.ts'
export { limits as cacheLimits } from './limits.ts'
export {
  type Cache,
  type CacheContents,
  type CacheContext,
  type CachedDelegation,
  type CachedFailure,
  type CacheEntry,
  type CacheOptions,
  type CacheStats,
  Rank,
  type Side,
} from './types.ts'
export { createWarmCache, type WarmCache, type WarmCacheModules } from './warm.ts'
