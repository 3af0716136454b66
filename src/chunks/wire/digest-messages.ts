/**
 * Digests on the wire: canonical CBOR, `[1, 25, [[chunk, tag], ...]]` asks, with the tags of what the asker has (empty: nothing),
 * and `[1, 25, [bits, ...]]` answers in the same order; `bits` is null when the asker has it already, and a text when there is
 * none to give. After the rows comes a stamp: start and count. `[1, 27, start, count]` asks for all that has changed since, and
 * `[1, 27, start, count, [[chunk, bits], ...]]` answers, with null in the place of the rows where that cannot be told.
 */
import { asChunkId, type ChunkId } from '../../base/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readInteger, readList } from './reading.ts'

const VERSION = 1
const DIGEST = 25
const CHANGES = 27
/** The format: a chunk has 24 bits at most. */
const MAX_CHUNK = 2 ** 24 - 1

/** What a replica's digests were when it told them. */
export interface DigestStamp {
  /** Another one for each life of the replica. */
  readonly start: number
  /** Changes in this life. */
  readonly count: number
}

/** Digests that have changed; undefined: all must be asked for. */
export interface DigestChanges {
  readonly stamp: DigestStamp
  readonly rows: readonly (readonly [ChunkId, { readonly bits: Uint8Array } | 'full'])[] | undefined
}

export interface DigestRequest {
  readonly chunk: ChunkId
  /** Of the digest that the asker has; empty: none. */
  readonly tag: Uint8Array
}

/** `same`: nothing has changed; `busy`: not now, or no room in this reply; `full`: more entries than a digest holds. */
export type DigestReply = { readonly bits: Uint8Array } | 'same' | 'busy' | 'full'

const WORDS = ['busy', 'full'] as const

/** Its second item is another one than that of other requests. */
export function isDigestRequest(body: Uint8Array): boolean {
  // An array of three, 1, and 25 in two bytes.
  return isChangesRequest(body) || (body[0] === 0x83 && hasCode(body, DIGEST))
}

export function isChangesRequest(body: Uint8Array): boolean {
  return body[0] === 0x84 && hasCode(body, CHANGES)
}

function hasCode(body: Uint8Array, code: number): boolean {
  return body[1] === VERSION && body[2] === 0x18 && body[3] === code
}

/** At most MAX_DIGESTS_AT_ONCE. */
export function encodeDigestRequest(wanted: readonly DigestRequest[]): Uint8Array {
  return encodeCanonical([VERSION, DIGEST, wanted.map(({ chunk, tag }) => [chunk, tag])])
}

/** Throws CHUNK_MALFORMED. */
export function decodeDigestRequest(bytes: Uint8Array): readonly DigestRequest[] {
  return rowsOf(openMessage(bytes, DIGEST)[2]).map((row) => {
    if (!Array.isArray(row)) throw malformed('row of a digest')
    const [chunk, tag] = row as readonly CborValue[]
    return {
      chunk: asChunkId(readInteger(chunk, 0, MAX_CHUNK, 'chunk')),
      tag: readBytes(tag, 0, limits.MAX_TAG_BYTES, 'tag'),
    }
  })
}

/** As many as fit into a frame; for the others the asker hears `busy`. */
export function encodeDigestReply(replies: readonly DigestReply[], stamp?: DigestStamp): Uint8Array {
  let room = limits.MAX_MESSAGE_BYTES - 64
  const rows = replies.map((reply): CborValue => {
    room -= ROW_BYTES
    if (reply === 'same') return null
    if (typeof reply === 'string') return reply
    if (reply.bits.length > room - ROW_BYTES * replies.length) return 'busy'
    room -= reply.bits.length
    return reply.bits
  })
  return encodeCanonical([VERSION, DIGEST, rows, ...(stamp === undefined ? [] : [stamp.start, stamp.count])])
}

/** The most that a word, or the head of a byte string, takes. */
const ROW_BYTES = 5

/** Throws CHUNK_MALFORMED. */
export function decodeDigestReply(bytes: Uint8Array): readonly DigestReply[] {
  return decodeStampedReply(bytes).replies
}

/** The same with the stamp, which an earlier release does not give. Throws CHUNK_MALFORMED. */
export function decodeStampedReply(bytes: Uint8Array): {
  readonly replies: readonly DigestReply[]
  readonly stamp: DigestStamp | undefined
} {
  const message = openMessage(bytes, DIGEST)
  const stamp = message[3] === undefined ? undefined : readStamp(message[3], message[4])
  return { stamp, replies: readReplies(rowsOf(message[2])) }
}

function readReplies(rows: readonly CborValue[]): readonly DigestReply[] {
  return rows.map((bits) => {
    if (bits === null) return 'same'
    if (bits instanceof Uint8Array && bits.length <= limits.MAX_DIGEST_BYTES) return { bits }
    const word = WORDS.find((one) => one === bits)
    if (word === undefined) throw malformed('bits')
    return word
  })
}

export function encodeChangesRequest({ start, count }: DigestStamp): Uint8Array {
  return encodeCanonical([VERSION, CHANGES, start, count])
}

/** Throws CHUNK_MALFORMED. */
export function decodeChangesRequest(bytes: Uint8Array): DigestStamp {
  const message = openMessage(bytes, CHANGES)
  return readStamp(message[2], message[3])
}

/** Without rows where they do not fit into a frame. */
export function encodeChangesReply({ stamp, rows }: DigestChanges): Uint8Array {
  const head = [VERSION, CHANGES, stamp.start, stamp.count]
  const values = rows?.map(([chunk, reply]): CborValue => [chunk, reply === 'full' ? reply : reply.bits])
  const bytes = encodeCanonical([...head, values ?? null])
  return bytes.length <= limits.MAX_MESSAGE_BYTES ? bytes : encodeCanonical([...head, null])
}

/** Throws CHUNK_MALFORMED. */
export function decodeChangesReply(bytes: Uint8Array): DigestChanges {
  const message = openMessage(bytes, CHANGES)
  const stamp = readStamp(message[2], message[3])
  if (message[4] === null) return { stamp, rows: undefined }
  const rows = readList(message[4], limits.MAX_OWN_DIGESTS, 'changes', (row) => {
    if (!Array.isArray(row)) throw malformed('change of a digest')
    const [reply] = readReplies([(row as readonly CborValue[])[1] ?? null])
    if (reply === undefined || reply === 'same' || reply === 'busy') throw malformed('change of a digest')
    return [asChunkId(readInteger((row as readonly CborValue[])[0], 0, MAX_CHUNK, 'chunk')), reply] as const
  })
  return { stamp, rows }
}

function readStamp(start: CborValue | undefined, count: CborValue | undefined): DigestStamp {
  return {
    start: readInteger(start, 0, Number.MAX_SAFE_INTEGER, 'start'),
    count: readInteger(count, 0, Number.MAX_SAFE_INTEGER, 'count'),
  }
}

function openMessage(bytes: Uint8Array, code: number): readonly CborValue[] {
  const value = readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'digest message')
  if (!Array.isArray(value) || value[0] !== VERSION || value[1] !== code) throw malformed('not a digest message')
  return value
}

function rowsOf(rows: CborValue | undefined): readonly CborValue[] {
  if (!Array.isArray(rows) || rows.length === 0 || rows.length > limits.MAX_DIGESTS_AT_ONCE) throw malformed('digests')
  return rows
}
