/** A signature scheme that remembers: the same certificate is checked for the pool, for a proposal and after each block. */
import { latin1 } from '../../base/index.ts'
import { type SignatureScheme, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'

export function rememberingScheme(scheme: SignatureScheme): SignatureScheme {
  const known = new Map<string, boolean>()
  return {
    verify(publicKey, message, signature) {
      // Key and signature have fixed lengths, or are refused: the parts cannot be cut another way.
      const key = latin1(sha256(publicKey, signature, message))
      const before = known.get(key)
      if (before !== undefined) return before
      const holds = scheme.verify(publicKey, message, signature)
      if (known.size >= limits.MAX_REMEMBERED_SIGNATURES) known.delete(known.keys().next().value!)
      known.set(key, holds)
      return holds
    },
  }
}
