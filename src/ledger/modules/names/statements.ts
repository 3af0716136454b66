/** What owners sign, and the payloads that carry it. A statement is void on any other chain, for any other name, and after it was used. */
import { type CborValue, encodeCanonical, type Signer, sha256, signedBytes } from '../../../crypto/index.ts'
import type { Payload } from '../../types.ts'
import { NameKind } from './kinds.ts'
import { keyToValue, type NameSettings, settingsToValue } from './settings.ts'

export const SCHEMA = 1

/** Which statement of the owner: the record says the next numbers. */
export interface NamePlace {
  readonly chainId: Uint8Array
  readonly label: Uint8Array
  readonly generation: number
  readonly sequence: number
}

export interface Registration {
  readonly chainId: Uint8Array
  readonly label: Uint8Array
  readonly owner: Uint8Array
  /** 32 random bytes, kept from everybody until the reveal. */
  readonly salt: Uint8Array
}

export interface CdsEvidence {
  /** RDATA of the set at the zone's apex, and of the RRSIGs that cover it. */
  readonly cds: readonly Uint8Array[]
  readonly cdsSignatures: readonly Uint8Array[]
  readonly dnskeys: readonly Uint8Array[]
  readonly dnskeySignatures: readonly Uint8Array[]
}

function statement(kind: number, chainId: Uint8Array, label: Uint8Array, ...content: readonly CborValue[]) {
  return signedBytes('chordns/name/1', encodeCanonical([chainId, kind, label, ...content]))
}

export function registrationBytes({ chainId, label, owner, salt }: Registration, settings: NameSettings): Uint8Array {
  return statement(NameKind.REGISTER, chainId, label, keyToValue(owner), salt, settingsToValue(settings))
}

/** What is asked for with a registration where names have terms. */
export interface Wishes {
  readonly terms: number
  /** It may be handed over at once, and not only after the chain's time. */
  readonly isMovable: boolean
  /** Hash of its guardians (`guardiansHash`). */
  readonly guardians: Uint8Array | undefined
}

export function wishesToValue({ terms, isMovable, guardians }: Wishes): CborValue {
  return [terms, isMovable, guardians ?? null]
}

export function registerTermBytes(
  { chainId, label, owner, salt }: Registration,
  settings: NameSettings,
  wishes: Wishes,
): Uint8Array {
  const content = [keyToValue(owner), salt, settingsToValue(settings), wishesToValue(wishes)]
  return statement(NameKind.REGISTER_TERM, chainId, label, ...content)
}

export function updateBytes({ chainId, label, generation, sequence }: NamePlace, settings: NameSettings): Uint8Array {
  return statement(NameKind.UPDATE, chainId, label, generation, sequence, settingsToValue(settings))
}

/** `settings` undefined: they stay. */
export function transferBytes(
  { chainId, label, generation, sequence }: NamePlace,
  to: Uint8Array,
  settings: NameSettings | undefined,
): Uint8Array {
  const next = settings === undefined ? null : settingsToValue(settings)
  return statement(NameKind.TRANSFER, chainId, label, generation, sequence, keyToValue(to), next)
}

export function releaseBytes({ chainId, label, generation, sequence }: NamePlace): Uint8Array {
  return statement(NameKind.RELEASE, chainId, label, generation, sequence)
}

export function restoreBytes(place: NamePlace, terms: number): Uint8Array {
  return ownerStatement(NameKind.RESTORE, place, terms)
}

export function lockBytes(place: NamePlace, isLocked: boolean): Uint8Array {
  return ownerStatement(NameKind.LOCK, place, isLocked)
}

export function cancelBytes(place: NamePlace): Uint8Array {
  return ownerStatement(NameKind.CANCEL, place)
}

export function rollOwnerBytes(place: NamePlace, to: Uint8Array): Uint8Array {
  return ownerStatement(NameKind.ROLL_OWNER, place, keyToValue(to))
}

/** `guardians`: their hash; undefined: none. */
export function guardiansBytes(place: NamePlace, guardians: Uint8Array | undefined): Uint8Array {
  return ownerStatement(NameKind.SET_GUARDIANS, place, guardians ?? null)
}

function ownerStatement(kind: number, { chainId, label, generation, sequence }: NamePlace, ...rest: CborValue[]) {
  return statement(kind, chainId, label, generation, sequence, ...rest)
}

/** Guardians count their own acts: whoever has the owner's key cannot make void what they sign one after the other. */
export interface GuardedPlace extends Omit<NamePlace, 'sequence'> {
  readonly round: number
}

/** `until`: unix ms. */
export function freezeBytes({ chainId, label, generation, round }: GuardedPlace, until: number): Uint8Array {
  return statement(NameKind.FREEZE, chainId, label, generation, round, until)
}

export function recoverBytes({ chainId, label, generation, round }: GuardedPlace, to: Uint8Array): Uint8Array {
  return statement(NameKind.RECOVER, chainId, label, generation, round, keyToValue(to))
}

export function guardiansCancelBytes({ chainId, label, generation, round }: GuardedPlace): Uint8Array {
  return statement(NameKind.GUARDIANS_CANCEL, chainId, label, generation, round)
}

/** What guardians sign. */
export const guardianStatements = { freeze: freezeBytes, recover: recoverBytes, cancel: guardiansCancelBytes }

/** Without the salt nobody learns from it which name is meant, and with it nobody but the owner can use it. */
export function commitHash({ chainId, label, owner, salt }: Registration): Uint8Array {
  return sha256(signedBytes('chordns/name-commit/1', encodeCanonical([chainId, label, keyToValue(owner), salt])))
}

export function commitPayload(registration: Registration): Payload {
  return commitPayloadOf(commitHash(registration))
}

/** For one who carries it and is not to know which name it is. */
export function commitPayloadOf(hash: Uint8Array): Payload {
  return [NameKind.COMMIT, SCHEMA, hash]
}

export function registerPayload(signer: Signer, registration: Registration, settings: NameSettings): Payload {
  const { label, owner, salt } = registration
  const signature = signer.sign(registrationBytes(registration, settings))
  return [NameKind.REGISTER, SCHEMA, label, keyToValue(owner), salt, settingsToValue(settings), signature]
}

export function updatePayload(signer: Signer, place: NamePlace, settings: NameSettings): Payload {
  const signature = signer.sign(updateBytes(place, settings))
  return [NameKind.UPDATE, SCHEMA, place.label, place.sequence, settingsToValue(settings), signature]
}

export function nameTransferPayload(
  signer: Signer,
  place: NamePlace,
  to: Uint8Array,
  settings?: NameSettings,
): Payload {
  const signature = signer.sign(transferBytes(place, to, settings))
  const next = settings === undefined ? null : settingsToValue(settings)
  return [NameKind.TRANSFER, SCHEMA, place.label, place.sequence, keyToValue(to), next, signature]
}

export function releasePayload(signer: Signer, place: NamePlace): Payload {
  return [NameKind.RELEASE, SCHEMA, place.label, place.sequence, signer.sign(releaseBytes(place))]
}

export function updateByCdsPayload(label: Uint8Array, evidence: CdsEvidence): Payload {
  const { cds, cdsSignatures, dnskeys, dnskeySignatures } = evidence
  return [NameKind.UPDATE_BY_CDS, SCHEMA, label, [...cds], [...cdsSignatures], [...dnskeys], [...dnskeySignatures]]
}
