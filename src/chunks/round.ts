/**
 * One question's round at one replica: a pure step machine. A round asks every replica to look for itself; more than n/2 equal
 * observations make a certificate.
 *
 *   idle -> waiting -> looking -> asking -> idle (agreed)
 *                 \-> yielded (another opened)       \-> resting (failed)
 *
 * The opener is the first live replica in ring order; the next one opens a second later; of two openers the lower nonce
 * wins. Today a replica answers the opener with its observation. Commit-reveal puts one more phase between `looking` and
 * `asking`: collect hashes first, and reveal to those who committed.
 */
import { compareBytes, type PeerId } from '../base/index.ts'
import {
  agreedTtl,
  buildCertificate,
  type Certificate,
  type CertificateContext,
  checkCertificate,
  type Outcome,
  outcomeTtl,
} from '../evidence/index.ts'
import { type Demand, pays } from './asks.ts'
import { agreedOutcome } from './examine.ts'
import { limits } from './limits.ts'
import type { LiveVote } from './types.ts'

export type RoundState =
  | { readonly phase: 'idle'; readonly distrusted: readonly PeerId[] }
  | {
      readonly phase: 'waiting'
      readonly openAt: number
      readonly nonce: Uint8Array
      readonly distrusted: readonly PeerId[]
    }
  | {
      readonly phase: 'looking'
      readonly nonce: Uint8Array
      readonly deadline: number
      readonly distrusted: readonly PeerId[]
    }
  | {
      readonly phase: 'asking'
      readonly nonce: Uint8Array
      readonly deadline: number
      readonly waitingFor: readonly PeerId[]
      readonly votes: readonly LiveVote[]
      readonly distrusted: readonly PeerId[]
    }
  | { readonly phase: 'yielded'; readonly to: PeerId; readonly until: number; readonly distrusted: readonly PeerId[] }
  | { readonly phase: 'resting'; readonly until: number; readonly distrusted: readonly PeerId[] }

/** What the machine is told with every step; the shell computes it from the ring and its own memory. */
export interface RoundContext {
  /** This node's place among the replicas that it believes live: 0 opens at once. */
  readonly rank: number
  /** The other filled seats. */
  readonly others: readonly PeerId[]
  readonly n: number
  readonly demand: Demand
  readonly admitAfter: 'auto' | number
  /** The entry is in its last moments, or its signers are no majority of the set any more: demand was shown before. */
  readonly renewal: boolean
  readonly roundTimeoutMs: number
  /** `now` of the step is filled in. */
  readonly certificate: Omit<CertificateContext, 'now' | 'outcome'>
}

export type RoundEvent =
  /** Somebody asked, or an entry needs new signers. `nonce` is fresh randomness. */
  | { readonly kind: 'wanted'; readonly nonce: Uint8Array }
  | { readonly kind: 'tick' }
  /** This node's own fetch ended; undefined: it failed, or may not be shared. */
  | { readonly kind: 'looked'; readonly vote: LiveVote | undefined }
  /** The fetch was not begun: too much is in work. The next ask tries again. */
  | { readonly kind: 'put-off' }
  /** A replica's valid vote for this round. */
  | { readonly kind: 'voted'; readonly from: PeerId; readonly vote: LiveVote }
  /** A replica has nothing to say, or nothing that counts. */
  | { readonly kind: 'silent'; readonly from: PeerId }
  /** Another replica opened a round. */
  | { readonly kind: 'rival'; readonly from: PeerId; readonly nonce: Uint8Array }
  /** A certificate for the question arrived and was kept. */
  | { readonly kind: 'settled' }

export type RoundEffect =
  | { readonly kind: 'look'; readonly nonce: Uint8Array }
  | { readonly kind: 'ask'; readonly peers: readonly PeerId[]; readonly nonce: Uint8Array }
  | { readonly kind: 'agreed'; readonly certificate: Certificate; readonly outcome: Outcome }
  /** Send a `tick` at this time (unix ms). */
  | { readonly kind: 'wake'; readonly at: number }
  | { readonly kind: 'gave-up'; readonly reason: 'no-majority' | 'no-look' | 'short-lived' | 'does-not-pay' }

