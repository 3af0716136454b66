/**
 * Faults of validators that a transaction brings to their own chain: a broken lock, which can be answered, and two notes of one size. Pure: all
 * validators come to the same. (Faults that cannot be answered are items of a block: `blocks/evidence.ts`.)
 */
import { equalBytes } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { blockIdOf, headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { certificateFromValue, certificateToValue } from '../blocks/certificates.ts'
import { equivocationFromValue, equivocationToValue } from '../blocks/messages.ts'
import { entriesFromValue, entriesToValue, setRoot } from '../blocks/set-root.ts'
import { verifyCertificate, verifyEquivocation } from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import { cosigners, decodeCheckpointNote } from '../notes/checkpoint.ts'
import { malformed, readBytes, readCbor, readHash, readHeight, readRow } from '../reading.ts'
import { verifyConsistency } from '../trees/history.ts'
import { verifyLeafHash } from '../trees/merkle.ts'
import type { BlockCertificate, BlockHeader, ChainEquivocation, Validator } from '../types.ts'
import { hashesFromValue, hashesToValue } from './codec.ts'
import { type LightRules, ledgerQuorum } from './trust.ts'

/** First items of the payloads. */
export const FaultKind = { BROKEN_LOCK: 3, ANSWER: 4, TWO_NOTES: 6 } as const

export type BrokenLock = Extract<ChainEquivocation, { kind: 'lock' }>

/** The set of a height, as the chain's history shows it. */
export interface SetOfHeight {
  readonly validators: readonly Validator[]
  /** Of that height. */
  readonly header: BlockHeader
  /** Of that header in the history of `size` headers. */
  readonly path: readonly Uint8Array[]
  readonly size: number
}

/** The chain and block in which it is shown. */
export interface FaultPlace {
  readonly chainId: Uint8Array
  /** Unix ms, of the block. */
  readonly time: number
  /** Root of the history of so many headers; undefined: too long ago. */
  readonly rootOf: (size: number) => Uint8Array | undefined
}

export interface LockAccusation {
  readonly accusation: BrokenLock
  readonly at: SetOfHeight
}

/** What the chain keeps of an accusation until it is answered. */
export interface LockCharge {
  /** Names it. */
  readonly id: Uint8Array
  readonly accused: Validator
  readonly height: number
  readonly setRoot: Uint8Array
  /** An answer is a quorum of prevotes for this block, from the first round on and before the second. */
  readonly blockId: Uint8Array
  readonly firstRound: number
  readonly secondRound: number
}

/** Undefined: it does not hold. */
export function lockCharge(rules: LightRules, { accusation, at }: LockAccusation, place: FaultPlace) {
  const { first, second } = accusation
  const { validators, header } = at
  if (header.height !== first.height || !isSetOfHistory(at, place) || second.blockId === undefined) return undefined
  if (!verifyEquivocation(rules.scheme, accusation, place.chainId, validators)) return undefined
  const accused = validators.find(({ publicKey }) => equalBytes(publicKey, first.signer))!
  const { blockId } = second
  const [firstRound, secondRound] = [first.round, second.round]
  const id = sha256(encodeCanonical([header.height, first.signer, firstRound, secondRound, blockId]))
  const { height, validatorsHash } = header
  const charge: LockCharge = { id, accused, height, setRoot: validatorsHash, blockId, firstRound, secondRound }
  return charge
}

export interface LockAnswer {
  /** Of the charge. */
  readonly id: Uint8Array
  /** The set of the height. */
  readonly validators: readonly Validator[]
  /** Of prevotes. */
  readonly certificate: BlockCertificate
}

/** Whether a quorum did prevote the second block, so that the lock was given up rightly. */
export function isAnswered(
  { scheme }: LightRules,
  chainId: Uint8Array,
  charge: Omit<LockCharge, 'accused'>,
  { id, validators, certificate }: LockAnswer,
): boolean {
  const { height, round, blockId } = certificate
  return (
    equalBytes(id, charge.id) &&
    equalBytes(setRoot(validators), charge.setRoot) &&
    height === charge.height &&
    equalBytes(blockId, charge.blockId) &&
    round >= charge.firstRound &&
    round < charge.secondRound &&
    verifyCertificate(scheme, chainId, validators, certificate, 'prevote', ledgerQuorum(validators.length))
  )
}

/** Two notes of one size with different roots, one of them this chain's. */
export interface TwoNotes {
  readonly own: Uint8Array
  readonly other: Uint8Array
  /** That the history of `at.size` headers begins with what the own note says. */
  readonly proof: readonly Uint8Array[]
  readonly at: SetOfHeight
}

/** Who cosigned both; undefined: it does not hold, or nobody did. Throws CHAIN_MALFORMED. */
export function twiceCosigned(
  { scheme }: LightRules,
  { own, other, proof, at }: TwoNotes,
  place: FaultPlace,
): readonly Validator[] | undefined {
  const one = decodeCheckpointNote(own)
  const two = decodeCheckpointNote(other)
  const { origin, size, root } = one.checkpoint
  const isOfOnePlace = two.checkpoint.origin === origin && two.checkpoint.size === size && at.header.height === size
  const now = place.rootOf(at.size)
  if (!isOfOnePlace || now === undefined || equalBytes(two.checkpoint.root, root)) return undefined
  if (!isSetOfHistory(at, place) || !verifyConsistency(size, at.size, root, now, proof)) return undefined
  const first = cosigners(scheme, at.validators, one.note)
  const signers = cosigners(scheme, first, two.note)
  return signers.length === 0 ? undefined : signers
}

function isSetOfHistory({ validators, header, path, size }: SetOfHeight, { chainId, time, rootOf }: FaultPlace) {
  const root = rootOf(size)
  return (
    root !== undefined &&
    header.ledger !== undefined &&
    equalBytes(header.chainId, chainId) &&
    time - header.time <= limits.EVIDENCE_AGE_MS &&
    equalBytes(setRoot(validators), header.validatorsHash) &&
    verifyLeafHash(root, blockIdOf(header), header.height - 1, size, path)
  )
}

export function encodeBrokenLock({ accusation, at }: LockAccusation): Uint8Array {
  return encodeCanonical([FaultKind.BROKEN_LOCK, equivocationToValue(accusation), ...setRow(at)])
}

/** Throws CHAIN_MALFORMED. */
export function decodeBrokenLock(payload: Uint8Array): LockAccusation {
  const [accusation, ...at] = fieldsOf(payload, FaultKind.BROKEN_LOCK, 6)
  const found = equivocationFromValue(accusation)
  if (found.kind !== 'lock') throw malformed('an accusation of another kind')
  return { accusation: found, at: setFrom(at) }
}

export function encodeLockAnswer({ id, validators, certificate }: LockAnswer): Uint8Array {
  return encodeCanonical([FaultKind.ANSWER, id, entriesToValue(validators), certificateToValue(certificate)])
}

/** Throws CHAIN_MALFORMED. */
export function decodeLockAnswer(payload: Uint8Array): LockAnswer {
  const [id, validators, certificate] = fieldsOf(payload, FaultKind.ANSWER, 4)
  return {
    id: readHash(id, 'accusation'),
    validators: entriesFromValue(validators),
    certificate: certificateFromValue(certificate),
  }
}

export function encodeTwoNotes({ own, other, proof, at }: TwoNotes): Uint8Array {
  return encodeCanonical([FaultKind.TWO_NOTES, own, other, hashesToValue(proof), ...setRow(at)])
}

/** Throws CHAIN_MALFORMED. */
export function decodeTwoNotes(payload: Uint8Array): TwoNotes {
  const [own, other, proof, ...at] = fieldsOf(payload, FaultKind.TWO_NOTES, 8)
  return {
    own: readBytes(own, 1, limits.MAX_PAYLOAD_BYTES, 'note'),
    other: readBytes(other, 1, limits.MAX_PAYLOAD_BYTES, 'note'),
    proof: hashesFromValue(proof, limits.MAX_CONSISTENCY_PATH),
    at: setFrom(at),
  }
}

function setRow({ validators, header, path, size }: SetOfHeight): CborValue[] {
  return [entriesToValue(validators), headerToValue(header), hashesToValue(path), size]
}

function setFrom([validators, header, path, size]: readonly CborField[]): SetOfHeight {
  return {
    validators: entriesFromValue(validators),
    header: headerFromValue(header),
    path: hashesFromValue(path, limits.MAX_HISTORY_PATH),
    size: readHeight(size),
  }
}

function fieldsOf(payload: Uint8Array, kind: number, length: number): readonly CborField[] {
  const [code, ...fields] = readRow(readCbor(payload, limits.MAX_PAYLOAD_BYTES, 'payload'), length, 'payload')
  if (code !== kind) throw malformed('a payload of another kind')
  return fields
}
