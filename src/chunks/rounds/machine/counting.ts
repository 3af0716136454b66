/** The round machine from the first commitment to its end: who has committed, who has revealed, and what that makes. Pure. */
import { quorum } from '../../../evidence/index.ts'
import { limits } from '../../limits.ts'
import { agreement, decide } from './decide.ts'
import type { Event, In, RoundContext, RoundState, RoundStep, Series } from './round-state.ts'
import { conclude, ignore, toAgreed, toObserving, toResting } from './transitions.ts'

/**
 * committing -> committing, or -> revealing when all have committed or abstained. Soon after more than half have committed all are
 * asked to reveal; not at once, since a certificate of the fastest few would let a fast minority among them set the expiry.
 */
export function committed(
  state: RoundState,
  event: Event<'committed' | 'hidden' | 'silent' | 'busy'>,
  context: RoundContext,
  now: number,
): RoundStep {
  const { from } = event
  if (state.phase !== 'committing' || !state.waitingFor.includes(from)) return ignore(state, event, 'committing')
  const waitingFor = state.waitingFor.filter((peer) => peer !== from)
  const next: In<'committing'> = {
    ...state,
    waitingFor,
    hidden: state.hidden + (event.kind === 'hidden' ? 1 : 0),
    busy: state.busy + (event.kind === 'busy' ? 1 : 0),
    committed: event.kind === 'committed' ? [...state.committed, from] : state.committed,
    commitments: event.kind === 'committed' ? [...state.commitments, event.commitment] : state.commitments,
  }
  if (waitingFor.length === 0) return commitmentsEnded(next, context, now)
  return shortened(next, next.committed.length + 1 >= quorum(context.n), now)
}

/** committing -> revealing, or -> resting when too few have committed. Who has not committed by now sees nothing. */
export function commitmentsEnded(state: In<'committing'>, context: RoundContext, now: number): RoundStep {
  const { series, mine, committed: peers, commitments, hidden, busy, memory } = state
  const missing = quorum(context.n) - peers.length - 1
  // Had those that were busy taken part, it might have been enough: it is tried again soon.
  if (missing > 0) return conclude(series, memory, missing <= busy ? 'busy' : 'no-majority', now)
  const deadline = now + limits.REVEAL_MS
  const { nonce, attempt } = series
  return {
    state: { phase: 'revealing', series, deadline, waitingFor: peers, votes: [mine], hidden, memory },
    effects: [
      { kind: 'reveal', peers, nonce, attempt, mine, commitments },
      { kind: 'wake', at: deadline },
    ],
  }
}

/** revealing -> revealing, or -> its end when all have revealed. A withheld reveal (`silent`) is an abstention. */
export function revealed(
  state: RoundState,
  event: Event<'voted' | 'silent'>,
  context: RoundContext,
  now: number,
): RoundStep {
  const { from } = event
  if (state.phase !== 'revealing' || !state.waitingFor.includes(from)) return ignore(state, event, 'revealing')
  const waitingFor = state.waitingFor.filter((peer) => peer !== from)
  const votes = event.kind === 'voted' ? [...state.votes, event.vote] : state.votes
  const next: In<'revealing'> = { ...state, waitingFor, votes }
  if (waitingFor.length === 0) return revealsEnded(next, context, now)
  // Late ones have committed, so they can say nothing else than they would have; but they may say it never.
  return shortened(next, agreement(votes, { ...context.certificate, now }) !== undefined, now)
}

/** revealing -> idle with a certificate, or -> observing for a further round, or -> resting */
export function revealsEnded(state: In<'revealing'>, context: RoundContext, now: number): RoundStep {
  const { series, votes, hidden, memory } = state
  const { before, attempt, how, fallback, nonce } = series
  const heard = { votes, hidden, before, attempt, overTcp: how === 'tcp', fallback }
  const decision = decide(heard, context.certificate, now)
  switch (decision.kind) {
    case 'agreed':
      return toAgreed(decision, votes)
    case 'again': {
      const next: Series = {
        nonce,
        attempt: attempt + 1,
        how: decision.how,
        before: [...before, ...votes],
        fallback: decision.fallback,
      }
      return toObserving(memory, next, context, now)
    }
    case 'failed':
      return toResting(memory, 'no-majority', now)
  }
}

/** The same phase, that waits only a little longer when there is enough. */
function shortened(state: In<'committing'> | In<'revealing'>, enough: boolean, now: number): RoundStep {
  const deadline = enough ? Math.min(state.deadline, now + limits.GRACE_MS) : state.deadline
  return {
    state: { ...state, deadline },
    effects: deadline < state.deadline ? [{ kind: 'wake', at: deadline }] : [],
  }
}
