/** What this node observes: own fetches, merged and bounded, and the signature under what they found. */
import { asChunkId, type ChunkId, type Clock, type Log, type Random } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { signObservation } from '../../evidence/index.ts'
import { BoundedMap } from '../entries/bounded-map.ts'
import { limits } from '../limits.ts'
import { holdsPrivateAddress } from '../seats/place.ts'
import type { LiveVote, ObserveHow } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { bytesOf, type HeldObservation, heldObservationOf, isOwn, isStale, type OwnFinding } from './observation.ts'

/** Fetches for an observation: own iteration only (`origin: 'own'`), at most 30 upstream queries. */
export type OwnFetch = (question: Question, signal: AbortSignal, how: ObserveHow) => Promise<OwnFinding>

export interface OwnObservationsDeps {
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly log: Log
  readonly ringId: string
  readonly chunkOf: (question: Question) => ChunkId
  readonly timeoutMs: number
}

export interface OwnObservationsHooks {
  readonly ownFetch: OwnFetch
}

/** `busy`: too many fetches are in flight; `hidden`: it holds an address of private space; undefined: failed, or not to be shared. */
export type Observed = HeldObservation | 'busy' | 'hidden' | undefined

export interface OwnObservations {
  /** What is still valid of an earlier fetch, and not too old for a certificate; never fetches. */
  known(question: Question): HeldObservation | undefined
  /** Fetches, or takes what is known if that will do. */
  observe(question: Question, how: ObserveHow): Promise<Observed>
  /** This node's word on what it observed, dated when it was fetched: for the round with this nonce, or for one read, under a nonce of its own. */
  sign(observation: HeldObservation, nonce?: Uint8Array): LiveVote
  sweep(): void
  /** Ends the fetches in flight. */
  stop(): Promise<void>
}

const NONCE_BYTES = 16

export function createOwnObservations(deps: OwnObservationsDeps, { ownFetch }: OwnObservationsHooks): OwnObservations {
  const { clock, log } = deps
  const held = new BoundedMap<HeldObservation>(limits.MAX_OBSERVED_BYTES)
  const inFlight = new Map<string, Promise<Observed>>()
  const stopping = new AbortController()

  function known(question: Question): HeldObservation | undefined {
    const observation = held.get(questionKey(question), clock.now())
    return observation === undefined || isStale(observation, clock.now()) ? undefined : observation
  }

  async function fetch(question: Question, how: ObserveHow): Promise<Observed> {
    const late = new AbortController()
    const cancel = clock.after(deps.timeoutMs, () => late.abort())
    try {
      const signal = AbortSignal.any([late.signal, stopping.signal])
      let finding = await ownFetch(question, signal, how)
      let observation = heldObservationOf(finding, question, clock.now(), how !== 'known')
      // It came from the cache, and was seen too long ago to be anybody's evidence now.
      if (observation !== undefined && isStale(observation, clock.now())) {
        finding = await ownFetch(question, signal, 'fresh')
        observation = heldObservationOf(finding, question, clock.now(), true)
      }
      if (observation === undefined)
        return isOwn(finding) && holdsPrivateAddress(finding.outcome) ? 'hidden' : undefined
      held.set(questionKey(question), observation, bytesOf(observation), observation.expires)
      return observation
    } catch (error) {
      log.debug({ failure: error }, 'an own fetch for an observation failed')
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
    sign: (observation, nonce = deps.random.bytes(NONCE_BYTES)) => signed(observation, nonce, deps),
    sweep: () => held.sweep(clock.now()),
    async stop() {
      stopping.abort()
      await Promise.allSettled(inFlight.values())
    },
  }
}

function signed(seen: HeldObservation, nonce: Uint8Array, deps: OwnObservationsDeps): LiveVote {
  const unsigned = {
    ringId: deps.ringId,
    chunk: asChunkId(deps.chunkOf(seen.question)),
    question: seen.question,
    apex: seen.outcome.apex,
    digest: seen.digest,
    ttl: seen.ttl,
    when: seen.when,
    nonce,
    start: seen.start,
  }
  return { observation: signObservation(unsigned, deps.signer), outcome: seen.outcome }
}
