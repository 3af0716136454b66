/** Transactions that wait, and when what waits is worth a block. */
import { latin1 } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { fitting } from './execute.ts'
import { limits } from './limits.ts'
import type { Work } from './state.ts'
import { others, send, setTimer } from './work.ts'

/** True when the transaction is new and may wait. */
export function addTransaction<S>(work: Work<S>, transaction: Uint8Array): boolean {
  const { context, state } = work
  if (transaction.length > limits.MAX_TRANSACTION_BYTES) return false
  if (state.pool.size >= limits.MAX_POOL || state.poolBytes + transaction.length > limits.MAX_POOL_BYTES) return false
  const key = poolKey(transaction)
  if (state.pool.has(key) || !context.application.admits(state.app, transaction)) return false
  state.pool.set(key, transaction)
  state.poolBytes += transaction.length
  if (state.pool.size === 1) {
    state.hasWaited = false
    scheduleStart(work)
  }
  return true
}

/** A small transaction is its own key: others tell of it again and again, and to hash it takes longer than to look it up. */
export function poolKey(transaction: Uint8Array): string {
  return transaction.length <= OWN_KEY_BYTES ? `=${latin1(transaction)}` : latin1(sha256(transaction))
}

const OWN_KEY_BYTES = 256

/** Tells all others what waits here, oldest first, as much as one message holds: the next proposer may not have it. */
export function tellPool<S>(work: Work<S>): void {
  const transactions = fitting(work.state.pool.values())
  if (transactions.length > 0) send(work, others(work), { type: 'transactions', transactions })
}

/** Ms until there is reason to begin this height without hearing of others; undefined: none in sight. */
export function untilStart<S>({ context, state, now }: Work<S>): number | undefined {
  const { batchMs, intervalMs, heartbeatMs } = context.options
  const interval = state.decidedAt + intervalMs - now
  // A clock set back must not make anybody wait longer than the interval.
  const rest = Math.min(intervalMs, Math.max(0, interval))
  const heartbeat = heartbeatMs === undefined ? undefined : Math.max(rest, state.head.time + heartbeatMs - now)
  if (state.pool.size === 0) return heartbeat
  return Math.max(rest, state.hasWaited ? 0 : batchMs)
}

export function scheduleStart<S>(work: Work<S>): void {
  if (work.state.step !== 'idle') return
  const wait = untilStart(work)
  if (wait !== undefined) setTimer(work, 'start', wait)
}
