/**
 * Telling a large ring: whoever knows a change first tells members 1, 2, 4, 8, ... places after it, and each of them those up to
 * the next one it told, so that everybody hears it once (broadcast over Chord, El-Ansary et al. 2003; gathered as in D1HT,
 * Monnerat and Amorim 2014). A row that its members know already is told by its signature alone. What is lost on the way, the exchange brings.
 */
import type { PeerId, RingId } from '../../base/index.ts'
import { between } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import { HINT_DIGITS } from '../members/digest.ts'
import type { MemberTable } from '../members/table.ts'
import type { MemberEntry } from '../types.ts'
import { BRIEF_DIGITS, BRIEF_SPAN_MS, briefBytes } from '../wire/brief.ts'
import { type BriefRow, fitting } from '../wire/messages.ts'
import type { Branch, Change, RingState, RingWork } from './state.ts'
import { sendRequest } from './work.ts'

/** Whether this ring is large enough. */
export function tellsByTree({ table }: RingState): boolean {
  return table.aliveCount > limits.TREE_FROM
}

/** How long changes wait for others that go the same way. Ms. */
export function gatherMs(state: RingState): number {
  return tellsByTree(state)
    ? Math.min(limits.GATHER_MS, Math.max(20, state.table.aliveCount * limits.GATHER_PER_MEMBER_MS))
    : 20
}

/**
 * When a row counts in what tables are compared by: when everybody has had the time to hear of it. Unix ms. It must be the same for all, or
 * tables differ by what nobody lacks. A death has no time of its own: it counts from the end of the period in which it is heard of.
 */
export function settlesAt(state: RingState, { status, incarnation }: MemberEntry, now: number): number {
  if (!tellsByTree(state)) return 0
  const since = status === 'dead' ? limits.DEATH_PERIOD_MS * Math.ceil(now / limits.DEATH_PERIOD_MS) : incarnation
  return since + settleMs(state)
}

/** How long a change may be on its way down the tree. Ms. */
export function settleMs(state: RingState): number {
  return Math.min(limits.SETTLE_MS, limits.SETTLE_LEAST_MS + limits.SETTLE_GATHERS * gatherMs(state))
}

/** True when whoever has `before` can make `after` of it with the new signature alone. */
export function isBrief(before: MemberEntry | undefined, after: MemberEntry): boolean {
  if (before === undefined || after.status === 'dead' || before.addresses.join() !== after.addresses.join())
    return false
  return before.status !== 'dead'
}

/** Notes that a row is new here, and how it may be told. */
export function noteNew({ state }: RingWork, { id, incarnation, status }: MemberEntry, brief: boolean): void {
  state.passed.delete(id)
  state.passed.set(id, { incarnation, status, brief, until: undefined })
  if (state.passed.size > limits.MAX_PASSED) state.passed.delete(state.passed.keys().next().value!)
}

/** This node knows a change first, or is one of several witnesses who do: then it waits for its turn. */
export function beginTree(work: RingWork, entry: MemberEntry): void {
  const { state, now } = work
  const turn = entry.status === 'dead' ? turnOf(state, entry.id) : 0
  const notBefore = now + turn * (limits.NEXT_TELLER_MS + gatherMs(state))
  state.outbox.set(entry.id, { entry, from: undefined, until: state.self.id, notBefore })
}

/**
 * In ring order from the farthest before the dead member on: the tree of the first comes to the other witnesses in its first steps, before
 * they have their turn. One after the dead would reach those before it last, when all had told the whole ring.
 */
function turnOf({ table, self }: RingState, dead: RingId): number {
  const witnesses = table.nearest(dead)
  const place = witnesses.findIndex(({ id }) => id === self.id)
  if (place < 0) return limits.WITNESSES
  return (place + Math.ceil(witnesses.length / 2)) % witnesses.length
}

/** A row that came down the tree, if it is what this node believes, goes on to the members before `until`. */
export function passOn(work: RingWork, row: MemberEntry, from: PeerId, until: RingId): boolean {
  const { state } = work
  const entry = state.table.get(row.id)
  if (entry?.incarnation !== row.incarnation || entry.status !== row.status) return false
  const passed = state.passed.get(row.id)
  const isSame = passed?.incarnation === row.incarnation && passed.status === row.status
  if (isSame && passed.until !== undefined && covers(state.self.id, passed.until, until)) return false
  const waiting = state.outbox.get(row.id)
  const isWaiting = waiting?.entry.incarnation === row.incarnation && waiting.entry.status === row.status
  // Somebody else who knew it first has begun: what waits for its turn is told.
  if (isWaiting && waiting.from !== undefined && covers(state.self.id, waiting.until!, until)) return false
  state.outbox.set(row.id, { entry, from, until, notBefore: work.now })
  return true
}

/** Sends what waits to be told down the tree. Returns when the next of it is due. */
export function flushTree(work: RingWork): number | undefined {
  const { state, now } = work
  const messages = new Map<string, { branch: Branch; changes: Change[] }>()
  let next: number | undefined
  for (const change of [...state.outbox.values()]) {
    const { entry, until, notBefore = now } = change
    if (until === undefined) continue
    if (notBefore > now && state.phase === 'member') {
      next = Math.min(next ?? notBefore, notBefore)
      continue
    }
    state.outbox.delete(entry.id)
    const { incarnation, status } = entry
    const brief = state.passed.get(entry.id)?.brief ?? false
    state.passed.set(entry.id, { incarnation, status, brief, until })
    for (const branch of branches(state, until)) {
      const key = `${branch.target.id}/${branch.until}`
      const message = messages.get(key) ?? { branch, changes: [] }
      message.changes.push(change)
      messages.set(key, message)
    }
  }
  for (const { branch, changes } of messages.values()) sendBranch(work, branch, changes, limits.TREE_TRIES)
  return next
}

