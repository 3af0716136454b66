/** Makes the proofs that `verify.ts` checks, from any tree of this form: in memory, or read from a disk. */
import { sha256 } from '../../../crypto/index.ts'
import {
  bitOf,
  comparePaths,
  isWithin,
  Mark,
  type PathRange,
  PROOF_HEAD_BYTES,
  PROOF_VERSION,
  placeInRange,
  setBit,
} from './verify.ts'

/** A place of the tree as the prover sees it; undefined: nothing is there. What is below a branch is read when it is asked for. */
export type TreeView = LeafView | BranchView | undefined

export interface LeafView {
  readonly kind: 'leaf'
  readonly path: Uint8Array
  readonly valueHash: Uint8Array
  readonly hash: Uint8Array
}

export interface BranchView {
  readonly kind: 'branch'
  readonly hash: Uint8Array
  sides(): readonly [left: TreeView, right: TreeView]
}

/** Proves what the map has under each of the keys. Keys that come twice are proven once. */
export function proveKeys(top: TreeView, keys: readonly Uint8Array[]): Uint8Array {
  const paths = keys.map((key) => sha256(key)).sort(comparePaths)
  const writer = new ProofWriter()
  const walk = (node: TreeView, from: number, to: number, depth: number): void => {
    if (from === to) writer.summary(node)
    else if (node === undefined) writer.mark(Mark.EMPTY)
    else if (node.kind === 'leaf') {
      const isAsked = paths.slice(from, to).some((path) => comparePaths(path, node.path) === 0)
      writer.leaf(node, !isAsked)
    } else {
      writer.mark(Mark.BRANCH)
      let middle = from
      while (middle < to && bitOf(paths[middle]!, depth) === 0) middle++
      const [left, right] = node.sides()
      walk(left, from, middle, depth + 1)
      walk(right, middle, to, depth + 1)
    }
  }
  walk(top, 0, paths.length, 0)
  return writer.bytes()
}

/** Proves that the entries in the range are all that the map has there. */
export function proveRange(top: TreeView, range: PathRange): Uint8Array {
  const writer = new ProofWriter()
  const place = new Uint8Array(32)
  const walk = (node: TreeView, depth: number): void => {
    const where = placeInRange(range, place, depth)
    if (where === 'inside') return
    if (where === 'outside') writer.summary(node)
    else if (node === undefined) writer.mark(Mark.EMPTY)
    else if (node.kind === 'leaf') writer.leaf(node, !isWithin(range, node.path))
    else {
      writer.mark(Mark.BRANCH)
      const [left, right] = node.sides()
      walk(left, depth + 1)
      setBit(place, depth, 1)
      walk(right, depth + 1)
      setBit(place, depth, 0)
    }
  }
  walk(top, 0)
  return writer.bytes()
}

class ProofWriter {
  readonly #marks: number[] = []
  readonly #hashes: Uint8Array[] = []

  mark(mark: number): void {
    this.#marks.push(mark)
  }

  /** `named`: whoever checks the proof does not know this entry. */
  leaf({ path, valueHash }: LeafView, named: boolean): void {
    this.mark(Mark.LEAF)
    if (named) this.#hashes.push(path, valueHash)
  }

  /** A place that nobody asked about. */
  summary(node: TreeView): void {
    this.mark(node === undefined ? Mark.EMPTY : Mark.HASH)
    if (node !== undefined) this.#hashes.push(node.hash)
  }

  bytes(): Uint8Array {
    const markBytes = Math.ceil(this.#marks.length / 4)
    if (markBytes > 0xffff) throw new RangeError('too many keys for one proof')
    const out = new Uint8Array(PROOF_HEAD_BYTES + markBytes + 32 * this.#hashes.length)
    out[0] = PROOF_VERSION
    out[1] = markBytes >> 8
    out[2] = markBytes & 0xff
    for (const [index, mark] of this.#marks.entries())
      out[PROOF_HEAD_BYTES + (index >> 2)]! |= mark << (6 - 2 * (index & 3))
    for (const [index, hash] of this.#hashes.entries()) out.set(hash, PROOF_HEAD_BYTES + markBytes + 32 * index)
    return out
  }
}
