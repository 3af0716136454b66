/**
 * One question's round at one replica: a pure step machine. A round asks every replica to look for itself, and to commit to what
 * it saw before it sees what others did; more than n/2 equal observations make a certificate.
 *
 *   idle -> looking -> committing -> revealing -> idle (a certificate), resting (none), or looking again (at most three rounds)
 *   idle -> waiting -> probing -> looking      when another replica's turn comes first
 *   any  -> yielded                            another replica opened; -> idle (it delivered) or resting (it did not)
 *
 * The opener is the first live replica in ring order; the next one opens a second later; of two openers the lower nonce wins.
 * Commitments and reveals go through the opener: 3 requests a replica instead of 2n. It shows everybody the same commitments, its
 * own among them, so that it has no more to choose than they (docs/decisions/0034).
 */
import { compareBytes, type PeerId } from '../../base/index.ts'
import {
  type Certificate,
  type CertificateContext,
  type Commitment,
  type Content,
  evidenceLimits,
  outcomeTtl,
  quorum,
} from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { LiveVote } from '../types.ts'
import type { LookHow, RoundId } from '../wire/messages.ts'
import { type Agreed, agreement, decide } from './decide.ts'
import { type Demand, pays } from './demand.ts'

/** What outlives one round. */
export interface RoundMemory {
  /** Openers that did not deliver: they may open, but nobody here waits for them. */
  readonly distrusted: readonly PeerId[]
  /** Rounds in a row without agreement: each doubles the rest. */
  readonly failures: number
}

/** Which round this is, and what those before it brought. */
interface Series extends RoundId {
  readonly how: LookHow
  readonly before: readonly LiveVote[]
  readonly fallback: Agreed | undefined
}

type Phase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'waiting'; readonly openAt: number; readonly series: Series }
  | { readonly phase: 'probing'; readonly deadline: number; readonly series: Series }
  | { readonly phase: 'looking'; readonly deadline: number; readonly series: Series }
  | {
      readonly phase: 'committing'
      readonly series: Series
      readonly deadline: number
      readonly waitingFor: readonly PeerId[]
      readonly mine: LiveVote
      readonly committed: readonly PeerId[]
      readonly commitments: readonly Commitment[]
      readonly hidden: number
    }
  | {
      readonly phase: 'revealing'
      readonly series: Series
      readonly deadline: number
      readonly waitingFor: readonly PeerId[]
      readonly votes: readonly LiveVote[]
      readonly hidden: number
    }
  | { readonly phase: 'yielded'; readonly to: PeerId; readonly until: number }
  | {
      readonly phase: 'resting'
      readonly until: number
      /** Somebody asked meanwhile: the rest ends with a round. */
      readonly wanted?: Pick<Series, 'nonce' | 'how'>
    }

export type RoundState = Phase & { readonly memory: RoundMemory }

/** What the machine is told with every step; the shell computes it from the ring and its own memory. */
export interface RoundContext {
  /** The replicas before this node in ring order that it believes live. None: it opens at once. */
  readonly before: readonly PeerId[]
  /** The other filled seats. */
  readonly others: readonly PeerId[]
  readonly n: number
  readonly demand: Demand
  readonly admitAfter: 'auto' | number
  /** The signers of an entry are no majority of the set any more: demand was shown before. */
  readonly renewal: boolean
  readonly roundTimeoutMs: number
  readonly certificate: Omit<CertificateContext, 'now' | 'outcome'>
}

export type RoundEvent =
  /** Somebody asked, or an entry needs new signers. `nonce` is fresh randomness; `how` says whether an earlier fetch will do. */
  | { readonly kind: 'wanted'; readonly nonce: Uint8Array; readonly how: 'known' | 'fresh' }
  | { readonly kind: 'tick' }
  /** Whether one of the replicas before this one has looked and says that a round does not pay. */
  | { readonly kind: 'probed'; readonly discouraged: boolean }
  /** This node's own fetch ended; undefined: it failed, or may not be shared. */
  | { readonly kind: 'looked'; readonly vote: LiveVote | undefined }
  /** The fetch was not begun: too much is in work. The next ask tries again. */
  | { readonly kind: 'put-off' }
  /** A replica's valid commitment for this round. */
  | { readonly kind: 'committed'; readonly from: PeerId; readonly commitment: Commitment }
  /** A replica sees an address of private space. */
  | { readonly kind: 'hidden'; readonly from: PeerId }
  /** A replica's valid vote for this round, and what it had committed to. */
  | { readonly kind: 'voted'; readonly from: PeerId; readonly vote: LiveVote }
  /** A replica has nothing to say, or nothing that counts: it abstains. */
  | { readonly kind: 'silent'; readonly from: PeerId }
  /** Another replica opened a round. */
  | { readonly kind: 'rival'; readonly from: PeerId; readonly nonce: Uint8Array }
  /** A certificate for the question arrived and was kept. */
  | { readonly kind: 'settled' }

