import { keys } from '@libp2p/crypto'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPeerId, isChordnsError } from '../../src/base/index.ts'
import { ed25519Signer, peerIdFromPublicKey, publicKeyFromPeerId } from '../../src/crypto/index.ts'

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isChordnsError(error)) return error.code
    throw error
  }
  return 'none'
}

describe('peer ids', () => {
  it('are those of libp2p for the same seed', async () => {
    await fc.assert(
      fc.asyncProperty(bytes32, async (seed) => {
        const theirs = peerIdFromPrivateKey(await keys.generateKeyPairFromSeed('Ed25519', seed))
        const { publicKey } = ed25519Signer(seed)
        expect(peerIdFromPublicKey(publicKey)).toBe(theirs.toString())
        expect(publicKeyFromPeerId(asPeerId(theirs.toString()))).toEqual(publicKey)
      }),
      { numRuns: 20 },
    )
  })

  it('commit to the key: it comes back from the text', () => {
    fc.assert(
      fc.property(bytes32, (key) => {
        expect(publicKeyFromPeerId(peerIdFromPublicKey(key))).toEqual(key)
      }),
    )
  })

  it('are one text a key: no other text gives the same key', () => {
    const peer = peerIdFromPublicKey(new Uint8Array(32).fill(9))
    for (const other of [`1${peer}`, `z${peer}`, ` ${peer}`, `${peer} `, `${peer}\n`, peer.toUpperCase(), `${peer}1`])
      expect(
        codeOf(() => publicKeyFromPeerId(asPeerId(other))),
        JSON.stringify(other),
      ).toBe('PEER_ID_MALFORMED')
  })

  it('of other kinds are refused, and so is any other text', () => {
    const others = [
      '',
      // An RSA key's and a secp256k1 key's, and an Ed25519 one as a CID.
      'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC',
      '16Uiu2HAmSBvUZqPgZmnGm7hM1cZBHZbVaNQYQ9z8bZJtv1j2a9RW',
      'bafzaajaiaejcb7eyhqgkqkmvsp2gxzqyyv3wopxhvmfhwpnmqjhgimvuvqmwmcfk',
      'k51qzi5uqu5dkkciu33khkzbcmxtyhn376i1e83tya8kuy7z9euedzyr5nhoew',
      '1'.repeat(60),
      '1'.repeat(100_000),
    ]
    for (const text of others)
      expect(
        codeOf(() => publicKeyFromPeerId(asPeerId(text))),
        text.slice(0, 60),
      ).toBe('PEER_ID_MALFORMED')
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (text) => {
        expect(codeOf(() => publicKeyFromPeerId(asPeerId(text)))).toBe('PEER_ID_MALFORMED')
      }),
    )
    expect(peerIdFromString('QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC').type).toBe('RSA')
  })

  it('need a key of 32 bytes', () => {
    expect(codeOf(() => peerIdFromPublicKey(new Uint8Array(33)))).toBe('KEY_MALFORMED')
  })
})
