/**
 * The state of a ledger chain in a store: the map after each of the last blocks. A block is written with one batch; what only older
 * versions need is listed beside it, and is removed when they are no longer kept.
 */
import { ChordnsError, equalBytes, type Store, type StoreWrite, toHex } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { proveKeys } from '../trees/proofs/prove.ts'
import { type ChangedTop, changeTop, type StateChange } from '../trees/versioned/change.ts'
import { damaged, hashOfRef, heightOfKey, type NodeReader, readHeight } from '../trees/versioned/nodes.ts'
import { valueUnder, viewOfTop } from '../trees/versioned/read.ts'
import { makePiece, type PieceRequest, type StatePiece } from './pieces.ts'
import {
  decodeStale,
  decodeVersion,
  encodeHeight,
  encodeStale,
  encodeVersion,
  heightOfRow,
  heightRowKey,
  rowKey,
  STATE_ROW,
  type StateVersion,
} from './rows.ts'

export type StatePairs = Pick<Store, 'get' | 'batch' | 'range'>

/** Of the newest version. */
export interface StateHead {
  readonly height: number
  readonly root: Uint8Array
  /** Entries. */
  readonly size: number
}

export interface ProvenValues {
  /** In the order of the keys. */
  readonly values: readonly (Uint8Array | undefined)[]
  readonly proof: Uint8Array
}

interface Candidate extends ChangedTop {
  readonly height: number
  readonly root: Uint8Array
}

export class VersionedState {
  readonly #pairs: StatePairs
  readonly #nodes: NodeReader
  /** What `prepare` has computed for the next height, the newest last. */
  #candidates: Candidate[] = []

  constructor(pairs: StatePairs) {
    this.#pairs = pairs
    this.#nodes = nodesIn(pairs)
  }

  /** Undefined before the first block. */
  head(): StateHead | undefined {
    const bytes = this.#pairs.get(rowKey(STATE_ROW.head))
    if (bytes === undefined) return undefined
    const height = readHeight(bytes, 0)
    const { top, size } = this.#version(height)
    return { height, root: hashOfRef(top), size }
  }

