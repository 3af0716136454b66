/**
 * Guardians of a name: keys that its owner chose, of which so many together give the name to another key after a delay, and each one alone freezes
 * it (M2). The chain has only the hash of them until they act.
 */
import { compareBytes, equalBytes } from '../../../base/index.ts'
import {
  type CborField,
  type CborValue,
  encodeCanonical,
  type SignatureScheme,
  type Signer,
  sha256,
  signedBytes,
} from '../../../crypto/index.ts'
import { ledgerReader, malformed, refuse } from '../../refusal.ts'
import { NameCode } from './kinds.ts'
import { limits } from './limits.ts'

const { readRow, readList, readInteger, readHash, readSignature, readBoolean } = ledgerReader

export interface Guardians {
  /** So many of them recover a name. */
  readonly enough: number
  readonly delayMs: number
  /** Whether the owner's key cancels a recovery also while the name is frozen: for those who fear their guardians more than thieves. */
  readonly keyWins: boolean
  /** Ed25519, ascending. */
  readonly keys: readonly Uint8Array[]
}

/** Signatures by the place of their key. */
export interface GuardianProof {
  readonly guardians: Guardians
  /** Ascending, each place once. */
  readonly signatures: readonly { readonly place: number; readonly signature: Uint8Array }[]
}

/** What the chain keeps. */
export function guardiansHash(guardians: Guardians): Uint8Array {
  return sha256(signedBytes('chordns/name-guardians/1', encodeCanonical(guardiansToValue(guardians))))
}

export function guardiansToValue({ enough, delayMs, keyWins, keys }: Guardians): CborValue {
  return [enough, delayMs, keyWins, [...keys]]
}

/** Throws LEDGER_MALFORMED. */
export function guardiansFromValue(value: CborField): Guardians {
  const [enough, delayMs, keyWins, list] = readRow(value, 4, 'guardians')
  const keys = readList(list, limits.MAX_GUARDIANS, 'guardians', (one) => readHash(one, 'guardian'))
  for (const [index, key] of keys.entries())
    if (index > 0 && compareBytes(keys[index - 1]!, key) >= 0) throw malformed('guardians: not ascending')
  return {
    enough: readInteger(enough, 1, keys.length, 'enough'),
    delayMs: readInteger(delayMs, 0, limits.MOST_TERM_MS, 'delay'),
    keyWins: readBoolean(keyWins, 'key wins'),
    keys,
  }
}

export function proofToValue({ guardians, signatures }: GuardianProof): CborValue {
  return [guardiansToValue(guardians), signatures.map(({ place, signature }) => [place, signature])]
}

export function signAsGuardians(guardians: Guardians, signers: readonly Signer[], bytes: Uint8Array): GuardianProof {
  const signatures = signers.map((signer) => {
    const place = guardians.keys.findIndex((key) => equalBytes(key, signer.publicKey))
    if (place === -1) throw new RangeError('not one of the guardians')
    return { place, signature: signer.sign(bytes) }
  })
  return { guardians, signatures: signatures.sort((a, b) => a.place - b.place) }
}

/** The guardians that the owner named, so many of whom signed. Refuses GUARDIANS. */
export function checkProof(
  scheme: SignatureScheme,
  {
    hash,
    bytes,
    least,
  }: { readonly hash: Uint8Array | undefined; readonly bytes: Uint8Array; readonly least?: number },
  value: CborField,
): Guardians {
  const [set, list] = readRow(value, 2, 'proof of guardians')
  const guardians = guardiansFromValue(set)
  if (hash === undefined || !equalBytes(guardiansHash(guardians), hash)) refuse(NameCode.GUARDIANS, 'other guardians')
  let last = -1
  const signatures = readList(list, limits.MAX_GUARDIANS, 'signatures', (one) => {
    const [place, signature] = readRow(one, 2, 'signature')
    const index = readInteger(place, last + 1, guardians.keys.length - 1, 'place')
    last = index
    return { key: guardians.keys[index]!, signature: readSignature(signature, 'signature') }
  })
  if (signatures.length < (least ?? guardians.enough)) refuse(NameCode.GUARDIANS, 'not enough guardians')
  if (!signatures.every(({ key, signature }) => scheme.verify(key, bytes, signature)))
    refuse(NameCode.GUARDIANS, 'a guardian did not sign this')
  return guardians
}
