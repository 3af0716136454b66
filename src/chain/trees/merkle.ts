/** The tree of RFC 6962 section 2.1: leaves and inner nodes hash under different prefixes, so none passes for the other. */
import { concatBytes, equalBytes } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { hashPair } from './hash-pair.ts'

const LEAF = 0
const INNER = 1

/** 32 bytes; of no leaves, the hash of nothing. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array())
  return subtree(leaves.map(merkleLeafHash), 0, leaves.length)
}

/** The siblings on the way from leaf `index` to the root, lowest first. Throws a RangeError when there is no such leaf. */
export function merkleProof(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index}`)
  const hashes = leaves.map(merkleLeafHash)
  const proof: Uint8Array[] = []
  let from = 0
  let to = leaves.length
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      proof.push(subtree(hashes, middle, to))
      to = middle
    } else {
      proof.push(subtree(hashes, from, middle))
      from = middle
    }
  }
  return proof.reverse()
}

/**
 * True when `leaf` is under `root`; and number `index`, if there are `size` leaves, which the root does not say: whoever
 * needs the place must have the size from elsewhere. RFC 9162 section 2.1.3.2.
 */
export function verifyMerkleProof(
  root: Uint8Array,
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): boolean {
  return verifyLeafHash(root, merkleLeafHash(leaf), index, size, proof)
}

/** The same, of a leaf known by its hash. */
export function verifyLeafHash(
  root: Uint8Array,
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): boolean {
  const hash = pathRoot(leafHash, index, size, proof)
  return hash !== undefined && equalBytes(hash, root)
}

/** The root that a leaf and its siblings lead to; undefined when there are not as many siblings as the place has. */
export function pathRoot(
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined
  if (proof.some((hash) => hash.length !== 32)) return undefined
  const sides = sidesOf(index, size)
  if (sides.length !== proof.length) return undefined
  return proof.reduce(
    (hash, sibling, i) => (sides[i] === 'left' ? merkleInnerHash(sibling, hash) : merkleInnerHash(hash, sibling)),
    leafHash,
  )
}

/** On which side each sibling stands, lowest first. */
function sidesOf(index: number, size: number): ('left' | 'right')[] {
  const sides: ('left' | 'right')[] = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      sides.push('right')
      to = middle
    } else {
      sides.push('left')
      from = middle
    }
  }
  return sides.reverse()
}

/** The largest power of two below `size`, which is 2 or more. */
export function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

function subtree(hashes: readonly Uint8Array[], from: number, to: number): Uint8Array {
  if (to - from === 1) return hashes[from]!
  const middle = from + splitOf(to - from)
  return merkleInnerHash(subtree(hashes, from, middle), subtree(hashes, middle, to))
}

export function merkleLeafHash(leaf: Uint8Array): Uint8Array {
  if (leaf.length > PLACE_BYTES) return sha256(concatBytes(Uint8Array.of(LEAF), leaf))
  place.set(leaf, 1)
  return sha256(place.subarray(0, leaf.length + 1))
}

/** Where a leaf stands behind its prefix while it is hashed: to join them anew takes as long as the hash. */
const PLACE_BYTES = 4_095
const place = new Uint8Array(1 + PLACE_BYTES)
place[0] = LEAF

export function merkleInnerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== 32 || right.length !== 32) return sha256(concatBytes(Uint8Array.of(INNER), left, right))
  return hashPair(INNER, left, right)
}

/** The root that leaves from number `from` on lead to in a tree of `size`, with what `range` gave; undefined when these do not fit together. */
export function rangeRoot(
  leaves: readonly Uint8Array[],
  from: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  const to = from + leaves.length
  if (leaves.length === 0 || from < 0 || to > size || !Number.isSafeInteger(size)) return undefined
  let used = 0
  const hashOf = (low: number, high: number): Uint8Array | undefined => {
    if (high <= from || low >= to) return proof[used++]
    if (high - low === 1) return merkleLeafHash(leaves[low - from]!)
    const middle = low + splitOf(high - low)
    const left = hashOf(low, middle)
    const right = hashOf(middle, high)
    return left && right && merkleInnerHash(left, right)
  }
  const root = hashOf(0, size)
  return used === proof.length ? root : undefined
}
