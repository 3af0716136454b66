/** Readers over decoded CBOR: each takes exactly what it names or throws CHUNK_MALFORMED. */
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import { type CborValue, decodeCanonical } from '../../crypto/index.ts'

export function malformed(what: string, cause?: unknown): ChordnsError<'CHUNK_MALFORMED', { what: string }> {
  return new ChordnsError('CHUNK_MALFORMED', `malformed chain record: ${what}`, { what }, { cause })
}

export function readCbor(bytes: Uint8Array, maxBytes: number, what: string): CborValue {
  try {
    return decodeCanonical(bytes, { maxBytes })
  } catch (cause) {
    if (isChordnsError(cause, 'CBOR_MALFORMED')) throw malformed(what, cause)
    throw cause
  }
}

/** An array of exactly `length` items. */
export function readRow(value: CborValue | undefined, length: number, what: string): readonly CborValue[] {
  if (!Array.isArray(value) || value.length !== length) throw malformed(what)
  return value
}

export function readInteger(value: CborValue | undefined, min: number, max: number, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) throw malformed(what)
  return value
}

export function readBytes(value: CborValue | undefined, min: number, max: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) throw malformed(what)
  return value
}

export function readHash(value: CborValue | undefined, what: string): Uint8Array {
  return readBytes(value, 32, 32, what)
}
