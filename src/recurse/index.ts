export { dnameTarget } from '../iterator/index.ts'
export type {
  AnchorSource,
  DelegationSource,
  RecursorDeps,
  RecursorOptions,
  ValidationOptions,
  ZoneServers,
} from './job/options.ts'
export type {
  IterationStep,
  OwnDelegation,
  RecurseFailure,
  RecurseRequest,
  Recursor,
  RecursorStats,
} from './job/types.ts'
export { limits as recurseLimits, type RecurseLimits } from './limits.ts'
export { createRecursor } from './node/recursor.ts'
export { AnchorFollower, type AnchorFollowerDeps } from './trust/anchor-follower.ts'
export { readRootZone } from './trust/local-root.ts'
