import { describe, expect, it } from 'vitest'
import { ed25519, ed25519Signer, rememberingScheme } from '../../src/crypto/index.ts'

const signer = ed25519Signer(new Uint8Array(32).fill(7))
const message = Uint8Array.of(1, 2, 3)
const signature = signer.sign(message)

function counting() {
  let checks = 0
  const scheme = rememberingScheme(
    {
      verify(...statement) {
        checks++
        return ed25519.verify(...statement)
      },
    },
    2,
  )
  return { scheme, checks: () => checks }
}

describe('a scheme that remembers', () => {
  it('checks the same statement once, whether it holds or not', () => {
    const { scheme, checks } = counting()
    const forged = signature.slice()
    forged[0]! ^= 1
    for (let i = 0; i < 3; i++) {
      expect(scheme.verify(signer.publicKey, message, signature)).toBe(true)
      expect(scheme.verify(signer.publicKey, message, forged)).toBe(false)
    }
    expect(checks()).toBe(2)
  })

  it('never takes one statement for another', () => {
    const { scheme } = counting()
    expect(scheme.verify(signer.publicKey, message, signature)).toBe(true)
    expect(scheme.verify(signer.publicKey, Uint8Array.of(1, 2, 4), signature)).toBe(false)
    expect(scheme.verify(ed25519Signer(new Uint8Array(32).fill(8)).publicKey, message, signature)).toBe(false)
  })

  it('forgets the oldest', () => {
    const { scheme, checks } = counting()
    for (const last of [1, 2, 3, 1]) scheme.verify(signer.publicKey, Uint8Array.of(last), signature)
    expect(checks()).toBe(4)
  })
})
