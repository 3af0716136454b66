/** Zone keys for signed test zones (RFC 4034, 5702, 6605, 8080): made afresh, kept in memory only. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { concatBytes } from '../../src/base/index.ts'
import { canonicalName, type Name } from '../../src/dns/index.ts'

/** RSASHA256, ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448. */
export type Algorithm = 8 | 13 | 14 | 15 | 16

export interface ZoneKey {
  readonly algorithm: Algorithm
  readonly tag: number
  /** DNSKEY RDATA. */
  readonly rdata: Uint8Array
  readonly sign: (data: Uint8Array) => Uint8Array
}

export interface ZoneKeys {
  readonly ksk: ZoneKey
  readonly zsk: ZoneKey
}

export function makeKeys(algorithm: Algorithm): ZoneKeys {
  return { ksk: makeKey(algorithm, 257), zsk: makeKey(algorithm, 256) }
}

/** `flags`: 256 for a zone key, 257 with the SEP bit. */
export function makeKey(algorithm: Algorithm, flags: number): ZoneKey {
  const { publicKey, privateKey } = generate(algorithm)
  return keyOf(algorithm, flags, publicKey, privateKey)
}

/** The key that `chordns domain keygen` wrote into a .pem file: zone key and secure entry point in one. */
export function keyFromPem(algorithm: Algorithm, pem: string): ZoneKey {
  const privateKey = createPrivateKey(pem)
  return keyOf(algorithm, 257, createPublicKey(privateKey), privateKey)
}

function keyOf(algorithm: Algorithm, flags: number, publicKey: KeyObject, privateKey: KeyObject): ZoneKey {
  const rdata = concatBytes(Uint8Array.of(flags >> 8, flags & 255, 3, algorithm), publicBytes(algorithm, publicKey))
  return { algorithm, rdata, tag: keyTag(rdata), sign: signer(algorithm, privateKey) }
}

/** RFC 4034 appendix B. */
export function keyTag(rdata: Uint8Array): number {
  let sum = 0
  rdata.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte << 8 : byte
  })
  return (sum + (sum >> 16)) & 0xffff
}

/** DS RDATA with a SHA-256 digest (RFC 4509). */
export function dsRdata(owner: Name, key: ZoneKey): Uint8Array {
  const digest = createHash('sha256').update(canonicalName(owner).wire).update(key.rdata).digest()
  return concatBytes(Uint8Array.of(key.tag >> 8, key.tag & 255, key.algorithm, 2), digest)
}

function generate(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 8:
      return generateKeyPairSync('rsa', { modulusLength: 2_048 })
    case 13:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 14:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 15:
      return generateKeyPairSync('ed25519')
    case 16:
      return generateKeyPairSync('ed448')
  }
}

function publicBytes(algorithm: Algorithm, key: KeyObject): Uint8Array {
  const jwk = key.export({ format: 'jwk' })
  const part = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'))
  switch (algorithm) {
    case 8: {
      const exponent = part(jwk.e)
      return concatBytes(Uint8Array.of(exponent.length), exponent, part(jwk.n))
    }
    case 13:
    case 14:
      return concatBytes(part(jwk.x), part(jwk.y))
    default:
      return part(jwk.x)
  }
}

function signer(algorithm: Algorithm, key: KeyObject): (data: Uint8Array) => Uint8Array {
  switch (algorithm) {
    case 8:
      return (data) => new Uint8Array(sign('sha256', data, key))
    case 13:
      return (data) => new Uint8Array(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }))
    case 14:
      return (data) => new Uint8Array(sign('sha384', data, { key, dsaEncoding: 'ieee-p1363' }))
    default:
      return (data) => new Uint8Array(sign(null, data, key))
  }
}
