/** Why an answer of a dealt stream took its time: at hand, fetched, or fetched although somebody of the household had just asked the same. */
import type { Asking } from '../lib/stream.ts'

/** Less is an answer from the cache: authorities are 10 ms away at least. Ms. */
export const FETCHED_MS = 5
/** What was answered longer ago is known to all. Ms. */
const TOLD_MS = 500

/**
 * `joined`: the same node was fetching it. `elsewhere`: another one was. `untold`: another one had just answered it. `again`: it was
 * answered before, and that is over, or a part of it. `new`: nobody had asked.
 */
export const WAITS = ['at hand', 'joined', 'elsewhere', 'untold', 'again', 'new'] as const
export type Wait = (typeof WAITS)[number]

interface Answered {
  readonly member: number
  /** After the start of the stream, ms. */
  readonly end: number
}

/** One for each question. `latencies`: ms, in the order of the stream, which is dealt to `members` in turn. */
export function waitsOf(stream: readonly Asking[], latencies: readonly number[], members: number): Wait[] {
  const asked = new Map<string, Answered[]>()
  return stream.map(({ question: { name, type = 'A' }, at }, i) => {
    const key = `${name} ${type}`
    const before = asked.get(key) ?? []
    const ms = latencies[i]!
    const member = i % members
    asked.set(key, [...before, { member, end: at + ms }])
    return ms < FETCHED_MS ? 'at hand' : waitFor(before, member, at)
  })
}

function waitFor(before: readonly Answered[], member: number, at: number): Wait {
  if (before.length === 0) return 'new'
  const inWork = before.filter(({ end }) => end > at)
  if (inWork.length > 0) return inWork.some((one) => one.member === member) ? 'joined' : 'elsewhere'
  const lately = before.filter(({ end }) => end > at - TOLD_MS)
  return lately.length > 0 && lately.every((one) => one.member !== member) ? 'untold' : 'again'
}
