/** Key pairs that sign zones, from their secret: the forms in which signers of zones take them. */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { ChordnsError, concatBytes } from '../base/index.ts'
import { ed25519Signer } from './sign.ts'

/** DNSSEC algorithm numbers: ECDSA P-256, Ed25519. */
export type ZoneKeyAlgorithm = 13 | 15

export interface ZoneKeyPair {
  /** In the form of a DNSKEY record. */
  readonly publicKey: Uint8Array
  /** PKCS#8, PEM. */
  readonly pem: string
}

const ED25519_PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20])

/** `secret`: 32 random bytes. Throws KEY_MALFORMED when it is none, as one in 2^32 is for P-256. */
export function zoneKeyPair(algorithm: ZoneKeyAlgorithm, secret: Uint8Array): ZoneKeyPair {
  if (secret.length !== 32) throw malformed()
  if (algorithm === 13) return p256(secret)
  const key = createPrivateKey({ key: Buffer.from(concatBytes(ED25519_PKCS8, secret)), format: 'der', type: 'pkcs8' })
  return { publicKey: ed25519Signer(secret).publicKey, pem: pemOf(key) }
}

function p256(secret: Uint8Array): ZoneKeyPair {
  const ecdh = createECDH('prime256v1')
  try {
    ecdh.setPrivateKey(secret)
  } catch {
    // Zero, or beyond the order of the curve.
    throw malformed()
  }
  const point = new Uint8Array(ecdh.getPublicKey())
  const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)]
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y), d: base64url(secret) }
  return { publicKey: point.slice(1), pem: pemOf(createPrivateKey({ key: jwk, format: 'jwk' })) }
}

function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

function malformed() {
  return new ChordnsError('KEY_MALFORMED', 'a zone key has a secret of 32 bytes that fits its curve', {})
}
