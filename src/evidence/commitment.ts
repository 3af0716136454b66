/**
 * What a replica is going to say, before it says it. The hash is over the whole signed observation: its signature, which nobody
 * else can make, is the salt that keeps the value from being guessed. Whoever holds commitment and observation can compare them.
 */
import type { ChunkId } from '../base/index.ts'
import { concatBytes, equalBytes } from '../base/index.ts'
import {
  type CborValue,
  encodeCanonical,
  type SignatureScheme,
  type Signer,
  sha256,
  signedBytes,
} from '../crypto/index.ts'
import { canonicalName, type Question } from '../dns/index.ts'
import { limits } from './limits.ts'
import { encodeObservation } from './observation.ts'
import { readHash, readInteger, readRow, readSignature } from './reading.ts'
import type { Observation } from './types.ts'

const TAG = 'chordns/commitment/1'
const HASH_TAG = new TextEncoder().encode('chordns/commitment-hash/1\0')

/** What is committed to, and in which round. */
export interface CommitmentSubject {
  readonly ringId: string
  readonly chunk: ChunkId
  readonly question: Question
  readonly nonce: Uint8Array
}

export interface Commitment {
  readonly observer: Uint8Array
  /** SHA-256 over the observation as it will be revealed. */
  readonly hash: Uint8Array
  /** Unix ms by the observer's clock: what its skew is measured by. */
  readonly when: number
  readonly signature: Uint8Array
}

export function commitTo(observation: Observation, now: number, signer: Signer): Commitment {
  const commitment = { observer: signer.publicKey, hash: commitmentHash(observation), when: now }
  return { ...commitment, signature: signer.sign(message(commitment, observation)) }
}

export function verifyCommitment(commitment: Commitment, subject: CommitmentSubject, scheme: SignatureScheme): boolean {
  return scheme.verify(commitment.observer, message(commitment, subject), commitment.signature)
}

/** Whether the observation is the one that was committed to. */
export function opens(commitment: Commitment, observation: Observation): boolean {
  return equalBytes(commitment.hash, commitmentHash(observation))
}

export function commitmentValue({ observer, hash, when, signature }: Commitment): CborValue {
  return [observer, hash, when, signature]
}

/** Throws EVIDENCE_MALFORMED. */
export function readCommitment(value: CborValue | undefined): Commitment {
  const row = readRow(value, 4, 'commitment')
  return {
    observer: readHash(row[0], 'observer'),
    hash: readHash(row[1], 'hash'),
    when: readInteger(row[2], 0, Number.MAX_SAFE_INTEGER, 'time'),
    signature: readSignature(row[3], 'signature'),
  }
}

/** The nonce of one round of several that were opened under `nonce`. `attempt`: from 1. */
export function roundNonce(nonce: Uint8Array, attempt: number): Uint8Array {
  return sha256(concatBytes(nonce, Uint8Array.of(attempt))).slice(0, limits.ROUND_NONCE_BYTES)
}

function commitmentHash(observation: Observation): Uint8Array {
  return sha256(concatBytes(HASH_TAG, encodeObservation(observation)))
}

function message(
  { observer, hash, when }: Omit<Commitment, 'signature'>,
  { ringId, chunk, question, nonce }: CommitmentSubject,
): Uint8Array {
  const { name, type, class: klass } = question
  const subject: CborValue[] = [new TextEncoder().encode(ringId), chunk, canonicalName(name).wire, type, klass, nonce]
  return signedBytes(TAG, encodeCanonical([...subject, observer, hash, when]))
}
