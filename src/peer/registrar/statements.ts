/** What an owner signs, as bytes for him, and as a payload once he has signed it. The front makes both of the same parts, and has no key. */
import { fromHex, toHex } from '../../base/index.ts'
import { ed25519, type Signer } from '../../crypto/index.ts'
import { EppFailure } from './codes.ts'

/** Makes the payload with somebody's signature; called once with a signer that only listens, to learn what is to be signed. */
export type MakePayload = (owner: Signer) => Uint8Array

const NO_SIGNATURE = new Uint8Array(64)

/** The bytes that the owner is to sign. */
export function toSign(owner: Uint8Array, make: MakePayload): Uint8Array {
  let heard: Uint8Array | undefined
  make({
    publicKey: owner,
    sign(message) {
      heard = message
      return NO_SIGNATURE
    },
  })
  if (heard === undefined) throw new TypeError('nothing was to be signed')
  return heard
}

/** Throws EppFailure 2202 unless the owner has signed exactly this. */
export function signedPayload(owner: Uint8Array, make: MakePayload, signature: string): Uint8Array {
  const bytes = fromHex(signature)
  if (!ed25519.verify(owner, toSign(owner, make), bytes))
    throw new EppFailure(2202, `this is not signed by ${toHex(owner)}, or something else was signed`)
  return make({ publicKey: owner, sign: () => bytes })
}
