/**
 * Checks what a state root says of some keys: the value of each, or that there is none. It imports nothing, and SHA-256 is
 * handed in, so that it runs in a browser as it is. docs/protocol.md, "State map", has the bytes.
 */

/** 32 bytes of SHA-256. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** `value: undefined`: nothing is under the key. */
export interface StateClaim {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** One entry inside the range of a range proof. */
export interface RangeEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Of SHA-256(key): `from` counts in, `to` does not; without `to`, up to the last one. */
export interface PathRange {
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
}

/**
 * What stands at a place of the tree, in two bits: nothing; a subtree of which only the hash is given; a branch, whose left
 * and right side follow; an entry.
 */
export const Mark = { EMPTY: 0, HASH: 1, BRANCH: 2, LEAF: 3 } as const

export const PROOF_VERSION = 1
/** Version, and the length of the marks. */
export const PROOF_HEAD_BYTES = 3
const HASH_BYTES = 32
/** Bits of a path: no branch stands as deep. */
const DEEPEST = 256

/**
 * True when the map under `root` has exactly what is claimed of each key. False for a proof that is not well-formed, and for
 * a key that is claimed twice.
 */
export function verifyStateProof(
  sha256: Sha256,
  root: Uint8Array,
  claims: readonly StateClaim[],
  proof: Uint8Array,
): boolean {
  const reader = proofReader(proof)
  if (reader === undefined) return false
  const leaves: ClaimedLeaf[] = claims.map(({ key, value }) => ({
    path: sha256(key),
    valueHash: value === undefined ? undefined : sha256(value),
  }))
  leaves.sort((a, b) => comparePaths(a.path, b.path))
  for (let i = 1; i < leaves.length; i++) if (samePath(leaves[i - 1]!.path, leaves[i]!.path)) return false
  const hash = claimedNode({ sha256, reader, leaves }, 0, leaves.length, 0)
  return hash !== undefined && reader.isAtEnd() && samePath(hash, root)
}

/** True when `entries`, in the order of their paths, are all that the map under `root` has in the range. */
export function verifyRangeProof(
  sha256: Sha256,
  root: Uint8Array,
  range: PathRange,
  entries: readonly RangeEntry[],
  proof: Uint8Array,
): boolean {
  const reader = proofReader(proof)
  if (reader === undefined || range.from.length !== HASH_BYTES || (range.to ?? range.from).length !== HASH_BYTES)
    return false
  const paths: Uint8Array[] = []
  const hashes: Uint8Array[] = []
  for (const { key, value } of entries) {
    const path = sha256(key)
    const last = paths.at(-1)
    if (last !== undefined && comparePaths(last, path) >= 0) return false
    paths.push(path)
    hashes.push(leafHash(sha256, path, sha256(value)))
  }
  if (paths.length > 0 && !(isWithin(range, paths[0]!) && isWithin(range, paths.at(-1)!))) return false
  const work: RangeWork = { sha256, reader, range, paths, hashes, place: new Uint8Array(HASH_BYTES) }
  const hash = rangeNode(work, 0, paths.length, 0)
  return hash !== undefined && reader.isAtEnd() && samePath(hash, root)
}

interface ClaimedLeaf {
  readonly path: Uint8Array
  readonly valueHash: Uint8Array | undefined
}

interface ClaimWork {
  readonly sha256: Sha256
  readonly reader: ProofReader
  readonly leaves: readonly ClaimedLeaf[]
}

/** The hash of the place at `depth` that the claims number `from` to `to` lead to; undefined when they do not hold. */
function claimedNode(work: ClaimWork, from: number, to: number, depth: number): Uint8Array | undefined {
  const { sha256, reader, leaves } = work
  const mark = reader.mark()
  if (from === to) return mark === Mark.HASH ? reader.hash() : mark === Mark.EMPTY ? nothing() : undefined
  switch (mark) {
    case Mark.EMPTY:
      for (let i = from; i < to; i++) if (leaves[i]!.valueHash !== undefined) return undefined
      return nothing()
    case Mark.LEAF:
      return claimedLeaf(work, from, to, depth)
    case Mark.BRANCH: {
      if (depth >= DEEPEST) return undefined
      let middle = from
      while (middle < to && bitOf(leaves[middle]!.path, depth) === 0) middle++
      const left = claimedNode(work, from, middle, depth + 1)
      const right = left === undefined ? undefined : claimedNode(work, middle, to, depth + 1)
      return left === undefined || right === undefined ? undefined : branchHash(sha256, left, right)
    }
    default:
      // A bare hash says nothing about a key below it.
      return undefined
  }
}

/** One entry is all there is below this place: that of the one claim with a value, or a stranger's that the proof names. */
function claimedLeaf(work: ClaimWork, from: number, to: number, depth: number): Uint8Array | undefined {
  const { sha256, reader, leaves } = work
  let own: ClaimedLeaf | undefined
  for (let i = from; i < to; i++) {
    const leaf = leaves[i]!
    if (leaf.valueHash === undefined) continue
    if (own !== undefined) return undefined
    own = leaf
  }
  if (own?.valueHash !== undefined) return leafHash(sha256, own.path, own.valueHash)
  const path = reader.hash()
  const valueHash = reader.hash()
  if (path === undefined || valueHash === undefined) return undefined
  // The stranger must stand on the way of these keys, and be none of them.
  if (!sharesBits(path, leaves[from]!.path, depth)) return undefined
  for (let i = from; i < to; i++) if (samePath(leaves[i]!.path, path)) return undefined
  return leafHash(sha256, path, valueHash)
}

interface RangeWork {
  readonly sha256: Sha256
  readonly reader: ProofReader
  readonly range: PathRange
  readonly paths: readonly Uint8Array[]
  readonly hashes: readonly Uint8Array[]
  /** The way to the node in work: its first bits, then zeros. */
  readonly place: Uint8Array
}

/** The hash of the place in work, below which the entries number `from` to `to` are; undefined when the proof does not hold. */
function rangeNode(work: RangeWork, from: number, to: number, depth: number): Uint8Array | undefined {
  const { sha256, reader, range, paths, hashes, place } = work
  const where = placeInRange(range, place, depth)
  // All of it is in the entries: nothing to be told.
  if (where === 'inside') return subtreeHash(sha256, paths, hashes, from, to, depth)
  const mark = reader.mark()
  if (where === 'outside') {
    if (from !== to) return undefined
    return mark === Mark.HASH ? reader.hash() : mark === Mark.EMPTY ? nothing() : undefined
  }
  switch (mark) {
    case Mark.EMPTY:
      return from === to ? nothing() : undefined
    case Mark.LEAF: {
      if (to - from === 1) return hashes[from]
      const path = from === to ? reader.hash() : undefined
      const valueHash = reader.hash()
      if (path === undefined || valueHash === undefined) return undefined
      if (isWithin(range, path) || !sharesBits(path, place, depth)) return undefined
      return leafHash(sha256, path, valueHash)
    }
    case Mark.BRANCH: {
      if (depth >= DEEPEST) return undefined
      let middle = from
      while (middle < to && bitOf(paths[middle]!, depth) === 0) middle++
      const left = rangeNode(work, from, middle, depth + 1)
      if (left === undefined) return undefined
      setBit(place, depth, 1)
      const right = rangeNode(work, middle, to, depth + 1)
      setBit(place, depth, 0)
      return right === undefined ? undefined : branchHash(sha256, left, right)
    }
    default:
      return undefined
  }
}

/** The hash of the subtree at `depth` that has just these leaves. */
function subtreeHash(
  sha256: Sha256,
  paths: readonly Uint8Array[],
  hashes: readonly Uint8Array[],
  from: number,
  to: number,
  depth: number,
): Uint8Array {
  if (from === to) return nothing()
  if (to - from === 1) return hashes[from]!
  let middle = from
  while (middle < to && bitOf(paths[middle]!, depth) === 0) middle++
  return branchHash(
    sha256,
    subtreeHash(sha256, paths, hashes, from, middle, depth + 1),
    subtreeHash(sha256, paths, hashes, middle, to, depth + 1),
  )
}

/** Where all paths that begin with the first `depth` bits of `place` are: `place` has zeros behind them. */
export function placeInRange(range: PathRange, place: Uint8Array, depth: number): 'inside' | 'outside' | 'partly' {
  const last = place.slice()
  for (let bit = depth; bit < DEEPEST; bit++) setBit(last, bit, 1)
  const { from, to } = range
  if (comparePaths(last, from) < 0 || (to !== undefined && comparePaths(place, to) >= 0)) return 'outside'
  return comparePaths(place, from) >= 0 && (to === undefined || comparePaths(last, to) < 0) ? 'inside' : 'partly'
}

export function isWithin({ from, to }: PathRange, path: Uint8Array): boolean {
  return comparePaths(path, from) >= 0 && (to === undefined || comparePaths(path, to) < 0)
}

interface ProofReader {
  /** Undefined when there is no more. */
  mark(): number | undefined
  /** The next 32 bytes. */
  hash(): Uint8Array | undefined
  /** Whether all was read, and what fills the last byte of marks is zero. */
  isAtEnd(): boolean
}

function proofReader(proof: Uint8Array): ProofReader | undefined {
  if (proof.length < PROOF_HEAD_BYTES || proof[0] !== PROOF_VERSION) return undefined
  const hashesAt = PROOF_HEAD_BYTES + proof[1]! * 256 + proof[2]!
  if (hashesAt > proof.length) return undefined
  let marks = 0
  let at = hashesAt
  const markAt = (index: number) => (proof[PROOF_HEAD_BYTES + (index >> 2)]! >> (6 - 2 * (index & 3))) & 3
  const room = (hashesAt - PROOF_HEAD_BYTES) * 4
  return {
    mark: () => (marks < room ? markAt(marks++) : undefined),
    hash() {
      if (at + HASH_BYTES > proof.length) return undefined
      at += HASH_BYTES
      return proof.subarray(at - HASH_BYTES, at)
    },
    isAtEnd() {
      if (at !== proof.length || room - marks > 3) return false
      for (let index = marks; index < room; index++) if (markAt(index) !== 0) return false
      return true
    },
  }
}

export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < HASH_BYTES; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return 0
}

