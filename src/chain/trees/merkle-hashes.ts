/**
 * All hashes of the tree of RFC 6962 over one list, in one piece of bytes: several proofs cost little more than one, and the piece crosses
 * threads at the price of a copy.
 */
import { merkleInnerHash, merkleLeafHash, merkleRoot, splitOf } from './merkle.ts'

const HASH_BYTES = 32

export class MerkleHashes {
  /** Leaves. */
  readonly count: number
  /**
   * Level by level, leaves first: each node stands over two of the level below, and a last one without a neighbour stands in the next level
   * as well. That is the tree of the RFC.
   */
  readonly bytes: Uint8Array
  /** Of each level, where it begins, in hashes; the last one is of the root. */
  readonly #starts: readonly number[]

  /** Throws a RangeError when the bytes are not of that many leaves. What is in them is not checked. */
  constructor(count: number, bytes: Uint8Array) {
    const starts = startsOf(count)
    if (bytes.length !== totalOf(count) * HASH_BYTES)
      throw new RangeError(`hashes of another tree than of ${count} leaves`)
    this.count = count
    this.bytes = bytes
    this.#starts = starts
  }

  static of(leaves: readonly Uint8Array[]): MerkleHashes {
    const bytes = new Uint8Array(totalOf(leaves.length) * HASH_BYTES)
    const hashes = new MerkleHashes(leaves.length, bytes)
    for (const [index, leaf] of leaves.entries()) bytes.set(merkleLeafHash(leaf), index * HASH_BYTES)
    let width = leaves.length
    for (let level = 1; width > 1; level++) {
      const below = width
      width = Math.ceil(below / 2)
      for (let index = 0; index < width; index++) {
        const left = hashes.#at(level - 1, 2 * index)
        const node = 2 * index + 1 < below ? merkleInnerHash(left, hashes.#at(level - 1, 2 * index + 1)) : left
        bytes.set(node, (hashes.#starts[level]! + index) * HASH_BYTES)
      }
    }
    return hashes
  }

  root(): Uint8Array {
    return this.count === 0 ? merkleRoot([]) : this.#at(this.#starts.length - 1, 0).slice()
  }

  /** A view, not a copy. */
  leaf(index: number): Uint8Array {
    return this.#at(0, index)
  }

  /** Those of the leaves, one behind the other: a view. */
  leaves(): Uint8Array {
    return this.bytes.subarray(0, this.count * HASH_BYTES)
  }

  /** That the leaves `from` to `to` (without it) are those of the tree: hashes of what stands beside them, from left to right. */
  range(from: number, to: number): Uint8Array[] {
    const proof: Uint8Array[] = []
    const visit = (low: number, high: number): void => {
      if (low >= from && high <= to) return
      if (high <= from || low >= to) return void proof.push(this.#over(low, high))
      const middle = low + splitOf(high - low)
      visit(low, middle)
      visit(middle, high)
    }
    visit(0, this.count)
    return proof
  }

  /** Over leaves that are a subtree. */
  #over(low: number, high: number): Uint8Array {
    let level = 0
    while (2 ** level < high - low) level++
    return this.#at(level, low / 2 ** level)
  }

  #at(level: number, index: number): Uint8Array {
    const at = (this.#starts[level]! + index) * HASH_BYTES
    return this.bytes.subarray(at, at + HASH_BYTES)
  }
}

function startsOf(count: number): number[] {
  const starts = [0]
  for (let width = count, at = 0; width > 1; width = Math.ceil(width / 2)) {
    at += width
    starts.push(at)
  }
  return starts
}

function totalOf(count: number): number {
  return count === 0 ? 0 : startsOf(count).at(-1)! + 1
}
