/**
 * A state that is put together from pieces of several sources, at the height of a certified header. Each piece is checked before
 * anything of it is kept, and is kept with one batch, so that a restart goes on where it was. Until it is whole, older versions can be read.
 */
import { ChordnsError, equalBytes, isChordnsError, type StoreWrite } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { changeTop } from '../trees/versioned/change.ts'
import { damaged, hashOfRef, readHeight } from '../trees/versioned/nodes.ts'
import { afterPiece, gapOf, WHOLE } from './gaps.ts'
import { decodePiece, isPieceOf, type StatePiece } from './pieces.ts'
import {
  type Assembly,
  decodeAssembly,
  encodeAssembly,
  encodeHeight,
  type Gap,
  heightRowKey,
  rowKey,
  STATE_ROW,
} from './rows.ts'
import { nodesIn, type StatePairs, versionRows } from './versioned-state.ts'

const KEY = rowKey(STATE_ROW.assembly)

/** Undefined when none is under way. Throws CHAIN_STATE_DAMAGED. */
export function assemblyIn(pairs: StatePairs): Assembly | undefined {
  const bytes = pairs.get(KEY)
  return bytes === undefined ? undefined : decodeAssembly(bytes)
}

/**
 * Begins, or goes on with the same height and root; what is left of another one is removed. Returns what is missing. Throws
 * CHAIN_STATE_ORDER when the height is not above the newest version's.
 */
export function beginAssembly(pairs: StatePairs, height: number, root: Uint8Array): readonly Gap[] {
  const before = assemblyIn(pairs)
  if (before?.height === height && equalBytes(before.root, root)) return before.gaps
  const head = pairs.get(rowKey(STATE_ROW.head))
  if (head !== undefined && readHeight(head, 0) >= height)
    throw new ChordnsError('CHAIN_STATE_ORDER', `the state is past height ${height} already`, { height })
  if (before !== undefined) dropAssembly(pairs, before)
  const begun: Assembly = { height, root, size: 0, top: undefined, gaps: [WHOLE] }
  pairs.batch([{ kind: 'put', key: KEY, value: encodeAssembly(begun) }], { durable: false })
  return begun.gaps
}

export interface TakenPiece {
  /** What is missing then; nothing: the state is whole, and is the newest version. */
  readonly gaps: readonly Gap[]
  /** False when another piece has filled the gap before. */
  readonly isNew: boolean
}

/** Gives up what is being put together, so that blocks can follow the newest version again. */
export function abandonAssembly(pairs: StatePairs): void {
  const assembly = assemblyIn(pairs)
  if (assembly !== undefined) dropAssembly(pairs, assembly)
}

/**
 * Takes a piece of the state of `height` that a source sent for the gap that begins with `from`. Throws CHAIN_PIECE_REFUSED for what
 * no honest source sends, CHAIN_STATE_ORDER when no state of this height is being put together.
 */
export function takePiece(pairs: StatePairs, height: number, from: Uint8Array, bytes: Uint8Array): TakenPiece {
  const assembly = assemblyIn(pairs)
  if (assembly?.height !== height) {
    // The last piece may come twice.
    if (pairs.get(heightRowKey(STATE_ROW.version, height)) !== undefined) return { gaps: [], isNew: false }
    const text = `no state of height ${height} is being put together`
    throw new ChordnsError('CHAIN_STATE_ORDER', text, { height })
  }
  const piece = checkedPiece(assembly, from, bytes)
  if (piece === undefined) return { gaps: assembly.gaps, isNew: false }
  const { root, top, size } = assembly
  const changed = changeTop(nodesIn(pairs), top, height, piece.entries)
  const gaps = afterPiece(assembly.gaps, piece)
  const version = { top: changed.top, size: size + changed.grown }
  // What goes stale here is written anew under the same key: the height is the same.
  const writes = changed.puts.map(
    ([key, value]): StoreWrite => ({ kind: 'put', key: rowKey(STATE_ROW.node, key), value }),
  )
  if (gaps.length > 0) {
    writes.push({ kind: 'put', key: KEY, value: encodeAssembly({ height, root, gaps, ...version }) })
  } else {
    if (!equalBytes(hashOfRef(version.top), root)) throw damaged('pieces that hold, of a whole that does not')
    // All nodes of the whole are of this height: what is below it belongs to older versions.
    writes.push({ kind: 'delete', key: KEY })
    writes.push({ kind: 'put', key: rowKey(STATE_ROW.floor), value: encodeHeight(height) })
    writes.push(...versionRows(height, version))
  }
  pairs.batch(writes, { durable: gaps.length === 0 })
  return { gaps, isNew: true }
}

/** Undefined when the gap is filled already. */
function checkedPiece({ root, gaps }: Assembly, from: Uint8Array, bytes: Uint8Array): StatePiece | undefined {
  let piece: StatePiece
  try {
    piece = decodePiece(bytes)
  } catch (error) {
    if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
    throw refused('malformed', error)
  }
  if (!equalBytes(piece.from, from)) throw refused('of another range than was asked for')
  if (!gaps.some((gap) => equalBytes(gap.from, from))) return undefined
  if (gapOf(gaps, piece) === undefined) throw refused('longer than was asked for')
  if (!isPieceOf(root, piece)) throw refused('not of the state with this root')
  return piece
}

function refused(reason: string, cause?: unknown) {
  return new ChordnsError('CHAIN_PIECE_REFUSED', `a piece of the state is refused: ${reason}`, { reason }, { cause })
}

/** Its nodes are the only ones of its height. Its own row goes last, so that a crash in between leaves nothing behind. */
function dropAssembly(pairs: StatePairs, { height }: Assembly): void {
  let writes: StoreWrite[] = []
  for (const [key] of pairs.range(heightRowKey(STATE_ROW.node, height), heightRowKey(STATE_ROW.node, height + 1))) {
    if (writes.length >= limits.PRUNED_AT_ONCE) {
      pairs.batch(writes, { durable: false })
      writes = []
    }
    writes.push({ kind: 'delete', key })
  }
  pairs.batch([...writes, { kind: 'delete', key: KEY }], { durable: false })
}