/** The member does not answer: the one after it takes its place. */
export function branchFailed(work: RingWork, branch: Branch, changes: readonly Change[], tries: number): void {
  if (tries <= 1 || work.state.phase !== 'member') return
  const [next] = work.state.table.successors(branch.target.id, 2).filter(({ id }) => id !== branch.target.id)
  if (next === undefined || !between(branch.target.id, next.id, branch.until) || next.id === work.state.self.id) return
  sendBranch(work, { target: next, until: branch.until }, changes, tries - 1)
}

/** A row whose member is known, with what is new of it. Its signatures are checked like those of any row. */
export function expand(table: MemberTable, row: BriefRow): MemberEntry | undefined {
  const known = table.byHint(row.hint)
  if (known === undefined) return undefined
  const { incarnation, status } = row
  if (row.status !== 'dead')
    return { ...known, incarnation, status, signatures: [{ signer: known.publicKey, signature: row.signature }] }
  const signatures = row.accusers.flatMap(({ hint, signature }) => {
    const accuser = table.byHint(hint)
    return accuser === undefined ? [] : [{ signer: accuser.publicKey, signature }]
  })
  return { ...known, incarnation, status, signatures }
}

/** Whom this node tells what is for the members between it and `until`, and up to where each of them tells it on. */
export function branches(state: RingState, until: RingId): Branch[] {
  const { table, self } = state
  const out: Branch[] = []
  const here = table.indexOf(self.id)
  const size = table.aliveCount
  const members = (table.indexOf(until) - here - 1 + size) % size
  for (let step = 1; step <= members; step *= 2) {
    const end = Math.min(2 * step, members + 1)
    const target = answering(state, here + step, here + end) ?? at(table, here + step)
    out.push({ target, until: end > members ? until : at(table, here + end).id })
  }
  return out
}

/** The first of those places whose member answers this node. */
function answering({ table, detector }: RingState, from: number, to: number): MemberEntry | undefined {
  for (let place = from; place < Math.min(to, from + limits.WITNESSES); place++) {
    const member = at(table, place)
    if (!detector.isSuspect(member.id)) return member
  }
  return undefined
}

function at(table: MemberTable, place: number): MemberEntry {
  return table.aliveAt(place % table.aliveCount)!
}

function sendBranch(work: RingWork, branch: Branch, changes: readonly Change[], tries: number): void {
  const brief: { change: Change; row: BriefRow }[] = []
  const whole: Change[] = []
  const newest = changes.reduce((time, { entry }) => Math.max(time, entry.incarnation), 0)
  for (const change of changes) {
    const row = briefOf(work.state, change, newest)
    if (row === undefined) whole.push(change)
    else brief.push({ change, row })
  }
  while (brief.length + whole.length > 0) {
    const briefly = brief.splice(0, limits.MAX_BRIEF_ROWS)
    const room = limits.MAX_ENTRIES_BYTES - briefly.reduce((sum, { row }) => sum + briefBytes(row), 0)
    const entries = fitting(
      whole.map(({ entry }) => entry),
      room,
    )
    const sent = [...briefly.map(({ change }) => change), ...whole.splice(0, entries.length)]
    // A row that fits into no message is told to nobody.
    if (sent.length === 0) return
    const rows = briefly.length > 0 && { brief: briefly.map(({ row }) => row) }
    sendRequest(
      work,
      branch.target.peer,
      { type: 'push', entries, accusations: [], until: branch.until, ...rows },
      { kind: 'push', branch, changes: sent, tries },
    )
  }
}

/** How this node may tell a change in short. `newest`: the highest incarnation of the message. */
function briefOf(state: RingState, { entry, from }: Change, newest: number): BriefRow | undefined {
  const isKnown = from !== undefined && state.passed.get(entry.id)?.brief === true
  const isNear = newest - entry.incarnation <= BRIEF_SPAN_MS
  return entry.status === 'dead' || (isKnown && isNear) ? inShort(state.table, entry) : undefined
}

/** For somebody who knows the member. */
export function inShort(table: MemberTable, entry: MemberEntry): BriefRow | undefined {
  const { id, incarnation, status, signatures } = entry
  if (status === 'dead') return briefOfDead(table, entry)
  return { hint: id.slice(0, BRIEF_DIGITS), incarnation, status, signature: signatures[0]!.signature }
}

/** Who has use for it knows the member, and those who accuse it. */
function briefOfDead(table: MemberTable, { id, incarnation, signatures }: MemberEntry): BriefRow | undefined {
  const accusers = signatures.flatMap(({ signer, signature }) => {
    const known = table.byKey(signer)
    return known === undefined ? [] : [{ hint: known.id.slice(0, HINT_DIGITS), signature }]
  })
  if (accusers.length < signatures.length) return undefined
  return { hint: id.slice(0, HINT_DIGITS), incarnation, status: 'dead', accusers }
}

/** Whether the members between `self` and `far` are all of those between it and `near`. */
function covers(self: RingId, far: RingId, near: RingId): boolean {
  return far === near || far === self || between(self, near, far)
}
