/**
 * Reading decoded CBOR that somebody else made. Each function takes exactly what it names, within its bounds, or throws the
 * error of the room that reads: nothing that a peer or a damaged disk holds gets further than here unchecked.
 *
 *     const { readCbor, readRow, readInteger, readHash } = cborReader(malformed)
 *     const [height, id] = readRow(readCbor(bytes, 64, 'place'), 2, 'place')
 *     return { height: readInteger(height, 1, MAX_HEIGHT, 'height'), id: readHash(id, 'id') }
 */
import { type ChordnsError, isChordnsError } from '../base/index.ts'
import type { CborValue } from './cbor.ts'
import { decodeCanonical } from './cbor-decode.ts'

/** Undefined: the field is not there. */
export type CborField = CborValue | undefined

export type CborMap = ReadonlyMap<number | string, CborValue>

/** Makes the error that is thrown. `what`: the part that does not fit, in words. */
export type MalformedError = (what: string, cause?: unknown) => ChordnsError

/** `what` names the part for the error; lengths and numbers are bounds, both included. */
export interface CborReader {
  /** Canonical CBOR of at most `maxBytes`. */
  readonly readCbor: (bytes: Uint8Array, maxBytes: number, what: string) => CborValue
  /** The same; byte strings are parts of `bytes`, which nobody may change then. */
  readonly readCborInPlace: (bytes: Uint8Array, maxBytes: number, what: string) => CborValue
  readonly readMap: (value: CborField, what: string) => CborMap
  /** An array of exactly `length` items. */
  readonly readRow: (value: CborField, length: number, what: string) => readonly CborValue[]
  /** An array of at most `most` items, each read by `item`. */
  readonly readList: <T>(value: CborField, most: number, what: string, item: (value: CborValue) => T) => T[]
  readonly readInteger: (value: CborField, min: number, max: number, what: string) => number
  readonly readBytes: (value: CborField, min: number, max: number, what: string) => Uint8Array
  /** 32 bytes: a hash, an id or a public key. */
  readonly readHash: (value: CborField, what: string) => Uint8Array
  /** 64 bytes: an Ed25519 signature. Nothing is verified here. */
  readonly readSignature: (value: CborField, what: string) => Uint8Array
  readonly readBoolean: (value: CborField, what: string) => boolean
  /** A text of at most `most` characters. */
  readonly readText: (value: CborField, most: number, what: string) => string
  /**
   * A text as a byte string of at most `most` bytes, so that the canonical form does not depend on Unicode normalisation.
   * What is not UTF-8 is refused.
   */
  readonly readUtf8: (value: CborField, most: number, what: string) => string
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The reader of one room. `malformed` makes its error. */
export function cborReader(malformed: MalformedError): CborReader {
  const readBytes: CborReader['readBytes'] = (value, min, max, what) => {
    if (!(value instanceof Uint8Array) || value.length < min || value.length > max) throw malformed(what)
    return value
  }
  const decode = (bytes: Uint8Array, maxBytes: number, what: string, inPlace: boolean) => {
    if (bytes.length > maxBytes) throw malformed(`${what}: ${bytes.length} bytes, at most ${maxBytes}`)
    try {
      return decodeCanonical(bytes, { maxBytes, inPlace })
    } catch (cause) {
      if (isChordnsError(cause)) throw malformed(`${what}: ${cause.message}`, cause)
      throw cause
    }
  }
  return {
    readCbor: (bytes, maxBytes, what) => decode(bytes, maxBytes, what, false),
    readCborInPlace: (bytes, maxBytes, what) => decode(bytes, maxBytes, what, true),
    readMap(value, what) {
      if (!(value instanceof Map)) throw malformed(what)
      return value
    },
    readRow(value, length, what) {
      if (!Array.isArray(value) || value.length !== length) throw malformed(what)
      return value
    },
    readList(value, most, what, item) {
      if (!Array.isArray(value) || value.length > most) throw malformed(what)
      return value.map((one: CborValue) => item(one))
    },
    readInteger(value, min, max, what) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) throw malformed(what)
      return value
    },
    readBytes,
    readHash: (value, what) => readBytes(value, 32, 32, what),
    readSignature: (value, what) => readBytes(value, 64, 64, what),
    readBoolean(value, what) {
      if (typeof value !== 'boolean') throw malformed(what)
      return value
    },
    readText(value, most, what) {
      if (typeof value !== 'string' || value.length > most) throw malformed(what)
      return value
    },
    readUtf8(value, most, what) {
      const bytes = readBytes(value, 0, most, what)
      try {
        return utf8.decode(bytes)
      } catch (cause) {
        throw malformed(what, cause)
      }
    },
  }
}
