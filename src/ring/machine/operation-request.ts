/** Beginning an operation: one request to one member. */
import type { RingId } from '../../base/index.ts'
import type { Operation, RingWork } from './state.ts'
import { sendRequest, setTimer } from './work.ts'

/** none -> the operation, with its first request. */
export function begin(work: RingWork, operation: Operation): void {
  work.state.operation = operation
  work.state.stats.operations += 1
  requestFor(work, operation)
}

/** The part of an operation that is the same for all when they begin. */
export function fresh(asked: RingId): { asked: RingId; token: undefined; attempts: 0; busy: 0 } {
  return { asked, token: undefined, attempts: 0, busy: 0 }
}

/** Sends the request of an operation. A member that is gone by now is found out when the pause ends. */
export function requestFor(work: RingWork, operation: Operation): void {
  const { table } = work.state
  const member = table.aliveMember(operation.asked)
  if (member === undefined) {
    setTimer(work, 'retry', 0, 0)
    return
  }
  const seen = work.state.heard?.peer === member.peer ? work.state.heard.reply.stamp : undefined
  const request =
    operation.kind === 'predecessor'
      ? ({ type: 'ping' } as const)
      : ({ type: 'ask-state', summary: table.summary(), ...(seen !== undefined && { seen }) } as const)
  operation.token = sendRequest(work, member.peer, request, { kind: 'operation' })
}
