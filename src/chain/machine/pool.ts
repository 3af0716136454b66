/** Transactions that wait, and when what waits is worth a block. */
import { latin1 } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { ChainWork } from './state.ts'
import { others, send, setTimer } from './work.ts'

/** True when the transaction is new and may wait. */
export function addTransaction<S>(work: ChainWork<S>, transaction: Uint8Array): boolean {
  const { context, state } = work
  if (transaction.length > limits.MAX_TRANSACTION_BYTES) return false
  if (!hasRoom(work, transaction)) return false
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

/** A full pool is gone through once a height: what can no more be decided makes room. */
function hasRoom<S>(work: ChainWork<S>, { length }: Uint8Array): boolean {
  const { state } = work
  const isFull = () => state.pool.size >= limits.MAX_POOL || state.poolBytes + length > limits.MAX_POOL_BYTES
  if (!isFull()) return true
  if (state.clearedAt === state.height) return false
  state.clearedAt = state.height
  for (const _ of admissible(work));
  return !isFull()
}

/** What may still be decided, oldest first. What may not is dropped on the way, so that it is not checked again and again. */
export function* admissible<S>(work: ChainWork<S>): Generator<Uint8Array> {
  const { context, state } = work
  for (const transaction of state.pool.values())
    if (context.application.admits(state.app, transaction)) yield transaction
    else forget(work, transaction)
}

/** After a decision: drops from the front of the pool what can no more be decided, up to the first that can. */
export function trimPool<S>(work: ChainWork<S>): void {
  for (const _ of admissible(work)) return
}

export function forget<S>({ state }: ChainWork<S>, transaction: Uint8Array): void {
  if (state.pool.delete(poolKey(transaction))) state.poolBytes -= transaction.length
}

/** A small transaction is its own key: others tell of it again and again, and to hash it takes longer than to look it up. */
export function poolKey(transaction: Uint8Array): string {
  return transaction.length <= OWN_KEY_BYTES ? `=${latin1(transaction)}` : latin1(sha256(transaction))
}

const OWN_KEY_BYTES = 256

/**
 * Tells all others what waits here longest: the next proposer may not have it. Only a little of it: whoever told of a
 * transaction first told all, and when blocks are slow because there is too much to do, this must not add to it.
 */
export function tellPool<S>(work: ChainWork<S>): void {
  const oldest: Uint8Array[] = []
  for (const transaction of admissible(work)) {
    oldest.push(transaction)
    if (oldest.length >= limits.TOLD_AGAIN) break
  }
  const transactions = fitting(oldest)
  if (transactions.length > 0) send(work, others(work), { type: 'transactions', transactions })
}

/** Ms until there is reason to begin this height without hearing of others; undefined: there is none. */
export function untilStart<S>({ context, state, now }: ChainWork<S>): number | undefined {
  const { batchMs, intervalMs, heartbeatMs } = context.options
  const interval = state.decidedAt + intervalMs - now
  // A clock set back must not make anybody wait longer than the interval.
  const rest = Math.min(intervalMs, Math.max(0, interval))
  const heartbeat = heartbeatMs === undefined ? undefined : Math.max(rest, state.head.time + heartbeatMs - now)
  if (state.pool.size === 0) return heartbeat
  return Math.max(rest, state.hasWaited ? 0 : batchMs)
}

export function scheduleStart<S>(work: ChainWork<S>): void {
  if (work.state.step !== 'idle') return
  const wait = untilStart(work)
  if (wait !== undefined) setTimer(work, 'start', wait)
}

/** As many from the start as one block, and one message, may hold. */
export function fitting(transactions: Iterable<Uint8Array>): Uint8Array[] {
  const chosen: Uint8Array[] = []
  let bytes = 0
  for (const transaction of transactions) {
    bytes += transaction.length
    if (bytes > limits.MAX_TRANSACTIONS_BYTES || chosen.length >= limits.MAX_TRANSACTIONS) break
    chosen.push(transaction)
  }
  return chosen
}
