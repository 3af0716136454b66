/**
 * Pieces of a state: all entries of a range of paths, with the proof that they are all. Each piece is checked by itself against the
 * state root of a certified header, so that it does not matter who sent it. docs/protocol.md, "State map".
 */
import { ChordnsError } from '../../base/index.ts'
import { cborReader, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { proveRange } from '../trees/proofs/prove.ts'
import { comparePaths, type PathRange, type RangeEntry, verifyRangeProof } from '../trees/proofs/verify.ts'
import type { NodeReader, NodeRef } from '../trees/versioned/nodes.ts'
import { entriesIn, viewOfTop } from '../trees/versioned/read.ts'

const { readCbor, readRow, readInteger, readBytes, readHash, readList } = cborReader(
  (what, cause) => new ChordnsError('CHAIN_MALFORMED', `malformed: ${what}`, { what }, { cause }),
)

/** Asks for the entries of a range of paths at one height; of them comes what fits into one piece, from `from` on. */
export interface PieceRequest extends PathRange {
  readonly height: number
}

export interface StatePiece extends PathRange {
  readonly entries: readonly RangeEntry[]
  readonly proof: Uint8Array
}

export function encodePieceRequest({ height, from, to }: PieceRequest): Uint8Array {
  return encodeCanonical([1, height, from, to ?? null])
}

/** Throws CHAIN_MALFORMED. */
export function decodePieceRequest(bytes: Uint8Array): PieceRequest {
  const [version, height, from, to] = readRow(readCbor(bytes, 128, 'piece request'), 4, 'piece request')
  readInteger(version, 1, 1, 'version')
  return { height: readInteger(height, 0, limits.MAX_HEIGHT, 'height'), ...readRange(from, to) }
}

export function encodePiece({ from, to, entries, proof }: StatePiece): Uint8Array {
  return encodeCanonical([1, from, to ?? null, entries.map(({ key, value }) => [key, value]), proof])
}

/** Throws CHAIN_MALFORMED. */
export function decodePiece(bytes: Uint8Array): StatePiece {
  const [version, from, to, entries, proof] = readRow(readCbor(bytes, limits.MAX_PIECE_BYTES, 'piece'), 5, 'piece')
  readInteger(version, 1, 1, 'version')
  return {
    ...readRange(from, to),
    entries: readList(entries, limits.MAX_PIECE_ENTRIES, 'entries', (row) => {
      const [key, value] = readRow(row, 2, 'entry')
      return {
        key: readBytes(key, 0, limits.MAX_STATE_KEY_BYTES, 'key'),
        value: readBytes(value, 0, limits.MAX_STATE_VALUE_BYTES, 'value'),
      }
    }),
    proof: readBytes(proof, 0, limits.MAX_PIECE_BYTES, 'proof'),
  }
}

/** The entries from the beginning of the range that fit into `PIECE_BYTES`, at least one if there is one, with their proof. */
export function makePiece(reader: NodeReader, top: NodeRef | undefined, range: PathRange): StatePiece {
  const entries: RangeEntry[] = []
  let bytes = 0
  let { to } = range
  for (const { path, key, value } of entriesIn(reader, top, range)) {
    bytes += key.length + value.length + ENTRY_OVERHEAD
    if (entries.length > 0 && (bytes > limits.PIECE_BYTES || entries.length === limits.MAX_PIECE_ENTRIES)) {
      to = path.slice()
      break
    }
    entries.push({ key, value })
  }
  return { from: range.from, to, entries, proof: proveRange(viewOfTop(reader, top), { from: range.from, to }) }
}

/** Heads of the array, key and value. */
const ENTRY_OVERHEAD = 7

export function isPieceOf(root: Uint8Array, piece: StatePiece): boolean {
  return verifyRangeProof(sha256, root, piece, piece.entries, piece.proof)
}

function readRange(from: Parameters<typeof readHash>[0], to: Parameters<typeof readHash>[0]): PathRange {
  const range = { from: readHash(from, 'from'), to: to === null ? undefined : readHash(to, 'to') }
  if (range.to !== undefined && comparePaths(range.from, range.to) >= 0) throw outOfOrder()
  return range
}

function outOfOrder() {
  return new ChordnsError('CHAIN_MALFORMED', 'malformed: a range that ends before it begins', { what: 'range' })
}
