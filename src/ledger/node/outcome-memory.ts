/** What became of the transactions of the last blocks: for whoever submitted one and waits. */
import { decodeResult, transactionIds } from '../../chain/index.ts'
import { limits } from '../limits.ts'
import type { TransactionOutcome } from './messages.ts'

const ID_BYTES = 32

/** Few are asked about: nothing is done for each transaction of a block before somebody asks. */
interface Remembered {
  readonly height: number
  /** One behind the other. */
  readonly ids: Uint8Array
  readonly results: readonly Uint8Array[]
}

export class OutcomeMemory {
  /** The oldest first. */
  readonly #blocks: Remembered[] = []
  #count = 0

  note(height: number, transactions: readonly Uint8Array[], results: readonly Uint8Array[]): void {
    if (transactions.length === 0) return
    this.#blocks.push({ height, ids: transactionIds(transactions).slice(), results })
    this.#count += transactions.length
    while (this.#count > limits.MAX_OUTCOMES && this.#blocks.length > 1)
      this.#count -= this.#blocks.shift()!.ids.length / ID_BYTES
  }

  of(id: Uint8Array): TransactionOutcome | undefined {
    for (let at = this.#blocks.length - 1; at >= 0; at--) {
      const { height, ids, results } = this.#blocks[at]!
      const result = results[placeOf(ids, id)]
      if (result !== undefined) return { height, result: decodeResult(result) }
    }
    return undefined
  }
}

/** -1: it is not there. */
function placeOf(ids: Uint8Array, id: Uint8Array): number {
  for (let from = 0; from < ids.length; from += ID_BYTES) {
    let same = 0
    while (same < ID_BYTES && ids[from + same] === id[same]) same++
    if (same === ID_BYTES) return from / ID_BYTES
  }
  return -1
}
