/**
 * What a chunk chain records: changes of the chunk's entries, each with the certificate and the outcome that prove it.
 * Canonical CBOR arrays [version, kind, name, type, class, old digest, certificate, outcome], null for what a kind has not.
 */
import { equalBytes, fromLatin1, isChordnsError } from '../../base/index.ts'
import { type CborField, encodeCanonical } from '../../crypto/index.ts'
import { canonicalName, type Question, rrsetKey } from '../../dns/index.ts'
import {
  type Certificate,
  type Content,
  decodeCertificate,
  decodeContent,
  encodeCertificate,
  encodeOutcome,
  evidenceLimits,
} from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readName, readRow } from './reading.ts'

interface Proven {
  readonly question: Question
  readonly certificate: Certificate
  readonly outcome: Content
}

export type ChunkTransaction =
  /** A question that has no entry. */
  | ({ readonly kind: 'add' } & Proven)
  /** Another content than the recorded one, which has the digest `old`: compare and set. */
  | ({ readonly kind: 'update'; readonly old: Uint8Array } & Proven)
  /** The same content, seen again later. */
  | ({ readonly kind: 'renew'; readonly old: Uint8Array } & Proven)
  /** An entry that has expired, so long ago that no certificate from before it can come back. */
  | { readonly kind: 'remove'; readonly question: Question; readonly old: Uint8Array }
  /** The answer depends on where one asks; `old`: what was recorded before, if anything. */
  | ({ readonly kind: 'diverge'; readonly old: Uint8Array | undefined } & Proven)

const VERSION = 1
const KIND = { add: 1, update: 2, renew: 3, remove: 4, diverge: 5 } as const
const NAMES = { 1: 'add', 2: 'update', 3: 'renew', 4: 'remove', 5: 'diverge' } as const

/** Names are written lower-cased, so that one change has one form. Throws EVIDENCE_MALFORMED for what is too large. */
export function encodeTransaction(transaction: ChunkTransaction): Uint8Array {
  const { kind, question } = transaction
  const { name, type, class: klass } = question
  return encodeCanonical([
    VERSION,
    KIND[kind],
    canonicalName(name).wire,
    type,
    klass,
    (kind === 'add' ? undefined : transaction.old) ?? null,
    kind === 'remove' ? null : encodeCertificate(transaction.certificate),
    kind === 'remove' ? null : encodeOutcome(transaction.outcome),
  ])
}

/** Throws CHUNK_MALFORMED. Nothing is verified here. */
export function decodeTransaction(bytes: Uint8Array): ChunkTransaction {
  const row = readRow(readCbor(bytes, limits.MAX_TRANSACTION_BYTES, 'transaction'), 8, 'transaction')
  readInteger(row[0], VERSION, VERSION, 'version of a transaction')
  const kind = NAMES[readInteger(row[1], KIND.add, KIND.diverge, 'kind of transaction') as keyof typeof NAMES]
  const question = readQuestion(row[2], row[3], row[4])
  const old = row[5] === null ? undefined : readHash(row[5], 'old digest')
  const needsOld = kind !== 'add' && kind !== 'diverge'
  if ((needsOld && old === undefined) || (kind === 'add' && old !== undefined)) throw malformed('old digest')
  if (kind === 'remove') {
    if (row[6] !== null || row[7] !== null) throw malformed('a removal with evidence')
    return { kind, question, old: old! }
  }
  const proven = { question, ...readEvidence(row[6], row[7]) }
  switch (kind) {
    case 'add':
      return { kind, ...proven }
    case 'diverge':
      return { kind, old, ...proven }
    default:
      return { kind, old: old!, ...proven }
  }
}

/** The key of a question in the state: the same for all spellings of a name. */
export function stateKey({ name, type, class: klass }: Question): Uint8Array {
  return fromLatin1(rrsetKey(name, type, klass))
}

function readQuestion(wire: CborField, type: CborField, klass: CborField): Question {
  const name = readName(wire)
  if (!equalBytes(canonicalName(name).wire, name.wire)) throw malformed('a name that is not lower-cased')
  return {
    name,
    type: readInteger(type, 0, 0xffff, 'type'),
    class: readInteger(klass, 1, 0xffff, 'class'),
  }
}

function readEvidence(certificate: CborField, outcome: CborField): { certificate: Certificate; outcome: Content } {
  const paper = readBytes(certificate, 1, evidenceLimits.MAX_CERTIFICATE_BYTES, 'certificate')
  const content = readBytes(outcome, 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')
  try {
    return { certificate: decodeCertificate(paper), outcome: decodeContent(content) }
  } catch (cause) {
    if (isChordnsError(cause, 'EVIDENCE_MALFORMED')) throw malformed(cause.message, cause)
    throw cause
  }
}
