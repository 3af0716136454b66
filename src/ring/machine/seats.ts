/**
 * Who has a seat. A row is cheap to make: it counts only when more than half of its member's neighbours have spoken to the member,
 * or this node has. What does not count yet waits, and is pinged (`welcoming.ts`).
 */
import type { PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { isWelcomed } from '../members/welcomes.ts'
import type { MemberEntry } from '../types.ts'
import type { RingWork } from './state.ts'
import { setTimer, spend } from './work.ts'

/**
 * True for a row that would make somebody a member who is none now: who is one needs no more than its own signature. Nor does who
 * left by its own word: it had a seat then, and if it is not there its witnesses say so, as of any member.
 */
export function needsSeat(work: RingWork, entry: MemberEntry): boolean {
  const { state, context } = work
  if (context.seats !== 'welcomed' || entry.status !== 'alive') return false
  const before = state.table.get(entry.id)?.status
  return before !== 'alive' && before !== 'left'
}

/** Whether the row counts now. It may use up one of the newcomers that this node vouches for. */
export function hasSeat(work: RingWork, entry: MemberEntry, from: PeerId, unasked: boolean): boolean {
  const { state } = work
  // What this node remembers had a seat when it stopped; and while it joins, those whom it asks say who is a member, and nobody else does.
  if (from === state.self.peer || (isJoining(work) && state.trusting && !unasked)) return true
  return hasWelcomes(work, entry) || (entry.peer === from && mayVouch(work))
}

/** True when more than half of the witnesses that this node computes welcome the member, since its death if it was declared dead. */
export function hasWelcomes(work: RingWork, entry: MemberEntry): boolean {
  const { state, context, now } = work
  if (entry.welcomes === undefined) return false
  const before = state.table.row(entry.id)
  const after = before === undefined || before.entry.status === 'alive' ? Number.NEGATIVE_INFINITY : before.since
  return isWelcomed(context, entry, { witnesses: state.table.nearest(entry.id), after, now })
}

/** Uses up one of the newcomers that count because they speak to this node; false when there have been too many. */
export function mayVouch({ state, now }: RingWork): boolean {
  return spend(state.newcomers, now, limits.NEWCOMERS_BURST, limits.NEWCOMERS_PER_SECOND)
}

/** Holds a row that has no seat, and sees to it that its member is pinged. */
export function keepWaiting(work: RingWork, entry: MemberEntry, bringer: PeerId): void {
  work.state.waiting.add(entry, bringer, work.now)
  probeSoon(work, 20)
}

/** Starts the timer of the pings, unless it runs. */
export function probeSoon(work: RingWork, afterMs: number): void {
  if (work.state.probeSet || work.state.waiting.size === 0) return
  work.state.probeSet = true
  setTimer(work, 'probe', afterMs, afterMs)
}

function isJoining({ state }: RingWork): boolean {
  return state.phase === 'idle' || state.phase === 'seeking' || state.phase === 'joining'
}
