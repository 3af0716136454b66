/** The round machine until the others are asked: whose turn it is, and whether a round pays. Pure. */
import { compareBytes } from '../../../base/index.ts'
import { limits } from '../../limits.ts'
import type { Event, In, RoundContext, RoundState, RoundStep, Series } from './round-state.ts'
import { conclude, ignore, stay, toIdle, toObserving, toResting, toTurn } from './transitions.ts'
import { worthwhile } from './worth.ts'

/** idle -> waiting, queued or observing; resting -> resting. Elsewhere a round is under way already, and serves this demand too. */
export function wanted(state: RoundState, event: Event<'wanted'>, context: RoundContext, now: number): RoundStep {
  switch (state.phase) {
    case 'idle':
      return begin(state, event, context, now)
    case 'resting': {
      const { nonce, how } = event
      // It is kept, however often it comes, for one round at the end of the rest: else who asks once would have to ask again then.
      return state.until > now ? stay({ ...state, wanted: { nonce, how } }) : begin(state, event, context, now)
    }
    default:
      return stay(state)
  }
}

/** idle, resting -> waiting, or -> observing (queued) when it is this node's turn, or -> idle when a round does not pay */
function begin(
  { memory }: RoundState,
  { nonce, how }: Pick<Series, 'nonce' | 'how'>,
  context: RoundContext,
  now: number,
): RoundStep {
  if (!worthwhile(context, undefined)) return toIdle({ memory })
  const series: Series = { nonce, how, attempt: 1, before: [], fallback: undefined }
  if (context.before.length === 0) return toTurn(memory, series, context, now)
  const openAt = now + context.before.length * limits.OPENER_STEP_MS
  return { state: { phase: 'waiting', openAt, series, memory }, effects: [{ kind: 'wake', at: openAt }] }
}

/** waiting -> probing: those before this one did not open. -> observing when none of them is trusted. */
export function turnCame(state: In<'waiting'>, context: RoundContext, now: number): RoundStep {
  const { series, memory } = state
  const peers = context.before.filter((peer) => !memory.distrusted.includes(peer))
  if (peers.length === 0) return toTurn(memory, series, context, now)
  const deadline = now + limits.OPENER_STEP_MS
  return {
    state: { phase: 'probing', series, deadline, memory },
    effects: [
      { kind: 'probe', peers },
      { kind: 'wake', at: deadline },
    ],
  }
}

/**
 * probing -> observing, or -> idle. The replicas before this one are live and did not open. If one of them has observed and what
 * it saw does not pay, observing too would only cost a fetch. It is a hint of one peer, who may be lied to by its
 * network: plenty of demand overrules it, and whoever has fetched the answer for its own client sees for itself.
 */
export function probed(state: RoundState, event: Event<'probed'>, context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'probing') return ignore(state, event, 'probing')
  if (event.discouraged && !context.hasFetched && context.demand.asks < 2 * context.n)
    return toIdle(state, 'does-not-pay')
  return toTurn(state.memory, state.series, context, now)
}

/** queued -> observing if it still pays, or -> idle. Whoever needs it asks again. Elsewhere another replica has opened, or it is settled. */
export function beganToObserve(
  state: RoundState,
  event: Event<'free' | 'not-free'>,
  context: RoundContext,
  now: number,
): RoundStep {
  if (state.phase !== 'queued') return stay(state)
  const { memory, series } = state
  if (event.kind === 'not-free') return toIdle(state, 'busy')
  if (!worthwhile(context, undefined)) return toIdle(state)
  return toObserving(memory, series, context, now)
}

/** observing -> committing. The opener observes first: what it sees tells whether n fetches pay; if not, -> idle. */
export function observed(state: RoundState, event: Event<'observed'>, context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'observing') return ignore(state, event, 'observing')
  const { memory, series } = state
  const { vote } = event
  if (vote === undefined) return conclude(series, memory, 'no-observation', now)
  if (series.attempt === 1 && !worthwhile(context, vote.outcome)) return toIdle(state, 'does-not-pay')
  const { others } = context
  if (others.length === 0) return toResting(memory, 'no-majority', now)
  const { nonce, attempt, how } = series
  const deadline = now + limits.COMMIT_MS
  const none = { committed: [], commitments: [], hidden: 0, busy: 0 }
  return {
    state: { phase: 'committing', series, deadline, waitingFor: others, mine: vote, memory, ...none },
    effects: [
      { kind: 'open', peers: others, nonce, attempt, how },
      { kind: 'wake', at: deadline },
    ],
  }
}

/** observing -> idle: the fetch was not begun. */
export function putOff(state: RoundState, event: Event<'put-off'>): RoundStep {
  return state.phase === 'observing' ? toIdle(state) : ignore(state, event, 'observing')
}

/** any -> yielded: another replica opened a round. Of two openers the one with the lower nonce wins. */
export function rival(state: RoundState, event: Event<'rival'>, context: RoundContext, now: number): RoundStep {
  const { from, nonce } = event
  const isOpen = state.phase === 'observing' || state.phase === 'committing' || state.phase === 'revealing'
  if (isOpen && compareBytes(state.series.nonce, nonce) <= 0) return stay(state)
  if (state.memory.distrusted.includes(from)) return stay(state)
  // One that goes on to a further round is waited for anew; three are the end of it.
  if (state.phase === 'yielded' && state.to !== from) return stay(state)
  // It has observed already, and has the time of a round to hear the others.
  const until = now + context.roundTimeoutMs + limits.COMMIT_MS + limits.REVEAL_MS
  return { state: { phase: 'yielded', to: from, until, memory: state.memory }, effects: [{ kind: 'wake', at: until }] }
}

/**
 * yielded -> resting: the opener did not deliver. It found no majority, or it keeps the certificate to itself; either way the next
 * round does not wait for it.
 */
export function notDelivered({ memory, to }: In<'yielded'>, now: number): RoundStep {
  const distrusted = [...memory.distrusted.filter((peer) => peer !== to), to].slice(-limits.MAX_DISTRUSTED)
  return toResting({ ...memory, distrusted }, 'not-delivered', now)
}

/** resting -> idle, or as from idle when somebody asked meanwhile, or when it is owed and still pays. */
export function rested(state: In<'resting'>, context: RoundContext, now: number): RoundStep {
  if (state.wanted !== undefined) return begin(state, state.wanted, context, now)
  const idle = toIdle(state)
  return state.isOwed && worthwhile(context, undefined) ? { ...idle, effects: [{ kind: 'want-again' }] } : idle
}
