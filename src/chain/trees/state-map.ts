/**
 * An authenticated map: a sparse Merkle tree over SHA-256(key) in which a subtree with one entry is that entry's leaf, so
 * the root depends on the entries only and never on how they came. Maps are values: changing one makes another that shares
 * what is the same.
 */
import { equalBytes } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { hashPair } from './hash-pair.ts'
import type { TreeView } from './proofs/prove.ts'

export interface StateEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

interface Leaf extends StateEntry {
  readonly kind: 'leaf'
  readonly path: Uint8Array
  readonly hash: Uint8Array
}

interface Inner {
  readonly kind: 'inner'
  readonly left: Node
  readonly right: Node
  readonly size: number
  /**
   * Not before it is asked for: of all that a block's transactions make and replace on the way to the root, only what is
   * left is hashed.
   */
  hash: Uint8Array | undefined
}

type Node = Leaf | Inner | undefined

export interface StateMap {
  readonly top: Leaf | Inner | undefined
  readonly size: number
}

/** From the root down to where the key's path ends: at an entry (its own or a stranger's), or at nothing. */
export interface StateProof {
  /** Top first. */
  readonly siblings: readonly Uint8Array[]
  readonly end: { readonly path: Uint8Array; readonly valueHash: Uint8Array } | undefined
}

const EMPTY = new Uint8Array(32)
const LEAF = 0
const INNER = 1

export const emptyStateMap: StateMap = { top: undefined, size: 0 }

/** 32 bytes; zeros for the empty map. */
export function stateRoot(map: StateMap): Uint8Array {
  return hashOf(map.top)
}

export function stateGet(map: StateMap, key: Uint8Array): Uint8Array | undefined {
  const path = sha256(key)
  let node: Node = map.top
  for (let depth = 0; node?.kind === 'inner'; depth++) node = bit(path, depth) === 0 ? node.left : node.right
  return node !== undefined && equalBytes(node.path, path) ? node.value : undefined
}

export function stateSet(map: StateMap, key: Uint8Array, value: Uint8Array): StateMap {
  const path = sha256(key)
  const hash = leafHash(path, sha256(value))
  return mapOf(insert(map.top, { kind: 'leaf', key, value, path, hash }, 0))
}

export function stateDelete(map: StateMap, key: Uint8Array): StateMap {
  return mapOf(remove(map.top, sha256(key), 0))
}

/** In the order of SHA-256(key). */
export function stateEntries(map: StateMap): StateEntry[] {
  const entries: StateEntry[] = []
  const walk = (node: Node): void => {
    if (node?.kind === 'leaf') entries.push({ key: node.key, value: node.value })
    else if (node !== undefined) {
      walk(node.left)
      walk(node.right)
    }
  }
  walk(map.top)
  return entries
}

/** The map as the provers of `proofs/` read it. */
export function stateView(map: StateMap): TreeView {
  return viewOf(map.top)
}

function viewOf(node: Node): TreeView {
  if (node === undefined) return undefined
  if (node.kind === 'leaf') return { kind: 'leaf', path: node.path, valueHash: sha256(node.value), hash: node.hash }
  return { kind: 'branch', hash: hashOf(node), sides: () => [viewOf(node.left), viewOf(node.right)] }
}

/** Proves what the map has under `key`, or that it has nothing. */
export function stateProof(map: StateMap, key: Uint8Array): StateProof {
  const path = sha256(key)
  const siblings: Uint8Array[] = []
  let node: Node = map.top
  while (node?.kind === 'inner') {
    const right = bit(path, siblings.length) === 1
    siblings.push(hashOf(right ? node.left : node.right))
    node = right ? node.right : node.left
  }
  return { siblings, end: node === undefined ? undefined : { path: node.path, valueHash: sha256(node.value) } }
}

