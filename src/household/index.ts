/**
 * What the members of a household tell each other. `createHousehold` makes it; the cache that the recursor writes into is to be a
 * `watchedCache`, so that what it finds is told; peers' messages go to `handle`, and the request of one that was away to `supply`.
 */
export type { AskForAll } from './catch-up.ts'
export {
  createHousehold,
  type Household,
  type HouseholdDeps,
  type HouseholdHooks,
  type HouseholdStats,
} from './household.ts'
export { limits as householdLimits } from './limits.ts'
export { ownFetchBeside } from './observing.ts'
export type { SendTold } from './outbox.ts'
export { type CacheWatcher, watchedCache } from './watched-cache.ts'
