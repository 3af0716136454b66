/** What the holder of a key signs who wants its identity endorsed, and the payloads of certifiers and voters. */
import { type CborValue, encodeCanonical, type Signer, signedBytes } from '../../../crypto/index.ts'
import type { Payload } from '../../types.ts'
import { IdentityKind } from './kinds.ts'

export const SCHEMA = 1
const utf8 = new TextEncoder()

/** By whom, and as what, somebody wants to be endorsed. */
export interface IdentityRequest {
  readonly chainId: Uint8Array
  /** Account of the certifier. */
  readonly certifier: Uint8Array
  /** Legal name of whoever has the key. */
  readonly name: string
  /** Unix ms. */
  readonly until: number
}

/** Signed by the key that is to be endorsed: nobody is given a name that he did not ask for. */
export function identityBytes({ chainId, certifier, name, until }: IdentityRequest, key: Uint8Array): Uint8Array {
  return signedBytes('chordns/identity/1', encodeCanonical([chainId, certifier, key, utf8.encode(name), until]))
}

/** `signature`: over `identityBytes`. */
export function endorseIdentityPayload(
  key: Uint8Array,
  { name, until }: Pick<IdentityRequest, 'name' | 'until'>,
  signature: Uint8Array,
): Payload {
  return [IdentityKind.ENDORSE, SCHEMA, key, utf8.encode(name), until, signature]
}

export function signIdentity(signer: Signer, request: IdentityRequest): Uint8Array {
  return signer.sign(identityBytes(request, signer.publicKey))
}

export function revokeIdentityPayload(key: Uint8Array): Payload {
  return [IdentityKind.REVOKE, SCHEMA, key]
}

export type CertifierSubject =
  | { readonly kind: 'add'; readonly account: Uint8Array; readonly name: string }
  | { readonly kind: 'remove'; readonly account: Uint8Array }

export function certifierToValue(subject: CertifierSubject): CborValue {
  return subject.kind === 'add' ? [0, subject.account, utf8.encode(subject.name)] : [1, subject.account]
}

export function certifierVotePayload(subject: CertifierSubject, inFavour = true): Payload {
  return [IdentityKind.CERTIFIER, SCHEMA, certifierToValue(subject), inFavour]
}
