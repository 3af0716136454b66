/** What signs in simulated worlds. */
import { equalBytes } from '../../../src/base/index.ts'
import type { SignatureScheme, Signer } from '../../../src/crypto/index.ts'

/**
 * A keyed hash in the place of signatures: 64 bits that depend on every bit of key and message. Whoever knows it could forge;
 * liars guess, or sign with their own keys only. A real hash takes half of a world's time.
 */
export function hashScheme(secret: number): SignatureScheme & { signer(publicKey: Uint8Array): Signer } {
  const sign = (publicKey: Uint8Array, message: Uint8Array) => {
    const signature = new Uint8Array(64)
    const view = new DataView(signature.buffer)
    const { high, low } = mixed(secret, publicKey, message)
    for (let at = 0; at < 64; at += 8) {
      view.setUint32(at, high)
      view.setUint32(at + 4, low)
    }
    return signature
  }
  return {
    verify(publicKey, message, signature) {
      if (signature.length !== 64) return false
      const view = new DataView(signature.buffer, signature.byteOffset)
      const { high, low } = mixed(secret, publicKey, message)
      for (let at = 0; at < 64; at += 8) if (view.getUint32(at) !== high || view.getUint32(at + 4) !== low) return false
      return true
    },
    signer: (publicKey) => ({ publicKey, sign: (message) => sign(publicKey, message) }),
  }
}

/** Two lanes of multiply and rotate, as in MurmurHash3. */
function mixed(secret: number, ...parts: readonly Uint8Array[]): { readonly high: number; readonly low: number } {
  let high = secret ^ 0x9e3779b9
  let low = ~secret ^ 0x85ebca6b
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      high = Math.imul(high ^ part[i]!, 0xcc9e2d51)
      high = (high << 13) | (high >>> 19)
      low = Math.imul(low ^ part[i]! ^ high, 0x1b873593)
      low = (low << 15) | (low >>> 17)
    }
    high ^= part.length
  }
  high = Math.imul(high ^ (high >>> 16) ^ low, 0x85ebca6b)
  low = Math.imul(low ^ (low >>> 13) ^ high, 0xc2b2ae35)
  return { high: (high ^ (high >>> 15)) >>> 0, low: (low ^ (low >>> 16)) >>> 0 }
}

/**
 * The same signature object, handed to n receivers, is verified once: only here do receivers share objects. The answer is
 * remembered with the very key and message that it was for.
 */
export function remembering(scheme: SignatureScheme): SignatureScheme {
  const known = new WeakMap<Uint8Array, { publicKey: Uint8Array; message: Uint8Array; verdict: boolean }>()
  return {
    verify(publicKey, message, signature) {
      const before = known.get(signature)
      if (before !== undefined && equalBytes(before.publicKey, publicKey) && equalBytes(before.message, message))
        return before.verdict
      const verdict = scheme.verify(publicKey, message, signature)
      known.set(signature, { publicKey, message, verdict })
      return verdict
    },
  }
}
