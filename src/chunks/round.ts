/**
 * One question's round at one replica: a pure step machine. A round asks every replica to look for itself; more than n/2 equal
 * observations make a certificate.
 *
 *   idle -> looking -> asking -> idle (agreed) or resting (failed)
 *   idle -> waiting -> probing -> looking      when another replica's turn comes first
 *   any  -> yielded                            another replica opened; -> idle (it delivered) or resting (it did not)
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
  type Content,
  checkCertificate,
  outcomeTtl,
} from '../evidence/index.ts'
import { type Demand, pays } from './asks.ts'
import { agreedOutcome } from './examine.ts'
import { limits } from './limits.ts'
import type { LiveVote } from './types.ts'

/** What outlives one round. */
export interface RoundMemory {
  /** Openers that did not deliver: they may open, but nobody here waits for them. */
  readonly distrusted: readonly PeerId[]
  /** Rounds in a row without agreement: each doubles the rest. */
  readonly failures: number
}

type Phase =
  | { readonly phase: 'idle' }
  | { readonly phase: 'waiting'; readonly openAt: number; readonly nonce: Uint8Array }
  | { readonly phase: 'probing'; readonly nonce: Uint8Array; readonly deadline: number }
  | { readonly phase: 'looking'; readonly nonce: Uint8Array; readonly deadline: number }
  | {
      readonly phase: 'asking'
      readonly nonce: Uint8Array
      readonly deadline: number
      readonly waitingFor: readonly PeerId[]
      readonly votes: readonly LiveVote[]
    }
  | { readonly phase: 'yielded'; readonly to: PeerId; readonly until: number }
  | { readonly phase: 'resting'; readonly until: number }

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
  /** Somebody asked, or an entry needs new signers. `nonce` is fresh randomness. */
  | { readonly kind: 'wanted'; readonly nonce: Uint8Array }
  | { readonly kind: 'tick' }
  /** What the replicas before this one say that they saw. */
  | { readonly kind: 'probed'; readonly outcomes: readonly Content[] }
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

export type GaveUp = 'no-majority' | 'no-look' | 'short-lived' | 'does-not-pay' | 'not-delivered'

export type RoundEffect =
  | { readonly kind: 'probe'; readonly peers: readonly PeerId[]; readonly nonce: Uint8Array }
  | { readonly kind: 'look'; readonly nonce: Uint8Array }
  | { readonly kind: 'ask'; readonly peers: readonly PeerId[]; readonly nonce: Uint8Array }
  | { readonly kind: 'agreed'; readonly certificate: Certificate; readonly outcome: Content }
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
      return wanted(state, event.nonce, context, now)
    case 'tick':
      return tick(state, context, now)
    case 'probed':
      return probed(state, event.outcomes, context, now)
    case 'looked':
      return looked(state, event.vote, context, now)
    case 'put-off':
      return state.phase === 'looking' ? idle(state) : { state, effects: [] }
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
  const { memory } = state
  if (context.before.length === 0) return look(memory, nonce, context, now)
  const openAt = now + context.before.length * limits.OPENER_STEP_MS
  return { state: { phase: 'waiting', openAt, nonce, memory }, effects: [{ kind: 'wake', at: openAt }] }
}

function tick(state: RoundState, context: RoundContext, now: number): RoundStep {
  const { memory } = state
  switch (state.phase) {
    case 'waiting': {
      if (state.openAt > now) break
      const peers = context.before.filter((peer) => !memory.distrusted.includes(peer))
      if (peers.length === 0) return look(memory, state.nonce, context, now)
      const deadline = now + limits.OPENER_STEP_MS
      return {
        state: { phase: 'probing', nonce: state.nonce, deadline, memory },
        effects: [
          { kind: 'probe', peers, nonce: state.nonce },
          { kind: 'wake', at: deadline },
        ],
      }
    }
    case 'probing':
      if (state.deadline <= now) return look(memory, state.nonce, context, now)
      break
    case 'looking':
      if (state.deadline <= now) return rest(memory, 'no-look', now)
      break
    case 'asking':
      if (state.deadline <= now) return close(state, context, now)
      break
    case 'yielded': {
      if (state.until > now) break
      // It found no majority, or it keeps the certificate to itself; either way the next round does not wait for it.
      const distrusted = [...memory.distrusted.filter((peer) => peer !== state.to), state.to]
      return rest({ ...memory, distrusted: distrusted.slice(-limits.MAX_DISTRUSTED) }, 'not-delivered', now)
    }
    case 'resting':
      if (state.until <= now) return { state: { phase: 'idle', memory }, effects: [] }
      break
    case 'idle':
      break
  }
  return { state, effects: [] }
}

