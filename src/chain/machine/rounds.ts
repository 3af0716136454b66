/**
 * Algorithm 1 of Tendermint (arXiv 1807.04938). The comments name its lines; `advance` applies whatever holds until nothing
 * does. A proposal that names an earlier round carries the prevotes of that round, so that R2 needs no gossip of them.
 */
import { equalBytes } from '../../base/index.ts'
import type { Built } from '../application.ts'
import { limits } from '../limits.ts'
import type { Block } from '../types.ts'
import { buildBlock, onBuilt } from './build.ts'
import { decideOn } from './decide.ts'
import { execution, isVotedFor } from './execute.ts'
import { proposerOf } from './proposer.ts'
import type { ChainWork } from './state.ts'
import { castProposal, castVote } from './voting.ts'
import { certificateOf, faultsOf, quorumOf, setTimer, timeoutMs } from './work.ts'

export function advance<S>(work: ChainWork<S>): void {
  const { state } = work
  while (state.halted === undefined) {
    if (decideByVotes(work)) continue
    if (state.step === 'idle') {
      if (!isAwaited(work)) return
      startRound(work, 0)
      continue
    }
    if (skipAhead(work) || prevoteOnProposal(work) || lockOnPrevotes(work) || precommitNil(work)) continue
    armTimers(work)
    return
  }
}

/** any -> propose. Lines 11-21. */
export function startRound<S>(work: ChainWork<S>, round: number): void {
  const { context, state, now } = work
  const { options } = context
  const wasIdle = state.step === 'idle'
  state.round = round
  state.step = 'propose'
  if (round > 0) state.stats.laterRounds++
  state.log.forgetBefore(round - limits.ROUNDS_KEPT + 1, [state.locked?.block, state.valid?.block])
  setTimer(work, 'propose', timeoutMs(work, options.proposeMs))
  if (wasIdle) setTimer(work, 'tick', options.tickMs)

  const proposer = proposerOf(state.validators, state.height, round)
  if (!equalBytes(proposer.publicKey, context.signer.publicKey)) return
  if (state.valid !== undefined) {
    state.stats.reproposals++
    castProposal(work, state.valid.block, state.valid.round, state.valid.proof)
    return
  }
  const heartbeat = options.heartbeatMs !== undefined && now >= state.head.time + options.heartbeatMs
  // After each validator had its turn and none had transactions, an empty block ends the height that somebody began.
  // In a ledger an empty block is not valid before the heartbeat is due: there the height waits for it.
  const isTurned = options.schema === 1 && round >= state.validators.length
  const block = buildBlock(work, proposer.id, heartbeat || isTurned)
  if (block !== undefined) castProposal(work, block, -1, undefined)
}

/** The answer to `build`: our proposal, if there is anything to decide. */
export function proposeBuilt<S>(work: ChainWork<S>, height: number, round: number, built: Built<S>): void {
  const block = onBuilt(work, height, round, built)
  if (block !== undefined) castProposal(work, block, -1, undefined)
}

/** any -> the next height. R7, lines 49-54: a quorum of precommits in whichever round. */
function decideByVotes<S>(work: ChainWork<S>): boolean {
  const { state } = work
  const quorum = quorumOf(work)
  for (const [round, { votes }] of state.log.rounds) {
    const id = votes.precommit.leader(quorum)
    const block = id && state.log.block(id)
    if (id === undefined || block === undefined) continue
    return decideOn(work, block, certificateOf(work, votes.precommit, round, id), false) === 'decided'
  }
  return false
}

/**
 * Whether the height has begun elsewhere: there is a proposal, or more than f validators vote. Fewer votes do not begin it: f liars
 * could make us vote on nothing for ever.
 */
function isAwaited<S>(work: ChainWork<S>): boolean {
  const { log } = work.state
  return log.rounds.get(0)?.proposal !== undefined || log.voices > faultsOf(work)
}

/**
 * any -> propose, a later round. R8, lines 55-56: f + 1 others are further on, one of them honest. By bounded steps, and not too
 * often; what was claimed beyond the step has to be said again before it counts for the next one.
 */
function skipAhead<S>(work: ChainWork<S>): boolean {
  const { context, state, now } = work
  const reached = state.log.reachedBy(faultsOf(work) + 1)
  if (reached <= state.round) return false
  // A clock set back must not hold us.
  if (now >= state.skippedAt && now - state.skippedAt < context.options.deltaMs) return false
  state.skippedAt = now
  state.stats.skips++
  startRound(work, Math.min(reached, state.round + limits.MAX_SKIP))
  state.log.forgetFarClaims(state.round)
  return true
}

