/** What of a state stands where in its store, and the bytes of each row. */
import { concatBytes } from '../../base/index.ts'
import { cborReader, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { damaged, decodeTop, encodeTop, type NodeRef, readHeight, writeHeight } from '../trees/versioned/nodes.ts'

const { readCbor, readRow, readInteger, readBytes, readHash, readList } = cborReader(damaged)

/** The first byte of a key. `note` is the chain's. `version` and `stale` are followed by a height, `node` by the node's own key. */
export const STATE_ROW = { head: 0, version: 1, stale: 2, node: 3, assembly: 4, floor: 5, note: 6 } as const

/** The map after one block. */
export interface StateVersion {
  readonly top: NodeRef | undefined
  /** Entries. */
  readonly size: number
}

/** A map that is being put together from pieces. */
export interface Assembly extends StateVersion {
  readonly height: number
  readonly root: Uint8Array
  /** What is not there yet, in order. */
  readonly gaps: readonly Gap[]
}

/** Paths from `from` on, up to `to` or the end. */
export interface Gap {
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
}

export function rowKey(kind: number, rest: Uint8Array = new Uint8Array()): Uint8Array {
  return concatBytes(Uint8Array.of(kind), rest)
}

/** In the order of heights; `part` counts the rows of one height. */
export function heightRowKey(kind: number, height: number, part?: number): Uint8Array {
  const rest = new Uint8Array(part === undefined ? 6 : 8)
  writeHeight(rest, 0, height)
  if (part !== undefined) new DataView(rest.buffer).setUint16(6, part)
  return rowKey(kind, rest)
}

export function heightOfRow(key: Uint8Array): number {
  return readHeight(key, 1)
}

export function encodeHeight(height: number): Uint8Array {
  const bytes = new Uint8Array(6)
  writeHeight(bytes, 0, height)
  return bytes
}

export function encodeVersion({ top, size }: StateVersion): Uint8Array {
  return concatBytes(encodeHeight(size), encodeTop(top))
}

/** Throws CHAIN_STATE_DAMAGED. */
export function decodeVersion(bytes: Uint8Array): StateVersion {
  if (bytes.length < 6) throw damaged('a version')
  return { size: readHeight(bytes, 0), top: decodeTop(bytes.subarray(6)) }
}

/** Keys of nodes, one behind the other: each says how long it is. */
export function encodeStale(keys: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...keys)
}

/** Throws CHAIN_STATE_DAMAGED. */
export function decodeStale(bytes: Uint8Array): Uint8Array[] {
  const keys: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 7 + ((bytes[at + 6]! + 1) >> 1)
    if (!(end <= bytes.length)) throw damaged('a list of stale nodes')
    keys.push(bytes.subarray(at, end))
    at = end
  }
  return keys
}

export function encodeAssembly({ height, root, size, top, gaps }: Assembly): Uint8Array {
  return encodeCanonical([height, root, size, encodeTop(top), gaps.map(({ from, to }) => [from, to ?? null])])
}

/** Throws CHAIN_STATE_DAMAGED. */
export function decodeAssembly(bytes: Uint8Array): Assembly {
  const [height, root, size, top, gaps] = readRow(readCbor(bytes, limits.MAX_ASSEMBLY_BYTES, 'assembly'), 5, 'assembly')
  return {
    height: readInteger(height, 0, limits.MAX_HEIGHT, 'height'),
    root: readHash(root, 'root'),
    size: readInteger(size, 0, Number.MAX_SAFE_INTEGER, 'size'),
    top: decodeTop(readBytes(top, 0, 70, 'top')),
    gaps: readList(gaps, limits.MAX_GAPS, 'gaps', (row) => {
      const [from, to] = readRow(row, 2, 'gap')
      return { from: readHash(from, 'from'), to: to === null ? undefined : readHash(to, 'to') }
    }),
  }
}
