/**
 * A few bytes that only the holder of an Ed25519 key can read: X25519 with a key made for this once (the same curve: RFC 7748, section 4.1), HKDF-SHA256 (RFC 5869),
 * ChaCha20-Poly1305 (RFC 8439). One pair of keys for signatures and for this is safe where what is sealed is bound to its purpose (Thormarker 2021): `context` is.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { ed25519 as curve, x25519 } from '@noble/curves/ed25519.js'
import { concatBytes } from '../base/index.ts'

const KEY_BYTES = 32
const TAG_BYTES = 16
/** A key is used once. */
const NONCE = new Uint8Array(12)
const CIPHER = 'chacha20-poly1305'

/** The key made for this once, then the rest. `once`: 32 random bytes. Undefined: `publicKey` is none that anything can be sealed to. */
export function sealTo(
  publicKey: Uint8Array,
  context: Uint8Array,
  content: Uint8Array,
  once: Uint8Array,
): Uint8Array | undefined {
  try {
    const own = x25519.getPublicKey(once)
    const shared = x25519.getSharedSecret(once, curve.utils.toMontgomery(publicKey))
    const cipher = createCipheriv(CIPHER, keyFrom(shared, own, publicKey, context), NONCE, { authTagLength: TAG_BYTES })
    return concatBytes(own, cipher.update(content), cipher.final(), cipher.getAuthTag())
  } catch {
    return undefined
  }
}

/** `seed`: of the Ed25519 key. Undefined: it was sealed to another key, for another purpose, or changed. */
export function openSealed(seed: Uint8Array, context: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < KEY_BYTES + TAG_BYTES) return undefined
  const theirs = sealed.subarray(0, KEY_BYTES)
  const end = sealed.length - TAG_BYTES
  try {
    const shared = x25519.getSharedSecret(curve.utils.toMontgomerySecret(seed), theirs)
    const key = keyFrom(shared, theirs, curve.getPublicKey(seed), context)
    const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(sealed.subarray(end))
    return concatBytes(decipher.update(sealed.subarray(KEY_BYTES, end)), decipher.final())
  } catch {
    return undefined
  }
}

function keyFrom(shared: Uint8Array, once: Uint8Array, publicKey: Uint8Array, context: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', shared, concatBytes(once, publicKey), context, KEY_BYTES))
}
