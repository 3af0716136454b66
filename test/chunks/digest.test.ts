import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../src/base/index.ts'
import { buildDigest, decodeDigest, encodeDigest, mayHave } from '../../src/chunks/digest.ts'
import { limits } from '../../src/chunks/limits.ts'
import { encodeCanonical } from '../../src/crypto/index.ts'

const salts = fc.uint8Array({ minLength: 8, maxLength: 8 })
const keySets = fc.uniqueArray(fc.string({ maxLength: 60 }), { maxLength: 200 })
const SALT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const named = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}.example/1/1`)

describe('a digest of a chunk', () => {
  it('never says no to what it was made of, also after the wire', () => {
    fc.assert(
      fc.property(keySets, salts, (keys, salt) => {
        const digest = decodeDigest(encodeDigest(buildDigest(keys, salt)))
        for (const key of keys) expect(mayHave(digest, key)).toBe(true)
      }),
    )
  })

  it('says perhaps to about one in a hundred of what it lacks', () => {
    for (const count of [50, 1_000, 5_000]) {
      const digest = buildDigest(named('held', count), SALT)
      const wrong = named('lacked', 10_000).filter((key) => mayHave(digest, key)).length
      expect(wrong / 10_000).toBeLessThan(0.02)
      expect(digest.bits.length).toBe(Math.ceil((count * 10) / 8))
    }
  })

  it('of nothing says no to all', () => {
    const empty = buildDigest([], SALT)
    expect(named('any', 100).some((key) => mayHave(empty, key))).toBe(false)
  })

  it('stays within its bound however much is held, and then still never says no to what is held', () => {
    const keys = named('held', 30_000)
    const digest = buildDigest(keys, SALT)
    expect(digest.bits.length).toBe(limits.MAX_DIGEST_BYTES)
    expect(keys.every((key) => mayHave(digest, key))).toBe(true)
  })

  it('errs about other names under another salt', () => {
    const held = named('held', 1_000)
    const [one, other] = [
      buildDigest(held, SALT),
      buildDigest(
        held,
        SALT.map((byte) => byte + 1),
      ),
    ]
    const both = named('lacked', 20_000).filter((key) => mayHave(one, key) && mayHave(other, key))
    expect(both.length).toBeLessThan(20)
  })

  it('is refused when any byte of it is damaged, when cut, and with bytes behind it', () => {
    const bytes = encodeDigest(buildDigest(named('held', 20), SALT))
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice()
      damaged[at]! ^= 1
      expect(refused(damaged)).toBe(true)
      expect(refused(bytes.slice(0, at))).toBe(true)
    }
    expect(refused(Uint8Array.of(...bytes, 0))).toBe(true)
  })

  it('is refused in another version, and oversized', () => {
    const { salt, bits, stamp } = buildDigest([], SALT)
    expect(() => decodeDigest(encodeCanonical([2, salt, bits, stamp]))).toThrow(/version/)
    const large = new Uint8Array(limits.MAX_DIGEST_BYTES + 1)
    expect(refused(encodeDigest({ salt, bits: large, stamp }))).toBe(true)
  })

  it('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => refused(bytes)))
  })
})

function refused(bytes: Uint8Array): boolean {
  try {
    decodeDigest(bytes)
    return false
  } catch (error) {
    if (isChordnsError(error, 'CHUNK_MALFORMED') || isChordnsError(error, 'CHUNK_VERSION')) return true
    throw error
  }
}
