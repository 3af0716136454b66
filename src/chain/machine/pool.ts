/** Transactions that wait, and when what waits is worth a block. */
import { latin1 } from '../../base/index.ts'
import type { Ticket } from '../application.ts'
import { knownHashesOf } from '../blocks/transaction-lists.ts'
import { transactionId } from '../blocks/transactions.ts'
import { limits } from '../limits.ts'
import { mostTransactions } from './part-sending.ts'
import type { AdmitReason, ChainWork, ExecutionEvent, Forgetting, PoolCandidate } from './state.ts'
import { byFee, type WaitingTransaction } from './tickets.ts'
import { isOwnMember, others, send, setTimer } from './work.ts'

/**
 * What somebody offers: what is new and may wait goes into the pool, at once or when the application has said so that works elsewhere. What is
 * our own is told to all others then.
 */
export function offer<S>(work: ChainWork<S>, transactions: readonly Uint8Array[], of: AdmitReason): void {
  const { context, state, effects } = work
  const { application } = context
  const asked: PoolCandidate[] = []
  for (const transaction of transactions) {
    if (state.admitting.size >= limits.MAX_ADMITTING) break
    const candidate = candidateOf(work, transaction)
    if (candidate === undefined) continue
    if ('worksElsewhere' in application) {
      state.admitting.set(candidate.key, candidate)
      asked.push(candidate)
    } else if (application.admits(state.app, transaction)) put(work, candidate, of)
  }
  if (asked.length > 0) effects.push(admitEffect(asked, of))
}

function admitEffect(asked: readonly Pick<PoolCandidate, 'key' | 'transaction'>[], of: AdmitReason) {
  const transactions = asked.map(({ transaction }) => transaction)
  return { kind: 'admit', transactions, keys: asked.map(({ key }) => key), of } as const
}

/** The answer to `admit`. */
export function onAdmitted<S>(work: ChainWork<S>, { transactions, keys, verdicts, of }: Admitted): void {
  const { admitting } = work.state
  for (const [index, transaction] of transactions.entries()) {
    const key = keys[index]!
    if (of === 'again') {
      if (verdicts[index] !== true) forget(work, transaction, key)
      continue
    }
    const candidate = admitting.get(key)
    admitting.delete(key)
    if (candidate !== undefined && verdicts[index] === true && mayWait(work, candidate)) put(work, candidate, of)
  }
}

type Admitted = Pick<Extract<ExecutionEvent<never>, { kind: 'admitted' }>, 'transactions' | 'keys' | 'verdicts' | 'of'>

/** Undefined when it may not wait. Whether it is known already is looked at first: to read one costs more. */
function candidateOf<S>(work: ChainWork<S>, transaction: Uint8Array): PoolCandidate | undefined {
  const { context, state } = work
  if (transaction.length > limits.MAX_TRANSACTION_BYTES || !hasRoom(work, transaction)) return undefined
  const key = poolKey(transaction)
  if (state.pool.has(key) || state.admitting.has(key)) return undefined
  const candidate = { key, transaction, ticket: context.application.ticket?.(transaction) }
  return mayWait(work, candidate) ? candidate : undefined
}

/** Whether it is new, there is room, and its account may have one more. */
function mayWait<S>(work: ChainWork<S>, { key, transaction, ticket }: PoolCandidate): boolean {
  const { context, state } = work
  if (state.pool.has(key) || !hasRoom(work, transaction)) return false
  return context.application.ticket === undefined || isWelcome(work, ticket)
}

function put<S>(work: ChainWork<S>, { key, transaction, ticket }: PoolCandidate, of: AdmitReason): void {
  const { context, state } = work
  state.pool.set(key, transaction)
  if (!('worksElsewhere' in context.application)) state.admittedAt.set(key, state.head)
  if (ticket !== undefined) keepTicket(work, key, ticket)
  state.poolBytes += transaction.length
  if (state.pool.size === 1) {
    state.hasWaited = false
    tellLater(work)
    scheduleStart(work)
  }
  // A peer has told all others itself.
  if (of === 'submit' || of === 'follower')
    send(work, others(work), { type: 'transactions', transactions: [transaction] })
}

