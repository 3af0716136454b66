/** One block's changes on a versioned map: the new top, the nodes to write, and those that no later version needs. */
import { equalBytes } from '../../../base/index.ts'
import { sha256 } from '../../../crypto/index.ts'
import { comparePaths } from '../proofs/verify.ts'
import {
  encodeEntry,
  encodePage,
  hashOfPage,
  type NodeReader,
  type NodeRef,
  nodeKey,
  onlyRef,
  PATH_STEPS,
  type Page,
  PLACES,
  placeOf,
  readPage,
} from './nodes.ts'

/** `value: undefined` deletes. */
export interface StateChange {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

export interface ChangedTop {
  readonly top: NodeRef | undefined
  /** New nodes, by their keys. */
  readonly puts: readonly (readonly [key: Uint8Array, bytes: Uint8Array])[]
  /** Keys of nodes that versions from this height on do not have. */
  readonly stale: readonly Uint8Array[]
  /** By how many entries the map grew. */
  readonly grown: number
}

/**
 * The map under `top` after the changes of the block at `height`. Of several changes of a key the last one counts. What changes
 * nothing writes nothing. Throws CHAIN_STATE_DAMAGED.
 */
export function changeTop(
  reader: NodeReader,
  top: NodeRef | undefined,
  height: number,
  changes: readonly StateChange[],
): ChangedTop {
  const work: ChangeWork = { reader, height, puts: [], stale: [], grown: 0 }
  const sorted = sortedChanges(changes)
  const changed = changedRef(work, top, sorted, 0, sorted.length, 0)
  return { top: changed, puts: work.puts, stale: work.stale, grown: work.grown }
}

interface PathChange extends StateChange {
  readonly path: Uint8Array
}

interface ChangeWork {
  readonly reader: NodeReader
  readonly height: number
  readonly puts: (readonly [Uint8Array, Uint8Array])[]
  readonly stale: Uint8Array[]
  grown: number
}

function sortedChanges(changes: readonly StateChange[]): readonly PathChange[] {
  const all = changes.map((change, index) => ({ path: sha256(change.key), index, ...change }))
  all.sort((a, b) => comparePaths(a.path, b.path) || a.index - b.index)
  return all.filter(({ path }, i) => i + 1 === all.length || comparePaths(path, all[i + 1]!.path) !== 0)
}

/** The node at `step` after the changes number `from` to `to`, all of which lead to it; the same object when nothing changed. */
function changedRef(
  work: ChangeWork,
  ref: NodeRef | undefined,
  changes: readonly PathChange[],
  from: number,
  to: number,
  step: number,
): NodeRef | undefined {
  if (from === to) return ref
  if (ref?.kind !== 'page') return withoutPage(work, ref, changes, from, to, step)
  const { path } = changes[from]!
  const page = readPage(work.reader, ref, path, step)
  const next: (NodeRef | undefined)[] = page.slice()
  let isChanged = false
  for (let start = from; start < to; ) {
    const place = placeOf(changes[start]!.path, step)
    let end = start + 1
    while (end < to && placeOf(changes[end]!.path, step) === place) end++
    next[place] = changedRef(work, page[place], changes, start, end, step + 1)
    if (next[place] !== page[place]) isChanged = true
    start = end
  }
  if (!isChanged) return ref
  work.stale.push(nodeKey(ref.height, path, step))
  return writtenPage(work, next, path, step)
}

/** Where nothing or one entry was: what is there now. */
function withoutPage(
  work: ChangeWork,
  before: NodeRef | undefined,
  changes: readonly PathChange[],
  from: number,
  to: number,
  step: number,
): NodeRef | undefined {
  let old = before?.kind === 'entry' ? before : undefined
  const entries: NodeRef[] = []
  for (let i = from; i < to; i++) {
    const change = changes[i]!
    const order = old === undefined ? 1 : comparePaths(old.path, change.path)
    if (old !== undefined && order < 0) {
      entries.push(old)
      old = undefined
    }
    const entry = changedEntry(work, order === 0 ? old : undefined, change)
    if (order === 0) old = undefined
    if (entry !== undefined) entries.push(entry)
  }
  if (old !== undefined) entries.push(old)
  return built(work, entries, 0, entries.length, step)
}

function changedEntry(
  work: ChangeWork,
  old: NodeRef | undefined,
  { key, value, path }: PathChange,
): NodeRef | undefined {
  const valueHash = value === undefined ? undefined : sha256(value)
  if (old?.kind === 'entry') {
    if (valueHash !== undefined && equalBytes(valueHash, old.valueHash)) return old
    work.stale.push(nodeKey(old.height, path, PATH_STEPS))
  }
  work.grown += (value === undefined ? 0 : 1) - (old === undefined ? 0 : 1)
  if (value === undefined || valueHash === undefined) return undefined
  work.puts.push([nodeKey(work.height, path, PATH_STEPS), encodeEntry(key, value)])
  return { kind: 'entry', path, valueHash, height: work.height }
}

/** The subtree at `step` of these entries, which are in the order of their paths. */
function built(
  work: ChangeWork,
  entries: readonly NodeRef[],
  from: number,
  to: number,
  step: number,
): NodeRef | undefined {
  if (to - from <= 1) return entries[from]
  const page: (NodeRef | undefined)[] = new Array(PLACES)
  const pathOf = (index: number) => (entries[index] as { readonly path: Uint8Array }).path
  for (let start = from; start < to; ) {
    const place = placeOf(pathOf(start), step)
    let end = start + 1
    while (end < to && placeOf(pathOf(end), step) === place) end++
    page[place] = built(work, entries, start, end, step + 1)
    start = end
  }
  return writtenPage(work, page, pathOf(from), step)
}

/** A page of one entry is that entry: the same map has the same root, whatever was in it before. */
function writtenPage(work: ChangeWork, page: Page, path: Uint8Array, step: number): NodeRef | undefined {
  const only = onlyRef(page, 0, PLACES)
  if (only === undefined || (only !== 'many' && only.kind === 'entry')) return only
  work.puts.push([nodeKey(work.height, path, step), encodePage(page)])
  return { kind: 'page', hash: hashOfPage(page), height: work.height }
}
