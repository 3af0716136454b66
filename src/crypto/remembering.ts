/** A signature scheme that remembers: the same statement comes again and again, from many, and is checked once. */
import { latin1 } from '../base/index.ts'
import { sha256 } from './hash.ts'
import type { SignatureScheme } from './sign.ts'

/** `most`: verdicts that are remembered, good and bad ones; the oldest goes first. */
export function rememberingScheme(scheme: SignatureScheme, most: number): SignatureScheme {
  const known = new Map<string, boolean>()
  return {
    verify(publicKey, message, signature) {
      // Key and signature have fixed lengths, or are refused: the parts cannot be cut another way.
      const key = latin1(sha256(publicKey, signature, message))
      const before = known.get(key)
      if (before !== undefined) return before
      const holds = scheme.verify(publicKey, message, signature)
      if (known.size >= most) known.delete(known.keys().next().value!)
      known.set(key, holds)
      return holds
    },
  }
}
