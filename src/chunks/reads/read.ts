/**
 * What the replicas said, counted: a pure accumulator. Replies may come in any order; the first sufficient proof, or more than
 * n/2 equal live votes, ends it. Whatever cannot be counted is discarded with a reason that names what was wrong.
 */
import { equalBytes, type PeerId, toHex } from '../../base/index.ts'
import {
  accept,
  buildCertificate,
  type Certificate,
  type Content,
  type Evidence,
  evidenceLimits,
  type Finding,
  isOutcome,
  type ProofLink,
} from '../../evidence/index.ts'
import { agreedOutcome, examine } from '../entries/examine.ts'
import { limits } from '../limits.ts'
import { voteFault } from '../observations/vote.ts'
import { certificateContext, type ReadContext } from '../seats/context.ts'
import type { LiveVote, ReplicaAnswer } from '../wire/messages.ts'
import type { ReplicaReply, ReplicaWord, RingProof } from './ring-read.ts'

export interface ReadState {
  readonly replies: readonly ReplicaReply[]
  /** Valid live votes, one a seat. */
  readonly votes: readonly LiveVote[]
  readonly accepted: Finding | undefined
  /** It proves enough to end the read, but is no answer: the name is divergent, or it is a delegation. */
  readonly other: RingProof | undefined
  /** What came along with all replies. */
  readonly links: readonly ProofLink[]
}

/** Whether nothing more needs to be heard. */
export function isEnough({ accepted, other }: ReadState): boolean {
  return accepted !== undefined || other !== undefined
}

/** What became of the request to one replica. */
export type ReplicaEvent =
  | ReplicaAnswer
  /** A proof that it sent, as this node's own validation sees it: the finding, or what is wrong with it. */
  | { readonly kind: 'proof'; readonly checked: Finding | string; readonly links: readonly ProofLink[] }

export const EMPTY_READ: ReadState = { replies: [], votes: [], accepted: undefined, other: undefined, links: [] }

/** Counts what became of the request to one replica. `now` is unix ms. A second word of the same peer is not counted. */
export function readStep(
  state: ReadState,
  context: ReadContext,
  from: PeerId,
  elapsedMs: number,
  event: ReplicaEvent,
  now: number,
): ReadState {
  if (state.replies.some((reply) => reply.peer === from)) return state
  const { word, vote, finding, other } = weigh(state, context, from, event, now)
  return {
    replies: [...state.replies, { peer: from, elapsedMs, word }],
    votes: vote === undefined ? state.votes : [...state.votes, vote],
    accepted: state.accepted ?? finding,
    other: state.other ?? other,
    links: [...state.links, ...linksOf(event)].slice(0, limits.MAX_LINKS_HEARD),
  }
}

/** All links are kept, also several for one zone: if only the first were kept, one liar could hide the true ones. */
function linksOf(event: ReplicaEvent): readonly ProofLink[] {
  if (event.kind === 'proof') return event.links
  if (event.kind !== 'reply') return []
  const { reply } = event
  return reply.kind === 'entry' || reply.kind === 'vote' ? (reply.links ?? []) : []
}

/** Why a read that ended without acceptance was not enough. */
export function shortfall(state: ReadState): 'unknown' | 'no-majority' | 'timeout' {
  const { replies } = state
  if (replies.length > 0 && replies.every(({ word }) => word.kind === 'failed')) return 'timeout'
  const said = replies.some(
    ({ word }) => word.kind === 'vote' || word.kind === 'certificate' || word.kind === 'discarded',
  )
  return said ? 'no-majority' : 'unknown'
}

interface Weighed {
  readonly word: ReplicaWord
  readonly vote?: LiveVote
  readonly finding?: Finding
  readonly other?: RingProof
}