export interface RoundStep {
  readonly state: RoundState
  readonly effects: readonly RoundEffect[]
}

export const IDLE: RoundState = { phase: 'idle', distrusted: [] }

/** `now` is unix ms. */
export function roundStep(state: RoundState, event: RoundEvent, context: RoundContext, now: number): RoundStep {
  switch (event.kind) {
    case 'wanted':
      return wanted(state, event.nonce, context, now)
    case 'tick':
      return tick(state, context, now)
    case 'looked':
      return looked(state, event.vote, context, now)
    case 'put-off':
      return state.phase === 'looking'
        ? { state: { phase: 'idle', distrusted: state.distrusted }, effects: [] }
        : { state, effects: [] }
    case 'voted':
      return heard(state, event.from, event.vote, context, now)
    case 'silent':
      return heard(state, event.from, undefined, context, now)
    case 'rival':
      return rival(state, event.from, event.nonce, context, now)
    case 'settled':
      return { state: IDLE, effects: [] }
  }
}

function wanted(state: RoundState, nonce: Uint8Array, context: RoundContext, now: number): RoundStep {
  const rested = state.phase === 'resting' && state.until <= now
  if (state.phase !== 'idle' && !rested) return { state, effects: [] }
  if (!worthwhile(context, undefined)) return { state, effects: [] }
  const openAt = now + context.rank * limits.OPENER_STEP_MS
  if (openAt <= now) return look(state, nonce, context, now)
  return {
    state: { phase: 'waiting', openAt, nonce, distrusted: state.distrusted },
    effects: [{ kind: 'wake', at: openAt }],
  }
}

function tick(state: RoundState, context: RoundContext, now: number): RoundStep {
  switch (state.phase) {
    case 'waiting':
      return state.openAt <= now ? look(state, state.nonce, context, now) : { state, effects: [] }
    case 'looking':
      return state.deadline <= now ? giveUp(state, 'no-look', now) : { state, effects: [] }
    case 'asking':
      return state.deadline <= now ? close(state, context, now) : { state, effects: [] }
    case 'yielded': {
      if (state.until > now) return { state, effects: [] }
      // It opened and did not deliver: it may open again, but nobody here waits for it any more.
      const distrusted = [...state.distrusted, state.to].slice(-limits.MAX_DISTRUSTED)
      return { state: { phase: 'idle', distrusted }, effects: [] }
    }
    case 'resting':
      return state.until <= now
        ? { state: { phase: 'idle', distrusted: state.distrusted }, effects: [] }
        : { state, effects: [] }
    case 'idle':
      return { state, effects: [] }
  }
}

function look(state: RoundState, nonce: Uint8Array, context: RoundContext, now: number): RoundStep {
  const deadline = now + context.roundTimeoutMs
  return {
    state: { phase: 'looking', nonce, deadline, distrusted: state.distrusted },
    effects: [
      { kind: 'look', nonce },
      { kind: 'wake', at: deadline },
    ],
  }
}

/** The opener looks first: what it sees tells whether n fetches pay. */
function looked(state: RoundState, vote: LiveVote | undefined, context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'looking') return { state, effects: [] }
  if (vote === undefined) return giveUp(state, 'no-look', now)
  if (outcomeTtl(vote.outcome) < limits.MIN_SHARED_TTL_SECONDS) return giveUp(state, 'short-lived', now)
  if (!worthwhile(context, vote.outcome))
    return {
      state: { phase: 'idle', distrusted: state.distrusted },
      effects: [{ kind: 'gave-up', reason: 'does-not-pay' }],
    }
  const asking: RoundState = {
    phase: 'asking',
    nonce: state.nonce,
    deadline: now + context.roundTimeoutMs,
    waitingFor: context.others,
    votes: [vote],
    distrusted: state.distrusted,
  }
  if (context.others.length === 0) return close(asking, context, now)
  return {
    state: asking,
    effects: [
      { kind: 'ask', peers: context.others, nonce: state.nonce },
      { kind: 'wake', at: asking.deadline },
    ],
  }
}

