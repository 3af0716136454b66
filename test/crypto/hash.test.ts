import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex } from '../../src/base/index.ts'
import { hmacSha256With } from '../../src/crypto/hash.ts'
import { hmacSha256, sha256, timingSafeEqual } from '../../src/crypto/index.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

describe('hashes', () => {
  it('are those of the second implementation, over parts as over the whole', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (key, left, right) => {
        expect(sha256(left, right)).toEqual(nobleSha256(concatBytes(left, right)))
        const expected = hmac(nobleSha256, key, concatBytes(left, right))
        expect(hmacSha256(key, left, right)).toEqual(expected)
        if (key.length <= 64) expect(hmacSha256With(key)(left, right)).toEqual(expected)
      }),
    )
  })

  it('match RFC 4231 test case 2', () => {
    const key = new TextEncoder().encode('Jefe')
    const data = new TextEncoder().encode('what do ya want for nothing?')
    expect(toHex(hmacSha256(key, data))).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  it('compare equal only when length and content are', () => {
    expect(timingSafeEqual(fromHex('0102'), fromHex('0102'))).toBe(true)
    expect(timingSafeEqual(fromHex('0102'), fromHex('0103'))).toBe(false)
    expect(timingSafeEqual(fromHex('0102'), fromHex('010203'))).toBe(false)
    expect(timingSafeEqual(fromHex(''), fromHex(''))).toBe(true)
  })
})
