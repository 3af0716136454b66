import { describe, expect, it } from 'vitest'
import { halfSipHash, hashKey } from '../../src/cache/hash.ts'

describe('halfSipHash', () => {
  // The reference vectors: key 00..07, inputs 00, 00 01, 00 01 02, ... (github.com/veorq/SipHash, vectors_hsip32).
  const VECTORS = ['a9359f5b', '27475ab8', 'fa62a603', '8afee704', '2a6e4689', 'c5fab669', '5863fc23', '8bcf63c5']

  it('gives the reference values', () => {
    const key = hashKey(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7))
    for (const [length, expected] of VECTORS.entries()) {
      const input = Uint8Array.from({ length }, (_, i) => i)
      const value = halfSipHash(key, input, length)
      const bytes = [0, 8, 16, 24].map((shift) => ((value >>> shift) & 0xff).toString(16).padStart(2, '0'))
      expect(bytes.join(''), `length ${length}`).toBe(expected)
    }
  })

  it('depends on the key', () => {
    const input = new TextEncoder().encode('example')
    const one = halfSipHash(hashKey(new Uint8Array(8)), input, input.length)
    const other = halfSipHash(hashKey(new Uint8Array(8).fill(1)), input, input.length)
    expect(one).not.toBe(other)
  })

  it('needs a whole key', () => {
    expect(() => hashKey(new Uint8Array(7))).toThrow(RangeError)
  })
})
