/**
 * Whom a node speaks to again and again, where it may have fewer connections than its ring has members. Both sides of a connection
 * must come to the same: who is spoken to by a node that would not stay connected with it is dialled and hung up on for ever.
 * So the nearest on both sides are chosen by their places on the ring alone, as many after a node as before it.
 */
import type { RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import { fingers } from './running-lookups.ts'
import type { RingContext, RingState } from './state.ts'

/** True when a node cannot be connected with all others, or only just. */
export function isCrowded(
  state: RingState,
  { places = Number.POSITIVE_INFINITY }: Pick<RingContext, 'places'>,
): boolean {
  return state.table.aliveCount > places
}

/** Members on each side that are watched, and stay connected. A third of the places that are kept; the witnesses at least. */
export function reach(state: RingState, context: Pick<RingContext, 'places'>): number {
  if (!isCrowded(state, context)) return limits.MAX_SUCCESSORS
  const third = Math.floor(keptPlaces(context.places) / 3)
  return Math.min(limits.MAX_SUCCESSORS, Math.max(limits.WITNESSES / 2, third))
}

/** Of so many places, those that may be taken by who stays connected: a quarter is for others. */
function keptPlaces(places = Number.POSITIVE_INFINITY): number {
  return Math.floor((3 * places) / 4)
}

/** The members that a node stays connected with, the most important first: neighbours on both sides, then fingers. */
export function keptMembers(state: RingState, context: Pick<RingContext, 'places'>): MemberEntry[] {
  const { table, pointers, self } = state
  const { predecessor, successors } = pointers
  const most = reach(state, context)
  const after = first(table.after(self.id), most)
  const before = first(table.before(self.id), most)
  const near = after.flatMap((id, i) => (before[i] === undefined ? [id] : [id, before[i]]))
  const ids = [...(predecessor === undefined ? [] : [predecessor]), ...successors.slice(0, 2), ...near]
  const out = new Map<RingId, MemberEntry>()
  for (const id of [...ids, ...fingers(state).toReversed()]) {
    const member = table.aliveMember(id)
    if (member !== undefined && member.id !== self.id) out.set(id, member)
  }
  return [...out.values()].slice(0, isCrowded(state, context) ? keptPlaces(context.places) : undefined)
}

/** Whether this node tells something new to all others itself: there are few of them, and it may be connected with all. */
export function tellsAll(state: RingState, context: Pick<RingContext, 'places'>): boolean {
  return state.table.aliveCount <= limits.GOSSIP_ALL && !isCrowded(state, context)
}

function first(members: Iterable<{ readonly id: RingId }>, most: number): RingId[] {
  const out: RingId[] = []
  for (const { id } of members) {
    if (out.length === most) break
    out.push(id)
  }
  return out
}
