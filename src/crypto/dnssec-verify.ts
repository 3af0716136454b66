/** What DNSSEC needs of cryptography: signatures of the registered algorithms, DS digests, the hash of NSEC3. */
import { createHash, type KeyObject, verify } from 'node:crypto'
import { curveSpki, derSignature, publicKeyFrom, rsaSpki } from './key-objects.ts'
import { limits } from './limits.ts'

/** True when `signature` is the key's over `data`. Never throws: what cannot be read does not verify. */
export type DnssecVerifier = (data: Uint8Array, signature: Uint8Array) => boolean

/** RSA/SHA-1 twice, RSA/SHA-256, RSA/SHA-512, ECDSA P-256 and P-384, Ed25519, Ed448 (RFC 8624, IANA registry). */
export const DNSSEC_ALGORITHMS: ReadonlySet<number> = new Set([5, 7, 8, 10, 13, 14, 15, 16])

/** SHA-1, SHA-256, SHA-384. GOST R 34.11-94 (3) is not implemented by anybody. */
export const DS_DIGESTS: ReadonlySet<number> = new Set([1, 2, 4])

const RSA_HASH: Readonly<Record<number, string>> = { 5: 'sha1', 7: 'sha1', 8: 'sha256', 10: 'sha512' }
type Ecdsa = { readonly name: 'P-256' | 'P-384'; readonly bytes: number; readonly hash: string }
type Edwards = { readonly name: 'Ed25519' | 'Ed448'; readonly keyBytes: number; readonly signatureBytes: number }

const CURVES: Readonly<Record<number, Ecdsa>> = {
  13: { name: 'P-256', bytes: 32, hash: 'sha256' },
  14: { name: 'P-384', bytes: 48, hash: 'sha384' },
}
const EDWARDS: Readonly<Record<number, Edwards>> = {
  15: { name: 'Ed25519', keyBytes: 32, signatureBytes: 64 },
  16: { name: 'Ed448', keyBytes: 57, signatureBytes: 114 },
}
const DIGEST_NAMES: Readonly<Record<number, string>> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }

/**
 * The verifier for a public key in the form of its DNSKEY record. Undefined when the algorithm is not supported or the key
 * is none: wrong length, not on the curve, RSA outside of the sizes in `limits`.
 */
export function dnssecVerifier(algorithm: number, publicKey: Uint8Array): DnssecVerifier | undefined {
  const rsaHash = RSA_HASH[algorithm]
  if (rsaHash !== undefined) return rsaVerifier(rsaHash, publicKey)
  const curve = CURVES[algorithm]
  if (curve !== undefined) return ecdsaVerifier(curve, publicKey)
  const edwards = EDWARDS[algorithm]
  return edwards === undefined ? undefined : edwardsVerifier(edwards, publicKey)
}

/** The digest of a DS record over `data` (RFC 4034 section 5.1.4); undefined when the digest type is not supported. */
export function dsDigest(digestType: number, data: Uint8Array): Uint8Array | undefined {
  const name = DIGEST_NAMES[digestType]
  return name === undefined ? undefined : new Uint8Array(createHash(name).update(data).digest())
}

/** RFC 5155 section 5: SHA-1 over the canonical wire name and the salt, then `iterations` times more. 20 bytes. */
export function nsec3Digest(wireName: Uint8Array, salt: Uint8Array, iterations: number): Uint8Array {
  let digest = createHash('sha1').update(wireName).update(salt).digest()
  for (let i = 0; i < iterations; i++) digest = createHash('sha1').update(digest).update(salt).digest()
  return new Uint8Array(digest)
}

function rsaVerifier(hash: string, publicKey: Uint8Array): DnssecVerifier | undefined {
  const parts = rsaParts(publicKey)
  if (parts === undefined) return undefined
  const { modulus, exponent } = parts
  const modulusBits = bitLength(modulus)
  if (modulusBits < limits.MIN_RSA_BITS || modulusBits > limits.MAX_RSA_BITS) return undefined
  const exponentBits = bitLength(exponent)
  if (exponentBits < 2 || exponentBits > limits.MAX_RSA_EXPONENT_BITS) return undefined
  const key = publicKeyFrom(rsaSpki(modulus, exponent))
  return key === undefined ? undefined : verifierOf(hash, key)
}

/** RFC 3110 section 2: one octet of exponent length, or a zero and two; the exponent; the modulus. */
function rsaParts(publicKey: Uint8Array): { exponent: Uint8Array; modulus: Uint8Array } | undefined {
  if (publicKey.length < 3) return undefined
  const long = publicKey[0] === 0
  const length = long ? publicKey[1]! * 256 + publicKey[2]! : publicKey[0]!
  const start = long ? 3 : 1
  const exponent = publicKey.subarray(start, start + length)
  const modulus = publicKey.subarray(start + length)
  return exponent.length < length || length === 0 || modulus.length === 0 ? undefined : { exponent, modulus }
}

/** RFC 6605 section 4: the two coordinates; a signature is r and s, each as long as a coordinate. */
function ecdsaVerifier({ name, bytes, hash }: Ecdsa, publicKey: Uint8Array): DnssecVerifier | undefined {
  if (publicKey.length !== 2 * bytes) return undefined
  const key = publicKeyFrom(curveSpki(name, publicKey))
  if (key === undefined) return undefined
  const check = verifierOf(hash, key)
  return (data, signature) => signature.length === 2 * bytes && check(data, derSignature(signature))
}

/** RFC 8080 sections 3 and 4. */
function edwardsVerifier(curve: Edwards, publicKey: Uint8Array): DnssecVerifier | undefined {
  if (publicKey.length !== curve.keyBytes) return undefined
  const key = publicKeyFrom(curveSpki(curve.name, publicKey))
  if (key === undefined) return undefined
  const check = verifierOf(null, key)
  return (data, signature) => signature.length === curve.signatureBytes && check(data, signature)
}

function verifierOf(hash: string | null, key: KeyObject): DnssecVerifier {
  return (data, signature) => {
    try {
      return verify(hash, data, key, signature)
    } catch {
      // OpenSSL throws for signatures that it cannot even parse, and for hashes that the machine's policy forbids.
      return false
    }
  }
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : 8 * (bytes.length - first) - Math.clz32(bytes[first]!) + 24
}
