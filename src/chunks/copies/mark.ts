/** A replica's signed word that a name is popular: its copies are to be found at a level. It says whom to ask, and proves nothing else. */
import { asChunkId, type ChunkId, toHex } from '../../base/index.ts'
import {
  type CborValue,
  encodeCanonical,
  type SignatureScheme,
  type Signer,
  sha256,
  signedBytes,
} from '../../crypto/index.ts'
import { canonicalName, type Name } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readInteger } from '../wire/reading.ts'

/** The first hex digits of SHA-256 over the lower-cased wire form of a name: its chunk is the first bits of it. */
export type NameHint = string & { readonly brand: 'NameHint' }

export interface PopularMark {
  readonly hint: NameHint
  /** 0: not popular any more. */
  readonly level: number
  /** Unix seconds. */
  readonly at: number
  readonly signer: Uint8Array
  readonly signature: Uint8Array
}

const HINT_BYTES = 8
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

export function hintOf(name: Name): NameHint {
  return toHex(sha256(canonicalName(name).wire).subarray(0, HINT_BYTES)) as NameHint
}

export function chunkOfHint(hint: NameHint, chunkBits: number): ChunkId {
  return asChunkId(Number.parseInt(hint.slice(0, 6), 16) >>> (24 - chunkBits))
}

export function signMark(
  ringId: string,
  signer: Signer,
  what: Pick<PopularMark, 'hint' | 'level' | 'at'>,
): PopularMark {
  return { ...what, signer: signer.publicKey, signature: signer.sign(markBytes(ringId, what)) }
}

export function verifyMark(ringId: string, scheme: SignatureScheme, mark: PopularMark): boolean {
  return scheme.verify(mark.signer, markBytes(ringId, mark), mark.signature)
}

export function markToValue({ hint, level, at, signer, signature }: PopularMark): CborValue {
  return [hintToBytes(hint), level, at, signer, signature]
}

/** Throws CHUNK_MALFORMED. */
export function markFromValue(value: CborValue | undefined): PopularMark {
  if (!Array.isArray(value)) throw malformed('mark')
  const [hint, level, at, signer, signature] = value as readonly CborValue[]
  return {
    hint: readHint(hint),
    level: readInteger(level, 0, limits.MAX_LEVEL, 'level'),
    at: readInteger(at, 0, 2 ** 40, 'time of a mark'),
    signer: readBytes(signer, KEY_BYTES, KEY_BYTES, 'signer of a mark'),
    signature: readBytes(signature, SIGNATURE_BYTES, SIGNATURE_BYTES, 'signature of a mark'),
  }
}

export function hintToBytes(hint: NameHint): Uint8Array {
  return Uint8Array.from({ length: HINT_BYTES }, (_, i) => Number.parseInt(hint.slice(2 * i, 2 * i + 2), 16))
}

/** Throws CHUNK_MALFORMED. */
export function readHint(value: CborValue | undefined): NameHint {
  return toHex(readBytes(value, HINT_BYTES, HINT_BYTES, 'hint')) as NameHint
}

function markBytes(ringId: string, { hint, level, at }: Pick<PopularMark, 'hint' | 'level' | 'at'>): Uint8Array {
  return signedBytes('chordns/popular/1', encodeCanonical([ringId, hintToBytes(hint), level, at]))
}
