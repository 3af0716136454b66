/** Field readers over decoded CBOR: each takes exactly what it names or throws EVIDENCE_MALFORMED. */
import { ChordnsError } from '../base/index.ts'
import type { CborValue } from '../crypto/index.ts'
import { decodeCanonical } from '../crypto/index.ts'
import { type Name, nameFromWire, viewRdata } from '../dns/index.ts'

export type EvidenceMalformed = ChordnsError<'EVIDENCE_MALFORMED', { what: string }>

export function malformed(what: string, cause?: unknown): EvidenceMalformed {
  return new ChordnsError('EVIDENCE_MALFORMED', `malformed evidence: ${what}`, { what }, { cause })
}

/** Decodes canonical CBOR of at most `maxBytes`; every failure is EVIDENCE_MALFORMED. */
export function readCbor(bytes: Uint8Array, maxBytes: number, what: string): CborValue {
  if (bytes.length > maxBytes) throw malformed(`${what}: ${bytes.length} bytes, at most ${maxBytes}`)
  try {
    return decodeCanonical(bytes, { maxBytes })
  } catch (error) {
    throw malformed(what, error)
  }
}

/** An array of exactly `length` items. */
export function readRow(value: CborValue | undefined, length: number, what: string): readonly CborValue[] {
  if (!Array.isArray(value) || value.length !== length) throw malformed(what)
  return value
}

/** An array of at most `max` items, each read by `item`. */
export function readList<T>(
  value: CborValue | undefined,
  max: number,
  what: string,
  item: (value: CborValue | undefined) => T,
): T[] {
  if (!Array.isArray(value) || value.length > max) throw malformed(what)
  return value.map((one: CborValue) => item(one))
}

export function readInteger(value: CborValue | undefined, min: number, max: number, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) throw malformed(what)
  return value
}

export function readBytes(value: CborValue | undefined, min: number, max: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) throw malformed(what)
  return value
}

export function readName(value: CborValue | undefined, what: string): Name {
  const wire = readBytes(value, 1, 255, what)
  try {
    return nameFromWire(wire)
  } catch (error) {
    throw malformed(what, error)
  }
}

/** RDATA that its type allows (unknown types: any bytes, RFC 3597). */
export function wellFormed(type: number, rdata: Uint8Array): Uint8Array {
  try {
    viewRdata(type, rdata)
  } catch (error) {
    throw malformed(`RDATA of type ${type}`, error)
  }
  return rdata
}