function samePath(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && comparePaths(a, b) === 0
}

/** Whether two paths begin with the same `count` bits. */
function sharesBits(a: Uint8Array, b: Uint8Array, count: number): boolean {
  for (let bit = 0; bit < count; bit++) if (bitOf(a, bit) !== bitOf(b, bit)) return false
  return true
}

export function bitOf(path: Uint8Array, depth: number): 0 | 1 {
  return ((path[depth >> 3]! >> (7 - (depth & 7))) & 1) as 0 | 1
}

export function setBit(path: Uint8Array, depth: number, bit: 0 | 1): void {
  const mask = 0x80 >> (depth & 7)
  if (bit === 1) path[depth >> 3]! |= mask
  else path[depth >> 3]! &= ~mask
}

/** The hash of a place where nothing is. */
function nothing(): Uint8Array {
  return new Uint8Array(HASH_BYTES)
}

function leafHash(sha256: Sha256, path: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return pairHash(sha256, 0, path, valueHash)
}

function branchHash(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  return pairHash(sha256, 1, left, right)
}

function pairHash(sha256: Sha256, prefix: number, first: Uint8Array, second: Uint8Array): Uint8Array {
  const pair = new Uint8Array(1 + 2 * HASH_BYTES)
  pair[0] = prefix
  pair.set(first, 1)
  pair.set(second, 1 + HASH_BYTES)
  return sha256(pair)
}
