/**
 * Digests on the wire: canonical CBOR, `[1, 25, [[chunk, tag], ...]]` asks, with the tags of what the asker has (empty: nothing),
 * and `[1, 25, [bits, ...]]` answers in the same order; `bits` is null when the asker has it already, and a text when there is
 * none to give.
 */
import { asChunkId, type ChunkId } from '../../base/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readInteger } from './reading.ts'

const VERSION = 1
const DIGEST = 25
const MAX_CHUNK = 2 ** 24 - 1
const MAX_TAG_BYTES = 8

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
  return body[0] === 0x83 && body[1] === VERSION && body[2] === 0x18 && body[3] === DIGEST
}

/** At most MAX_DIGESTS_AT_ONCE. */
export function encodeDigestRequest(wanted: readonly DigestRequest[]): Uint8Array {
  return encodeCanonical([VERSION, DIGEST, wanted.map(({ chunk, tag }) => [chunk, tag])])
}

/** Throws CHUNK_MALFORMED. */
export function decodeDigestRequest(bytes: Uint8Array): readonly DigestRequest[] {
  return open(bytes).map((row) => {
    if (!Array.isArray(row)) throw malformed('row of a digest')
    const [chunk, tag] = row as readonly CborValue[]
    return { chunk: asChunkId(readInteger(chunk, 0, MAX_CHUNK, 'chunk')), tag: readBytes(tag, 0, MAX_TAG_BYTES, 'tag') }
  })
}

/** As many as fit into a frame; for the others the asker hears `busy`. */
export function encodeDigestReply(replies: readonly DigestReply[]): Uint8Array {
  let room = limits.MAX_MESSAGE_BYTES - 64
  const rows = replies.map((reply): CborValue => {
    room -= ROW_BYTES
    if (reply === 'same') return null
    if (typeof reply === 'string') return reply
    if (reply.bits.length > room - ROW_BYTES * replies.length) return 'busy'
    room -= reply.bits.length
    return reply.bits
  })
  return encodeCanonical([VERSION, DIGEST, rows])
}

/** The most that a word, or the head of a byte string, takes. */
const ROW_BYTES = 5

/** Throws CHUNK_MALFORMED. */
export function decodeDigestReply(bytes: Uint8Array): readonly DigestReply[] {
  return open(bytes).map((bits) => {
    if (bits === null) return 'same'
    if (bits instanceof Uint8Array && bits.length <= limits.MAX_DIGEST_BYTES) return { bits }
    const word = WORDS.find((one) => one === bits)
    if (word === undefined) throw malformed('bits')
    return word
  })
}

function open(bytes: Uint8Array): readonly CborValue[] {
  const value = readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'digest message')
  if (!Array.isArray(value) || value[0] !== VERSION || value[1] !== DIGEST) throw malformed('not a digest message')
  const rows = value[2]
  if (!Array.isArray(rows) || rows.length === 0 || rows.length > limits.MAX_DIGESTS_AT_ONCE) throw malformed('digests')
  return rows
}