/**
 * A replica has spoken. When all have, the round ends. Once there is a quorum it ends after a short grace, not at once: a
 * certificate of the fastest few would let a fast minority among them set the expiry.
 */
function heard(
  state: RoundState,
  from: PeerId,
  vote: LiveVote | undefined,
  context: RoundContext,
  now: number,
): RoundStep {
  if (state.phase !== 'asking' || !state.waitingFor.includes(from)) return { state, effects: [] }
  const waitingFor = state.waitingFor.filter((peer) => peer !== from)
  const votes = vote === undefined ? state.votes : [...state.votes, vote]
  if (waitingFor.length === 0) return close({ ...state, waitingFor, votes }, context, now)
  const enough = certified(votes, context, now) !== undefined
  const deadline = enough ? Math.min(state.deadline, now + limits.GRACE_MS) : state.deadline
  return {
    state: { ...state, waitingFor, votes, deadline },
    effects: deadline < state.deadline ? [{ kind: 'wake', at: deadline }] : [],
  }
}

function close(state: Extract<RoundState, { phase: 'asking' }>, context: RoundContext, now: number): RoundStep {
  const agreed = certified(state.votes, context, now)
  if (agreed === undefined) return giveUp(state, 'no-majority', now)
  if (agreed.ttl < limits.MIN_SHARED_TTL_SECONDS) return giveUp(state, 'short-lived', now)
  return { state: IDLE, effects: [{ kind: 'agreed', certificate: agreed.certificate, outcome: agreed.outcome }] }
}

function certified(
  votes: readonly LiveVote[],
  context: RoundContext,
  now: number,
): { certificate: Certificate; outcome: Outcome; ttl: number } | undefined {
  const certificate = buildCertificate(
    votes.map((vote) => vote.observation),
    { ...context.certificate, now },
  )
  const first = certificate?.observations[0]
  if (certificate === undefined || first === undefined) return undefined
  // The copy that travels is that of the first who is counted: it is what its digest says, and no older than its signature.
  const copy = votes.find((vote) => vote.observation === first)!.outcome
  const check = checkCertificate(certificate, { ...context.certificate, now, outcome: copy })
  if (!check.ok) return undefined
  return {
    certificate,
    outcome: agreedOutcome(copy, check.counted, context.n),
    ttl: agreedTtl(check.counted, context.n),
  }
}

function rival(state: RoundState, from: PeerId, nonce: Uint8Array, context: RoundContext, now: number): RoundStep {
  const mine = state.phase === 'looking' || state.phase === 'asking' ? state.nonce : undefined
  if (mine !== undefined && compareBytes(mine, nonce) <= 0) return { state, effects: [] }
  if (state.phase === 'yielded' || state.distrusted.includes(from)) return { state, effects: [] }
  const until = now + context.roundTimeoutMs + limits.OPENER_STEP_MS
  return {
    state: { phase: 'yielded', to: from, until, distrusted: state.distrusted },
    effects: [{ kind: 'wake', at: until }],
  }
}

function worthwhile(context: RoundContext, outcome: Outcome | undefined): boolean {
  if (context.renewal) return true
  return pays(context.demand, {
    admitAfter: context.admitAfter,
    n: context.n,
    ttlSeconds: outcome === undefined ? undefined : outcomeTtl(outcome),
    absent: outcome === undefined ? undefined : outcome.kind === 'absent',
  })
}

function giveUp(state: RoundState, reason: 'no-majority' | 'no-look' | 'short-lived', now: number): RoundStep {
  const until = now + limits.BACKOFF_MS
  return {
    state: { phase: 'resting', until, distrusted: state.distrusted },
    effects: [
      { kind: 'gave-up', reason },
      { kind: 'wake', at: until },
    ],
  }
}