/** propose -> prevote. R1 and R2, lines 22-33. */
function prevoteOnProposal<S>(work: ChainWork<S>): boolean {
  const { context, state } = work
  const proposal = state.log.round(state.round).proposal
  if (state.step !== 'propose' || proposal === undefined) return false
  const { block, claim } = proposal
  const { locked } = state
  const isLocked = locked !== undefined && equalBytes(locked.block.id, block.id)
  const isNew = claim.validRound < 0
  const mayBe =
    (!isNew || isTimely(work, block)) && context.rules.mayPrevote(locked?.round ?? -1, isLocked, claim.validRound)
  const executed = mayBe ? execution(work, block) : undefined
  if (executed === 'waits') return false
  const accepted = executed !== undefined && (!isNew || isVotedFor(work, block))
  state.step = 'prevote'
  castVote(work, 'prevote', accepted ? block.id : undefined)
  return true
}

/**
 * A new block's time is near our own clock when it comes; a block that a quorum prevoted was timely once, and that is enough. Said once in a
 * round: a block that is being applied elsewhere does not grow old by that.
 */
function isTimely<S>(work: ChainWork<S>, block: Block): boolean {
  const entry = work.state.log.round(work.state.round)
  entry.timely ??= isNear(work, block)
  return entry.timely
}

function isNear<S>(work: ChainWork<S>, { header }: Block): boolean {
  const { context, state, now } = work
  const { proposeMs, deltaMs, schema } = context.options
  if (schema === 1) return Math.abs(header.time - now) <= limits.MAX_SKEW_MS + timeoutMs(work, proposeMs)
  // Never further ahead; further behind in later rounds, so that a slow network does not stop the chain.
  const late = Math.min(limits.MAX_TIMEOUT_MS, limits.MAX_SKEW_MS + state.round * deltaMs)
  return header.time <= now + limits.MAX_SKEW_MS && header.time >= now - late
}

/** prevote -> precommit, with a lock. R4, lines 36-43: a quorum prevoted the block. */
function lockOnPrevotes<S>(work: ChainWork<S>): boolean {
  const { context, state } = work
  const entry = state.log.round(state.round)
  const block = entry.proposal?.block
  if (state.step === 'propose' || entry.prevotesSeen || block === undefined) return false
  if (entry.votes.prevote.count(block.id) < quorumOf(work)) return false
  const executed = execution(work, block)
  if (executed === undefined || executed === 'waits') return false
  entry.prevotesSeen = true
  const { round } = state
  const wasPrevote = state.step === 'prevote'
  if (context.rules.locks) {
    if (wasPrevote) lock(work, block)
    const proof = certificateOf(work, entry.votes.prevote, round, block.id)
    state.valid = { round, block, proof }
    state.proofs = [...state.proofs.slice(1 - limits.ROUNDS_KEPT), proof]
  }
  if (wasPrevote) {
    state.step = 'precommit'
    castVote(work, 'precommit', block.id)
  }
  return true
}

function lock<S>({ state }: ChainWork<S>, block: Block): void {
  if (state.locked !== undefined && !equalBytes(state.locked.block.id, block.id)) state.stats.relocks++
  state.locked = { round: state.round, block }
  state.stats.locks++
}

/** prevote -> precommit, for nil. R5, lines 44-46. */
function precommitNil<S>(work: ChainWork<S>): boolean {
  const { state } = work
  if (state.step !== 'prevote') return false
  if (state.log.round(state.round).votes.prevote.count(undefined) < quorumOf(work)) return false
  state.step = 'precommit'
  castVote(work, 'precommit', undefined)
  return true
}

/** R3 and R6, lines 34-35 and 47-48. */
function armTimers<S>(work: ChainWork<S>): void {
  const { context, state } = work
  const { prevoteMs, precommitMs } = context.options
  const entry = state.log.round(state.round)
  const quorum = quorumOf(work)
  if (state.step === 'prevote' && !entry.prevoteTimer && entry.votes.prevote.voters >= quorum) {
    entry.prevoteTimer = true
    setTimer(work, 'prevote', timeoutMs(work, prevoteMs))
  }
  if (!entry.precommitTimer && entry.votes.precommit.voters >= quorum) {
    entry.precommitTimer = true
    setTimer(work, 'precommit', timeoutMs(work, precommitMs))
  }
}

/**
 * propose -> prevote nil, prevote -> precommit nil, any -> propose of the next round. T1 to T3, lines 57-67. A timer of another
 * round or height is too late.
 */
export function onTimeout<S>(
  work: ChainWork<S>,
  timer: 'propose' | 'prevote' | 'precommit',
  height: number,
  round: number,
) {
  const { state } = work
  if (height !== state.height || round !== state.round || state.step === 'idle' || state.halted !== undefined) return
  if (timer === 'propose' && state.step === 'propose') {
    state.step = 'prevote'
    castVote(work, 'prevote', undefined)
  } else if (timer === 'prevote' && state.step === 'prevote') {
    state.step = 'precommit'
    castVote(work, 'precommit', undefined)
  } else if (timer === 'precommit' && round < limits.MAX_ROUND) startRound(work, round + 1)
}
