/** What this node observes: own fetches, merged and bounded, and the signature under what they found. */
import { asChunkId, type ChunkId, type Clock, errorText, type Log } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import {
  type Content,
  contentDigest,
  evidenceLimits,
  type FetchStart,
  type Finding,
  outcomeTtl,
  signObservation,
} from '../../evidence/index.ts'
import { BoundedMap } from '../entries/bounded-map.ts'
import { outcomeFault } from '../entries/examine.ts'
import { limits } from '../limits.ts'
import { holdsPrivateAddress } from '../seats/place.ts'
import type { LiveVote, ObserveHow } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'

/** What this node found itself; of a `delegationQuestion` a delegation. */
export type OwnFinding = Omit<Finding, 'outcome'> & { readonly outcome: Content }

/** Fetches for an observation: own iteration only (`origin: 'own'`), at most 30 upstream queries. */
export type OwnFetch = (question: Question, signal: AbortSignal, how: ObserveHow) => Promise<OwnFinding>

/** What this node observed and may sign: an observation without a signature. Times are unix ms. */
export interface HeldObservation {
  readonly question: Question
  readonly outcome: Content
  readonly digest: Uint8Array
  readonly start: FetchStart
  readonly ttl: number
  readonly when: number
  readonly expires: number
}

export interface ObservationsDeps {
  readonly clock: Clock
  readonly signer: Signer
  readonly log: Log
  readonly ringId: string
  readonly chunkOf: (question: Question) => ChunkId
  readonly timeoutMs: number
}

export interface ObservationsHooks {
  readonly ownFetch: OwnFetch
}

/** `busy`: too many fetches are in flight; `hidden`: it holds an address of private space; undefined: failed, or not to be shared. */
export type Observed = HeldObservation | 'busy' | 'hidden' | undefined

export interface Observations {
  /** What is still valid of an earlier fetch; never fetches. */
  known(question: Question): HeldObservation | undefined
  /** Fetches, or takes what is known if that will do. */
  observe(question: Question, how: ObserveHow): Promise<Observed>
  /** This node's word on what it observed, for one round or one read. */
  sign(observation: HeldObservation, nonce: Uint8Array): LiveVote
  sweep(): void
  /** Ends the fetches in flight. */
  stop(): Promise<void>
}

export function createObservations(deps: ObservationsDeps, { ownFetch }: ObservationsHooks): Observations {
  const { clock, log } = deps
  const held = new BoundedMap<HeldObservation>(limits.MAX_OBSERVED_BYTES)
  const inFlight = new Map<string, Promise<Observed>>()
  const stopping = new AbortController()

  function known(question: Question): HeldObservation | undefined {
    return held.get(questionKey(question), clock.now())
  }

  async function fetch(question: Question, how: ObserveHow): Promise<Observed> {
    const late = new AbortController()
    const cancel = clock.after(deps.timeoutMs, () => late.abort())
    try {
      const finding = await ownFetch(question, AbortSignal.any([late.signal, stopping.signal]), how)
      const observation = heldObservationOf(finding, question, clock.now())
      if (observation === undefined)
        return isOwn(finding) && holdsPrivateAddress(finding.outcome) ? 'hidden' : undefined
      held.set(questionKey(question), observation, bytesOf(observation), observation.expires)
      return observation
    } catch (error) {
      log.debug({ reason: errorText(error) }, 'an own fetch for an observation failed')
      return undefined
    } finally {
      cancel()
    }
  }

  return {
    known,
    async observe(question, how) {
      const before = how === 'known' ? known(question) : undefined
      if (before !== undefined) return before
      const key = `${how} ${questionKey(question)}`
      const running = inFlight.get(key)
      if (running !== undefined) return running
      if (inFlight.size >= limits.MAX_FETCHES) return 'busy'
      const fetching = fetch(question, how).finally(() => inFlight.delete(key))
      inFlight.set(key, fetching)
      return fetching
    },
    sign: (observation, nonce) => signed(observation, nonce, deps),
    sweep: () => held.sweep(clock.now()),
    async stop() {
      stopping.abort()
      await Promise.allSettled(inFlight.values())
    },
  }
}

function signed(seen: HeldObservation, nonce: Uint8Array, deps: ObservationsDeps): LiveVote {
  const now = deps.clock.now()
  const old = now - seen.when > limits.REDATE_AFTER_MS
  const unsigned = {
    ringId: deps.ringId,
    chunk: asChunkId(deps.chunkOf(seen.question)),
    question: seen.question,
    apex: seen.outcome.apex,
    digest: seen.digest,
    ttl: old ? Math.floor((seen.expires - now) / 1000) : seen.ttl,
    when: old ? now : seen.when,
    nonce,
    start: seen.start,
  }
  return { observation: signObservation(unsigned, deps.signer), outcome: seen.outcome }
}

/**
 * What may be signed of a finding: only this node's own fetch, never a copy, never bogus. A cached own fetch counts: `when` is
 * then the time at which it was fetched, so that the observation ends when the cached data does.
 */
export function heldObservationOf(finding: OwnFinding, question: Question, now: number): HeldObservation | undefined {
  const { evidence, outcome } = finding
  if (!isOwn(finding) || evidence.security === 'bogus' || finding.expires <= now) return undefined
  if (outcomeFault(outcome, question) !== undefined) return undefined
  const ttl = Math.min(outcomeTtl(outcome), evidenceLimits.MAX_AGREED_DELEGATION_SECONDS)
  const start = finding.start ?? 'parent'
  const left = Math.min(finding.expires - now, ttl * 1000)
  const when = Math.floor(now + left - ttl * 1000)
  return { question, outcome, digest: contentDigest(question, outcome), start, ttl, when, expires: when + ttl * 1000 }
}

function isOwn({ evidence }: OwnFinding): boolean {
  return evidence.provenance === 'solo' && evidence.observers.length === 0 && evidence.certificate === undefined
}

function bytesOf({ outcome }: HeldObservation): number {
  const sets = [
    ...(outcome.kind === 'rrset' ? [outcome.rrset] : []),
    ...(outcome.kind === 'absent' && outcome.soa !== undefined ? [outcome.soa] : []),
    ...outcome.proofs,
  ]
  let bytes = limits.RECORD_OVERHEAD_BYTES
  for (const set of sets) for (const rdata of [...set.rdatas, ...set.signatures]) bytes += rdata.length + 32
  return bytes
}
