/**
 * Canonical CBOR, read in one pass: whatever is not the one encoding of its value is refused where it is met. Written out here, because
 * all that peers, disks and blocks say passes through it: a general decoder, a copy and a second encoding to compare with take five
 * times as long (docs/decisions/0019).
 */
import { ChordnsError, compareBytes } from '../base/index.ts'
import type { CborValue } from './cbor.ts'
import { limits } from './limits.ts'

export interface DecodeOptions {
  readonly maxBytes: number
  /** Byte strings are parts of `bytes`, which nobody may change then, and which are held as long as any of them: to copy thousands takes long. */
  readonly inPlace?: boolean
}

/** Throws CBOR_MALFORMED. Maps come back as Map; bytes are the caller's own. */
export function decodeCanonical(bytes: Uint8Array, options: DecodeOptions): CborValue {
  if (bytes.length > options.maxBytes) throw malformed(`${bytes.length} bytes instead of at most ${options.maxBytes}`)
  source = bytes
  offset = 0
  isInPlace = options.inPlace === true
  try {
    const value = read(0)
    if (offset !== source.length) throw malformed('more than one document')
    return value
  } finally {
    source = NOTHING
  }
}

const NOTHING = new Uint8Array()
/** What is being read, by one call at a time: nothing in here calls anybody else. */
let source: Uint8Array = NOTHING
let offset = 0
let isInPlace = false
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6

/** `depth`: lists and maps around it that have items. */
function read(depth: number): CborValue {
  if (offset >= source.length) throw malformed('it ends early')
  const initial = source[offset++]!
  switch (initial >> 5) {
    case 0:
      return readArgument(initial)
    case 1:
      return negative(readArgument(initial))
    case 2:
      return readBytes(readLength(initial))
    case 3:
      return readText(readLength(initial))
    case 4:
      return readList(readLength(initial), depth)
    case 5:
      return readMap(readLength(initial), depth)
  }
  if (initial === FALSE) return false
  if (initial === TRUE) return true
  if (initial === NULL) return null
  throw malformed('a value of a kind that is not used')
}

/** Argument in the fewest bytes (RFC 8949 section 4.2.1); a bigint where a number would not be exact. */
function readArgument(initial: number): number | bigint {
  const info = initial & 0x1f
  if (info < 24) return info
  if (info > 27) throw malformed('an indefinite or reserved length')
  const end = offset + (1 << (info - 24))
  if (end > source.length) throw malformed('a number ends early')
  if (info === 27) return readLong(end)
  let value = 0
  while (offset < end) value = value * 256 + source[offset++]!
  if (value < LEAST[info - 24]!) throw notCanonical()
  return value
}

/** The least argument that needs one, two, four bytes. */
const LEAST = [24, 0x100, 0x1_0000] as const

function readLong(end: number): number | bigint {
  let high = 0
  let low = 0
  for (const middle = offset + 4; offset < middle; ) high = high * 256 + source[offset++]!
  while (offset < end) low = low * 256 + source[offset++]!
  if (high === 0) throw notCanonical()
  // 2^53 is the first that is not safe.
  return high < 0x20_0000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low)
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument
  return -1n - BigInt(argument)
}

/** Of what follows: each byte or item takes one byte at least. */
function readLength(initial: number): number {
  const length = readArgument(initial)
  if (length > source.length - offset) throw malformed('a length that the document cannot hold')
  return Number(length)
}

function readBytes(length: number): Uint8Array {
  const bytes = source.subarray(offset, offset + length)
  offset += length
  return isInPlace ? bytes : new Uint8Array(bytes)
}

function readText(length: number): string {
  const end = offset + length
  const bytes = source.subarray(offset, end)
  offset = end
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw malformed('text that is not UTF-8', cause)
  }
}

/** One level deeper, unless it is empty: a deep document must not exhaust the stack. */
function deeper(depth: number, items: number): number {
  if (items > 0 && depth >= limits.MAX_CBOR_DEPTH) throw malformed('nested too deeply')
  return depth + 1
}

function readList(items: number, depth: number): CborValue[] {
  const inner = deeper(depth, items)
  const list: CborValue[] = []
  for (let i = 0; i < items; i++) list.push(read(inner))
  return list
}

/** Keys rise bytewise by their encoding, so that none comes twice. */
function readMap(items: number, depth: number): ReadonlyMap<number | string, CborValue> {
  const inner = deeper(depth, items)
  const map = new Map<number | string, CborValue>()
  let last: Uint8Array = NOTHING
  for (let i = 0; i < items; i++) {
    const start = offset
    const key = read(inner)
    const encoded = source.subarray(start, offset)
    if (typeof key !== 'number' && typeof key !== 'string')
      throw malformed('a map key that is neither integer nor text')
    if (compareBytes(encoded, last) <= 0) throw malformed('map keys that do not rise')
    last = encoded
    map.set(key, read(inner))
  }
  return map
}

function notCanonical() {
  return malformed('not the canonical encoding')
}

function malformed(what: string, cause?: unknown) {
  return new ChordnsError('CBOR_MALFORMED', `malformed CBOR: ${what}`, { what }, { cause })
}
