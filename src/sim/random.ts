/** Randomness that repeats: the same seed and label give the same stream, on every machine. */
import type { Random } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'

export interface SeededRandom extends Random {
  /**
   * An independent stream for one concern, the same however much was drawn from this one: a new draw in one part of a
   * scenario leaves all others as they were, so that a failing seed goes on failing while one looks for the cause.
   */
  split(label: string): SeededRandom
}

/** xoshiro128** (Blackman, Vigna 2018), its state from SHA-256 of the seed. */
export function seededRandom(seed: number | string): SeededRandom {
  const text = String(seed)
  const digest = sha256(new TextEncoder().encode(`chordns/sim\0${text}`))
  const view = new DataView(digest.buffer, digest.byteOffset)
  let a = view.getUint32(0)
  let b = view.getUint32(4)
  let c = view.getUint32(8)
  // The state must not be all zeros.
  let d = view.getUint32(12) | 1

  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return result
  }

  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i += 4) {
        const word = next()
        for (let j = 0; j < 4 && i + j < length; j++) bytes[i + j] = word >>> (8 * j)
      }
      return bytes
    },
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32)
        throw new RangeError(`a bound between 1 and 2^32 is needed, not ${bound}`)
      // The largest multiple of the bound: what lies above it would favour the small numbers.
      const fair = 2 ** 32 - (2 ** 32 % bound)
      for (;;) {
        const word = next()
        if (word < fair) return word % bound
      }
    },
    split: (label) => seededRandom(`${text}\0${label}`),
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