/** Whether the account may have one more that waits, and a block can still take it. */
function isWelcome<S>({ state }: ChainWork<S>, ticket: Ticket | undefined): boolean {
  if (ticket === undefined || ticket.expires <= state.head.time) return false
  return (state.waitingOf.get(ticket.account) ?? 0) < limits.MAX_POOL_OF_ACCOUNT
}

function keepTicket<S>({ state }: ChainWork<S>, key: string, ticket: Ticket): void {
  state.tickets.set(key, ticket)
  state.waitingOf.set(ticket.account, (state.waitingOf.get(ticket.account) ?? 0) + 1)
}

function dropTicket<S>({ state }: ChainWork<S>, key: string): void {
  const ticket = state.tickets.get(key)
  if (ticket === undefined) return
  state.tickets.delete(key)
  const left = (state.waitingOf.get(ticket.account) ?? 1) - 1
  if (left > 0) state.waitingOf.set(ticket.account, left)
  else state.waitingOf.delete(ticket.account)
}

/** What may go into the next block, in the order in which it is offered to the application. */
export function* offered<S>(work: ChainWork<S>): Generator<Uint8Array> {
  const { context, state } = work
  forgetAll(work)
  if (context.application.ticket === undefined) return yield* admissible(work)
  for (const { key, transaction } of byFee(withTickets(state)))
    if (isAdmissible(work, key, transaction)) yield transaction
    else forget(work, transaction, key)
}

/** One by one: thousands of lists of one would cost as much as all else. */
function* withTickets<S>({ pool, tickets }: ChainWork<S>['state']): Generator<WaitingTransaction> {
  for (const [key, transaction] of pool) {
    const ticket = tickets.get(key)
    if (ticket !== undefined) yield { key, transaction, ticket }
  }
}

/** A full pool is gone through once a height: what can no more be decided makes room. */
function hasRoom<S>(work: ChainWork<S>, { length }: Uint8Array): boolean {
  const { state } = work
  const most = work.context.options.schema === 1 ? limits.MAX_POOL_BYTES : limits.MAX_LEDGER_POOL_BYTES
  const isFull = () => state.pool.size >= limits.MAX_POOL || state.poolBytes + length > most
  if (!isFull()) return true
  forgetAll(work)
  if (!isFull()) return true
  if (state.clearedAt === state.height) return false
  state.clearedAt = state.height
  for (const _ of admissible(work));
  return !isFull()
}

/** What may still be decided, oldest first. What may not is dropped on the way, so that it is not checked again and again. */
export function* admissible<S>(work: ChainWork<S>): Generator<Uint8Array> {
  for (const [key, transaction] of work.state.pool)
    if (isAdmissible(work, key, transaction)) yield transaction
    else forget(work, transaction, key)
}

/** The application is asked once after each block: its word depends on the state alone, and may cost as much as several signatures. */
function isAdmissible<S>({ context, state }: ChainWork<S>, key: string, transaction: Uint8Array): boolean {
  const expires = state.tickets.get(key)?.expires ?? Number.POSITIVE_INFINITY
  const { application } = context
  if (expires <= state.head.time) return false
  if ('worksElsewhere' in application || state.admittedAt.get(key) === state.head) return true
  if (!application.admits(state.app, transaction)) return false
  state.admittedAt.set(key, state.head)
  return true
}

/**
 * After a decision: drops from the front of the pool what can no more be decided, up to the first that can. Where the application works
 * elsewhere it is asked about the oldest.
 */
export function trimPool<S>(work: ChainWork<S>): void {
  const { context, effects } = work
  forgetAll(work)
  const isElsewhere = 'worksElsewhere' in context.application
  const oldest: Pick<PoolCandidate, 'key' | 'transaction'>[] = []
  for (const transaction of admissible(work)) {
    if (!isElsewhere) return
    oldest.push({ key: poolKey(transaction), transaction })
    if (oldest.length >= limits.ADMITTED_AGAIN) break
  }
  if (oldest.length > 0) effects.push(admitEffect(oldest, 'again'))
}

export function forget<S>(work: ChainWork<S>, transaction: Uint8Array, key = poolKey(transaction)): void {
  if (!work.state.pool.delete(key)) return
  work.state.admittedAt.delete(key)
  work.state.poolBytes -= transaction.length
  dropTicket(work, key)
}

