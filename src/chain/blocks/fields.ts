/** Reading CBOR values that somebody else made: everything that does not fit throws CHAIN_MALFORMED. */
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import { type CborValue, decodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'

export type Fields = ReadonlyMap<number | string, CborValue>

export function malformed(what: string, cause?: unknown) {
  return new ChordnsError('CHAIN_MALFORMED', `malformed: ${what}`, { what }, { cause })
}

export function decodeFields(bytes: Uint8Array, maxBytes: number): Fields {
  return asFields(decodeValue(bytes, maxBytes), 'the message')
}

export function decodeValue(bytes: Uint8Array, maxBytes: number): CborValue {
  try {
    return decodeCanonical(bytes, { maxBytes })
  } catch (cause) {
    if (isChordnsError(cause, 'CBOR_MALFORMED')) throw malformed(cause.message, cause)
    throw cause
  }
}

export function asFields(value: CborValue | undefined, what: string): Fields {
  if (!(value instanceof Map)) throw malformed(`${what} is no map`)
  return value
}

export function asList(value: CborValue | undefined, what: string, most: number): readonly CborValue[] {
  if (!Array.isArray(value) || value.length > most) throw malformed(`${what} is no list of at most ${most}`)
  return value
}

export function asBytes(value: CborValue | undefined, what: string, most: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > most) throw malformed(`${what} is not at most ${most} bytes`)
  return value
}

export function asExactly(value: CborValue | undefined, what: string, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw malformed(`${what} is not ${length} bytes`)
  return value
}

export function asInteger(value: CborValue | undefined, what: string, most: number): number {
  if (typeof value !== 'number' || value < 0 || value > most) throw malformed(`${what} is no number up to ${most}`)
  return value
}

export const asHeight = (value: CborValue | undefined) => asInteger(value, 'a height', limits.MAX_HEIGHT)
export const asRound = (value: CborValue | undefined) => asInteger(value, 'a round', limits.MAX_ROUND)
