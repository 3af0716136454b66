/** What this node sees for itself: own fetches, merged and bounded, and the signature under them. */
import { asChunkId, type ChunkId, type Clock, errorText, type Log } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { contentDigest, evidenceLimits, outcomeTtl, signObservation } from '../../evidence/index.ts'
import { BoundedMap, questionKey, type Sight } from '../entries/bounded-map.ts'
import { outcomeFault } from '../entries/examine.ts'
import { limits } from '../limits.ts'
import { holdsPrivateAddress } from '../seats/place.ts'
import type { LiveVote, OwnFetch, OwnFinding } from '../types.ts'
import type { LookHow } from '../wire/messages.ts'

export interface SightsModules {
  readonly ownFetch: OwnFetch
  readonly clock: Clock
  readonly signer: Signer
  readonly log: Log
  readonly ringId: string
  readonly chunkOf: (question: Question) => ChunkId
  readonly timeoutMs: number
}

export interface Sights {
  /** What is still valid of an earlier look; never fetches. */
  known(question: Question): Sight | undefined
  /**
   * Fetches, or takes what is known if that will do. `busy`: too many fetches are in flight; `hidden`: it holds an address of
   * private space; undefined: failed, or not to be shared.
   */
  look(question: Question, how: LookHow): Promise<Looked>
  /** This node's word on what it saw, for one round or one read. */
  sign(sight: Sight, nonce: Uint8Array): LiveVote
  sweep(): void
  /** Ends the fetches in flight. */
  stop(): Promise<void>
}

export type Looked = Sight | 'busy' | 'hidden' | undefined

export function createSights(modules: SightsModules): Sights {
  const { clock, signer, log } = modules
  const kept = new BoundedMap<Sight>(limits.MAX_SIGHT_BYTES)
  const inFlight = new Map<string, Promise<Looked>>()
  const stopping = new AbortController()

  function known(question: Question): Sight | undefined {
    return kept.get(questionKey(question), clock.now())
  }

  async function fetch(question: Question, how: LookHow): Promise<Looked> {
    const late = new AbortController()
    const cancel = clock.after(modules.timeoutMs, () => late.abort())
    try {
      const finding = await modules.ownFetch(question, AbortSignal.any([late.signal, stopping.signal]), how)
      const sight = sightOf(finding, question, clock.now())
      if (sight === undefined) return isOwn(finding) && holdsPrivateAddress(finding.outcome) ? 'hidden' : undefined
      kept.set(questionKey(question), sight, sightBytes(sight), sight.expires)
      return sight
    } catch (error) {
      log.debug({ reason: errorText(error) }, 'an own fetch for an observation failed')
      return undefined
    } finally {
      cancel()
    }
  }

  return {
    known,
    async look(question, how) {
      const seen = how === 'known' ? known(question) : undefined
      if (seen !== undefined) return seen
      const key = `${how} ${questionKey(question)}`
      const running = inFlight.get(key)
      if (running !== undefined) return running
      if (inFlight.size >= limits.MAX_FETCHES) return 'busy'
      const fetching = fetch(question, how).finally(() => inFlight.delete(key))
      inFlight.set(key, fetching)
      return fetching
    },
    sign(sight, nonce) {
      const now = clock.now()
      const old = now - sight.when > limits.REDATE_AFTER_MS
      const observation = signObservation(
        {
          ringId: modules.ringId,
          chunk: asChunkId(modules.chunkOf(sight.question)),
          question: sight.question,
          apex: sight.outcome.apex,
          digest: sight.digest,
          ttl: old ? Math.floor((sight.expires - now) / 1000) : sight.ttl,
          when: old ? now : sight.when,
          nonce,
          start: sight.start,
        },
        signer,
      )
      return { observation, outcome: sight.outcome }
    },
    sweep: () => kept.sweep(clock.now()),
    async stop() {
      stopping.abort()
      await Promise.allSettled(inFlight.values())
    },
  }
}

/**
 * What may be signed of a finding: only this node's own fetch, never a copy, never bogus. A cached own fetch counts: `when` is
 * then the time at which it was fetched, so that the observation ends when the cached data does.
 */
export function sightOf(finding: OwnFinding, question: Question, now: number): Sight | undefined {
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

function sightBytes(sight: Sight): number {
  const { outcome } = sight
  const sets = [
    ...(outcome.kind === 'rrset' ? [outcome.rrset] : []),
    ...(outcome.kind === 'absent' && outcome.soa !== undefined ? [outcome.soa] : []),
    ...outcome.proofs,
  ]
  let bytes = limits.RECORD_OVERHEAD_BYTES
  for (const set of sets) for (const rdata of [...set.rdatas, ...set.signatures]) bytes += rdata.length + 32
  return bytes
}