/**
 * What a block has decided waits no longer; then what is left is looked through. Of a large block a part goes now and the rest a little later, since
 * thousands at once would stop the loop that answers: until then no round is begun by this node, and nothing is told of the pool.
 */
export function forgetDecided<S>(work: ChainWork<S>, transactions: readonly Uint8Array[]): void {
  forgetAll(work)
  work.state.forgetting = { transactions, next: 0 }
  forgetSome(work)
}

/** The next part of it; after the last one this height may begin. */
export function onForget<S>(work: ChainWork<S>): void {
  forgetSome(work)
  if (work.state.forgetting === undefined) scheduleStart(work)
}

function forgetSome<S>(work: ChainWork<S>): void {
  const { state } = work
  if (state.forgetting !== undefined) forgetPart(work, state.forgetting, limits.FORGOTTEN_AT_ONCE)
  if (state.forgetting === undefined) trimPool(work)
  else setTimer(work, 'forget', 0)
}

/** All that is left of it, since somebody needs the pool as it is. */
function forgetAll<S>(work: ChainWork<S>): void {
  const { forgetting } = work.state
  if (forgetting !== undefined) forgetPart(work, forgetting, forgetting.transactions.length)
}

function forgetPart<S>(work: ChainWork<S>, { transactions, next }: Forgetting, count: number): void {
  const { state } = work
  const until = state.pool.size === 0 ? transactions.length : Math.min(transactions.length, next + count)
  const hashes = knownHashesOf(transactions)
  for (let at = next; at < until && state.pool.size > 0; at++)
    forget(work, transactions[at]!, poolKey(transactions[at]!, hashes?.leaf(at)))
  state.forgetting = until < transactions.length && state.pool.size > 0 ? { transactions, next: until } : undefined
}

/**
 * A small transaction is its own key: others tell of it again and again, and to hash it takes longer than to look it up. `id`: of a large one,
 * where it is known.
 */
export function poolKey(transaction: Uint8Array, id?: Uint8Array): string {
  return transaction.length <= OWN_KEY_BYTES ? `=${latin1(transaction)}` : latin1(id ?? transactionId(transaction))
}

const OWN_KEY_BYTES = 256

/**
 * Tells all others what waits here longest: the next proposer may not have it. Only a little of it, and each time after twice the wait:
 * whoever told of a transaction first told all, and when blocks are slow because there is too much to do, this must not add to it.
 */
export function tellPool<S>(work: ChainWork<S>): void {
  const { state, now } = work
  const { at, waitMs: waited } = state.tellAgain
  // A clock set back must not make anybody wait longer.
  if (state.pool.size === 0 || state.forgetting !== undefined || (now < at && now >= at - waited)) return
  const waitMs = Math.min(2 * waited, limits.TELL_AGAIN_MOST_MS)
  state.tellAgain = { at: now + waitMs, waitMs }
  const oldest: Uint8Array[] = []
  // What a follower says costs it.
  const most = work.context.options.schema === 1 || isOwnMember(work) ? limits.TOLD_AGAIN : limits.TOLD_BY_FOLLOWER
  for (const transaction of admissible(work)) {
    oldest.push(transaction)
    if (oldest.length >= most) break
  }
  const transactions = fitting(oldest)
  if (transactions.length > 0) send(work, others(work), { type: 'transactions', transactions })
}

/** A height has begun, or the first transaction has come: what waits is told again when a block takes longer than it should. */
export function tellLater<S>({ context, state, now }: ChainWork<S>): void {
  const waitMs = Math.min(2 * context.options.tickMs, limits.TELL_AGAIN_MOST_MS)
  state.tellAgain = { at: now + waitMs, waitMs }
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
  if (work.state.step !== 'idle' || work.state.forgetting !== undefined) return
  const wait = untilStart(work)
  if (wait !== undefined) setTimer(work, 'start', wait)
}

/** As many from the start as one message, or a block of a schema, may hold. */
export function fitting(transactions: Iterable<Uint8Array>, most = mostTransactions(1)): Uint8Array[] {
  const chosen: Uint8Array[] = []
  let bytes = 0
  for (const transaction of transactions) {
    bytes += transaction.length
    if (bytes > most.bytes || chosen.length >= most.count) break
    chosen.push(transaction)
  }
  return chosen
}
