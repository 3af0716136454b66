/**
 * What replicas say to each other: canonical CBOR arrays `[version, kind, ...]`, checked at the door. Items after those that are
 * named here are ignored, so that a later version may add some. Evidence inside is kept as bytes of its own codec.
 */
import { asPeerId, ChordnsError, type PeerId } from '../../base/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import {
  type Certificate,
  type Commitment,
  type Content,
  commitmentValue,
  decodeCertificate,
  decodeContent,
  decodeObservation,
  decodeOutcome,
  encodeCertificate,
  encodeObservation,
  encodeOutcome,
  evidenceLimits,
  type Observation,
  type Outcome,
  type ProofLink,
  readCommitment,
} from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { LINK_OVERHEAD_BYTES, linkValues, readLinkRows } from './links.ts'
import { malformed, readBytes, readCbor, readInteger, readList, readName } from './reading.ts'

const VERSION = 1

export type ChunkRequest =
  /**
   * What do you hold? `from`: send also the links of the chain of trust, from the zone with so many labels on. `beside`: and what you hold
   * of these types of the name. `used`: what came along the last time was asked for here. `level`: this is asked of a copy of that level.
   * `reads`: so many did a copy serve, for which this one is made.
   */
  | {
      readonly kind: 'read'
      readonly question: Question
      readonly from?: number
      readonly beside?: readonly number[]
      readonly used?: readonly number[]
      readonly level?: number
      readonly reads?: number
    }
  /**
   * I had to ask for this: the question, never the answer, except a signed one with its proof, to be verified, and the links of the chain
   * of trust that the proof needs. `tag`: of what I saw, where it is not signed and the ring has an answer, so that a replica which holds something else can look
   * again. `isRefresh`: a replica has fetched it for all, and nobody asked. `isChanged`: the zone says that it has changed, and what I see now is not what
   * I saw before: a hint to look again, and no more. `isAwaited`: a stub waits for what the replicas agree on.
   */
  | ({
      readonly kind: 'tell'
      readonly question: Question
      readonly proof?: Outcome
      readonly tag?: number
      readonly isRefresh?: boolean
      readonly isChanged?: boolean
      readonly isAwaited?: boolean
    } & WithLinks)
  /**
   * I open a round: fetch for yourself, and commit to what you see. `attempt`: of the rounds under this nonce, from 1. `isAwaited`: a stub
   * waits for what is agreed.
   */
  | ({
      readonly kind: 'round'
      readonly question: Question
      readonly how: ObserveHow
      readonly isAwaited?: boolean
    } & RoundId)
  /** These have committed: show what you committed to. */
  | ({ readonly kind: 'reveal'; readonly question: Question; readonly commitments: readonly Commitment[] } & RoundId)
  /** Would a round pay, by what you have seen? Requested by a replica, who must not learn what it was. */
  | { readonly kind: 'probe'; readonly question: Question }
  /** This was agreed. */
  | {
      readonly kind: 'certify'
      readonly question: Question
      readonly certificate: Certificate
      readonly outcome: Content
    }

/** Which of several rounds. */
export interface RoundId {
  readonly nonce: Uint8Array
  readonly attempt: number
}

/** `known`: what was fetched before will do; `fresh`: a new fetch; `tcp`: a new one over new TCP connections. */
export type ObserveHow = 'known' | 'fresh' | 'tcp'

export type ChunkReply =
  | ({ readonly kind: 'entry'; readonly certificate: Certificate; readonly outcome: Content } & WithLinks & WithBeside)
  | ({ readonly kind: 'vote' } & LiveVote & WithLinks & WithBeside)
  /** Signed: it stands alone. `seconds`: what is left of it. */
  | ({ readonly kind: 'proof'; readonly outcome: Outcome; readonly seconds: number } & WithLinks & WithBeside)
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not-mine'; readonly believes: readonly PeerId[] }
  | { readonly kind: 'ack' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'commitment'; readonly commitment: Commitment }
  /** It sees an address that means something else elsewhere, and says no more. */
  | { readonly kind: 'hidden' }
  | { readonly kind: 'worth'; readonly pays: boolean }

/** What became of a request. `malformed`: the reply could not be decoded. */
export type ReplicaAnswer =
  | { readonly kind: 'reply'; readonly reply: ChunkReply }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

