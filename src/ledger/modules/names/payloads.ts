/** Payloads for the life of a name: terms, locks, keys, guardians. `most`: what its carrier pays at most. */

import { fromLatin1 } from '../../../base/index.ts'
import type { Signer } from '../../../crypto/index.ts'
import type { Payload } from '../../types.ts'
import { type GuardianProof, proofToValue } from './guardians.ts'
import { type KeptRoot, type ShownPage, shownToValue } from './kept-pages.ts'
import { NameKind } from './kinds.ts'
import { type KeptName, type NamePolicy, policyToValue } from './policy.ts'
import { keyToValue, type NameSettings, settingsToValue } from './settings.ts'
import {
  cancelBytes,
  guardiansBytes,
  lockBytes,
  type NamePlace,
  type Registration,
  registerTermBytes,
  restoreBytes,
  rollOwnerBytes,
  SCHEMA,
  type Wishes,
  wishesToValue,
} from './statements.ts'
import type { Wish } from './titles.ts'

export function registerTermPayload(
  signer: Signer,
  registration: Registration,
  {
    settings,
    wishes,
    most,
    page,
  }: {
    readonly settings: NameSettings
    readonly wishes: Wishes
    readonly most: number
    /** Where names are kept by pages, for a name that nobody has had; the owner does not sign it, so that any carrier adds it. */
    readonly page?: ShownPage | undefined
  },
): Payload {
  const { label, owner, salt } = registration
  const signature = signer.sign(registerTermBytes(registration, settings, wishes))
  const content = [keyToValue(owner), salt, settingsToValue(settings), wishesToValue(wishes), most, signature]
  return [NameKind.REGISTER_TERM, SCHEMA, label, ...content, ...(page === undefined ? [] : [shownToValue(page)])]
}

export function renewPayload(label: Uint8Array, generation: number, terms: number, most: number): Payload {
  return [NameKind.RENEW, SCHEMA, label, generation, terms, most]
}

export function restorePayload(signer: Signer, place: NamePlace, terms: number, most: number): Payload {
  return [NameKind.RESTORE, SCHEMA, place.label, place.sequence, terms, most, signer.sign(restoreBytes(place, terms))]
}

/** `proof`: of guardians over the same bytes; with it nothing waits. */
export function lockPayload(signer: Signer, place: NamePlace, isLocked: boolean, proof?: GuardianProof): Payload {
  const signature = signer.sign(lockBytes(place, isLocked))
  return [NameKind.LOCK, SCHEMA, place.label, place.sequence, isLocked, optional(proof), signature]
}

export function cancelPayload(signer: Signer, place: NamePlace): Payload {
  return [NameKind.CANCEL, SCHEMA, place.label, place.sequence, signer.sign(cancelBytes(place))]
}

export function rollOwnerPayload(signer: Signer, place: NamePlace, to: Uint8Array, proof?: GuardianProof): Payload {
  const signature = signer.sign(rollOwnerBytes(place, to))
  return [NameKind.ROLL_OWNER, SCHEMA, place.label, place.sequence, keyToValue(to), optional(proof), signature]
}

export function setGuardiansPayload(
  signer: Signer,
  place: NamePlace,
  guardians: Uint8Array | undefined,
  proof?: GuardianProof,
): Payload {
  const signature = signer.sign(guardiansBytes(place, guardians))
  return [NameKind.SET_GUARDIANS, SCHEMA, place.label, place.sequence, guardians ?? null, optional(proof), signature]
}

export function freezePayload(label: Uint8Array, until: number, proof: GuardianProof): Payload {
  return [NameKind.FREEZE, SCHEMA, label, until, proofToValue(proof)]
}

export function recoverPayload(label: Uint8Array, to: Uint8Array, proof: GuardianProof): Payload {
  return [NameKind.RECOVER, SCHEMA, label, keyToValue(to), proofToValue(proof)]
}

export function guardiansCancelPayload(label: Uint8Array, proof: GuardianProof): Payload {
  return [NameKind.GUARDIANS_CANCEL, SCHEMA, label, proofToValue(proof)]
}

export function unusedPayload(label: Uint8Array, generation: number, inFavour = true): Payload {
  return [NameKind.UNUSED, SCHEMA, label, generation, inFavour]
}

/** By a node: the terms of names from a height on. `policy.kept` stands apart (`keepPayload`). */
export function setPolicyPayload(policy: NamePolicy, height: number, inFavour = true): Payload {
  return [NameKind.SET_POLICY, SCHEMA, height, policyToValue({ ...policy, kept: [], pages: undefined }), inFavour]
}

/** By a node: a name that nobody registers, or one owner only; `free`: everybody may. */
export function keepPayload(label: Uint8Array, kept: 'free' | KeptName['owner'], inFavour = true): Payload {
  return [NameKind.KEEP, SCHEMA, label, kept !== 'free', kept === 'free' ? null : (kept ?? null), inFavour]
}

/** By a node: names that are kept by pages are free from now on; those of this root. */
export function freePagesPayload({ root }: Pick<KeptRoot, 'root'>, inFavour = true): Payload {
  return [NameKind.FREE_PAGES, SCHEMA, root, inFavour]
}

/** By a carrier: nodes are to look whether this key has the same name in another TLD. */
export function wishPayload({ label, tld, owner }: Wish): Payload {
  return [NameKind.WISH, SCHEMA, label, fromLatin1(tld), keyToValue(owner)]
}

/** By a node: it has. */
export function titlePayload({ label, tld, owner }: Wish, inFavour = true): Payload {
  return [NameKind.TITLE, SCHEMA, label, fromLatin1(tld), keyToValue(owner), inFavour]
}

/** By anybody: writes down what time has made of a name from before its chain had terms. */
export function settlePayload(label: Uint8Array): Payload {
  return [NameKind.SETTLE, SCHEMA, label]
}

function optional(proof: GuardianProof | undefined) {
  return proof === undefined ? null : proofToValue(proof)
}
