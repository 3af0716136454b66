/**
 * The part of this room that a verifier needs, without Node: hashes and signatures by @noble, the rest as it is. What is put together for a browser has
 * this file in the place of `index.ts`.
 */
import { ed25519 as curve } from '@noble/curves/ed25519.js'
import { sha256 as digest } from '@noble/hashes/sha2.js'
import { concatBytes } from '../base/index.ts'
import type { SignatureScheme } from './sign.ts'
import { isStrictEd25519 } from './strict-ed25519.ts'

export { decideAhead, SchemeAhead, type SignatureCheck, type VerifyMany } from './ahead.ts'
export { type CborValue, EncodedCbor, encodeByteList, encodeCanonical, GrowingByteList } from './cbor.ts'
export { decodeCanonical } from './cbor-decode.ts'
export { type CborField, type CborMap, type CborReader, cborReader, type MalformedError } from './cbor-reader.ts'

/** 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return digest(concatBytes(...parts))
}

/** The same rule as with Node: strict, not ZIP215. */
export const ed25519: SignatureScheme = {
  verify(publicKey, message, signature) {
    if (!isStrictEd25519(publicKey, signature)) return false
    try {
      return curve.verify(signature, message, publicKey, { zip215: false })
    } catch {
      // Not a point of the curve: no signature verifies under it.
      return false
    }
  },
}

/** What a signature is made over: the domain-separation tag, a zero byte, then the parts. */
export function signedBytes(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(new TextEncoder().encode(`${tag}\0`), ...parts)
}