export type GaveUp = 'no-majority' | 'no-look' | 'does-not-pay' | 'not-delivered'

export type RoundEffect =
  | { readonly kind: 'probe'; readonly peers: readonly PeerId[] }
  | ({ readonly kind: 'look'; readonly how: LookHow } & RoundId)
  | ({ readonly kind: 'ask'; readonly peers: readonly PeerId[]; readonly how: LookHow } & RoundId)
  /** `commitments`: those of the others; this node's own goes with them. */
  | ({
      readonly kind: 'reveal'
      readonly peers: readonly PeerId[]
      readonly mine: LiveVote
      readonly commitments: readonly Commitment[]
    } & RoundId)
  | {
      readonly kind: 'agreed'
      readonly certificate: Certificate
      readonly outcome: Content
      /** Those who saw something else in the last round. A censored vantage point is honest, so it is only told. */
      readonly dissenters: readonly Uint8Array[]
    }
  /** Send a `tick` at this time (unix ms); a later one replaces an earlier one. */
  | { readonly kind: 'wake'; readonly at: number }
  | { readonly kind: 'gave-up'; readonly reason: GaveUp }

export interface RoundStep {
  readonly state: RoundState
  readonly effects: readonly RoundEffect[]
}

const NO_MEMORY: RoundMemory = { distrusted: [], failures: 0 }

export const IDLE: RoundState = { phase: 'idle', memory: NO_MEMORY }

/** `now` is unix ms. */
export function roundStep(state: RoundState, event: RoundEvent, context: RoundContext, now: number): RoundStep {
  switch (event.kind) {
    case 'wanted':
      return wanted(state, event, context, now)
    case 'tick':
      return tick(state, context, now)
    case 'probed':
      return probed(state, event.discouraged, context, now)
    case 'looked':
      return looked(state, event.vote, context, now)
    case 'put-off':
      return state.phase === 'looking' ? idle(state) : { state, effects: [] }
    case 'committed':
    case 'hidden':
      return state.phase === 'committing' ? committed(state, event, context, now) : { state, effects: [] }
    case 'voted':
      return state.phase === 'revealing'
        ? revealed(state, event.from, event.vote, context, now)
        : { state, effects: [] }
    case 'silent':
      if (state.phase === 'committing') return committed(state, event, context, now)
      return state.phase === 'revealing' ? revealed(state, event.from, undefined, context, now) : { state, effects: [] }
    case 'rival':
      return rival(state, event.from, event.nonce, context, now)
    case 'settled':
      return { state: IDLE, effects: [] }
  }
}

function wanted(
  state: RoundState,
  { nonce, how }: { nonce: Uint8Array; how: LookHow },
  context: RoundContext,
  now: number,
): RoundStep {
  const rested = state.phase === 'resting' && state.until <= now
  // Kept, however often it comes, for one round at the end of the rest: else who asks once would have to ask again then.
  if (state.phase === 'resting' && !rested) return { state: { ...state, wanted: { nonce, how } }, effects: [] }
  if (state.phase !== 'idle' && !rested) return { state, effects: [] }
  const { memory } = state
  if (!worthwhile(context, undefined)) return { state: { phase: 'idle', memory }, effects: [] }
  const series: Series = { nonce, how, attempt: 1, before: [], fallback: undefined }
  if (context.before.length === 0) return look(memory, series, context, now)
  const openAt = now + context.before.length * limits.OPENER_STEP_MS
  return { state: { phase: 'waiting', openAt, series, memory }, effects: [{ kind: 'wake', at: openAt }] }
}

