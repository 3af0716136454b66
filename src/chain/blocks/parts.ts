/**
 * Blocks of ledgers that are larger than a message: the block without its transactions, and the transactions in parts. The header commits to
 * their number and tree, so that each part is proven by itself, whoever sent it.
 */
import { concatBytes, equalBytes } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readInteger, readList, readRow } from '../reading.ts'
import { merkleRoot, rangeRoot } from '../trees/merkle.ts'
import type { Block, BlockHeader } from '../types.ts'
import { hashesOf } from './transaction-lists.ts'

/** A block whose transactions come by themselves. */
export type BareBlock = Omit<Block, 'transactions'>

/** Transactions of a block from number `from` on. */
export interface BlockPart {
  readonly from: number
  /** Of the whole block. */
  readonly count: number
  readonly transactions: readonly Uint8Array[]
  /** Hashes beside them in the tree, from left to right. */
  readonly path: readonly Uint8Array[]
}

/** What a header commits to: schema 1 the tree alone, schema 2 the number of transactions, too. */
export function transactionsRoot(schema: 1 | 2, transactions: readonly Uint8Array[]): Uint8Array {
  if (schema === 1) return merkleRoot(transactions)
  return countedRoot(transactions.length, hashesOf(transactions).root())
}

function countedRoot(count: number, tree: Uint8Array): Uint8Array {
  return sha256(signedBytes('chordns/transactions/1', encodeCanonical([count, tree])))
}

/** Whether the transactions go into one message with the rest of the block. */
export function isInline({ transactions }: Pick<Block, 'transactions'>): boolean {
  if (transactions.length > limits.MAX_TRANSACTIONS) return false
  return transactions.reduce((sum, { length }) => sum + length, 0) <= limits.MAX_TRANSACTIONS_BYTES
}

export function bareOf({ id, header, lastCertificate, evidence = [] }: Block): BareBlock {
  return { id, header, lastCertificate, evidence }
}

/** Makes parts of one block. */
export class BlockParts {
  readonly #transactions: readonly Uint8Array[]

  constructor(transactions: readonly Uint8Array[]) {
    this.#transactions = transactions
  }

  /** As many transactions as fit into a message, from this number on; undefined when there is none. */
  from(from: number): BlockPart | undefined {
    const all = this.#transactions
    if (from >= all.length) return undefined
    let to = from
    let bytes = 0
    while (to < all.length && to - from < limits.MAX_PART_TRANSACTIONS) {
      bytes += all[to]!.length
      if (to > from && bytes > limits.PART_BYTES) break
      to++
    }
    return {
      from,
      count: all.length,
      transactions: all.slice(from, to),
      path: hashesOf(all).range(from, to),
    }
  }

  *all(): Generator<BlockPart> {
    for (let part = this.from(0); part !== undefined; part = this.from(part.from + part.transactions.length)) yield part
  }
}

/** Whether the transactions are those of the header's block, in this place. */
export function isPartOf(
  { transactionsRoot: root }: BlockHeader,
  { from, count, transactions, path }: BlockPart,
): boolean {
  const tree = rangeRoot(transactions, from, count, path)
  return tree !== undefined && equalBytes(countedRoot(count, tree), root)
}

export function partToValue({ from, count, transactions, path }: BlockPart): CborValue {
  return [from, count, transactions, concatBytes(...path)]
}

/** Throws CHAIN_MALFORMED. */
export function partFromValue(value: CborField): BlockPart {
  const [from, count, transactions, path] = readRow(value, 4, 'part')
  const hashes = readBytes(path, 0, limits.MAX_PART_PATH * 32, 'path')
  if (hashes.length % 32 !== 0) throw malformed('hashes that are not whole')
  return {
    from: readInteger(from, 0, limits.MAX_LEDGER_TRANSACTIONS, 'from'),
    count: readInteger(count, 1, limits.MAX_LEDGER_TRANSACTIONS, 'count'),
    transactions: readList(transactions, limits.MAX_PART_TRANSACTIONS, 'transactions', (one) =>
      readBytes(one, 0, limits.MAX_TRANSACTION_BYTES, 'transaction'),
    ),
    path: Array.from({ length: hashes.length / 32 }, (_, i) => hashes.slice(i * 32, (i + 1) * 32)),
  }
}
