import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ed25519Signer } from '../../src/crypto/index.ts'
import { openSealed, sealTo } from '../../src/crypto/sealed.ts'

const seed = new Uint8Array(32).fill(7)
const { publicKey } = ed25519Signer(seed)
const context = new TextEncoder().encode('this claim')
const secret = new Uint8Array(32).fill(9)

describe('what is sealed to an Ed25519 key', () => {
  it('is opened by that key, for that purpose, and is another each time', () => {
    const sealed = sealTo(publicKey, context, secret, randomBytes(32))!
    expect(sealed).toHaveLength(80)
    expect(openSealed(seed, context, sealed)).toEqual(secret)
    expect(sealTo(publicKey, context, secret, randomBytes(32))).not.toEqual(sealed)
  })

  it('is opened by no other key, for no other purpose, and not when a bit of it is another', () => {
    const sealed = sealTo(publicKey, context, secret, randomBytes(32))!
    expect(openSealed(new Uint8Array(32).fill(8), context, sealed)).toBeUndefined()
    expect(openSealed(seed, new TextEncoder().encode('that claim'), sealed)).toBeUndefined()
    for (const at of [0, 31, 32, 63, 64, 79]) {
      const changed = Uint8Array.from(sealed, (byte, i) => (i === at ? byte ^ 1 : byte))
      expect(openSealed(seed, context, changed)).toBeUndefined()
    }
    expect(openSealed(seed, context, sealed.subarray(0, 40))).toBeUndefined()
  })

  it('is not made for a key that is no point of the curve, or one of small order', () => {
    expect(sealTo(new Uint8Array(32).fill(0xff), context, secret, randomBytes(32))).toBeUndefined()
    const identity = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))
    expect(sealTo(identity, context, secret, randomBytes(32))).toBeUndefined()
  })
})
