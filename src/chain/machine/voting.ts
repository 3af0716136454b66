/** Signing, and counting what others signed. */
import { equalBytes } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import {
  claimBytes,
  differs,
  sameId,
  verifyCertificate,
  verifyClaim,
  verifyVote,
  voteBytes,
  votesOf,
} from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import type { Block, BlockCertificate, ChainEquivocation, Proposal, Vote, VoteKind } from '../types.ts'
import { keepAccusation } from './accusations.ts'
import { earlierVotes, guard, type SignStep, type VoteRecord } from './guard.ts'
import type { HeightLog } from './log.ts'
import { tellOthers } from './part-sending.ts'
import { proposerOf } from './proposer.ts'
import type { ChainWork, PeerName } from './state.ts'
import { ownIndex, persist, quorumOf, SELF, spend, toSelf } from './work.ts'

/** Votes in the current round, if the sign guard lets us and we have a vote. */
export function castVote<S>(work: ChainWork<S>, kind: VoteKind, blockId: Uint8Array | undefined): void {
  const { context, state } = work
  const { height, round } = state
  const content = { kind, height, round, blockId }
  const signature = sign(work, kind, voteBytes(context.chainId, content), blockId, undefined)
  if (signature === undefined) return
  const vote: Vote = { ...content, signer: context.signer.publicKey, signature }
  publish(work, { type: 'votes', votes: [vote] })
}

export function castProposal<S>(
  work: ChainWork<S>,
  block: Block,
  validRound: number,
  proof: BlockCertificate | undefined,
): void {
  const { context, state } = work
  const content = { height: state.height, round: state.round, validRound, blockId: block.id }
  const bytes = claimBytes(context.chainId, content)
  const signature = sign(work, 'propose', bytes, block.id, { block, validRound, proof })
  if (signature === undefined) return
  const claim = { ...content, signer: context.signer.publicKey, signature }
  publish(work, { type: 'proposal', proposal: { claim, block, proof } })
}

/** Our own messages are counted like those of others, and only once the signature is on disk. */
function publish<S>(work: ChainWork<S>, message: ChainMessage): void {
  toSelf(work, message)
  tellOthers(work, message)
}

function sign<S>(
  work: ChainWork<S>,
  step: SignStep,
  bytes: Uint8Array,
  id: Uint8Array | undefined,
  proposed: VoteRecord['proposed'],
): Uint8Array | undefined {
  const { context, state } = work
  const { height, round, record, locked, valid } = state
  if (state.halted !== undefined || ownIndex(work) === undefined) return undefined
  const digest = sha256(bytes)
  const verdict = guard(record, height, round, step, digest)
  if (verdict.kind === 'repeat') return verdict.signature
  if (verdict.kind === 'refuse') {
    state.stats.guarded++
    return undefined
  }
  const signature = context.signer.sign(bytes)
  const same = record !== undefined && record.height === height && record.round === round ? record : undefined
  state.record = {
    height,
    round,
    signed: [...(same?.signed ?? []), { step, digest, signature }],
    ids: [...(same?.ids ?? []), id],
    earlier: earlierVotes(record, height, round),
    proposed: proposed ?? same?.proposed,
    locked,
    valid,
  }
  persist(work, { kind: 'persistVote', record: state.record })
  return signature
}

/** The messages that a record stands for, those of earlier rounds first: a restarted validator sends them again, to the bit. */
export function messagesOf(record: VoteRecord, signer: Uint8Array): ChainMessage[] {
  const { height, round, signed, ids, proposed } = record
  const earlier = record.earlier.map(
    ({ kind, round: before, id, signature }): Vote => ({ kind, height, round: before, blockId: id, signer, signature }),
  )
  const before: ChainMessage[] = earlier.length === 0 ? [] : [{ type: 'votes', votes: earlier }]
  const now = signed.flatMap(({ step, signature }, i): ChainMessage[] => {
    if (step === 'propose') {
      if (proposed === undefined) return []
      const { block, validRound, proof } = proposed
      const claim = { height, round, validRound, blockId: block.id, signer, signature }
      return [{ type: 'proposal', proposal: { claim, block, proof } }]
    }
    return [{ type: 'votes', votes: [{ kind: step, height, round, blockId: ids[i], signer, signature }] }]
  })
  return [...before, ...now]
}

/** Counts a proposal of this height, if it is its proposer's and what it says of earlier rounds is proven. */
export function countProposal<S>(work: ChainWork<S>, from: PeerName, proposal: Proposal) {
  const { context, state } = work
  const { claim, block, proof } = proposal
  const { round, validRound } = claim
  const { log } = state
  if (round > state.round + limits.ROUNDS_AHEAD || round <= state.round - limits.ROUNDS_KEPT) return
  if (!equalBytes(claim.signer, proposerOf(state.validators, state.height, round).publicKey)) return refuse(work)
  const entry = log.round(round)
  const known = entry.proposal
  if (known !== undefined && !differs(known.claim, claim)) return
  if (!spend(work, from, 1)) return
  if (from !== SELF && !verifyClaim(context.scheme, context.chainId, claim)) return refuse(work)
  if (known !== undefined)
    return accuse(work, log, { kind: 'proposals', chainId: context.chainId, first: known.claim, second: claim })
  if (!equalBytes(block.id, claim.blockId) || block.header.height !== state.height) return refuse(work)
  if (validRound >= 0 && !isProof(work, from, proposal)) return refuse(work)
  entry.proposal = proof === undefined || validRound >= 0 ? proposal : { ...proposal, proof: undefined }
  log.addBlock(block)
  log.heard(log.indexOf(claim.signer)!, round)
}

