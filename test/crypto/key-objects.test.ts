import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { curveSpki, derSignature, publicKeyFrom, rsaSpki } from '../../src/crypto/key-objects.ts'

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const fromBase64url = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'))
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })

describe('public keys from their bytes', () => {
  it.each(['Ed25519', 'Ed448'] as const)('are those of %s', (curve) => {
    const { publicKey } = curve === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448')
    const { x } = jwkOf(publicKey)
    expect(publicKeyFrom(curveSpki(curve, fromBase64url(x!)))?.equals(publicKey)).toBe(true)
  })

  it.each(['P-256', 'P-384'] as const)('are those of %s, and none when the point is off the curve', (namedCurve) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve })
    const { x, y } = jwkOf(publicKey)
    const point = new Uint8Array([...fromBase64url(x!), ...fromBase64url(y!)])
    expect(publicKeyFrom(curveSpki(namedCurve, point))?.equals(publicKey)).toBe(true)
    point[point.length - 1]! ^= 1
    expect(publicKeyFrom(curveSpki(namedCurve, point))).toBeUndefined()
    expect(publicKeyFrom(curveSpki(namedCurve, point.fill(0)))).toBeUndefined()
  })

  it('are those of RSA, whatever their length and the zeros in front of them', () => {
    const bytes = fc.uint8Array({ minLength: 64, maxLength: 512 }).filter((one) => one.some((byte) => byte !== 0))
    fc.assert(
      fc.property(bytes, fc.constantFrom([3], [1, 0, 1], [0, 1, 0, 1], [0x80, 1]), (modulus, exponent) => {
        const e = Uint8Array.from(exponent)
        const key = publicKeyFrom(rsaSpki(modulus, e))
        const jwk = { kty: 'RSA', n: base64url(modulus), e: base64url(e) }
        expect(key && jwkOf(key)).toEqual(jwkOf(createPublicKey({ key: jwk, format: 'jwk' })))
      }),
      { numRuns: 60 },
    )
  })

  it('are none where the bytes are no key', () => {
    for (const bytes of [[], [0x30, 0], [0x30, 0x82, 0xff, 0xff], new Array(300).fill(0x30)])
      expect(publicKeyFrom(Uint8Array.from(bytes))).toBeUndefined()
  })
})

describe('signatures of ECDSA as X.509 has them', () => {
  it.each(['P-256', 'P-384'] as const)('hold and fail as their halves do, on %s', (namedCurve) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const data = Uint8Array.of(1, 2, 3)
    const half = namedCurve === 'P-256' ? 32 : 48
    const good = new Uint8Array(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
    expect(verify('sha256', data, publicKey, derSignature(good))).toBe(true)
    fc.assert(
      fc.property(fc.nat(2 * half - 1), fc.nat(255), fc.boolean(), (at, byte, zeroed) => {
        const one = zeroed ? good.slice().fill(0, 0, at) : good.with(at, byte)
        const expected = verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, one)
        expect(verify('sha256', data, publicKey, derSignature(one))).toBe(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('are short integers where zeros stand in front, and one zero where nothing else does', () => {
    const zeros = new Uint8Array(64)
    expect(Buffer.from(derSignature(zeros)).toString('hex')).toBe('3006020100020100')
    const small = zeros.with(31, 0x7f).with(63, 0x80)
    expect(Buffer.from(derSignature(small)).toString('hex')).toBe('300702017f02020080')
  })
})
