/**
 * What the owner of a name says of the key of its site (D46): whoever has the proof of the name and this statement needs no CA. The key is bound to the
 * name, and to nothing that is said of who has the name (D50).
 */
import { encodeCanonical, type Signer, signedBytes } from '../../../crypto/index.ts'

export interface SiteStatement {
  /** Of the name's chain. */
  readonly chainId: Uint8Array
  readonly label: Uint8Array
  /** Of the name: after it has changed hands the statement is void. */
  readonly generation: number
  /** SHA-256 of the site's SubjectPublicKeyInfo, as in a TLSA record 3 1 1. */
  readonly spki: Uint8Array
  /** Unix ms. */
  readonly until: number
}

export function siteBytes({ chainId, label, generation, spki, until }: SiteStatement): Uint8Array {
  return signedBytes('chordns/site/1', encodeCanonical([chainId, label, generation, spki, until]))
}

export function signSite(owner: Signer, statement: SiteStatement): Uint8Array {
  return owner.sign(siteBytes(statement))
}