  /** The oldest height that can be read. */
  oldest(): number | undefined {
    for (const [key] of this.#pairs.range(rowKey(STATE_ROW.version), rowKey(STATE_ROW.version + 1)))
      return heightOfRow(key)
    return undefined
  }

  has(height: number): boolean {
    return this.#pairs.get(heightRowKey(STATE_ROW.version, height)) !== undefined
  }

  /** Throws CHAIN_STATE_GONE when this height is not kept. */
  root(height: number): Uint8Array {
    return hashOfRef(this.#version(height).top)
  }

  /** Throws CHAIN_STATE_GONE, CHAIN_STATE_DAMAGED. */
  read(height: number, keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const { top } = this.#version(height)
    return keys.map((key) => valueUnder(this.#nodes, top, key))
  }

  /** Throws CHAIN_STATE_GONE, CHAIN_STATE_DAMAGED. */
  prove(height: number, keys: readonly Uint8Array[]): ProvenValues {
    const { top } = this.#version(height)
    return { values: this.read(height, keys), proof: proveKeys(viewOfTop(this.#nodes, top), keys) }
  }

  /** Throws CHAIN_STATE_GONE, CHAIN_STATE_DAMAGED. */
  piece({ height, from, to }: PieceRequest): StatePiece {
    return makePiece(this.#nodes, this.#version(height).top, { from, to })
  }

  /**
   * The root after the changes of a block that may become the next one; nothing is written. Throws CHAIN_STATE_ORDER when the
   * height is not above the newest one or while pieces come, a RangeError for keys and values that are too long.
   */
  prepare(height: number, changes: readonly StateChange[]): Uint8Array {
    const head = this.head()
    if (head !== undefined && height <= head.height) throw outOfOrder(height, head)
    const changed = this.changed(head?.height ?? 0, height, changes)
    const root = hashOfRef(changed.top)
    this.#candidates = [...this.#candidates.slice(1 - limits.MAX_PREPARED), { ...changed, height, root }]
    return root
  }

  /** What changes on the version `base` (0: nothing) come to, as nodes of `height`. Throws as `prepare` does. */
  changed(base: number, height: number, changes: readonly StateChange[]): ChangedTop {
    if (this.#pairs.get(rowKey(STATE_ROW.assembly)) !== undefined)
      throw new ChordnsError('CHAIN_STATE_ORDER', 'the state is being put together from pieces', { height })
    for (const { key, value } of changes)
      if (key.length > limits.MAX_STATE_KEY_BYTES || (value?.length ?? 0) > limits.MAX_STATE_VALUE_BYTES)
        throw new RangeError(`an entry of ${key.length} and ${value?.length} bytes`)
    return changeTop(this.#nodes, base === 0 ? undefined : this.#version(base).top, height, changes)
  }

  /** Writes the block that was prepared with this root. Throws CHAIN_STATE_ORDER when none was, and as the store does. */
  commit(height: number, root: Uint8Array): void {
    const chosen = this.#candidates.find((one) => one.height === height && equalBytes(one.root, root))
    if (chosen === undefined) throw outOfOrder(height, this.head())
    this.write(height, chosen)
  }

  /**
   * Writes what `changed` made of the newest version, and what is to stand beside it. Throws CHAIN_STATE_ORDER when it is past this height, and
   * as the store does.
   */
  write(
    height: number,
    { puts, stale, top, grown }: ChangedTop,
    beside: readonly StoreWrite[] = [],
    isDurable = false,
  ): void {
    const head = this.head()
    if (head !== undefined && height <= head.height) throw outOfOrder(height, head)
    const writes: StoreWrite[] = [
      ...puts.map(([key, value]): StoreWrite => ({ kind: 'put', key: rowKey(STATE_ROW.node, key), value })),
      ...staleRows(height, stale),
      ...versionRows(height, { top, size: (head?.size ?? 0) + grown }),
      ...beside,
    ]
    this.#pairs.batch(writes, { durable: isDurable })
    this.#candidates = []
  }

  /**
   * Removes some of what only versions below `height` need; the newest version stays. True when there is more: to be called again, so that
   * others have their turn in between.
   */
  pruneSome(height: number): boolean {
    const head = this.head()
    if (head === undefined || height <= 0) return false
    const below = Math.min(height, head.height)
    const writes = this.#outdated(below)
    if (writes.length > 0) this.#pairs.batch(writes, { durable: false })
    return writes.length >= limits.PRUNED_AT_ONCE
  }

  /** First the versions, so that none is found whose nodes are gone; then what went stale; then what a snapshot replaced. */
  #outdated(below: number): StoreWrite[] {
    const writes: StoreWrite[] = []
    const drop = (key: Uint8Array) => writes.push({ kind: 'delete', key })
    const isEnough = () => writes.length >= limits.PRUNED_AT_ONCE
    const until = (kind: number, end: number) => this.#pairs.range(rowKey(kind), heightRowKey(kind, end))
    for (const [key] of until(STATE_ROW.version, below)) {
      drop(key)
      if (isEnough()) return writes
    }
    for (const [key, value] of until(STATE_ROW.stale, below + 1)) {
      for (const node of decodeStale(value)) drop(rowKey(STATE_ROW.node, node))
      drop(key)
      if (isEnough()) return writes
    }
    const floor = this.#pairs.get(rowKey(STATE_ROW.floor))
    if (floor === undefined || readHeight(floor, 0) > below) return writes
    for (const [key] of until(STATE_ROW.node, readHeight(floor, 0))) {
      drop(key)
      if (isEnough()) return writes
    }
    drop(rowKey(STATE_ROW.floor))
    return writes
  }

  #version(height: number): StateVersion {
    const bytes = this.#pairs.get(heightRowKey(STATE_ROW.version, height))
    if (bytes === undefined)
      throw new ChordnsError('CHAIN_STATE_GONE', `the state of height ${height} is not kept`, { height })
    return decodeVersion(bytes)
  }
}

export function nodesIn(pairs: Pick<StatePairs, 'get'>): NodeReader {
  return { get: (key) => pairs.get(rowKey(STATE_ROW.node, key)) }
}

/** What makes a version the newest one. */
export function versionRows(height: number, version: StateVersion): StoreWrite[] {
  return [
    { kind: 'put', key: heightRowKey(STATE_ROW.version, height), value: encodeVersion(version) },
    { kind: 'put', key: rowKey(STATE_ROW.head), value: encodeHeight(height) },
  ]
}

function staleRows(height: number, stale: readonly Uint8Array[]): StoreWrite[] {
  const rows: StoreWrite[] = []
  for (let start = 0; start < stale.length; start += limits.STALE_OF_A_ROW) {
    const keys = stale.slice(start, start + limits.STALE_OF_A_ROW)
    if (keys.some((key) => heightOfKey(key) >= height)) throw damaged('a node of a height that is yet to come')
    rows.push({ kind: 'put', key: heightRowKey(STATE_ROW.stale, height, rows.length), value: encodeStale(keys) })
  }
  return rows
}

function outOfOrder(height: number, head: StateHead | undefined) {
  const at = head === undefined ? 'nothing' : `height ${head.height}, root ${toHex(head.root)}`
  return new ChordnsError('CHAIN_STATE_ORDER', `no prepared block of height ${height} follows ${at}`, { height })
}