function weigh(state: ReadState, context: ReadContext, from: PeerId, event: ReplicaEvent, now: number): Weighed {
  if (event.kind === 'failed') return { word: { kind: 'failed', reason: event.reason } }
  if (event.kind === 'malformed') return discarded(event.reason)
  if (!context.replicas.some((replica) => replica.peer === from) && !isOfCopy(context, from, event))
    return discarded('not a replica')
  if (event.kind === 'proof') {
    const { checked } = event
    return typeof checked === 'string' ? discarded(checked) : accepted(context, { kind: 'proof' }, checked)
  }
  const { reply } = event
  switch (reply.kind) {
    case 'unknown':
      return { word: { kind: 'unknown' } }
    case 'busy':
      return { word: { kind: 'failed', reason: 'busy' } }
    case 'not-mine':
      return { word: { kind: 'not-mine', believes: reply.believes } }
    case 'ack':
    case 'commitment':
    case 'hidden':
    case 'worth':
    // A proof is checked before it is counted.
    case 'proof':
      return discarded('not an answer')
    case 'entry':
      return weighEntry(context, reply.certificate, reply.outcome, now)
    case 'vote':
      return weighVote(state, context, from, reply, now)
  }
}

/** A copy has no vote. */
function isOfCopy({ copy }: ReadContext, from: PeerId, event: ReplicaEvent): boolean {
  return from === copy && !(event.kind === 'reply' && event.reply.kind === 'vote')
}

function weighEntry(context: ReadContext, certificate: Certificate, outcome: Content, now: number): Weighed {
  const examined = examine(certificate, outcome, context, now)
  if (!examined.ok) return discarded(examined.reason)
  const { entry, observers, prefixes } = examined
  const { question, certificate: kept, expires } = entry
  const word: ReplicaWord = { kind: 'certificate', signers: observers.length }
  const proof = { certificate: kept, observers, expires }
  if (entry.outcome.kind === 'divergent') {
    // In an open ring anybody can run many members, so this is not even a hint.
    if (context.policy.admission === 'open') return { word }
    return { word, other: { kind: 'divergent', divergence: { ...proof, apex: entry.outcome.apex, prefixes } } }
  }
  const provenance = entry.class
  const evidence: Evidence = { security: 'indeterminate', provenance, certificate: kept, observers }
  if (entry.outcome.kind === 'delegation') {
    if (accept(evidence, context.policy) !== 'accept') return { word }
    return { word, other: { kind: 'delegation', delegation: { ...proof, delegated: entry.outcome } } }
  }
  return accepted(context, word, { question, outcome: entry.outcome, evidence, expires })
}

function weighVote(state: ReadState, context: ReadContext, from: PeerId, vote: LiveVote, now: number): Weighed {
  const fault = voteFault(vote, from, context, now)
  if (fault !== undefined) return discarded(fault)
  const word: ReplicaWord = { kind: 'vote', digest: toHex(vote.observation.digest) }
  const votes = [...state.votes, vote]
  const certificate = buildCertificate(
    votes.map((one) => one.observation),
    certificateContext(context, now),
  )
  if (certificate !== undefined && equalBytes(certificate.observations[0]!.digest, vote.observation.digest)) {
    // The votes so far make a certificate. It is weighed as one, so that the same rules of expiry and signers hold.
    return { ...weighEntry(context, certificate, vote.outcome, now), word, vote }
  }
  const outcome = agreedOutcome(vote.outcome, [vote.observation], 1)
  if (context.policy.acceptFrom !== 'any-member' || !isOutcome(outcome)) return { word, vote }
  const evidence: Evidence = { security: 'indeterminate', provenance: 'solo', observers: [from] }
  const { observation } = vote
  return {
    vote,
    ...accepted(context, word, {
      question: context.question,
      outcome,
      evidence,
      expires: observation.when + Math.min(observation.ttl, evidenceLimits.MAX_AGREED_SECONDS) * 1000,
    }),
  }
}

function accepted(context: ReadContext, word: ReplicaWord, finding: Finding): Weighed {
  return accept(finding.evidence, context.policy) === 'accept' ? { word, finding } : { word }
}

function discarded(reason: string): Weighed {
  return { word: { kind: 'discarded', reason } }
}
