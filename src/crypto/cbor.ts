/**
 * Canonical CBOR (RFC 8949 section 4.2): what is signed or hashed has exactly one encoding. Maps have integer or text keys.
 * Decoding is strict, and what does not encode to the same bytes again is refused.
 */
import { decode, type EncodeOptions, encode } from 'cborg'
import { ChordnsError, equalBytes, errorText } from '../base/index.ts'
import { limits } from './limits.ts'

export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>

/**
 * Map keys are sorted bytewise by their encoding: cborg sorts by major type, then by length and content, which for integer
 * and text keys is the same. Throws CBOR_UNENCODABLE for numbers that are no safe integers, integers of more than 64 bits
 * and undefined: nothing may be signed that does not come back equal.
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  try {
    return new Uint8Array(encode(value, ENCODING))
  } catch (cause) {
    throw cause instanceof ChordnsError ? cause : unencodable(errorText(cause), cause)
  }
}

const ENCODING: EncodeOptions = {
  typeEncoders: {
    number: (value: number) => {
      if (!Number.isSafeInteger(value)) throw unencodable(`the number ${value}`)
      return null
    },
    undefined: () => {
      throw unencodable('undefined')
    },
  },
}

function unencodable(what: string, cause?: unknown) {
  return new ChordnsError('CBOR_UNENCODABLE', `cannot be encoded: ${what}`, { what }, { cause })
}

/** Throws CBOR_MALFORMED. Maps come back as Map. */
export function decodeCanonical(bytes: Uint8Array, options: { readonly maxBytes: number }): CborValue {
  if (bytes.length > options.maxBytes) throw malformed(`${bytes.length} bytes instead of at most ${options.maxBytes}`)
  checkDepth(bytes)
  let value: unknown
  try {
    value = decode(bytes, {
      useMaps: true,
      strict: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
      allowBigInt: true,
      tags: [],
    })
  } catch (cause) {
    throw malformed(errorText(cause), cause)
  }
  const checked = check(value)
  if (!equalBytes(encodeCanonical(checked), bytes)) throw malformed('not the canonical encoding')
  return checked
}

/** Throws when a decoded value is not one of ours (floats, other simple values). */
function check(value: unknown): CborValue {
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint' || value === null)
    return value
  if (typeof value === 'number') {
    // A safe integer may have come as a float: then it encodes to other bytes.
    if (!Number.isSafeInteger(value)) throw malformed('a number that is no integer')
    return value
  }
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(check)
  if (value instanceof Map) {
    const map = new Map<number | string, CborValue>()
    for (const [key, inner] of value) {
      if (typeof key !== 'string' && !Number.isSafeInteger(key))
        throw malformed('a map key that is neither integer nor text')
      map.set(key as number | string, check(inner))
    }
    return map
  }
  throw malformed('a value of a kind that is not used')
}

/** The nesting, without recursion: a deep document must not exhaust the stack of the decoder. */
function checkDepth(bytes: Uint8Array): void {
  const open: number[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const initial = bytes[offset]!
    const major = initial >> 5
    const { value, next } = argument(bytes, offset)
    offset = next
    if (major === 2 || major === 3) offset += value
    const items = major === 4 ? value : major === 5 ? value * 2 : 0
    if (open.length > 0) open[open.length - 1]!--
    if (items > 0) {
      open.push(items)
      if (open.length > limits.MAX_CBOR_DEPTH) throw malformed('nested too deeply')
    }
    while (open.length > 0 && open[open.length - 1] === 0) open.pop()
  }
}

function argument(bytes: Uint8Array, offset: number): { readonly value: number; readonly next: number } {
  const info = bytes[offset]! & 0x1f
  if (info < 24) return { value: info, next: offset + 1 }
  if (info > 27) throw malformed('an indefinite or reserved length')
  const length = 1 << (info - 24)
  if (offset + 1 + length > bytes.length) throw malformed('a length ends early')
  let value = 0
  for (let i = 0; i < length; i++) value = value * 256 + bytes[offset + 1 + i]!
  return { value, next: offset + 1 + length }
}

function malformed(what: string, cause?: unknown) {
  return new ChordnsError('CBOR_MALFORMED', `malformed CBOR: ${what}`, { what }, { cause })
}
