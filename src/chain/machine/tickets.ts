/** In which order transactions that pay go into a block: each account's by its nonces, and of those that are next the one that pays most. */
import type { Ticket } from '../application.ts'

export interface WaitingTransaction {
  /** In the pool. */
  readonly key: string
  readonly transaction: Uint8Array
  readonly ticket: Ticket
}

/** What waits of one account, the next one last. `place`: when the first of it came. */
interface Row {
  readonly place: number
  readonly waiting: WaitingTransaction[]
}

/** Of equal fees the account that came first is first, so that nobody gains by repeating. Nothing is ordered before it is taken. */
export function* byFee(waiting: Iterable<WaitingTransaction>): Generator<WaitingTransaction> {
  const heap = rowsOf(waiting)
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(heap, i)
  for (let row = heap[0]; row !== undefined; row = heap[0]) {
    yield row.waiting.pop()!
    if (row.waiting.length === 0) {
      const last = heap.pop()!
      if (heap.length > 0) heap[0] = last
    }
    sink(heap, 0)
  }
}

function rowsOf(waiting: Iterable<WaitingTransaction>): Row[] {
  const rows = new Map<string, Row>()
  for (const one of waiting) {
    const row = rows.get(one.ticket.account)
    if (row === undefined) rows.set(one.ticket.account, { place: rows.size, waiting: [one] })
    else row.waiting.push(one)
  }
  for (const row of rows.values()) row.waiting.sort((a, b) => b.ticket.nonce - a.ticket.nonce)
  return [...rows.values()]
}

/** Puts a row of the heap where it belongs: the best is at 0, and none is better than the one above it. */
function sink(heap: Row[], from: number): void {
  for (let at = from; ; ) {
    let best = at
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && isBetter(heap[child]!, heap[best]!)) best = child
    if (best === at) return
    const row = heap[at]!
    heap[at] = heap[best]!
    heap[best] = row
    at = best
  }
}

function isBetter(a: Row, b: Row): boolean {
  const difference = a.waiting.at(-1)!.ticket.fee - b.waiting.at(-1)!.ticket.fee
  return difference > 0 || (difference === 0 && a.place < b.place)
}
