/** Arithmetic on the ring of 2^256 ids. An id is 64 lower-case hex digits, so that string order is ring order. */
import { asRingId, ChordnsError, type RingId, toHex } from '../../base/index.ts'

/** Whatever is ordered like ids: hex on a real ring, numbers in a model of a large one. */
export type RingPlace = RingId | number

/** 32 bytes as an id. Throws RING_BAD_ID on any other length. */
export function idFromBytes(bytes: Uint8Array): RingId {
  if (bytes.length !== 32) throw new ChordnsError('RING_BAD_ID', 'a ring id has 32 bytes', { length: bytes.length })
  return asRingId(toHex(bytes))
}

/** The inverse of `idFromBytes`. */
export function idToBytes(id: RingId): Uint8Array {
  const out = new Uint8Array(32)
  for (let i = 0; i < 32; i++) out[i] = (nibble(id.charCodeAt(2 * i)) << 4) | nibble(id.charCodeAt(2 * i + 1))
  return out
}

/** Text from outside as an id. Throws RING_BAD_ID on anything but 64 lower-case hex digits. */
export function parseRingId(text: string): RingId {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new ChordnsError('RING_BAD_ID', 'a ring id is 64 lower-case hex digits', { text: text.slice(0, 80) })
  }
  return asRingId(text)
}

export function compareIds(a: RingId, b: RingId): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * True when going clockwise from `a` one meets `x` before `b`: the open interval of the Chord paper.
 * `between(a, x, a)` is the whole ring without `a`.
 */
export function between<I extends RingPlace>(a: I, x: I, b: I): boolean {
  if (a < b) return a < x && x < b
  if (a > b) return x > a || x < b
  return x !== a
}

/** True when `owner` is responsible for `key`, given its predecessor: the interval (predecessor, owner]. */
export function owns<I extends RingPlace>(predecessor: I, owner: I, key: I): boolean {
  return key === owner || between(predecessor, key, owner)
}

/** Sorts ids by how far they are clockwise from `from`, `from` itself last. */
export function compareFrom(from: RingId, a: RingId, b: RingId): number {
  const aWraps = a <= from
  return aWraps === b <= from ? compareIds(a, b) : aWraps ? 1 : -1
}

const SIZE = 1n << 256n

/** Clockwise steps from `from` to `to`: 0 <= distance < 2^256. */
export function distance(from: RingId, to: RingId): bigint {
  const difference = BigInt(`0x${to}`) - BigInt(`0x${from}`)
  return difference < 0n ? difference + SIZE : difference
}

/** (id + 2^exponent) mod 2^256: where finger `exponent` starts (Chord, Table 1). 0 <= exponent < 256. */
export function addPowerOfTwo(id: RingId, exponent: number): RingId {
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > 255) throw new RangeError(`no finger ${exponent}`)
  return fromBigInt((BigInt(`0x${id}`) + (1n << BigInt(exponent))) % SIZE)
}

/** The key of chunk `index` of 2^bits: its number as the top bits of the id space, zeros below. 0 <= bits <= 48. */
export function keyOfPrefix(bits: number, index: number): RingId {
  if (!Number.isInteger(bits) || bits < 0 || bits > 48) throw new RangeError(`no prefix of ${bits} bits`)
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** bits)
    throw new RangeError(`no chunk ${index} of 2^${bits}`)
  return fromBigInt(BigInt(index) << BigInt(256 - bits))
}

/** Index of the first of the sorted ids that is at or after `key`, clockwise; 0 when that wraps or the list is empty. */
export function successorIndex(sorted: readonly RingId[], key: RingId): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low === sorted.length ? 0 : low
}

/** For logs: the first 8 hex digits. */
export function shortId(id: RingId | Uint8Array): string {
  return (typeof id === 'string' ? id : toHex(id)).slice(0, 8)
}

function fromBigInt(value: bigint): RingId {
  return asRingId(value.toString(16).padStart(64, '0'))
}

/** Of a lower-case hex digit's character code. */
function nibble(code: number): number {
  return code < 58 ? code - 48 : code - 87
}
