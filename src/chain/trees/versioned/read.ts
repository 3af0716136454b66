/** One version of a versioned map, read: a value, the entries in order, and the tree as the provers see it. */
import { equalBytes } from '../../../base/index.ts'
import { sha256 } from '../../../crypto/index.ts'
import type { TreeView } from '../proofs/prove.ts'
import { comparePaths, isWithin, type PathRange, type RangeEntry } from '../proofs/verify.ts'
import {
  hashOfPlaces,
  hashOfRef,
  type NodeReader,
  type NodeRef,
  onlyRef,
  type Page,
  type PageRef,
  PLACES,
  placeOf,
  readEntry,
  readPage,
} from './nodes.ts'

/** Throws CHAIN_STATE_DAMAGED. */
export function valueUnder(reader: NodeReader, top: NodeRef | undefined, key: Uint8Array): Uint8Array | undefined {
  const path = sha256(key)
  let ref = top
  for (let step = 0; ref?.kind === 'page'; step++) ref = readPage(reader, ref, path, step)[placeOf(path, step)]
  return ref !== undefined && equalBytes(ref.path, path) ? readEntry(reader, ref).value : undefined
}

/** Entries of a range in the order of their paths, read as they are taken. */
export function* entriesIn(reader: NodeReader, top: NodeRef | undefined, range: PathRange): Generator<PlacedEntry> {
  yield* entriesBelow(reader, top, new Uint8Array(32), 0, range)
}

export interface PlacedEntry extends RangeEntry {
  readonly path: Uint8Array
}

function* entriesBelow(
  reader: NodeReader,
  ref: NodeRef | undefined,
  way: Uint8Array,
  step: number,
  range: PathRange,
): Generator<PlacedEntry> {
  if (ref === undefined) return
  if (ref.kind === 'entry') {
    if (!isWithin(range, ref.path)) return
    yield { path: ref.path, ...readEntry(reader, ref) }
    return
  }
  const page = readPage(reader, ref, way, step)
  for (let place = 0; place < PLACES; place++) {
    const below = page[place]
    if (below === undefined) continue
    const there = wayTo(way, step, place)
    if (range.to !== undefined && comparePaths(there, range.to) >= 0) return
    if (!endsBefore(there, step + 1, range.from)) yield* entriesBelow(reader, below, there, step + 1, range)
  }
}

/** Whether all paths that begin with these steps are below `bound`. */
function endsBefore(way: Uint8Array, steps: number, bound: Uint8Array): boolean {
  for (let step = 0; step < steps; step++) {
    const difference = placeOf(way, step) - placeOf(bound, step)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** The tree as the provers see it: pages are read as they are come to. */
export function viewOfTop(reader: NodeReader, top: NodeRef | undefined): TreeView {
  return viewOfRef(reader, top, new Uint8Array(32), 0)
}

function viewOfRef(reader: NodeReader, ref: NodeRef | undefined, way: Uint8Array, step: number): TreeView {
  if (ref === undefined) return undefined
  if (ref.kind === 'entry') {
    const { path, valueHash } = ref
    return { kind: 'leaf', path, valueHash, hash: hashOfRef(ref) }
  }
  return {
    kind: 'branch',
    hash: ref.hash,
    sides: () => sidesOf(reader, readPage(reader, ref, way, step), way, step, 0, PLACES),
  }
}

function sidesOf(
  reader: NodeReader,
  page: Page,
  way: Uint8Array,
  step: number,
  first: number,
  count: number,
): readonly [TreeView, TreeView] {
  const half = count / 2
  return [viewOfPlaces(reader, page, way, step, first, half), viewOfPlaces(reader, page, way, step, first + half, half)]
}

function viewOfPlaces(
  reader: NodeReader,
  page: Page,
  way: Uint8Array,
  step: number,
  first: number,
  count: number,
): TreeView {
  const only = onlyRef(page, first, count)
  if (only === undefined) return undefined
  if (only !== 'many' && only.kind === 'entry') return viewOfRef(reader, only, way, step)
  if (count === 1) return viewOfRef(reader, only as PageRef, wayTo(way, step, first), step + 1)
  return {
    kind: 'branch',
    get hash() {
      return hashOfPlaces(page, first, count)
    },
    sides: () => sidesOf(reader, page, way, step, first, count),
  }
}

/** `way`, and one step more. */
function wayTo(way: Uint8Array, step: number, place: number): Uint8Array {
  const there = way.slice()
  there[step >> 1]! |= (step & 1) === 0 ? place << 4 : place
  return there
}
