/**
 * What a chunk chain records: changes of the chunk's entries, each with what proves it: certificate and outcome, or, of a signed
 * answer, the chain of trust. Canonical CBOR arrays [version, kind, name, type, class, old digest, certificate or proof, outcome], null
 * for what a kind has not.
 */
import { equalBytes, fromLatin1, isChordnsError } from '../../base/index.ts'
import { type CborField, encodeCanonical } from '../../crypto/index.ts'
import { canonicalName, type Question, rrsetKey, Type } from '../../dns/index.ts'
import {
  type Certificate,
  type Content,
  decodeCertificate,
  decodeContent,
  decodeOutcome,
  encodeCertificate,
  encodeOutcome,
  evidenceLimits,
  type Outcome,
} from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { HASH_BYTES } from './links.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readList, readName, readRow } from './reading.ts'
import type { NamedAnchor } from './signed.ts'

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
  /** The answer is signed by its zone, so it needs no votes; `old`: what was recorded before, if anything. */
  | SigningTransaction

export interface SigningTransaction {
  readonly kind: 'sign'
  readonly question: Question
  readonly old: Uint8Array | undefined
  readonly outcome: Outcome
  readonly proof: SignedProof
}

/** What shows that an answer is signed. */
export interface SignedProof {
  readonly anchor: NamedAnchor
  /** Unix ms: when it was held to be proven, and until when it may be served. */
  readonly at: number
  readonly until: number
  /** Links as `links.ts` writes them, or the hashes of links that an earlier transaction of the chain carried. */
  readonly links: readonly Uint8Array[]
}

const VERSION = 1
const KIND = { add: 1, update: 2, renew: 3, remove: 4, diverge: 5, sign: 6 } as const
const NAMES = { 1: 'add', 2: 'update', 3: 'renew', 4: 'remove', 5: 'diverge', 6: 'sign' } as const

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
    evidenceOf(transaction),
    kind === 'remove' ? null : encodeOutcome(transaction.outcome),
  ])
}

/** Throws CHUNK_MALFORMED. Nothing is verified here. */
export function decodeTransaction(bytes: Uint8Array): ChunkTransaction {
  const row = readRow(readCbor(bytes, limits.MAX_TRANSACTION_BYTES, 'transaction'), 8, 'transaction')
  readInteger(row[0], VERSION, VERSION, 'version of a transaction')
  const kind = NAMES[readInteger(row[1], KIND.add, KIND.sign, 'kind of transaction') as keyof typeof NAMES]
  const question = readQuestion(row[2], row[3], row[4])
  const old = row[5] === null ? undefined : readHash(row[5], 'old digest')
  const needsOld = kind !== 'add' && kind !== 'diverge' && kind !== 'sign'
  if ((needsOld && old === undefined) || (kind === 'add' && old !== undefined)) throw malformed('old digest')
  if (kind === 'remove') {
    if (row[6] !== null || row[7] !== null) throw malformed('a removal with evidence')
    return { kind, question, old: old! }
  }
  if (kind === 'sign') return { kind, question, old, outcome: readSignedOutcome(row[7]), proof: readProof(row[6]) }
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

function evidenceOf(transaction: ChunkTransaction): Uint8Array | null {
  switch (transaction.kind) {
    case 'remove':
      return null
    case 'sign': {
      const { anchor, at, until, links } = transaction.proof
      return encodeCanonical([[anchor.zone.wire, anchor.type, anchor.rdata], at, until, [...links]])
    }
    default:
      return encodeCertificate(transaction.certificate)
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

function readSignedOutcome(field: CborField): Outcome {
  const bytes = readBytes(field, 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')
  return orMalformed(() => decodeOutcome(bytes))
}

function readProof(field: CborField): SignedProof {
  const bytes = readBytes(field, 1, limits.MAX_SIGNED_BYTES, 'proof')
  const [anchor, at, until, links] = readRow(readCbor(bytes, limits.MAX_SIGNED_BYTES, 'proof'), 4, 'proof')
  const [zone, type, rdata] = readRow(anchor, 3, 'anchor')
  const kind = readInteger(type, Type.DS, Type.DNSKEY, 'type of anchor')
  if (kind !== Type.DS && kind !== Type.DNSKEY) throw malformed('type of anchor')
  return {
    anchor: { zone: readName(zone), type: kind, rdata: readBytes(rdata, 1, limits.MAX_ANCHOR_BYTES, 'anchor') },
    at: readInteger(at, 0, Number.MAX_SAFE_INTEGER, 'time'),
    until: readInteger(until, 0, Number.MAX_SAFE_INTEGER, 'time'),
    links: readList(links, limits.MAX_LINKS, 'links', (one) =>
      readBytes(one, HASH_BYTES, limits.MAX_LINK_BYTES, 'link'),
    ),
  }
}

function readEvidence(certificate: CborField, outcome: CborField): { certificate: Certificate; outcome: Content } {
  const paper = readBytes(certificate, 1, evidenceLimits.MAX_CERTIFICATE_BYTES, 'certificate')
  const content = readBytes(outcome, 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')
  return orMalformed(() => ({ certificate: decodeCertificate(paper), outcome: decodeContent(content) }))
}

function orMalformed<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (isChordnsError(cause, 'EVIDENCE_MALFORMED')) throw malformed(cause.message, cause)
    throw cause
  }
}
