/** Keys that sign test zones: all algorithms that the validator knows. Made afresh in each process, RSA pairs shared. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { concatBytes } from '../../src/base/index.ts'
import { canonicalName, type Name } from '../../src/dns/index.ts'

export type SigningAlgorithm = 5 | 7 | 8 | 10 | 13 | 14 | 15 | 16

export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = [5, 7, 8, 10, 13, 14, 15, 16]

export interface SigningKey {
  readonly algorithm: number
  readonly flags: number
  readonly tag: number
  /** DNSKEY RDATA. */
  readonly rdata: Uint8Array
  readonly sign: (data: Uint8Array) => Uint8Array
}

/** Flags of a zone key, of a key signing key, and the revoke bit. */
export const ZSK = 0x0100
export const KSK = 0x0101
export const REVOKED = 0x0080

const RSA_HASH: Readonly<Record<number, string>> = { 5: 'sha1', 7: 'sha1', 8: 'sha256', 10: 'sha512' }
const EC_HASH: Readonly<Record<number, string>> = { 13: 'sha256', 14: 'sha384' }

export function makeSigningKey(algorithm: SigningAlgorithm, flags: number): SigningKey {
  const { publicKey, privateKey } = generate(algorithm)
  return keyFrom(algorithm, flags, publicBytes(algorithm, publicKey), signerOf(algorithm, privateKey))
}

/** The same key pair under other flags or another algorithm number: another DNSKEY record, another tag. */
export function withFlags(key: SigningKey, flags: number): SigningKey {
  return keyFrom(key.algorithm, flags, key.rdata.slice(4), key.sign)
}

/** A key of any public bytes, that signs whatever you like. */
export function keyFrom(
  algorithm: number,
  flags: number,
  publicKey: Uint8Array,
  signWith: (data: Uint8Array) => Uint8Array,
): SigningKey {
  const rdata = concatBytes(Uint8Array.of(flags >> 8, flags & 0xff, 3, algorithm), publicKey)
  return { algorithm, flags, tag: tagOf(rdata), rdata, sign: signWith }
}

/** RFC 4034 appendix B. */
export function tagOf(rdata: Uint8Array): number {
  let sum = 0
  rdata.forEach((octet, i) => {
    sum += i % 2 === 0 ? octet * 256 : octet
  })
  return (sum + Math.floor(sum / 65_536)) & 0xffff
}

/** DS RDATA; digest 1, 2 or 4. */
export function dsFor(zone: Name, key: SigningKey, digestType = 2): Uint8Array {
  const hash = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }[digestType]
  if (hash === undefined) throw new RangeError(`no digest ${digestType}`)
  const digest = createHash(hash).update(canonicalName(zone).wire).update(key.rdata).digest()
  return concatBytes(Uint8Array.of(key.tag >> 8, key.tag & 0xff, key.algorithm, digestType), digest)
}

/** Valid RSA keys (1024 bits, of unknown factors) that share one tag: one word of the modulus makes the sum come out right. */
export function collidingKeys(count: number, tag: number, flags = ZSK): SigningKey[] {
  return Array.from({ length: count }, (_, i) => {
    const publicKey = new Uint8Array(2 + 128).fill(0x5b)
    publicKey.set([1, 3, 0xc5, i])
    publicKey.set([0, 0], 64)
    const make = () => keyFrom(8, flags, publicKey.slice(), () => new Uint8Array(128))
    const missing = (tag - make().tag + 0xffff) % 0xffff
    // The carry of the sum may add one.
    for (const word of [missing, missing - 1, missing + 1]) {
      publicKey.set([(word >> 8) & 0xff, word & 0xff], 64)
      const key = make()
      if (key.tag === tag) return key
    }
    throw new Error('no word gives this tag')
  })
}

let rsaPair: { publicKey: KeyObject; privateKey: KeyObject } | undefined

function generate(algorithm: SigningAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (algorithm) {
    case 13:
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 14:
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 15:
      return generateKeyPairSync('ed25519')
    case 16:
      return generateKeyPairSync('ed448')
    default:
      // Making one takes a tenth of a second and more; what is tested is not the key.
      rsaPair ??= generateKeyPairSync('rsa', { modulusLength: 2_048 })
      return rsaPair
  }
}

function publicBytes(algorithm: SigningAlgorithm, key: KeyObject): Uint8Array {
  const jwk = key.export({ format: 'jwk' })
  const part = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'))
  if (RSA_HASH[algorithm] !== undefined) {
    const exponent = part(jwk.e)
    return concatBytes(Uint8Array.of(exponent.length), exponent, part(jwk.n))
  }
  return EC_HASH[algorithm] === undefined ? part(jwk.x) : concatBytes(part(jwk.x), part(jwk.y))
}

function signerOf(algorithm: SigningAlgorithm, key: KeyObject): (data: Uint8Array) => Uint8Array {
  const rsa = RSA_HASH[algorithm]
  if (rsa !== undefined) return (data) => new Uint8Array(sign(rsa, data, key))
  const ec = EC_HASH[algorithm]
  if (ec !== undefined) return (data) => new Uint8Array(sign(ec, data, { key, dsaEncoding: 'ieee-p1363' }))
  return (data) => new Uint8Array(sign(null, data, key))
}