/** True when the map under `root` has exactly `value` under `key`. */
export function verifyPresence(root: Uint8Array, key: Uint8Array, value: Uint8Array, proof: StateProof): boolean {
  const path = sha256(key)
  return (
    proof.end !== undefined &&
    equalBytes(proof.end.path, path) &&
    equalBytes(proof.end.valueHash, sha256(value)) &&
    leadsTo(root, path, proof)
  )
}

/** True when the map under `root` has nothing under `key`: its way ends at nothing, or at another's entry. */
export function verifyAbsence(root: Uint8Array, key: Uint8Array, proof: StateProof): boolean {
  const path = sha256(key)
  if (proof.end !== undefined) {
    if (equalBytes(proof.end.path, path)) return false
    // The stranger must stand on this key's way, or its leaf says nothing about the key.
    for (let depth = 0; depth < proof.siblings.length; depth++)
      if (bit(proof.end.path, depth) !== bit(path, depth)) return false
  }
  return leadsTo(root, path, proof)
}

function leadsTo(root: Uint8Array, path: Uint8Array, { siblings, end }: StateProof): boolean {
  if (siblings.length > 256 || siblings.some((hash) => hash.length !== 32)) return false
  if (end !== undefined && (end.path.length !== 32 || end.valueHash.length !== 32)) return false
  let hash = end === undefined ? EMPTY : leafHash(end.path, end.valueHash)
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth]!
    hash = bit(path, depth) === 1 ? innerHash(sibling, hash) : innerHash(hash, sibling)
  }
  return equalBytes(hash, root)
}

function insert(node: Node, leaf: Leaf, depth: number): Leaf | Inner {
  if (node === undefined) return leaf
  if (node.kind === 'leaf') return equalBytes(node.path, leaf.path) ? leaf : fork(node, leaf, depth)
  return bit(leaf.path, depth) === 1
    ? join(node.left, insert(node.right, leaf, depth + 1))
    : join(insert(node.left, leaf, depth + 1), node.right)
}

/** Two leaves below inner nodes down to where their paths part. */
function fork(a: Leaf, b: Leaf, depth: number): Inner {
  const bitA = bit(a.path, depth)
  if (bitA !== bit(b.path, depth)) return bitA === 1 ? join(b, a) : join(a, b)
  const below = fork(a, b, depth + 1)
  return bitA === 1 ? join(undefined, below) : join(below, undefined)
}

function remove(node: Node, path: Uint8Array, depth: number): Node {
  if (node === undefined) return undefined
  if (node.kind === 'leaf') return equalBytes(node.path, path) ? undefined : node
  const left = bit(path, depth) === 1 ? node.left : remove(node.left, path, depth + 1)
  const right = bit(path, depth) === 1 ? remove(node.right, path, depth + 1) : node.right
  if (left === node.left && right === node.right) return node
  // A subtree with one entry is that entry: the same map has the same root, whatever was in it before.
  if (left === undefined && right?.kind !== 'inner') return right
  if (right === undefined && left?.kind !== 'inner') return left
  return join(left, right)
}

function join(left: Node, right: Node): Inner {
  return {
    kind: 'inner',
    left,
    right,
    size: sizeOf(left) + sizeOf(right),
    hash: undefined,
  }
}

function mapOf(top: Node): StateMap {
  return { top, size: sizeOf(top) }
}

function sizeOf(node: Node): number {
  return node === undefined ? 0 : node.kind === 'leaf' ? 1 : node.size
}

function hashOf(node: Node): Uint8Array {
  if (node?.kind === 'inner') node.hash ??= innerHash(hashOf(node.left), hashOf(node.right))
  return node?.hash ?? EMPTY
}

function leafHash(path: Uint8Array, valueHash: Uint8Array): Uint8Array {
  return hashPair(LEAF, path, valueHash)
}

function innerHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashPair(INNER, left, right)
}

function bit(path: Uint8Array, depth: number): 0 | 1 {
  return ((path[depth >> 3]! >> (7 - (depth & 7))) & 1) as 0 | 1
}
