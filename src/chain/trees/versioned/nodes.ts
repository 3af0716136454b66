/**
 * The nodes of a versioned map as they are stored: each is written once, under the height that made it and its path, and is
 * never changed (the layout of the Jellyfish Merkle Tree). A *page* is four levels of the binary tree: sixteen places, in each
 * nothing, an entry, or a page below. Hashes are those of the binary tree, so the root is that of `state-map.ts`.
 */
import { ChordnsError, compareBytes } from '../../../base/index.ts'
import { sha256 } from '../../../crypto/index.ts'
import { hashPair } from '../hash-pair.ts'

/** What pages name: an entry, or a page below. `height`: of the block that wrote it. */
export type NodeRef = EntryRef | PageRef

export interface EntryRef {
  readonly kind: 'entry'
  /** SHA-256 of the key. */
  readonly path: Uint8Array
  readonly valueHash: Uint8Array
  readonly height: number
}

export interface PageRef {
  readonly kind: 'page'
  readonly hash: Uint8Array
  readonly height: number
}

/** Sixteen places, by the next four bits of the path. */
export type Page = readonly (NodeRef | undefined)[]

/** Where nodes are read from, by `nodeKey`. */
export interface NodeReader {
  get(key: Uint8Array): Uint8Array | undefined
}

export const PLACES = 16
/** Steps of four bits in a path. */
export const PATH_STEPS = 64
const EMPTY = new Uint8Array(32)

/** Which place of a page at `step` a path leads to. */
export function placeOf(path: Uint8Array, step: number): number {
  const byte = path[step >> 1]!
  return (step & 1) === 0 ? byte >> 4 : byte & 15
}

/** Height, steps, path: keys are in the order of heights. `step`: how many steps of `path` lead to the node; an entry has all. */
export function nodeKey(height: number, path: Uint8Array, step: number): Uint8Array {
  const bytes = (step + 1) >> 1
  const key = new Uint8Array(7 + bytes)
  writeHeight(key, 0, height)
  key[6] = step
  key.set(path.subarray(0, bytes), 7)
  if ((step & 1) === 1) key[6 + bytes]! &= 0xf0
  return key
}

export function heightOfKey(key: Uint8Array): number {
  return readHeight(key, 0)
}

/** 32 bytes; zeros for nothing. `nothing`: where no node is. */
export function hashOfRef(ref: NodeRef | undefined): Uint8Array {
  if (ref === undefined) return EMPTY
  return ref.kind === 'page' ? ref.hash : hashPair(0, ref.path, ref.valueHash)
}

export function hashOfPage(page: Page): Uint8Array {
  return hashOfPlaces(page, 0, PLACES)
}

/** The hash of the subtree over `count` places from `first` on; a subtree with one entry is that entry. */
export function hashOfPlaces(page: Page, first: number, count: number): Uint8Array {
  const only = onlyRef(page, first, count)
  if (only === undefined) return EMPTY
  if (only !== 'many' && (only.kind === 'entry' || count === 1)) return hashOfRef(only)
  const half = count / 2
  return hashPair(1, hashOfPlaces(page, first, half), hashOfPlaces(page, first + half, half))
}

/** What stands in these places, if it is one node or none. */
export function onlyRef(page: Page, first: number, count: number): NodeRef | 'many' | undefined {
  let only: NodeRef | undefined
  for (let place = first; place < first + count; place++) {
    const ref = page[place]
    if (ref === undefined) continue
    if (only !== undefined) return 'many'
    only = ref
  }
  return only
}

/** Two maps of places (taken, entries), then the nodes in their order. */
export function encodePage(page: Page): Uint8Array {
  let taken = 0
  let entries = 0
  let length = 4
  for (let place = 0; place < PLACES; place++) {
    const ref = page[place]
    if (ref === undefined) continue
    taken |= 1 << place
    if (ref.kind === 'entry') entries |= 1 << place
    length += refBytes(ref.kind)
  }
  const bytes = new Uint8Array(length)
  bytes[0] = taken >> 8
  bytes[1] = taken & 0xff
  bytes[2] = entries >> 8
  bytes[3] = entries & 0xff
  let at = 4
  for (const ref of page) if (ref !== undefined) at = writeRef(bytes, at, ref)
  return bytes
}

