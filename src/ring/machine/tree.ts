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

/** When a row counts in what tables are compared by: when everybody has had the time to hear of it. Unix ms. */
export function settlesAt(work: RingWork, entry: MemberEntry): number {
  if (!tellsByTree(work.state)) return 0
  return (entry.status === 'dead' ? work.now : entry.incarnation) + settleMs(work.state)
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
  const turn = entry.status === 'dead' ? state.table.nearest(entry.id).findIndex(({ id }) => id === state.self.id) : 0
  const notBefore = now + limits.NEXT_TELLER_MS * (turn < 0 ? limits.WITNESSES : turn)
  state.outbox.set(entry.id, { entry, from: undefined, until: state.self.id, notBefore })
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

/** A row whose member is known, with what is new of it. Its signature is checked like that of any row. */
export function expand(
  table: MemberTable,
  { hint, incarnation, status, signature }: BriefRow,
): MemberEntry | undefined {
  const known = table.byHint(hint)
  if (known === undefined) return undefined
  return { ...known, incarnation, status, signatures: [{ signer: known.publicKey, signature }] }
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
  const brief: Change[] = []
  const whole: Change[] = []
  for (const change of changes) (isToldBriefly(work.state, change) ? brief : whole).push(change)
  while (brief.length + whole.length > 0) {
    const briefly = brief.splice(0, limits.MAX_ENTRIES)
    const room = limits.MAX_ENTRIES_BYTES - BRIEF_BYTES * briefly.length
    const entries = fitting(
      whole.map(({ entry }) => entry),
      room,
    )
    const sent = [...briefly, ...whole.splice(0, entries.length)]
    // A row that fits into no message is told to nobody.
    if (sent.length === 0) return
    sendRequest(
      work,
      branch.target.peer,
      {
        type: 'push',
        entries,
        accusations: [],
        until: branch.until,
        ...(briefly.length > 0 && { brief: briefly.map(({ entry }) => briefOf(entry)) }),
      },
      { kind: 'push', branch, changes: sent, tries },
    )
  }
}

/** Bound on one: hint, incarnation, status and signature. */
const BRIEF_BYTES = 90

function isToldBriefly({ passed }: RingState, { entry, from }: Change): boolean {
  return from !== undefined && entry.status !== 'dead' && passed.get(entry.id)?.brief === true
}

function briefOf({ id, incarnation, status, signatures }: MemberEntry): BriefRow {
  return {
    hint: id.slice(0, HINT_DIGITS),
    incarnation,
    status: status === 'left' ? 'left' : 'alive',
    signature: signatures[0]!.signature,
  }
}

/** Whether the members between `self` and `far` are all of those between it and `near`. */
function covers(self: RingId, far: RingId, near: RingId): boolean {
  return far === near || far === self || between(self, near, far)
}