/** What one replica saw: its signed observation, and the outcome that the observation is about. */
export interface LiveVote {
  readonly observation: Observation
  readonly outcome: Content
}

/** Links of the chain of trust, for an asker who lacks them. */
export interface WithLinks {
  readonly links?: readonly ProofLink[]
}

/** What a replica holds of other types of the name: each stands alone. */
export interface WithBeside {
  readonly beside?: readonly BesideReply[]
}

export interface BesideReply {
  readonly type: number
  /** An entry or a proof. The links of the reply beside which it comes are its links, too. */
  readonly reply: Extract<ChunkReply, { readonly kind: 'entry' | 'proof' }>
}

const REQUEST = { read: 1, tell: 2, round: 3, certify: 4, reveal: 16, probe: 17 } as const
const REPLY = {
  entry: 1,
  vote: 2,
  unknown: 3,
  'not-mine': 4,
  ack: 5,
  busy: 6,
  commitment: 16,
  hidden: 17,
  worth: 18,
  proof: 24,
} as const
/** RFC 1035: 255 octets hold no more. */
const MAX_LABELS = 127
const HOW: readonly ObserveHow[] = ['known', 'fresh', 'tcp']

export function encodeRequest(request: ChunkRequest): Uint8Array {
  const head: CborValue[] = [VERSION, REQUEST[request.kind], ...questionFields(request.question)]
  switch (request.kind) {
    case 'read':
      return encodeCanonical([...head, ...readItems(request)])
    case 'tell':
      return encodeTell(head, request)
    case 'probe':
      return encodeCanonical(head)
    case 'round':
      return encodeCanonical([
        ...head,
        request.nonce,
        request.attempt,
        HOW.indexOf(request.how),
        ...(request.isAwaited === true ? [1] : []),
      ])
    case 'reveal':
      return encodeCanonical([...head, request.nonce, request.attempt, request.commitments.map(commitmentValue)])
    case 'certify':
      return encodeCanonical([...head, encodeCertificate(request.certificate), encodeOutcome(request.outcome)])
  }
}

function encodeTell(head: readonly CborValue[], tell: Extract<ChunkRequest, { kind: 'tell' }>): Uint8Array {
  const { proof, tag, isRefresh = false, isChanged = false, isAwaited = false } = tell
  const content = proof === undefined ? null : encodeOutcome(proof)
  if (isAwaited) return encodeCanonical([...head, content, null, Number(isRefresh), tag ?? null, Number(isChanged), 1])
  if (isChanged) return encodeCanonical([...head, content, null, Number(isRefresh), tag ?? null, 1])
  if (tag !== undefined) return encodeCanonical([...head, content, null, Number(isRefresh), tag])
  if (content === null) return encodeCanonical(head)
  return withLinks([...head, content], tell, isRefresh ? [1] : [])
}

