/** The transitions of the round machine that begin in several phases: to a fetch, to an end, or none at all. */
import { compareBytes } from '../../../base/index.ts'
import { limits } from '../../limits.ts'
import type { LiveVote } from '../../wire/messages.ts'
import type { Agreed } from './decide.ts'
import {
  type GaveUp,
  IDLE,
  type PhaseName,
  type RoundContext,
  type RoundEvent,
  type RoundMemory,
  type RoundState,
  type RoundStep,
  type Series,
} from './round-state.ts'

/** idle, waiting, probing, resting -> observing, or -> queued while this node has no CPU to spare: what answers goes first */
export function toTurn(memory: RoundMemory, series: Series, context: RoundContext, now: number): RoundStep {
  if (context.mustQueue !== true) return toObserving(memory, series, context, now)
  return { state: { phase: 'queued', series, memory }, effects: [{ kind: 'queue' }] }
}

/** idle, waiting, probing, queued, resting, revealing -> observing */
export function toObserving(memory: RoundMemory, series: Series, context: RoundContext, now: number): RoundStep {
  const deadline = now + context.roundTimeoutMs
  const { nonce, attempt, how } = series
  return {
    state: { phase: 'observing', series, deadline, memory },
    effects: [
      { kind: 'observe', nonce, attempt, how },
      { kind: 'wake', at: deadline },
    ],
  }
}

/** observing, probing, waiting, resting -> idle: without a round. What is remembered of earlier rounds stays. */
export function toIdle({ memory }: { readonly memory: RoundMemory }, reason?: GaveUp): RoundStep {
  return { state: { phase: 'idle', memory }, effects: reason === undefined ? [] : [{ kind: 'gave-up', reason }] }
}

/** observing, committing, revealing -> idle: with a certificate. What failed before is forgotten. */
export function toAgreed({ certificate, outcome }: Agreed, votes: readonly LiveVote[]): RoundStep {
  const digest = certificate.observations[0]!.digest
  const others =
    certificate.kind === 'agreed' ? votes.filter((vote) => compareBytes(vote.observation.digest, digest) !== 0) : []
  const dissenters = others.map((vote) => vote.observation.observer)
  return { state: IDLE, effects: [{ kind: 'agreed', certificate, outcome, dissenters }] }
}

/** observing, committing, revealing, yielded -> resting: what failed may work soon, but each failure cost n fetches. */
export function toResting(memory: RoundMemory, reason: GaveUp, now: number): RoundStep {
  const isBusy = reason === 'busy'
  const firstMs = isBusy ? limits.BUSY_REST_MS : limits.BACKOFF_MS
  const restMs = Math.min(firstMs * 2 ** Math.min(memory.failures, 10), limits.MAX_BACKOFF_MS)
  const until = now + restMs
  // What this node itself cannot fetch is asked for again by whoever needs it.
  const most = isBusy ? limits.MAX_UNASKED_OF_BUSY : limits.MAX_UNASKED_ROUNDS
  const isOwed = reason !== 'no-observation' && memory.failures < most
  return {
    state: { phase: 'resting', until, isOwed, memory: { ...memory, failures: memory.failures + 1 } },
    effects: [
      { kind: 'gave-up', reason },
      { kind: 'wake', at: until },
    ],
  }
}

/** observing, committing -> idle or resting: a further round could not be held, so what was found before it stands, if anything. */
export function conclude({ fallback }: Series, memory: RoundMemory, reason: GaveUp, now: number): RoundStep {
  return fallback === undefined ? toResting(memory, reason, now) : toAgreed(fallback, [])
}

/** Nothing changes, and there is nothing to say about it. */
export function stay(state: RoundState): RoundStep {
  return { state, effects: [] }
}

/** Nothing changes, since the event belongs to another phase, or comes of a peer that was not waited for. */
export function ignore(state: RoundState, event: RoundEvent, ...expected: readonly PhaseName[]): RoundStep {
  return { state, effects: [{ kind: 'ignored', event: event.kind, phase: state.phase, expected }] }
}