function tick(state: RoundState, context: RoundContext, now: number): RoundStep {
  const { memory } = state
  switch (state.phase) {
    case 'waiting': {
      if (state.openAt > now) break
      const peers = context.before.filter((peer) => !memory.distrusted.includes(peer))
      if (peers.length === 0) return look(memory, state.series, context, now)
      const deadline = now + limits.OPENER_STEP_MS
      return {
        state: { phase: 'probing', series: state.series, deadline, memory },
        effects: [
          { kind: 'probe', peers },
          { kind: 'wake', at: deadline },
        ],
      }
    }
    case 'probing':
      if (state.deadline <= now) return look(memory, state.series, context, now)
      break
    case 'looking':
      if (state.deadline <= now) return rest(memory, 'no-look', now)
      break
    case 'committing':
      if (state.deadline <= now) return reveal(state, context, now)
      break
    case 'revealing':
      if (state.deadline <= now) return close(state, context, now)
      break
    case 'yielded': {
      if (state.until > now) break
      // It found no majority, or it keeps the certificate to itself; either way the next round does not wait for it.
      const distrusted = [...memory.distrusted.filter((peer) => peer !== state.to), state.to]
      return rest({ ...memory, distrusted: distrusted.slice(-limits.MAX_DISTRUSTED) }, 'not-delivered', now)
    }
    case 'resting':
      if (state.until > now) break
      return state.wanted === undefined
        ? { state: { phase: 'idle', memory }, effects: [] }
        : wanted(state, state.wanted, context, now)
    case 'idle':
      break
  }
  return { state, effects: [] }
}

/**
 * The replicas before this one are live and did not open. If one of them has looked and what it saw does not pay, looking too
 * would only cost a fetch. It is a hint of one peer, so plenty of demand overrules it.
 */
function probed(state: RoundState, discouraged: boolean, context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'probing') return { state, effects: [] }
  if (discouraged && context.demand.asks < 2 * context.n) return idle(state, 'does-not-pay')
  return look(state.memory, state.series, context, now)
}

function look(memory: RoundMemory, series: Series, context: RoundContext, now: number): RoundStep {
  const deadline = now + context.roundTimeoutMs
  const { nonce, attempt, how } = series
  return {
    state: { phase: 'looking', series, deadline, memory },
    effects: [
      { kind: 'look', nonce, attempt, how },
      { kind: 'wake', at: deadline },
    ],
  }
}

/** The opener looks first: what it sees tells whether n fetches pay. */
function looked(state: RoundState, vote: LiveVote | undefined, context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'looking') return { state, effects: [] }
  const { memory, series } = state
  if (vote === undefined) return conclude(series, memory, 'no-look', now)
  if (series.attempt === 1 && !worthwhile(context, vote.outcome)) return idle(state, 'does-not-pay')
  const deadline = now + limits.COMMIT_MS
  const { nonce, attempt, how } = series
  const none = { committed: [], commitments: [], hidden: 0 }
  const committing = {
    phase: 'committing',
    series,
    deadline,
    waitingFor: context.others,
    mine: vote,
    memory,
    ...none,
  } as const
  if (context.others.length === 0) return rest(memory, 'no-majority', now)
  return {
    state: committing,
    effects: [
      { kind: 'ask', peers: context.others, nonce, attempt, how },
      { kind: 'wake', at: deadline },
    ],
  }
}

type Committing = Extract<RoundState, { phase: 'committing' }>
type Revealing = Extract<RoundState, { phase: 'revealing' }>

/**
 * A replica has committed, or abstains. When all have, or soon after more than half did, all are asked to reveal; not at once,
 * since a certificate of the fastest few would let a fast minority among them set the expiry.
 */
function committed(
  state: Committing,
  event: Extract<RoundEvent, { kind: 'committed' | 'hidden' | 'silent' }>,
  context: RoundContext,
  now: number,
): RoundStep {
  const { from } = event
  if (!state.waitingFor.includes(from)) return { state, effects: [] }
  const waitingFor = state.waitingFor.filter((peer) => peer !== from)
  const next: Committing = {
    ...state,
    waitingFor,
    hidden: state.hidden + (event.kind === 'hidden' ? 1 : 0),
    committed: event.kind === 'committed' ? [...state.committed, from] : state.committed,
    commitments: event.kind === 'committed' ? [...state.commitments, event.commitment] : state.commitments,
  }
  if (waitingFor.length === 0) return reveal(next, context, now)
  const enough = next.committed.length + 1 >= quorum(context.n)
  const deadline = enough ? Math.min(state.deadline, now + limits.GRACE_MS) : state.deadline
  return {
    state: { ...next, deadline },
    effects: deadline < state.deadline ? [{ kind: 'wake', at: deadline }] : [],
  }
}

