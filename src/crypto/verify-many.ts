/** Many signatures at once, on other cores than the one that answers. */
import { verify } from 'node:crypto'
import type { SignatureCheck, VerifyMany } from './ahead.ts'
import { importedKey } from './sign.ts'
import { isStrictEd25519 } from './strict-ed25519.ts'

/** By the rule of `ed25519`, in the threads of libuv's pool. */
export const verifyEd25519Elsewhere: VerifyMany = (checks) => Promise.all(checks.map(verifiedElsewhere))

function verifiedElsewhere({ publicKey, message, signature }: SignatureCheck): Promise<boolean> | boolean {
  if (!isStrictEd25519(publicKey, signature)) return false
  const key = importedKey(publicKey)
  if (key === undefined) return false
  return new Promise((resolve) => {
    verify(null, message, key, signature, (error, holds) => resolve(error === null && holds))
  })
}
