/**
 * What a replica has agreed entries or proofs for, in few bytes: a Bloom filter (CACM 13(7), 1970) over the questions of one
 * chunk. It says "no" for certain and "yes" with some error, so an asker that finds no digest with its question need not ask.
 */
import { equalBytes } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'

/** Ten bits an entry and seven probes: 0.8 % of the questions that are not there are named all the same. */
const BITS_PER_ENTRY = 10
const PROBES = 7
const TAG_BYTES = 8
/** In a smaller filter the probes of one entry would hit the same bits. */
const LEAST_BYTES = 8

export interface ChunkDigest {
  /** A hash of the bits: two digests with the same tag are the same. */
  readonly tag: Uint8Array
  /** Empty: names nothing. */
  readonly bits: Uint8Array
}

const NOTHING = new Uint8Array()

/** `keys` are those of `questionKey`. Undefined when the digest would be too long: then a peer must be asked for each question. */
export function buildDigest(keys: readonly string[]): ChunkDigest | undefined {
  const bytes = keys.length === 0 ? 0 : Math.max(LEAST_BYTES, Math.ceil((keys.length * BITS_PER_ENTRY) / 8))
  if (bytes > limits.MAX_DIGEST_BYTES) return undefined
  const bits = new Uint8Array(bytes)
  for (const key of keys) for (const at of probes(hashOf(key), bytes * 8)) bits[at >> 3]! |= 1 << (at & 7)
  return digestOf(bits)
}

/** The digest that has these bits. */
export function digestOf(bits: Uint8Array): ChunkDigest {
  return { tag: bits.length === 0 ? NOTHING : sha256(bits).slice(0, TAG_BYTES), bits }
}

/** Whether the digest names the question. `false` is certain; `true` may be an error. */
export function names({ bits }: ChunkDigest, hash: QuestionHash): boolean {
  if (bits.length === 0) return false
  for (const at of probes(hash, bits.length * 8)) if ((bits[at >> 3]! & (1 << (at & 7))) === 0) return false
  return true
}

export function isSameTag(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(a, b)
}

/** Two halves of a hash, from which all probes are made (Kirsch and Mitzenmacher 2006: as good as seven hashes). */
export interface QuestionHash {
  readonly first: number
  readonly step: number
}

export function hashOf(key: string): QuestionHash {
  const hash = sha256(Buffer.from(key, 'latin1'))
  const view = new DataView(hash.buffer, hash.byteOffset)
  return { first: view.getUint32(0), step: view.getUint32(4) }
}

function* probes({ first, step }: QuestionHash, size: number): Generator<number> {
  let at = first % size
  const stride = step % size
  for (let i = 0; i < PROBES; i++) {
    yield at
    at = (at + stride + i) % size
  }
}
