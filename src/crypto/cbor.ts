/**
 * Canonical CBOR (RFC 8949 section 4.2): what is signed or hashed has exactly one encoding. Maps have integer or text keys.
 * Reading it is in `cbor-decode.ts`.
 */
import { ChordnsError, compareBytes } from '../base/index.ts'

export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>

/** The canonical encoding of a value, by itself. In the place of that value it is copied as it is. */
export class EncodedCbor {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** What can be encoded: values, and what was encoded before. */
export type CborSource = CborValue | EncodedCbor | readonly CborSource[] | ReadonlyMap<number | string, CborSource>

/**
 * Map keys are sorted bytewise by their encoding. Throws CBOR_UNENCODABLE for numbers that are no safe integers, integers of
 * more than 64 bits and undefined: nothing may be signed that does not come back equal. Written out here, because all that
 * is signed, stored or sent passes through it: a general encoder takes five times as long (docs/decisions/0019).
 */
export function encodeCanonical(value: CborSource): Uint8Array {
  length = 0
  write(value)
  if (buffer.length <= LARGE) return buffer.slice(0, length)
  const bytes = buffer
  buffer = new Uint8Array(SMALL)
  // It is not used again: what is nearly full is given away as it is.
  return bytes.length - length <= SLACK ? bytes.subarray(0, length) : bytes.slice(0, length)
}

const SMALL = 4_096
/** A larger one, as a snapshot needs, is not kept, bytes. */
const LARGE = 1_048_576
/** Room behind one large piece for what else there is: to move megabytes takes milliseconds. */
const SLACK = 65_536
/** Filled by one call at a time: nothing in here calls anybody else. */
let buffer = new Uint8Array(SMALL)
let length = 0
const utf8 = new TextEncoder()

function write(value: CborSource | undefined): void {
  if (value instanceof Uint8Array) {
    writeHead(2, value.length)
    writeBytes(value)
    return
  }
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) throw unencodable(`the number ${value}`)
      if (value < 0) writeHead(1, -1 - value)
      else writeHead(0, value)
      return
    case 'string': {
      const bytes = utf8.encode(value)
      writeHead(3, bytes.length)
      writeBytes(bytes)
      return
    }
    case 'boolean':
      reserve(1)
      buffer[length++] = value ? 0xf5 : 0xf4
      return
    case 'bigint':
      writeBigInt(value)
      return
  }
  if (value === null) {
    reserve(1)
    buffer[length++] = 0xf6
  } else if (Array.isArray(value)) {
    writeHead(4, value.length)
    // By number, so that a hole is found, too.
    for (let i = 0; i < value.length; i++) write(value[i])
  } else if (value instanceof Map) writeMap(value)
  else if (value instanceof EncodedCbor) writeBytes(value.bytes)
  else throw unencodable(value === undefined ? 'undefined' : `a ${typeof value}`)
}

function writeBytes(bytes: Uint8Array): void {
  reserve(bytes.length)
  buffer.set(bytes, length)
  length += bytes.length
}

function writeMap(map: ReadonlyMap<number | string, CborSource>): void {
  writeHead(5, map.size)
  if (isSorted(map)) {
    for (const [key, value] of map) {
      write(key)
      write(value)
    }
    return
  }
  const entries = [...map].map(([key, value]) => ({ key: keyBytes(key), value }))
  entries.sort((a, b) => compareBytes(a.key, b.key))
  for (const { key, value } of entries) {
    writeBytes(key)
    write(value)
  }
}

/** Rising natural numbers, as we write nearly all maps. */
function isSorted(map: ReadonlyMap<number | string, CborSource>): boolean {
  let last = -1
  for (const key of map.keys()) {
    if (typeof key !== 'number' || key <= last) return false
    last = key
  }
  return true
}

function keyBytes(key: number | string): Uint8Array {
  if (typeof key !== 'number' && typeof key !== 'string')
    throw unencodable('a map key that is neither integer nor text')
  const start = length
  write(key)
  const bytes = buffer.slice(start, length)
  length = start
  return bytes
}