/**
 * R2: a quorum prevoted the block in the round that is named. The proof comes along, so that nobody needs to have seen the
 * votes.
 */
function isProof<S>(work: ChainWork<S>, from: PeerName, { claim, proof }: Proposal): boolean {
  const { context, state } = work
  return (
    proof !== undefined &&
    claim.validRound < claim.round &&
    proof.height === claim.height &&
    proof.round === claim.validRound &&
    equalBytes(proof.blockId, claim.blockId) &&
    spend(work, from, proof.signatures.length) &&
    verifyCertificate(
      context.scheme,
      context.chainId,
      state.validators,
      proof,
      'prevote',
      quorumOf(work),
      (index, signature) => state.log.hasVote('prevote', proof, index, signature),
    )
  )
}

/** Counts a vote of the height of `log`: the current one, or the one before, where a vote can only prove equivocation. */
export function countVote<S>(work: ChainWork<S>, from: PeerName, log: HeightLog, vote: Vote) {
  const { context, state } = work
  const index = log.indexOf(vote.signer)
  if (index === undefined) return refuse(work)
  const current = log === state.log
  if (current && vote.round <= state.round - limits.ROUNDS_KEPT) return
  if (current && vote.round > state.round + limits.ROUNDS_AHEAD) {
    // Too far to keep, but its signer is there.
    if (vote.round > log.highest[index]! && isSigned(work, from, vote)) log.heard(index, vote.round)
    return
  }
  if (!current && !log.rounds.has(vote.round)) return
  const set = log.round(vote.round).votes[vote.kind]
  const votes = set.of(index)
  if (votes.length >= limits.MAX_VOTES_EACH || votes.some(({ blockId }) => sameId(blockId, vote.blockId))) return
  if (!isSigned(work, from, vote)) return
  const added = set.add(index, vote)
  if (typeof added === 'object')
    accuse(work, log, { kind: 'votes', chainId: context.chainId, first: added.conflict, second: vote })
  accuseOfLock(work, log, index, vote)
  log.heard(index, vote.round)
}

/**
 * A prevote that its signer's own precommit of an earlier round forbids: for another block, whose proposal names no round since in which a quorum
 * prevoted it. Not in chunk chains, whose evidence ends a membership: this kind can be answered, and waits for a review.
 */
function accuseOfLock<S>(work: ChainWork<S>, log: HeightLog, index: number, second: Vote): void {
  const { context } = work
  if (context.options.schema === 1 || second.kind !== 'prevote' || second.blockId === undefined) return
  const claim = log.rounds.get(second.round)?.proposal?.claim
  if (claim === undefined || !equalBytes(claim.blockId, second.blockId)) return
  const first = lastPrecommit(log, index, second.round)
  if (first === undefined || first.round <= claim.validRound || sameId(first.blockId, second.blockId)) return
  accuse(work, log, { kind: 'lock', chainId: context.chainId, first, second, claim })
}

/** The last one for a block before that round, as far as it was heard. */
function lastPrecommit(log: HeightLog, index: number, before: number): Vote | undefined {
  let last: Vote | undefined
  for (const [round, { votes }] of log.rounds) {
    if (round >= before || (last !== undefined && round < last.round)) continue
    last = votes.precommit.of(index).find(({ blockId }) => blockId !== undefined) ?? last
  }
  return last
}

function isSigned<S>(work: ChainWork<S>, from: PeerName, vote: Vote): boolean {
  if (from === SELF) return true
  if (!spend(work, from, 1)) return false
  if (verifyVote(work.context.scheme, work.context.chainId, vote)) return true
  refuse(work)
  return false
}

/** The votes in a certificate that was verified: a validator that sent us another vote has equivocated. */
export function countCertificate<S>(work: ChainWork<S>, log: HeightLog, certificate: BlockCertificate): void {
  const entry = log.rounds.get(certificate.round)
  if (entry === undefined) return
  for (const vote of votesOf(certificate, 'precommit', log.validators)) {
    const index = log.indexOf(vote.signer)!
    const other = entry.votes.precommit.of(index).find(({ blockId }) => !sameId(blockId, vote.blockId))
    if (other !== undefined)
      accuse(work, log, { kind: 'votes', chainId: work.context.chainId, first: other, second: vote })
  }
}

function accuse<S>(work: ChainWork<S>, log: HeightLog, evidence: ChainEquivocation): void {
  const { state, effects } = work
  const index = log.indexOf(evidence.first.signer)!
  if (log.accused.has(index)) return
  log.accused.add(index)
  state.stats.evidence++
  keepAccusation(work, evidence, log.validators)
  effects.push({ kind: 'evidence', evidence })
}

function refuse<S>({ state }: ChainWork<S>): void {
  state.stats.refused++
}
