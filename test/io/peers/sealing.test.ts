import { randomBytes } from 'node:crypto'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/io/limits.ts'
import { sealing } from '../../../src/io/peers/sealing.ts'

const lengths = [0, 1, 64, 1_199, 1_200, 2_000, limits.SEALED_AS_SMALL_BYTES, limits.SEALED_AS_SMALL_BYTES + 1, 65_519]
const nothing = new Uint8Array()

describe('sealing messages of Noise', () => {
  it.each(lengths)('gives what the package gives for %i bytes, and opens it', (length) => {
    const [key, nonce, plain] = [randomBytes(32), randomBytes(12), randomBytes(length)]
    const sealed = sealing.chaCha20Poly1305Encrypt(plain, nonce, nothing, key).subarray()
    const other = defaultCrypto.chaCha20Poly1305Encrypt(plain, nonce, nothing, key).subarray()
    expect(Buffer.compare(sealed, other)).toBe(0)
    const opened = sealing.chaCha20Poly1305Decrypt(other, nonce, nothing, key).subarray()
    expect(Buffer.compare(opened, plain)).toBe(0)
  })

  it.each(lengths)('opens nothing of %i bytes in which one bit is another', (length) => {
    const [key, nonce] = [randomBytes(32), randomBytes(12)]
    const sealed = Uint8Array.from(sealing.chaCha20Poly1305Encrypt(randomBytes(length), nonce, nothing, key).subarray())
    sealed[sealed.length >> 1]! ^= 1
    expect(() => sealing.chaCha20Poly1305Decrypt(sealed, nonce, nothing, key)).toThrow()
  })
})
