/** The few things that every part of the machine does: send a request, set a timer, log, notice a change. */
import type { PeerId, RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import type { RingRequest } from '../wire/messages.ts'
import type { Credit, Purpose, RingTimer, RingWork } from './state.ts'

/**
 * Sends one request; the reply or the failure comes back as an event with the returned token. It waits as long as the
 * member's answers have taken so far, or `waitMs`.
 */
export function sendRequest(
  work: RingWork,
  peer: PeerId,
  request: RingRequest,
  purpose: Purpose,
  waitMs?: number,
): number {
  const { state, context } = work
  const token = state.nextToken
  state.nextToken += 1
  state.pending.set(token, { peer, purpose })
  state.stats.requestsSent += 1
  const id = state.table.byPeer(peer)?.id
  const longest = context.options.pingTimeoutMs
  const timeoutMs = waitMs ?? (id === undefined ? longest : state.detector.timeout(id, longest))
  work.effects.push({ kind: 'send', token, peer, request, timeoutMs })
  return token
}

export function ping(work: RingWork, member: MemberEntry): void {
  if (work.state.pinging.has(member.peer) || member.id === work.state.self.id) return
  work.state.pinging.add(member.peer)
  sendRequest(work, member.peer, { type: 'ping' }, { kind: 'ping' })
}

export function setTimer(work: RingWork, timer: RingTimer, afterMs: number, jitterMs: number): void {
  work.effects.push({ kind: 'timer', timer, afterMs, jitterMs })
}

/** Stabilises very soon: something has changed. */
export function wake(work: RingWork): void {
  if (work.state.wakeSet || work.state.phase !== 'member') return
  work.state.wakeSet = true
  setTimer(work, 'wake', 10, 20)
}

/**
 * Stabilises quickly for a while: lists travel one step against the ring each time, so a change of ours is what the one
 * before us will ask for next. Each time that brings no change doubles the pause, up to the ordinary period.
 */
export function quicken(work: RingWork): void {
  const { state, context } = work
  state.paceMs = Math.min(context.options.stabiliseMs, limits.FASTEST_PACE_MS)
  setTimer(work, 'stabilise', state.paceMs, state.paceMs / 2)
}

/** The longest pause between two stabilisations: where somebody is not reached, the ordinary one. */
export function quietPaceMs({ state, context }: RingWork): number {
  return context.options.stabiliseMs * (state.detector.suspects().length > 0 ? 1 : limits.QUIET_PACE)
}

/** Somebody did not answer: a ring that stood still is looked after at the ordinary pace again. */
export function hurry(work: RingWork): void {
  const { state, context } = work
  if (state.phase !== 'member' || state.paceMs <= context.options.stabiliseMs) return
  state.paceMs = context.options.stabiliseMs
  setTimer(work, 'stabilise', state.paceMs, state.paceMs / 4)
}

export function changed(work: RingWork): void {
  work.effects.push({ kind: 'changed' })
  const { self, count } = work.state
  const persisted = `${self.incarnation}/${count.largest}`
  if (persisted === work.state.persisted) return
  work.state.persisted = persisted
  work.effects.push({ kind: 'persist', incarnation: self.incarnation, largest: count.largest })
}

export function log(work: RingWork, level: 'debug' | 'info' | 'warn', detail: object, message: string): void {
  work.effects.push({ kind: 'log', level, detail, message })
}

/** Full list length at this table: min(successors, members - 1). */
export function listLength(work: RingWork): number {
  const most = Math.min(work.context.options.successors, limits.MAX_SUCCESSORS)
  return Math.min(most, Math.max(0, work.state.table.aliveCount - 1))
}

export function ruleContext(work: RingWork): { length: number; isMember: (id: RingId) => boolean } {
  return { length: listLength(work), isMember: (id) => work.state.table.isAlive(id) }
}

/** Takes one off an allowance that fills up to `burst` by `perSecond`; false when there is none. */
export function spend(credit: Credit, now: number, burst: number, perSecond: number): boolean {
  const earned = (Math.max(0, now - credit.at) / 1_000) * perSecond
  credit.left = Math.min(burst, credit.left + earned)
  credit.at = now
  if (credit.left < 1) return false
  credit.left -= 1
  return true
}

/** A number that looks random and is the same in every replay: FNV-1a over the texts. */
export function spread(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5
  for (const char of parts.join('/')) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0
  }
  return hash
}
