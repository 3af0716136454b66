/** What every part of a recursor shares. A room that needs more says so in an `engine.ts` of its own, which extends this. */
import type { RecurseLimits } from '../limits.ts'
import type { RecursorDeps } from './options.ts'
import type { RecursorStats } from './types.ts'
import type { ZoneMap } from './zones.ts'

export interface Engine {
  readonly deps: RecursorDeps
  /** The bounds of `limits.ts`, and what the options set otherwise. */
  readonly limits: RecurseLimits
  readonly zones: ZoneMap
  readonly counters: Counters
  /** Unix ms. */
  now(): number
  /** Ms that no change of the clock touches. */
  monotonic(): number
}

/** Counted since the start. */
export type Counters = { -readonly [K in Exclude<keyof RecursorStats, 'inFlight'>]: number }
