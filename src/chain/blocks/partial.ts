/** A block whose transactions come in parts, in any order and from anybody. */
import { limits } from '../limits.ts'
import type { Block } from '../types.ts'
import { type BareBlock, type BlockPart, isPartOf } from './parts.ts'

/** What parts of one block have come. */
export class PartialBlock {
  readonly bare: BareBlock
  readonly #parts = new Map<number, BlockPart>()
  readonly #known: (Uint8Array | undefined)[] = []
  #have = 0
  #bytes = 0
  /** Undefined before the first part. */
  #count: number | undefined

  constructor(bare: BareBlock) {
    this.bare = bare
  }

  /** `refused`: not of this block, or more than a block may have. */
  take(part: BlockPart): 'new' | 'known' | 'refused' {
    const { from, transactions, count } = part
    if (transactions.every((_, i) => this.#known[from + i] !== undefined)) return 'known'
    if (!isPartOf(this.bare.header, part)) return 'refused'
    this.#count = count
    this.#parts.set(from, part)
    for (const [i, transaction] of transactions.entries()) {
      if (this.#known[from + i] !== undefined) continue
      this.#known[from + i] = transaction
      this.#have++
      this.#bytes += transaction.length
    }
    return this.#bytes <= limits.MAX_LEDGER_TRANSACTIONS_BYTES ? 'new' : 'refused'
  }

  /** The part from this number on as it came, for others. */
  part(from: number): BlockPart | undefined {
    return this.#parts.get(from)
  }

  /** Numbers at which parts are missing, up to `most`, spread over what is missing. */
  missing(most: number): number[] {
    const count = this.#count
    if (count === undefined) return [0]
    const gaps: number[] = []
    for (let at = 0; at < count; at++) if (this.#known[at] === undefined) gaps.push(at)
    if (gaps.length <= most) return gaps.filter((at) => at === 0 || this.#known[at - 1] !== undefined)
    const chosen = Array.from({ length: most }, (_, i) => gaps[Math.floor((i * gaps.length) / most)]!)
    return [...new Set(chosen)]
  }

  /** The block, once all of it has come. */
  whole(): Block | undefined {
    if (this.#count === undefined || this.#have < this.#count) return undefined
    return { ...this.bare, transactions: this.#known as Uint8Array[] }
  }
}
