/**
 * How one replica gets the entries of another in bulk. A request names a run of chunks, and has a mark of each entry that the asker
 * has already; the frames that come back hold rows, as they lie on the disk. Canonical CBOR, checked at the door; items after those
 * that are named here are ignored.
 */
import { asChunkId, type ChunkId, concatBytes, fromLatin1, toHex } from '../../base/index.ts'
import { type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readInteger } from './reading.ts'

const VERSION = 1
const PULL = 32
const MARK_BYTES = 12
const HASH_BYTES = 6
/** The format: a chunk has 24 bits at most. */
const MAX_CHUNK = 2 ** 24 - 1
/** How marks are written: with a tag. An asker of an earlier release says nothing of it. */
const TAGGED = 2
/** Head of a byte string of up to 64 KiB, and of a frame. */
const ROW_HEAD_BYTES = 3
const FRAME_HEAD_BYTES = 8

/** Names an entry in few bytes: the first bytes of the hash of its question's key, a time in seconds, and the tag of its content. */
export type PullMark = Uint8Array

export interface PullRequest {
  /** Both included. */
  readonly first: ChunkId
  readonly last: ChunkId
  readonly have: readonly PullMark[]
  /** Of the signed answers that the asker has, dated by their end; undefined: it wants none. */
  readonly proofs?: readonly PullMark[]
  /** The asker is of an earlier release: its marks have six bytes of ms, and no tag. */
  readonly isUntagged?: boolean
}

/**
 * Six bytes of hash, four of the time, two of the content. If two questions of one run have the same hash, one of their entries is
 * not pulled until it is renewed; so it is if two contents of one question have the same tag and date.
 */
export function pullMark(key: string, at: number, tag: number): PullMark {
  const mark = new Uint8Array(MARK_BYTES)
  mark.set(sha256(fromLatin1(key)).subarray(0, HASH_BYTES))
  const view = new DataView(mark.buffer)
  view.setUint32(HASH_BYTES, Math.floor(at / 1_000))
  view.setUint16(HASH_BYTES + 4, tag)
  return mark
}

/** What an asker says of its own entry of a question. `at`: unix ms. */
export interface Marked {
  readonly at: number
  /** Undefined: the asker does not say. */
  readonly tag: number | undefined
}

/** By the marks of a request, what its asker has of a question; undefined: nothing. */
export function readMarks(marks: readonly PullMark[], isUntagged = false): (key: string) => Marked | undefined {
  const byHash = new Map<string, Marked>()
  for (const mark of marks) {
    const view = new DataView(mark.buffer, mark.byteOffset)
    const at = isUntagged
      ? view.getUint16(HASH_BYTES) * 2 ** 32 + view.getUint32(HASH_BYTES + 2)
      : view.getUint32(HASH_BYTES) * 1_000
    const tag = isUntagged ? undefined : view.getUint16(HASH_BYTES + 4)
    byHash.set(toHex(mark.subarray(0, HASH_BYTES)), { at, tag })
  }
  return (key) => byHash.get(toHex(sha256(fromLatin1(key)).subarray(0, HASH_BYTES)))
}

export function encodePull({ first, last, have, proofs, isUntagged = false }: PullRequest): Uint8Array {
  const row = [VERSION, PULL, first, last, concatBytes(...have)]
  const signed = proofs === undefined ? null : concatBytes(...proofs)
  if (!isUntagged) return encodeCanonical([...row, signed, TAGGED])
  return encodeCanonical(signed === null ? row : [...row, signed])
}

/** Throws CHUNK_MALFORMED. */
export function decodePull(bytes: Uint8Array): PullRequest {
  const [, kind, first, last, marks, proofs, how] = open(bytes)
  if (kind !== PULL) throw malformed('not a pull')
  const run = { first: readChunk(first), last: readChunk(last) }
  if (run.first > run.last) throw malformed('run of chunks')
  const have = readMarkList(marks, limits.MAX_PULL_MARKS)
  const untagged = how === TAGGED ? {} : { isUntagged: true }
  // An asker of an earlier release names none, and gets none.
  if (proofs === undefined || proofs === null) return { ...run, have, ...untagged }
  return { ...run, have, proofs: readMarkList(proofs, limits.MAX_PROOF_MARKS), ...untagged }
}

function readMarkList(value: CborValue | undefined, most: number): PullMark[] {
  const packed = readBytes(value, 0, most * MARK_BYTES, 'too many marks')
  if (packed.length % MARK_BYTES !== 0) throw malformed('marks')
  return Array.from({ length: packed.length / MARK_BYTES }, (_, i) =>
    packed.slice(i * MARK_BYTES, (i + 1) * MARK_BYTES),
  )
}

function readChunk(value: CborValue | undefined): ChunkId {
  return asChunkId(readInteger(value, 0, MAX_CHUNK, 'run of chunks'))
}

/** Rows packed into frames as full as they may be; a row that fits into none is left out. */
export function* pullFrames(rows: Iterable<Uint8Array>): Generator<Uint8Array> {
  let batch: Uint8Array[] = []
  let bytes = FRAME_HEAD_BYTES
  for (const row of rows) {
    const more = row.length + ROW_HEAD_BYTES
    if (more + FRAME_HEAD_BYTES > limits.PULL_FRAME_BYTES) continue
    if (bytes + more > limits.PULL_FRAME_BYTES) {
      yield encodeCanonical([VERSION, batch])
      batch = []
      bytes = FRAME_HEAD_BYTES
    }
    batch.push(row)
    bytes += more
  }
  if (batch.length > 0) yield encodeCanonical([VERSION, batch])
}

/** Throws CHUNK_MALFORMED. */
export function decodePullFrame(bytes: Uint8Array): readonly Uint8Array[] {
  const [, rows] = open(bytes)
  if (!Array.isArray(rows) || rows.length === 0) throw malformed('rows')
  return rows.map((row: CborValue) => readBytes(row, 0, limits.MAX_MESSAGE_BYTES, 'row'))
}

function open(bytes: Uint8Array): readonly CborValue[] {
  const value = readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'pull')
  if (!Array.isArray(value) || value[0] !== VERSION) throw malformed('version of a pull')
  return value
}
