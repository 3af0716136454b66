/** Who is in the household now, and when this node was away from it. */
import type { Clock, PeerId } from '../base/index.ts'
import type { Ring } from '../ring/index.ts'
import { limits } from './limits.ts'

export type HouseholdRing = Pick<Ring, 'self' | 'members' | 'memberByPeer' | 'isSuspect' | 'onChange'>

/** Few enough members that all tell all. */
export function isWhole(ring: HouseholdRing): boolean {
  const { length } = ring.members()
  return length > 1 && length <= limits.MAX_MEMBERS
}

/** Those who are told; nobody where there are too many. */
export function othersOf(ring: HouseholdRing): PeerId[] {
  if (!isWhole(ring)) return []
  return ring.members().flatMap(({ id, peer }) => (id === ring.self.id || ring.isSuspect(id) ? [] : [peer]))
}

/** Notices that this node meets the others after it was without them. At the start it was away. */
export class TimeAway {
  readonly #clock: Clock
  /** Monotonic ms when there was nobody else for the first time; undefined while there is somebody. */
  #aloneSince: number | undefined = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many others there are now. True when this node has missed what they told. */
  endsWith(others: number): boolean {
    const now = this.#clock.monotonic()
    if (others === 0) {
      this.#aloneSince ??= now
      return false
    }
    const wasAway = this.#aloneSince !== undefined && now - this.#aloneSince >= limits.AWAY_MS
    this.#aloneSince = undefined
    return wasAway
  }
}