function writeBigInt(value: bigint): void {
  const argument = value < 0n ? -1n - value : value
  if (argument >= 2n ** 64n) throw unencodable(`the integer ${value}`)
  if (argument <= BigInt(Number.MAX_SAFE_INTEGER)) {
    writeHead(value < 0n ? 1 : 0, Number(argument))
    return
  }
  reserve(9)
  buffer[length++] = ((value < 0n ? 1 : 0) << 5) | 27
  for (let shift = 56n; shift >= 0n; shift -= 8n) buffer[length++] = Number((argument >> shift) & 0xffn)
}

/** Major type and argument in the fewest bytes (RFC 8949 section 4.2.1). */
function writeHead(major: number, argument: number): void {
  reserve(9)
  const type = major << 5
  if (argument < 24) buffer[length++] = type | argument
  else if (argument < 0x100) {
    buffer[length++] = type | 24
    buffer[length++] = argument
  } else if (argument < 0x1_0000) {
    buffer[length++] = type | 25
    writeShort(argument)
  } else if (argument < 0x1_0000_0000) {
    buffer[length++] = type | 26
    writeShort(argument >>> 16)
    writeShort(argument & 0xffff)
  } else {
    buffer[length++] = type | 27
    const high = Math.floor(argument / 0x1_0000_0000)
    writeShort(high >>> 16)
    writeShort(high & 0xffff)
    const low = argument % 0x1_0000_0000
    writeShort(low >>> 16)
    writeShort(low & 0xffff)
  }
}

function writeShort(value: number): void {
  buffer[length++] = value >>> 8
  buffer[length++] = value & 0xff
}

function reserve(bytes: number): void {
  if (length + bytes <= buffer.length) return
  const wanted = length + bytes
  const larger = new Uint8Array(bytes > LARGE ? wanted + SLACK : Math.max(buffer.length * 2, wanted))
  larger.set(buffer.subarray(0, length))
  buffer = larger
}

function unencodable(what: string) {
  return new ChordnsError('CBOR_UNENCODABLE', `cannot be encoded: ${what}`, { what })
}

/**
 * `encodeCanonical` of a list of byte strings, in one piece that is as long as it must be: a long list takes a third of the time. `memory`: where it is to
 * stand, new and so long.
 */
export function encodeByteList(
  items: readonly Uint8Array[],
  memory: (size: number) => Uint8Array = (size) => new Uint8Array(size),
): Uint8Array {
  const list = new GrowingByteList(items, memory)
  list.add(items.length)
  return list.bytes
}

/** The same bit by bit: a list of two megabytes takes milliseconds, most of which the machine needs to find the memory. */
export class GrowingByteList {
  /** Whole once `add` has said so. */
  readonly bytes: Uint8Array
  readonly #items: readonly Uint8Array[]
  #next = 0
  #at: number

  constructor(items: readonly Uint8Array[], memory: (size: number) => Uint8Array) {
    let size = headBytes(items.length)
    for (const item of items) size += headBytes(item.length) + item.length
    this.#items = items
    this.bytes = memory(size)
    this.#at = putHead(this.bytes, 0, 4, items.length)
  }

  /** The next so many items; true when there are no more. */
  add(count: number): boolean {
    const items = this.#items
    const until = Math.min(items.length, this.#next + count)
    const { bytes } = this
    let at = this.#at
    for (let i = this.#next; i < until; i++) {
      const item = items[i]!
      at = putHead(bytes, at, 2, item.length)
      bytes.set(item, at)
      at += item.length
    }
    this.#at = at
    this.#next = until
    return until === items.length
  }
}

/** Of lists and byte strings, which are shorter than 2^32. */
function headBytes(argument: number): number {
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x1_0000 ? 3 : 5
}

/** Gives the place behind it. */
function putHead(bytes: Uint8Array, at: number, major: number, argument: number): number {
  const size = headBytes(argument)
  const type = major << 5
  if (size === 1) bytes[at] = type | argument
  else {
    bytes[at] = type | (size === 2 ? 24 : size === 3 ? 25 : 26)
    for (let i = 1; i < size; i++) bytes[at + i] = argument >>> (8 * (size - 1 - i))
  }
  return at + size
}
