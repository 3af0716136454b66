/**
 * Digests on the wire: canonical CBOR, `[1, 25, chunk, tag]` asks, with the tag of what the asker has (empty: nothing), and
 * `[1, 25, bits]` answers; `bits` is null when the asker has it already, and a text when there is none to give.
 */
import { asChunkId, ChordnsError, type ChunkId, isChordnsError } from '../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical } from '../crypto/index.ts'
import { limits } from './limits.ts'

const VERSION = 1
const DIGEST = 25
const MAX_CHUNK = 2 ** 24 - 1
const MAX_TAG_BYTES = 8

export interface DigestRequest {
  readonly chunk: ChunkId
  /** Of the digest that the asker has; empty: none. */
  readonly tag: Uint8Array
}

/** `same`: nothing has changed; `busy`: too many questions; `full`: more entries than a digest holds. */
export type DigestReply = { readonly bits: Uint8Array } | 'same' | 'busy' | 'full'

const WORDS = ['busy', 'full'] as const

/** Told apart from other requests of the room by its second item. */
export function isDigestRequest(body: Uint8Array): boolean {
  // An array of four, 1, and 25 in two bytes.
  return body[0] === 0x84 && body[1] === VERSION && body[2] === 0x18 && body[3] === DIGEST
}

export function encodeDigestRequest({ chunk, tag }: DigestRequest): Uint8Array {
  return encodeCanonical([VERSION, DIGEST, chunk, tag])
}

/** Throws CHUNK_MALFORMED. */
export function decodeDigestRequest(bytes: Uint8Array): DigestRequest {
  const [, , chunk, tag] = open(bytes, 64)
  if (typeof chunk !== 'number' || !Number.isSafeInteger(chunk) || chunk < 0 || chunk > MAX_CHUNK)
    throw malformed('chunk')
  if (!(tag instanceof Uint8Array) || tag.length > MAX_TAG_BYTES) throw malformed('tag')
  return { chunk: asChunkId(chunk), tag }
}

export function encodeDigestReply(reply: DigestReply): Uint8Array {
  return encodeCanonical([VERSION, DIGEST, reply === 'same' ? null : typeof reply === 'string' ? reply : reply.bits])
}

/** Throws CHUNK_MALFORMED. */
export function decodeDigestReply(bytes: Uint8Array): DigestReply {
  const [, , bits] = open(bytes, limits.MAX_DIGEST_BYTES + 16)
  if (bits === null) return 'same'
  if (bits instanceof Uint8Array && bits.length <= limits.MAX_DIGEST_BYTES) return { bits }
  const word = WORDS.find((one) => one === bits)
  if (word === undefined) throw malformed('bits')
  return word
}

function open(bytes: Uint8Array, maxBytes: number): readonly CborValue[] {
  let value: CborValue
  try {
    value = decodeCanonical(bytes, { maxBytes })
  } catch (error) {
    if (!isChordnsError(error)) throw error
    throw malformed('not canonical CBOR', error)
  }
  if (!Array.isArray(value) || value[0] !== VERSION || value[1] !== DIGEST) throw malformed('not a message')
  return value
}

function malformed(what: string, cause?: unknown): ChordnsError<'CHUNK_MALFORMED', { what: string }> {
  return new ChordnsError('CHUNK_MALFORMED', `malformed digest: ${what}`, { what }, { cause })
}
