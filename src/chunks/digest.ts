/**
 * What one replica has of one chunk, in short: a Bloom filter over the questions. It says "no" for certain and "perhaps" with few
 * errors; it is a hint where to ask and never evidence. 10 bits an entry and 7 probes: 0.8 % of the names that it lacks are asked
 * for in vain, a read as without digests; half the bits would cost six times as many vain reads, twice the bits save almost none.
 * A chunk's digest is always sent whole: at its largest it is half a frame.
 */
import { ChordnsError, equalBytes } from '../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical, sha256 } from '../crypto/index.ts'
import { limits } from './limits.ts'

export interface Digest {
  /** Chosen by its maker, so that nobody finds names that collide in the digests of all seats. */
  readonly salt: Uint8Array
  readonly bits: Uint8Array
  /** Names this state: a checksum over salt and bits, by which an unchanged digest is not sent again. */
  readonly stamp: Uint8Array
}

const VERSION = 1
const BITS_AN_ENTRY = 10
const PROBES = 7
const MIN_BYTES = 8
export const SALT_BYTES = 8
export const STAMP_BYTES = 8
const DOMAIN = new TextEncoder().encode('chordns/digest/1\0')
const utf8 = new TextEncoder()

/** Of question keys. Beyond `MAX_DIGEST_BYTES` more of what it lacks is "perhaps"; nothing that it has is ever "no". */
export function buildDigest(keys: readonly string[], salt: Uint8Array): Digest {
  const wanted = Math.ceil((keys.length * BITS_AN_ENTRY) / 8)
  const bits = new Uint8Array(Math.min(limits.MAX_DIGEST_BYTES, Math.max(MIN_BYTES, wanted)))
  for (const key of keys) for (const at of probes(salt, key, bits.length * 8)) bits[at >> 3]! |= 1 << (at & 7)
  return { salt, bits, stamp: stampOf(salt, bits) }
}

/** Whether the replica may have the question; false is certain, if its digest is true. */
export function mayHave({ salt, bits }: Digest, key: string): boolean {
  return probes(salt, key, bits.length * 8).every((at) => (bits[at >> 3]! & (1 << (at & 7))) !== 0)
}

export function encodeDigest({ salt, bits, stamp }: Digest): Uint8Array {
  return encodeCanonical([VERSION, salt, bits, stamp])
}

/** Throws CHUNK_MALFORMED, or CHUNK_VERSION for a version that this node does not speak. */
export function decodeDigest(bytes: Uint8Array): Digest {
  let row: CborValue
  try {
    row = decodeCanonical(bytes, { maxBytes: limits.MAX_DIGEST_BYTES + DIGEST_OVERHEAD_BYTES })
  } catch (cause) {
    throw malformed('not canonical CBOR', cause)
  }
  if (!Array.isArray(row)) throw malformed('not a digest')
  if (row[0] !== VERSION)
    throw new ChordnsError('CHUNK_VERSION', 'a version that this node does not speak', { version: row[0] })
  if (row.length !== 4) throw malformed('fields of a digest')
  const salt = field(row[1], SALT_BYTES, SALT_BYTES, 'salt')
  const bits = field(row[2], MIN_BYTES, limits.MAX_DIGEST_BYTES, 'bits')
  const stamp = field(row[3], STAMP_BYTES, STAMP_BYTES, 'stamp')
  if (!equalBytes(stamp, stampOf(salt, bits))) throw malformed('a digest that is damaged')
  return { salt, bits, stamp }
}

/** What a digest takes on the wire beside its bits, and more. */
export const DIGEST_OVERHEAD_BYTES = 32

/** Positions of a key: two halves of one hash, combined (Kirsch and Mitzenmacher 2006). */
function probes(salt: Uint8Array, key: string, size: number): number[] {
  const hash = sha256(salt, utf8.encode(key))
  const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
  const first = view.getUint32(0)
  const step = view.getUint32(4) | 1
  return Array.from({ length: PROBES }, (_, i) => (first + i * (step >>> 0)) % size)
}

function stampOf(salt: Uint8Array, bits: Uint8Array): Uint8Array {
  return sha256(DOMAIN, salt, bits).slice(0, STAMP_BYTES)
}

function field(value: CborValue | undefined, min: number, max: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) throw malformed(what)
  return value
}

function malformed(what: string, cause?: unknown): ChordnsError<'CHUNK_MALFORMED', { what: string }> {
  return new ChordnsError('CHUNK_MALFORMED', `malformed chunk digest: ${what}`, { what }, { cause })
}
