/** Signing behind one interface, so that the simulator can put a keyed hash in its place. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { ChordnsError, concatBytes, equalBytes, latin1 } from '../base/index.ts'
import { hmacSha256With } from './hash.ts'
import { curveSpki, publicKeyFrom } from './key-objects.ts'
import { limits } from './limits.ts'
import { isStrictEd25519 } from './strict-ed25519.ts'

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

export interface SignatureScheme {
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** DER around the 32 bytes of a raw Ed25519 key (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20])
/** The same around a public one, bytes. */
const SPKI_HEAD_BYTES = 12

/** From the 32 byte seed of RFC 8032. */
export function ed25519Signer(seed: Uint8Array): Signer {
  if (seed.length !== 32)
    throw new ChordnsError('KEY_MALFORMED', 'an Ed25519 seed has 32 bytes', { length: seed.length })
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_HEAD_BYTES)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  }
}

/**
 * Ed25519 with one rule everywhere (strict, not ZIP215): canonical encodings, no key or R of small order. Where votes are
 * counted, two verifiers with different rules could be made to disagree.
 */
export const ed25519: SignatureScheme = {
  verify(publicKey, message, signature) {
    if (!isStrictEd25519(publicKey, signature)) return false
    const key = importedKey(publicKey)
    return key !== undefined && verify(null, message, key, signature)
  },
}

/** Importing a key costs a quarter of a verification, and members sign again and again. */
const imported = new Map<string, KeyObject>()

/** Undefined: not a point of the curve. */
export function importedKey(publicKey: Uint8Array): KeyObject | undefined {
  const id = latin1(publicKey)
  const known = imported.get(id)
  if (known !== undefined) return known
  const key = publicKeyFrom(curveSpki('Ed25519', publicKey))
  if (key === undefined) return undefined
  if (imported.size >= limits.MAX_IMPORTED_KEYS) imported.delete(imported.keys().next().value!)
  imported.set(id, key)
  return key
}

/** A keyed hash in the place of signatures, for simulation only: whoever has the secret can sign for all. */
export function keyedHashScheme(secret: Uint8Array): SignatureScheme & { signer(publicKey: Uint8Array): Signer } {
  const hmac = hmacSha256With(secret)
  const mac = (publicKey: Uint8Array, message: Uint8Array) => {
    const half = hmac(publicKey, message)
    return concatBytes(half, half)
  }
  return {
    verify: (publicKey, message, signature) => equalBytes(mac(publicKey, message), signature),
    signer: (publicKey) => ({ publicKey, sign: (message) => mac(publicKey, message) }),
  }
}

/** What a signature is made over: the domain-separation tag, a zero byte, then the parts. */
export function signedBytes(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  let prefix = prefixes.get(tag)
  if (prefix === undefined) {
    prefix = new TextEncoder().encode(`${tag}\0`)
    prefixes.set(tag, prefix)
  }
  return concatBytes(prefix, ...parts)
}

/** Tags are written in the sources: there are a few dozen. */
const prefixes = new Map<string, Uint8Array>()
