export { limits as recurseLimits, type RecurseLimits } from './limits.ts'
export type { AnchorSource, RecursorDeps, RecursorOptions, ZoneServers } from './options.ts'
export { createRecursor } from './recursor.ts'
export type { IterationStep, RecurseFailure, RecurseRequest, Recursor, RecursorStats } from './types.ts'
