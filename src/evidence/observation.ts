/** What one replica saw, signed: as bytes, and as something that can be checked. */
import { asChunkId } from '../base/index.ts'
import type { CborValue, SignatureScheme, Signer } from '../crypto/index.ts'
import { encodeCanonical, signedBytes } from '../crypto/index.ts'
import { canonicalName, type Question } from '../dns/index.ts'
import { limits } from './limits.ts'
import { readBytes, readCbor, readHash, readInteger, readName, readRow, readSignature, readUtf8 } from './reading.ts'
import type { Observation } from './types.ts'

export type UnsignedObservation = Omit<Observation, 'observer' | 'signature'>

const TAG = 'chordns/observation/2'
const encoder = new TextEncoder()

/** Signs what was seen. Names are signed, and from then on kept, lower-cased: the case of a question is its asker's. */
export function signObservation(seen: UnsignedObservation, signer: Signer): Observation {
  const observation = {
    ...seen,
    question: { ...seen.question, name: canonicalName(seen.question.name) },
    apex: canonicalName(seen.apex),
    observer: signer.publicKey,
  }
  return { ...observation, signature: signer.sign(message(observation)) }
}

/** True when `signature` is the observer's over exactly these fields. */
export function verifyObservation(observation: Observation, scheme: SignatureScheme): boolean {
  return scheme.verify(observation.observer, message(observation), observation.signature)
}

export function encodeObservation(observation: Observation): Uint8Array {
  return encodeCanonical([...fields(observation), observation.signature])
}

/** Throws EVIDENCE_MALFORMED. The signature is not checked here. */
export function decodeObservation(bytes: Uint8Array): Observation {
  const row = readRow(readCbor(bytes, limits.MAX_OBSERVATION_BYTES, 'observation'), 13, 'observation')
  return {
    ...readSubject(row.slice(0, 5)),
    digest: readHash(row[5], 'digest'),
    ...readStatement(row.slice(6, 13)),
  }
}

/** Ring, chunk and question: what all observations of one certificate share. */
export function subjectFields(observation: Omit<Observation, 'signature'>): CborValue[] {
  const { question } = observation
  return [
    encoder.encode(observation.ringId),
    observation.chunk,
    canonicalName(question.name).wire,
    question.type,
    question.class,
  ]
}

/** Start, apex, TTL, time, nonce and observer: what each observer says for itself. */
export function statementFields(observation: Omit<Observation, 'signature'>): CborValue[] {
  return [
    observation.start === 'agreed' ? 1 : 0,
    canonicalName(observation.apex).wire,
    observation.ttl,
    observation.when,
    observation.nonce,
    observation.observer,
  ]
}

/** Reads the five fields that `subjectFields` writes. */
export function readSubject(row: readonly CborValue[]): Pick<Observation, 'ringId' | 'chunk' | 'question'> {
  return {
    ringId: readUtf8(row[0], limits.MAX_RING_ID_BYTES, 'ring id'),
    chunk: asChunkId(readInteger(row[1], 0, 0xffff_ffff, 'chunk')),
    question: readQuestion(row.slice(2)),
  }
}

/** Reads what `statementFields` writes, and the signature after it. */
export function readStatement(
  row: readonly (CborValue | undefined)[],
): Pick<Observation, 'start' | 'apex' | 'ttl' | 'when' | 'nonce' | 'observer' | 'signature'> {
  return {
    start: readInteger(row[0], 0, 1, 'start') === 1 ? 'agreed' : 'parent',
    apex: readName(row[1], 'apex'),
    ttl: readInteger(row[2], 0, limits.MAX_TTL, 'TTL'),
    when: readInteger(row[3], 0, Number.MAX_SAFE_INTEGER, 'time'),
    nonce: readBytes(row[4], limits.MIN_NONCE_BYTES, limits.MAX_NONCE_BYTES, 'nonce'),
    observer: readHash(row[5], 'observer'),
    signature: readSignature(row[6], 'signature'),
  }
}

function fields(observation: Omit<Observation, 'signature'>): CborValue[] {
  return [...subjectFields(observation), observation.digest, ...statementFields(observation)]
}

function message(observation: Omit<Observation, 'signature'>): Uint8Array {
  return signedBytes(TAG, encodeCanonical(fields(observation)))
}

function readQuestion(row: readonly CborValue[]): Question {
  return {
    name: readName(row[0], 'name'),
    type: readInteger(row[1], 0, 0xffff, 'type'),
    class: readInteger(row[2], 1, 0xffff, 'class'),
  }
}
