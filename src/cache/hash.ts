/**
 * HalfSipHash-2-4 with 32 bits of output (Aumasson, Bernstein: SipHash, appendix). Names come from outside, so the index needs
 * a keyed hash: with a public one, anybody can choose names that all fall into one run of slots.
 */
export type HashKey = readonly [k0: number, k1: number]

/** From 8 random bytes. Throws a RangeError on fewer. */
export function hashKey(seed: Uint8Array): HashKey {
  if (seed.length < 8) throw new RangeError('the hash seed needs 8 bytes')
  return [word(seed, 0), word(seed, 4)]
}

/** The hash of `bytes[0..length)`, an unsigned 32-bit integer. */
export function halfSipHash(key: HashKey, bytes: Uint8Array, length: number): number {
  let v0 = key[0]
  let v1 = key[1]
  let v2 = 0x6c796765 ^ key[0]
  let v3 = 0x74656462 ^ key[1]
  const whole = length & ~3
  let offset = 0
  let remaining = 2
  let message = 0
  // One loop over all words, the last of which carries the tail and the length; then 0xff and four closing rounds.
  for (;;) {
    if (offset < whole) {
      message = word(bytes, offset)
    } else {
      message = (length & 0xff) << 24
      for (let i = 0; i < (length & 3); i++) message |= bytes[whole + i]! << (8 * i)
    }
    v3 ^= message
    for (remaining = 2; remaining > 0; remaining--) {
      v0 = (v0 + v1) | 0
      v1 = rotate(v1, 5) ^ v0
      v0 = rotate(v0, 16)
      v2 = (v2 + v3) | 0
      v3 = rotate(v3, 8) ^ v2
      v0 = (v0 + v3) | 0
      v3 = rotate(v3, 7) ^ v0
      v2 = (v2 + v1) | 0
      v1 = rotate(v1, 13) ^ v2
      v2 = rotate(v2, 16)
    }
    v0 ^= message
    if (offset >= whole) break
    offset += 4
  }
  v2 ^= 0xff
  for (remaining = 4; remaining > 0; remaining--) {
    v0 = (v0 + v1) | 0
    v1 = rotate(v1, 5) ^ v0
    v0 = rotate(v0, 16)
    v2 = (v2 + v3) | 0
    v3 = rotate(v3, 8) ^ v2
    v0 = (v0 + v3) | 0
    v3 = rotate(v3, 7) ^ v0
    v2 = (v2 + v1) | 0
    v1 = rotate(v1, 13) ^ v2
    v2 = rotate(v2, 16)
  }
  return (v1 ^ v3) >>> 0
}

function word(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