/** Throws CHAIN_STATE_DAMAGED. */
export function decodePage(bytes: Uint8Array): Page {
  const taken = bytes[0]! * 256 + bytes[1]!
  const entries = bytes[2]! * 256 + bytes[3]!
  const page: (NodeRef | undefined)[] = new Array(PLACES)
  let at = 4
  for (let place = 0; place < PLACES; place++) {
    if ((taken & (1 << place)) === 0) continue
    const kind = (entries & (1 << place)) !== 0 ? 'entry' : 'page'
    page[place] = readRef(bytes, at, kind)
    at += refBytes(kind)
  }
  if (bytes.length < 4 || at !== bytes.length) throw damaged('a page')
  return page
}

/** A node that stands alone, as the top of a version does. */
export function encodeTop(top: NodeRef | undefined): Uint8Array {
  if (top === undefined) return new Uint8Array()
  const bytes = new Uint8Array(refBytes(top.kind))
  writeRef(bytes, 0, top)
  return bytes
}

/** Throws CHAIN_STATE_DAMAGED. */
export function decodeTop(bytes: Uint8Array): NodeRef | undefined {
  if (bytes.length === 0) return undefined
  for (const kind of ['entry', 'page'] as const) if (bytes.length === refBytes(kind)) return readRef(bytes, 0, kind)
  throw damaged('the top of a version')
}

/** Length of the key, key, value. */
export function encodeEntry(key: Uint8Array, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + key.length + value.length)
  bytes[0] = key.length >> 8
  bytes[1] = key.length & 0xff
  bytes.set(key, 2)
  bytes.set(value, 2 + key.length)
  return bytes
}

/** Throws CHAIN_STATE_DAMAGED, also when it is not the entry that `ref` names. */
export function decodeEntry(
  bytes: Uint8Array,
  ref: EntryRef,
): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const valueAt = 2 + bytes[0]! * 256 + bytes[1]!
  if (!(valueAt <= bytes.length)) throw damaged('an entry')
  const key = bytes.subarray(2, valueAt)
  const value = bytes.subarray(valueAt)
  if (compareBytes(sha256(value), ref.valueHash) !== 0) throw damaged('a value')
  return { key, value }
}

/** Throws CHAIN_STATE_DAMAGED when the node is not there: versions that are kept have all of theirs. */
export function readPage(reader: NodeReader, ref: PageRef, path: Uint8Array, step: number): Page {
  const bytes = reader.get(nodeKey(ref.height, path, step))
  if (bytes === undefined) throw damaged('a page is missing')
  return decodePage(bytes)
}

/** Throws CHAIN_STATE_DAMAGED. */
export function readEntry(reader: NodeReader, ref: EntryRef) {
  const bytes = reader.get(nodeKey(ref.height, ref.path, PATH_STEPS))
  if (bytes === undefined) throw damaged('an entry is missing')
  return decodeEntry(bytes, ref)
}

export function damaged(what: string): ChordnsError {
  return new ChordnsError('CHAIN_STATE_DAMAGED', `the state on disk is damaged: ${what}`, { what })
}

function refBytes(kind: NodeRef['kind']): number {
  return kind === 'entry' ? 70 : 38
}

function writeRef(bytes: Uint8Array, start: number, ref: NodeRef): number {
  let at = start
  if (ref.kind === 'entry') {
    bytes.set(ref.path, at)
    bytes.set(ref.valueHash, at + 32)
    at += 64
  } else {
    bytes.set(ref.hash, at)
    at += 32
  }
  writeHeight(bytes, at, ref.height)
  return at + 6
}

function readRef(bytes: Uint8Array, at: number, kind: NodeRef['kind']): NodeRef {
  if (at + refBytes(kind) > bytes.length) throw damaged('a node is cut off')
  if (kind === 'page') return { kind, hash: bytes.subarray(at, at + 32), height: readHeight(bytes, at + 32) }
  return {
    kind,
    path: bytes.subarray(at, at + 32),
    valueHash: bytes.subarray(at + 32, at + 64),
    height: readHeight(bytes, at + 64),
  }
}

/** Six bytes. */
export function writeHeight(bytes: Uint8Array, at: number, height: number): void {
  const high = Math.floor(height / 2 ** 32)
  bytes[at] = high >> 8
  bytes[at + 1] = high & 0xff
  bytes[at + 2] = (height >>> 24) & 0xff
  bytes[at + 3] = (height >>> 16) & 0xff
  bytes[at + 4] = (height >>> 8) & 0xff
  bytes[at + 5] = height & 0xff
}

export function readHeight(bytes: Uint8Array, at: number): number {
  let height = 0
  for (let i = at; i < at + 6; i++) height = height * 256 + bytes[i]!
  return height
}