/** From here on nobody joins: who has not committed sees nothing. */
function reveal(state: Committing, context: RoundContext, now: number): RoundStep {
  const { series, mine, committed: peers, commitments, hidden, memory } = state
  if (peers.length + 1 < quorum(context.n)) return conclude(series, memory, 'no-majority', now)
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

/** A withheld reveal is an abstention. */
function revealed(
  state: Revealing,
  from: PeerId,
  vote: LiveVote | undefined,
  context: RoundContext,
  now: number,
): RoundStep {
  if (!state.waitingFor.includes(from)) return { state, effects: [] }
  const waitingFor = state.waitingFor.filter((peer) => peer !== from)
  const votes = vote === undefined ? state.votes : [...state.votes, vote]
  const next = { ...state, waitingFor, votes }
  if (waitingFor.length === 0) return close(next, context, now)
  // Late ones have committed, so they can say nothing else than they would have; but they may say it never.
  const enough = agreement(votes, { ...context.certificate, now }) !== undefined
  const deadline = enough ? Math.min(state.deadline, now + limits.GRACE_MS) : state.deadline
  return {
    state: { ...next, deadline },
    effects: deadline < state.deadline ? [{ kind: 'wake', at: deadline }] : [],
  }
}

function close({ series, votes, hidden, memory }: Revealing, context: RoundContext, now: number): RoundStep {
  const { before, attempt, how, fallback, nonce } = series
  const heard = { votes, hidden, before, attempt, overTcp: how === 'tcp', fallback }
  const decision = decide(heard, context.certificate, now)
  switch (decision.kind) {
    case 'agreed':
      return { state: IDLE, effects: [agreedEffect(decision, votes)] }
    case 'again': {
      const next: Series = {
        nonce,
        attempt: attempt + 1,
        how: decision.how,
        before: [...before, ...votes],
        fallback: decision.fallback,
      }
      return look(memory, next, context, now)
    }
    case 'failed':
      return rest(memory, 'no-majority', now)
  }
}

/** A further round could not be held: what was found before it stands. */
function conclude({ fallback }: Series, memory: RoundMemory, reason: GaveUp, now: number): RoundStep {
  if (fallback === undefined) return rest(memory, reason, now)
  return { state: IDLE, effects: [agreedEffect(fallback, [])] }
}

function agreedEffect({ certificate, outcome }: Agreed, votes: readonly LiveVote[]): RoundEffect {
  const digest = certificate.observations[0]!.digest
  const others =
    certificate.kind === 'agreed' ? votes.filter((vote) => compareBytes(vote.observation.digest, digest) !== 0) : []
  return { kind: 'agreed', certificate, outcome, dissenters: others.map((vote) => vote.observation.observer) }
}

function rival(state: RoundState, from: PeerId, nonce: Uint8Array, context: RoundContext, now: number): RoundStep {
  const opened = state.phase === 'looking' || state.phase === 'committing' || state.phase === 'revealing'
  if (opened && compareBytes(state.series.nonce, nonce) <= 0) return { state, effects: [] }
  if (state.memory.distrusted.includes(from)) return { state, effects: [] }
  // One that goes on to a further round is waited for anew; three are the end of it.
  if (state.phase === 'yielded' && state.to !== from) return { state, effects: [] }
  // It has looked already, and has the time of a round to hear the others.
  const until = now + context.roundTimeoutMs + limits.COMMIT_MS + limits.REVEAL_MS
  return { state: { phase: 'yielded', to: from, until, memory: state.memory }, effects: [{ kind: 'wake', at: until }] }
}

/** Whether a round pays, given what this node saw, if it has looked. */
export function worthwhile(
  context: Pick<RoundContext, 'demand' | 'admitAfter' | 'n' | 'renewal'>,
  outcome: Content | undefined,
): boolean {
  if (context.renewal) return true
  return pays(context.demand, {
    admitAfter: context.admitAfter,
    n: context.n,
    ttlSeconds: outcome === undefined ? undefined : worthSeconds(outcome),
    absent: outcome === undefined ? undefined : outcome.kind === 'absent',
  })
}

/** For how long agreement spares the others their fetches. That an answer is short-lived is a marker, which holds longer. */
export function worthSeconds(outcome: Content): number {
  const ttl = outcomeTtl(outcome)
  return ttl < limits.MIN_SHARED_TTL_SECONDS ? evidenceLimits.DIVERGENT_MS / 1000 : ttl
}

function idle(state: RoundState, reason?: GaveUp): RoundStep {
  return {
    state: { phase: 'idle', memory: state.memory },
    effects: reason === undefined ? [] : [{ kind: 'gave-up', reason }],
  }
}

/** What failed may work soon, but each failure cost n fetches. */
function rest(memory: RoundMemory, reason: GaveUp, now: number): RoundStep {
  const restMs = Math.min(limits.BACKOFF_MS * 2 ** Math.min(memory.failures, 10), limits.MAX_BACKOFF_MS)
  const until = now + restMs
  return {
    state: { phase: 'resting', until, memory: { ...memory, failures: memory.failures + 1 } },
    effects: [
      { kind: 'gave-up', reason },
      { kind: 'wake', at: until },
    ],
  }
}