/** Throws CHUNK_MALFORMED, or CHUNK_VERSION for a version that this node does not speak. */
export function decodeRequest(bytes: Uint8Array): ChunkRequest {
  const row = open(bytes)
  const question: Question = {
    name: readName(row[2]),
    type: readInteger(row[3], 0, 0xffff, 'type'),
    class: readInteger(row[4], 1, 0xffff, 'class'),
  }
  switch (row[1]) {
    case REQUEST.read:
      return {
        kind: 'read',
        question,
        ...(!isMissing(row[5]) && { from: readInteger(row[5], 0, MAX_LABELS, 'from') }),
        ...(!isMissing(row[6]) && { beside: readTypes(row[6]) }),
        ...(!isMissing(row[7]) && { used: readTypes(row[7]) }),
        ...(!isMissing(row[8]) && { level: readInteger(row[8], 1, limits.MAX_LEVEL, 'level') }),
        ...(!isMissing(row[9]) && { reads: readInteger(row[9], 1, limits.MAX_READS_OF_A_COPY, 'reads') }),
      }
    case REQUEST.tell:
      return {
        kind: 'tell',
        question,
        ...(!isMissing(row[5]) && {
          proof: decodeOutcome(readBytes(row[5], 1, limits.MAX_TOLD_PROOF_BYTES, 'proof')),
          ...readLinks(row[6]),
        }),
        ...(!isMissing(row[7]) && readInteger(row[7], 0, 1, 'refresh') === 1 && { isRefresh: true }),
        ...(!isMissing(row[8]) && { tag: readInteger(row[8], 0, 0xffff, 'tag') }),
        ...(!isMissing(row[9]) && readInteger(row[9], 0, 1, 'changed') === 1 && { isChanged: true }),
        ...(!isMissing(row[10]) && readInteger(row[10], 0, 1, 'awaited') === 1 && { isAwaited: true }),
      }
    case REQUEST.round:
      return {
        kind: 'round',
        question,
        ...readRound(row),
        how: HOW[readInteger(row[7], 0, HOW.length - 1, 'how')]!,
        ...(!isMissing(row[8]) && readInteger(row[8], 0, 1, 'awaited') === 1 && { isAwaited: true }),
      }
    case REQUEST.reveal:
      return { kind: 'reveal', question, ...readRound(row), commitments: readCommitments(row[7]) }
    case REQUEST.probe:
      return { kind: 'probe', question }
    case REQUEST.certify:
      return {
        kind: 'certify',
        question,
        certificate: decodeCertificate(readBytes(row[5], 1, evidenceLimits.MAX_CERTIFICATE_BYTES, 'certificate')),
        outcome: decodeContent(readBytes(row[6], 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')),
      }
    default:
      throw malformed('unknown request')
  }
}

export function encodeReply(reply: ChunkReply): Uint8Array {
  const head: CborValue[] = [VERSION, REPLY[reply.kind]]
  switch (reply.kind) {
    case 'entry':
      return withBeside([...head, encodeCertificate(reply.certificate), encodeOutcome(reply.outcome)], reply)
    case 'vote':
      return withBeside([...head, encodeObservation(reply.observation), encodeOutcome(reply.outcome)], reply)
    case 'proof':
      return withBeside([...head, encodeOutcome(reply.outcome), reply.seconds], reply)
    case 'not-mine':
      return encodeCanonical([...head, reply.believes.slice(0, limits.MAX_NAMED_PEERS).map(toUtf8)])
    case 'commitment':
      return encodeCanonical([...head, commitmentValue(reply.commitment)])
    case 'worth':
      return encodeCanonical([...head, reply.pays ? 1 : 0])
    case 'unknown':
    case 'ack':
    case 'busy':
    case 'hidden':
      return encodeCanonical(head)
  }
}

/** Throws CHUNK_MALFORMED, EVIDENCE_MALFORMED or CHUNK_VERSION. */
export function decodeReply(bytes: Uint8Array): ChunkReply {
  const row = open(bytes)
  switch (row[1]) {
    case REPLY.entry:
      return {
        kind: 'entry',
        certificate: decodeCertificate(readBytes(row[2], 1, evidenceLimits.MAX_CERTIFICATE_BYTES, 'certificate')),
        outcome: decodeContent(readBytes(row[3], 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')),
        ...readLinks(row[4]),
        ...readBeside(row[5]),
      }
    case REPLY.proof:
      return {
        kind: 'proof',
        outcome: decodeOutcome(readBytes(row[2], 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')),
        seconds: readInteger(row[3], 0, evidenceLimits.MAX_TTL, 'seconds'),
        ...readLinks(row[4]),
        ...readBeside(row[5]),
      }
    case REPLY.vote:
      return {
        kind: 'vote',
        observation: decodeObservation(readBytes(row[2], 1, evidenceLimits.MAX_OBSERVATION_BYTES, 'observation')),
        outcome: decodeContent(readBytes(row[3], 1, evidenceLimits.MAX_OUTCOME_BYTES, 'outcome')),
        ...readLinks(row[4]),
        ...readBeside(row[5]),
      }
    case REPLY.unknown:
      return { kind: 'unknown' }
    case REPLY['not-mine']:
      return { kind: 'not-mine', believes: readPeers(row[2]) }
    case REPLY.ack:
      return { kind: 'ack' }
    case REPLY.busy:
      return { kind: 'busy' }
    case REPLY.commitment:
      return { kind: 'commitment', commitment: readCommitment(row[2]) }
    case REPLY.hidden:
      return { kind: 'hidden' }
    case REPLY.worth:
      return { kind: 'worth', pays: readInteger(row[2], 0, 1, 'worth') === 1 }
    default:
      throw malformed('unknown reply')
  }
}

/** As many links as fit into the frame, and the items after them. The receiver can do without links. */
function withLinks(row: readonly CborValue[], { links }: WithLinks, after: readonly CborValue[] = []): Uint8Array {
  const bare = encodeCanonical(after.length === 0 ? row : [...row, null, ...after])
  if (links === undefined || links.length === 0) return bare
  const room = limits.MAX_MESSAGE_BYTES - bare.length - LINK_OVERHEAD_BYTES
  return encodeCanonical([...row, linkValues(links, room), ...after])
}

/** With what this node holds of other types of the name. */
function withBeside(row: readonly CborValue[], reply: WithLinks & WithBeside): Uint8Array {
  const others = besideValues(reply.beside ?? [])
  return withLinks(row, reply, others.length === 0 ? [] : [others])
}

function besideValues(beside: readonly BesideReply[]): CborValue[] {
  let left: number = limits.MAX_BESIDE_BYTES
  return beside.slice(0, limits.MAX_BESIDE).flatMap(({ type, reply }): CborValue[] => {
    const bytes = encodeReply({ ...reply, links: [], beside: [] })
    if (bytes.length > left) return []
    left -= bytes.length
    return [[type, bytes]]
  })
}

/** Nothing comes beside what comes beside. */
function readBeside(value: CborValue | undefined): WithBeside {
  if (isMissing(value)) return {}
  const beside = readList(value, limits.MAX_BESIDE, 'beside', (row): BesideReply => {
    if (!Array.isArray(row)) throw malformed('beside')
    const bytes = readBytes(row[1], 1, limits.MAX_BESIDE_BYTES, 'beside')
    if (open(bytes).length > 4) throw malformed('beside')
    const reply = decodeReply(bytes)
    if (reply.kind !== 'entry' && reply.kind !== 'proof') throw malformed('beside')
    return { type: readInteger(row[0], 1, 0xffff, 'type'), reply }
  })
  return { beside }
}

/** Items that nobody needs are left out at the end; `null` holds the place of those before others. */
function readItems(read: Extract<ChunkRequest, { kind: 'read' }>): CborValue[] {
  const { from, beside = [], used = [], level, reads = 1 } = read
  const types = (list: readonly number[]) => (list.length === 0 ? null : [...list])
  const items = [from ?? null, types(beside), types(used), level ?? null, reads === 1 ? null : reads]
  return items.slice(0, items.findLastIndex((item) => item !== null) + 1)
}

function readTypes(value: CborValue | undefined): number[] {
  return readList(value, limits.MAX_BESIDE, 'types', (type) => readInteger(type, 1, 0xffff, 'type'))
}

function readLinks(value: CborValue | undefined): WithLinks {
  if (isMissing(value)) return {}
  return { links: readLinkRows(value) }
}

/** An item that may be left out; `null` holds its place before items that a later version may add. */
function isMissing(value: CborValue | undefined): value is undefined | null {
  return value === undefined || value === null
}

function readRound(row: readonly CborValue[]): RoundId {
  return {
    nonce: readBytes(row[5], evidenceLimits.MIN_NONCE_BYTES, evidenceLimits.MAX_NONCE_BYTES, 'nonce'),
    attempt: readInteger(row[6], 1, evidenceLimits.MAX_ROUNDS, 'attempt'),
  }
}

function readCommitments(value: CborValue | undefined): Commitment[] {
  return readList(value, limits.MAX_REPLICAS, 'commitments', readCommitment)
}

function questionFields(question: Question): CborValue[] {
  return [question.name.wire, question.type, question.class]
}

function open(bytes: Uint8Array): readonly CborValue[] {
  const value = readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'message')
  if (!Array.isArray(value) || value.length < 2) throw malformed('not a message')
  if (value[0] !== VERSION)
    throw new ChordnsError('CHUNK_VERSION', 'a version that this node does not speak', { version: value[0] })
  return value
}

function readPeers(value: CborValue | undefined): PeerId[] {
  return readList(value, limits.MAX_NAMED_PEERS, 'peers', (one) => {
    const bytes = readBytes(one, 1, limits.MAX_PEER_ID_BYTES, 'peer id')
    // Base58 is ASCII; anything else must not reach a log.
    if (!bytes.every((byte) => byte > 0x20 && byte < 0x7f)) throw malformed('peer id')
    return asPeerId(String.fromCharCode(...bytes))
  })
}

function toUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
