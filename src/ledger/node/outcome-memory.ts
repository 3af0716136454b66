/** What became of the transactions of the last blocks: for whoever submitted one and waits. */
import { latin1 } from '../../base/index.ts'
import { decodeResult, transactionId } from '../../chain/index.ts'
import { limits } from '../limits.ts'
import type { TransactionOutcome } from './messages.ts'

export class OutcomeMemory {
  /** By the transaction's id; the oldest first. */
  readonly #known = new Map<string, TransactionOutcome>()

  note(height: number, transactions: readonly Uint8Array[], results: readonly Uint8Array[]): void {
    for (const [index, bytes] of transactions.entries()) {
      const result = results[index]
      if (result !== undefined) this.#known.set(latin1(transactionId(bytes)), { height, result: decodeResult(result) })
    }
    for (const id of this.#known.keys()) {
      if (this.#known.size <= limits.MAX_OUTCOMES) return
      this.#known.delete(id)
    }
  }

  of(id: Uint8Array): TransactionOutcome | undefined {
    return this.#known.get(latin1(id))
  }
}
