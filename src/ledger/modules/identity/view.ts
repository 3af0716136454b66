/** What others may know of identities: verifiers, commands. */
import { equalBytes } from '../../../base/index.ts'
import { moduleKey, readerOf } from '../../draft.ts'
import type { StateReader } from '../../types.ts'
import { IDENTITY } from './kinds.ts'
import {
  CERTIFIERS_KEY,
  type Certifier,
  certifiersFromBytes,
  countingEndorsements,
  endorsementsFromBytes,
  endorsementsKey,
  readCertifiers,
  readEndorsements,
} from './records.ts'

/** Somebody vouches for who has the key. */
export interface Vouched {
  readonly certifier: Certifier
  readonly name: string
  readonly until: number
}

export function certifiersIn(state: StateReader): readonly Certifier[] {
  return readCertifiers(readerOf(state, IDENTITY))
}

/** `now`: unix ms. */
export function vouchedFor(state: StateReader, key: Uint8Array, now: number): readonly Vouched[] {
  const own = readerOf(state, IDENTITY)
  return vouchedBy(readCertifiers(own), readEndorsements(own, key), now)
}

/** What proofs of an identity are asked for, in this order: the certifiers, and what they say of a key. */
export function identityStateKeys(key: Uint8Array): readonly [Uint8Array, Uint8Array] {
  return [moduleKey(IDENTITY, CERTIFIERS_KEY), moduleKey(IDENTITY, endorsementsKey(key))]
}

/** Out of the values of those keys. Throws LEDGER_MALFORMED. */
export function vouchedFromValues(
  [certifiers, endorsements]: readonly (Uint8Array | undefined)[],
  now: number,
): readonly Vouched[] {
  return vouchedBy(certifiersFromBytes(certifiers), endorsementsFromBytes(endorsements), now)
}

function vouchedBy(
  certifiers: readonly Certifier[],
  all: Parameters<typeof countingEndorsements>[1],
  now: number,
): readonly Vouched[] {
  return countingEndorsements(certifiers, all, now).flatMap(({ certifier: by, name, until }) => {
    const certifier = certifiers.find((one) => equalBytes(one.account, by))
    return certifier === undefined ? [] : [{ certifier, name, until }]
  })
}
