/**
 * The maintenance operations: when the pointer rules run, one at a time. Between its own request and the reply a node
 * says `busy` to who asks for its state, so that each operation looks as if it had happened at one moment.
 */
import type { PeerId, RingId } from '../../base/index.ts'
import { between } from '../chord/ids.ts'
import type { NextStep } from '../chord/rules.ts'
import { limits } from '../limits.ts'
import type { RingReply, StateReply } from '../wire/messages.ts'
import { joinAfterAnswered, joinAfterFailed, joinAnswered, joinFailed } from './joining.ts'
import { mergeRows } from './membership.ts'
import { begin, fresh, requestFor } from './operation-request.ts'
import type { Operation, RingWork } from './state.ts'
import { quicken, ruleContext, sendRequest, setTimer, wake } from './work.ts'

/** none -> predecessor, closer or successor, whichever is due first. */
export function maintain(work: RingWork): void {
  const { state, context } = work
  if (state.phase !== 'member' || state.operation !== undefined) return
  if (state.candidate !== undefined) rectify(work)
  if (state.operation !== undefined) return
  // Who stands closer by the table but does not act as a member must not keep us from stabilising.
  const closer = state.auditFailed ? undefined : auditTarget()
  state.auditFailed = false
  if (closer !== undefined) {
    state.stats.audits += 1
    begin(work, { kind: 'closer', ...fresh(closer) })
    return
  }
  state.auditDue = false
  const first = state.pointers.successors[0]
  if (first !== undefined) begin(work, { kind: 'successor', ...fresh(first) })
  // Without a successor we are our own, and whoever notified us stands between: rule 3 about ourselves.
  else if (state.pointers.predecessor !== undefined)
    begin(work, { kind: 'closer', ...fresh(state.pointers.predecessor) })

  function auditTarget(): RingId | undefined {
    // Up to 16 members the table is the ring, so it is checked each time; beyond that on audits and in need.
    const small = state.table.aliveCount <= limits.MAX_SUCCESSORS + 1
    if (!small && !state.auditDue && state.pointers.successors.length > 0) return undefined
    return context.rules.audit(state.pointers, answering(work))
  }
}

/** Somebody alive claims to precede us: the best claim waits for its turn. */
export function claim(work: RingWork, id: RingId): void {
  const { state } = work
  if (id === state.self.id) return
  if (state.candidate === undefined || between(state.candidate, id, state.self.id)) state.candidate = id
  if (state.operation === undefined) rectify(work)
}

/** The reply to the request of the operation in progress: it adopts, waits, goes on or ends. */
export function operationAnswered(work: RingWork, from: PeerId, reply: RingReply): void {
  const operation = work.state.operation!
  operation.token = undefined
  if (operation.kind === 'predecessor') {
    end(work)
    return
  }
  if (reply.type !== 'state' || reply.id !== operation.asked) {
    operationFailed(work, 'unfit')
    return
  }
  mergeRows(work, reply.entries, from)
  // A row in that message may have ended the life of the very member that sent it, or ours.
  if (work.state.operation !== operation) return
  if (reply.busy) {
    waitForBusy(work, operation)
    return
  }
  if (!reply.member) {
    operationFailed(work, 'unfit')
    return
  }
  if (operation.kind === 'join') {
    work.state.operation = undefined
    joinAnswered(work, reply, operation.visited)
    return
  }
  if (operation.kind === 'join-after') {
    work.state.operation = undefined
    joinAfterAnswered(work, reply, operation.behind)
    return
  }
  if (!work.state.table.isAlive(reply.id)) {
    end(work)
    return
  }
  adopt(work, operation, reply)
}

/**
 * The request did not bring a state. `silent`: no answer, and one lost message is no death, so it is asked again; `unfit`: it
 * answers, but not as the member it should be; `hindered`: it is there and cannot answer now, which changes no pointer.
 */
export type OperationFailure = 'silent' | 'unfit' | 'hindered'