/**
 * The replicas before this one are live and did not open. If one of them has looked and what it saw does not pay, looking too
 * would only cost a fetch. It is a hint of one peer, so plenty of demand overrules it.
 */
function probed(state: RoundState, outcomes: readonly Content[], context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'probing') return { state, effects: [] }
  const discouraged = outcomes.some((outcome) => shortLived(outcome) || !worthwhile(context, outcome))
  if (discouraged && context.demand.asks < 2 * context.n) return idle(state, 'does-not-pay')
  return look(state.memory, state.nonce, context, now)
}

function look(memory: RoundMemory, nonce: Uint8Array, context: RoundContext, now: number): RoundStep {
  const deadline = now + context.roundTimeoutMs
  return {
    state: { phase: 'looking', nonce, deadline, memory },
    effects: [
      { kind: 'look', nonce },
      { kind: 'wake', at: deadline },
    ],
  }
}

/** The opener looks first: what it sees tells whether n fetches pay. */
function looked(state: RoundState, vote: LiveVote | undefined, context: RoundContext, now: number): RoundStep {
  if (state.phase !== 'looking') return { state, effects: [] }
  const { memory, nonce } = state
  if (vote === undefined) return rest(memory, 'no-look', now)
  if (shortLived(vote.outcome)) return rest(memory, 'short-lived', now)
  if (!worthwhile(context, vote.outcome)) return idle(state, 'does-not-pay')
  const deadline = now + context.roundTimeoutMs
  const asking = { phase: 'asking', nonce, deadline, waitingFor: context.others, votes: [vote], memory } as const
  if (context.others.length === 0) return close(asking, context, now)
  return {
    state: asking,
    effects: [
      { kind: 'ask', peers: context.others, nonce },
      { kind: 'wake', at: deadline },
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
  if (agreed === undefined) return rest(state.memory, 'no-majority', now)
  // Its own answer lives longer, or it would not have asked; so this may look better soon.
  if (agreed.ttl < limits.MIN_SHARED_TTL_SECONDS) return rest(state.memory, 'no-majority', now)
  return { state: IDLE, effects: [{ kind: 'agreed', certificate: agreed.certificate, outcome: agreed.outcome }] }
}

function certified(
  votes: readonly LiveVote[],
  context: RoundContext,
  now: number,
): { certificate: Certificate; outcome: Content; ttl: number } | undefined {
  const certificate = buildCertificate(
    votes.map((vote) => vote.observation),
    { ...context.certificate, now },
  )
  const first = certificate?.observations[0]
  if (certificate === undefined || first === undefined) return undefined
  // The copy that travels is that of the first who is counted: it is what the digest says, by its own signature.
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
  if (state.phase === 'yielded' || state.memory.distrusted.includes(from)) return { state, effects: [] }
  // It has looked already, and has the time of a round to hear the others.
  const until = now + context.roundTimeoutMs + limits.OPENER_STEP_MS
  return { state: { phase: 'yielded', to: from, until, memory: state.memory }, effects: [{ kind: 'wake', at: until }] }
}

function worthwhile(context: RoundContext, outcome: Content | undefined): boolean {
  if (context.renewal) return true
  return pays(context.demand, {
    admitAfter: context.admitAfter,
    n: context.n,
    ttlSeconds: outcome === undefined ? undefined : outcomeTtl(outcome),
    absent: outcome === undefined ? undefined : outcome.kind === 'absent',
  })
}

function shortLived(outcome: Content): boolean {
  return outcomeTtl(outcome) < limits.MIN_SHARED_TTL_SECONDS
}

function idle(state: RoundState, reason?: GaveUp): RoundStep {
  return {
    state: { phase: 'idle', memory: state.memory },
    effects: reason === undefined ? [] : [{ kind: 'gave-up', reason }],
  }
}

/** A TTL does not grow from one minute to the next; what only failed may work soon, but each failure cost n fetches. */
function rest(memory: RoundMemory, reason: GaveUp, now: number): RoundStep {
  const doubled = limits.BACKOFF_MS * 2 ** Math.min(memory.failures, 10)
  const restMs = reason === 'short-lived' ? limits.SHORT_LIVED_REST_MS : Math.min(doubled, limits.MAX_BACKOFF_MS)
  const until = now + restMs
  return {
    state: { phase: 'resting', until, memory: { ...memory, failures: memory.failures + 1 } },
    effects: [
      { kind: 'gave-up', reason },
      { kind: 'wake', at: until },
    ],
  }
}
