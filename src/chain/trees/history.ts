/**
 * A list that only grows, as a log in the sense of RFC 6962: who holds a root of `size` leaves can be shown any of them, and that a
 * larger root has the same leaves before its own. Whoever goes on needs only the right edge; whoever proves, the hashes of the complete subtrees.
 */
import { equalBytes } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { merkleInnerHash, splitOf } from './merkle.ts'

/** The roots of the complete subtrees that `size` leaves are made of, the largest first: one for each bit of `size` that is 1. */
export interface HistoryEdge {
  readonly size: number
  readonly hashes: readonly Uint8Array[]
}

export const emptyHistory: HistoryEdge = { size: 0, hashes: [] }

/** Whether the edge has as many hashes as its size needs. What they are hashes of, only a root says. */
export function isHistoryEdge({ size, hashes }: HistoryEdge): boolean {
  if (!Number.isSafeInteger(size) || size < 0 || hashes.some((hash) => hash.length !== 32)) return false
  let ones = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return hashes.length === ones
}

/** 32 bytes; of no leaves, the hash of nothing. */
export function historyRoot({ hashes }: HistoryEdge): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array())
  return hashes.reduceRight((root, hash) => merkleInnerHash(hash, root))
}

/** One more leaf, known by its hash. `made`: each complete subtree that this ends, smallest first, for whoever keeps them. */
export function extendHistory(
  { size, hashes }: HistoryEdge,
  leafHash: Uint8Array,
  made: (level: number, index: number, hash: Uint8Array) => void = () => {},
): HistoryEdge {
  const edge = [...hashes]
  let hash = leafHash
  let index = size
  made(0, index, hash)
  for (let level = 1; index % 2 === 1; level++) {
    hash = merkleInnerHash(edge.pop()!, hash)
    index = Math.floor(index / 2)
    made(level, index, hash)
  }
  edge.push(hash)
  return { size: size + 1, hashes: edge }
}

/** The hash of the complete subtree `index` of 2^`level` leaves; undefined when it is not kept. */
export type HistoryHashes = (level: number, index: number) => Uint8Array | undefined

/** The right edge of the first `size` leaves; undefined when a hash is not kept. */
export function historyEdge(at: HistoryHashes, size: number): HistoryEdge | undefined {
  const hashes: Uint8Array[] = []
  let from = 0
  while (from < size) {
    const { level, width } = largestAt(size - from)
    const hash = at(level, from / width)
    if (hash === undefined) return undefined
    hashes.push(hash)
    from += width
  }
  return { size, hashes }
}

/** That leaf `index` is in the log of `size`, lowest first; undefined when there is no such leaf, or a hash is not kept. */
export function historyPath(at: HistoryHashes, index: number, size: number): Uint8Array[] | undefined {
  if (index < 0 || index >= size) return undefined
  const path: Uint8Array[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    const isLeft = index < middle
    const sibling = isLeft ? rangeRoot(at, middle, to) : rangeRoot(at, from, middle)
    if (sibling === undefined) return undefined
    path.push(sibling)
    if (isLeft) to = middle
    else from = middle
  }
  return path.reverse()
}

/** That the log of `size` begins with that of `oldSize` (RFC 6962 section 2.1.2); undefined when a hash is not kept. */
export function consistencyProof(at: HistoryHashes, oldSize: number, size: number): Uint8Array[] | undefined {
  if (oldSize < 0 || oldSize > size) return undefined
  if (oldSize === 0 || oldSize === size) return []
  const proof: Uint8Array[] = []
  let from = 0
  let to = size
  let old = oldSize
  let isWhole = true
  // Down to the node that ends where the old log ended; what stands beside the way goes into the proof.
  while (old < to - from) {
    const middle = splitOf(to - from)
    const isLeft = old <= middle
    const sibling = isLeft ? rangeRoot(at, from + middle, to) : rangeRoot(at, from, from + middle)
    if (sibling === undefined) return undefined
    proof.push(sibling)
    if (isLeft) to = from + middle
    else {
      from += middle
      old -= middle
      isWhole = false
    }
  }
  if (!isWhole) {
    const own = rangeRoot(at, from, to)
    if (own === undefined) return undefined
    proof.push(own)
  }
  return proof.reverse()
}

/** True when the log under `root` begins with the one under `oldRoot`. RFC 9162 section 2.1.4.2. */
export function verifyConsistency(
  oldSize: number,
  size: number,
  oldRoot: Uint8Array,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(oldSize) || !Number.isSafeInteger(size) || oldSize < 0 || oldSize > size) return false
  if (proof.some((hash) => hash.length !== 32)) return false
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root)
  // Every log begins with nothing.
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, sha256(new Uint8Array()))
  const hashes = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : [...proof]
  let node = oldSize - 1
  let last = size - 1
  while (node % 2 === 1) {
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  const first = hashes.shift()
  if (first === undefined) return false
  let old = first
  let now = first
  for (const hash of hashes) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      old = merkleInnerHash(hash, old)
      now = merkleInnerHash(hash, now)
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2)
        last = Math.floor(last / 2)
      }
    } else now = merkleInnerHash(now, hash)
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && equalBytes(old, oldRoot) && equalBytes(now, root)
}

/** Leaves `from` to `to`, which begin where a subtree of their size may begin. */
function rangeRoot(at: HistoryHashes, from: number, to: number): Uint8Array | undefined {
  let root: Uint8Array | undefined
  let rest = to - from
  // From the right, where the subtrees are small.
  let end = to
  while (rest > 0) {
    const { level, width } = smallestAt(rest)
    const hash = at(level, (end - width) / width)
    if (hash === undefined) return undefined
    root = root === undefined ? hash : merkleInnerHash(hash, root)
    rest -= width
    end -= width
  }
  return root
}

/** The largest complete subtree in so many leaves. */
function largestAt(rest: number): { readonly level: number; readonly width: number } {
  let level = 0
  let width = 1
  while (width * 2 <= rest) {
    width *= 2
    level++
  }
  return { level, width }
}

/** The smallest of the complete subtrees that so many leaves are made of. */
function smallestAt(rest: number): { readonly level: number; readonly width: number } {
  let level = 0
  let width = 1
  while (rest % (width * 2) === 0) {
    width *= 2
    level++
  }
  return { level, width }
}

function isPowerOfTwo(value: number): boolean {
  return smallestAt(value).width === value
}

/** All hashes of a log in memory: for tests, and for logs that are small. */
export class HistoryLog {
  readonly #levels: Uint8Array[][] = []
  #edge = emptyHistory

  get edge(): HistoryEdge {
    return this.#edge
  }

  append(leafHash: Uint8Array): void {
    this.#edge = extendHistory(this.#edge, leafHash, (level, _, hash) => {
      const row = this.#levels[level]
      if (row === undefined) this.#levels[level] = [hash]
      else row.push(hash)
    })
  }

  readonly hashes: HistoryHashes = (level, index) => this.#levels[level]?.[index]
}