export function operationFailed(work: RingWork, why: OperationFailure): void {
  const { state, context } = work
  const operation = state.operation!
  operation.token = undefined
  operation.attempts += 1
  if (why === 'silent' && operation.attempts < limits.MAX_ATTEMPTS) {
    requestFor(work, operation)
    return
  }
  if (why === 'hindered' && operation.kind !== 'join' && operation.kind !== 'join-after') {
    end(work)
    return
  }
  state.operation = undefined
  switch (operation.kind) {
    case 'join':
      joinFailed(work, operation.asked, operation.visited)
      return
    case 'join-after':
      joinAfterFailed(work, operation.visited, operation.behind)
      return
    case 'successor': {
      const { pointers, next } = context.rules.successorDead(state.pointers, operation.asked)
      state.pointers = pointers
      proceed(work, next)
      wake(work)
      quicken(work)
      return
    }
    case 'closer':
      state.auditFailed = true
      // The list stays, and its first entry hears that we are here (rule 4, dead).
      proceed(work, notifyFirst(work))
      return
    case 'predecessor':
      if (state.table.isAlive(operation.candidate)) {
        state.pointers = context.rules.predecessorDead(state.pointers, operation.candidate)
      }
      return
  }
}

/** The pause after `busy` is over. */
export function askAgain(work: RingWork): void {
  const { operation, table } = work.state
  if (operation === undefined || operation.token !== undefined) return
  if (table.isAlive(operation.asked)) requestFor(work, operation)
  else operationFailed(work, 'unfit')
}

/** Members after us that answer us, in ring order. */
export function* answering(work: RingWork): Iterable<RingId> {
  const { table, detector, self } = work.state
  for (const { id } of table.after(self.id)) if (!detector.isSuspect(id)) yield id
}

/** successor, closer -> closer or none. */
function adopt(work: RingWork, operation: Operation, reply: StateReply): void {
  const { state, context } = work
  const rule = operation.kind === 'successor' ? context.rules.successorAnswered : context.rules.closerAnswered
  const { pointers, next } = rule(state.pointers, reply, ruleContext(work))
  const before = state.pointers
  state.pointers = pointers
  state.operation = undefined
  // A closer one may have another one before it: stabilise again at once.
  if (pointers.successors[0] !== before.successors[0]) wake(work)
  if (pointers.successors.join() !== before.successors.join()) quicken(work)
  // Whoever has us before it already learns nothing by hearing so.
  const knows = next.kind === 'notify' && next.id === reply.id && reply.predecessor === state.self.id
  proceed(work, knows ? { kind: 'none' } : next)
}

function proceed(work: RingWork, next: NextStep): void {
  const { state } = work
  if (next.kind === 'ask') {
    begin(work, { kind: 'closer', ...fresh(next.id) })
    return
  }
  if (next.kind === 'notify') {
    const member = state.table.aliveMember(next.id)
    if (member !== undefined) sendRequest(work, member.peer, { type: 'notify', entry: state.self }, { kind: 'notify' })
  }
  end(work)
}

/** any kind -> none. An operation is over; a claim that came meanwhile is decided on now. */
function end(work: RingWork): void {
  work.state.operation = undefined
  if (work.state.candidate !== undefined) rectify(work)
}

function rectify(work: RingWork): void {
  const { state, context } = work
  const candidate = state.candidate
  state.candidate = undefined
  if (candidate === undefined || state.phase !== 'member' || !state.table.isAlive(candidate)) return
  const result = context.rules.rectify(state.pointers, candidate)
  if (result.kind === 'adopted') state.pointers = result.pointers
  else if (result.kind === 'check') begin(work, { kind: 'predecessor', candidate, ...fresh(result.id) })
}

function waitForBusy(work: RingWork, operation: Operation): void {
  work.state.stats.busy += 1
  operation.busy += 1
  if (operation.busy <= limits.MAX_BUSY) {
    setTimer(work, 'retry', 10 * operation.busy, 30)
    return
  }
  if (operation.kind === 'join' || operation.kind === 'join-after') {
    operationFailed(work, 'unfit')
    return
  }
  // It is alive and has its hands full: nothing is known that would change a pointer.
  work.state.operation = undefined
}

function notifyFirst(work: RingWork): NextStep {
  const first = work.state.pointers.successors[0]
  return first === undefined ? { kind: 'none' } : { kind: 'notify', id: first }
}
