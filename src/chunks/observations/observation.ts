/** What this node observed and may sign. Pure. */
import type { Question } from '../../dns/index.ts'
import {
  type Content,
  contentDigest,
  evidenceLimits,
  type FetchStart,
  type Finding,
  maxAgreedSeconds,
  outcomeTtl,
} from '../../evidence/index.ts'
import { outcomeFault } from '../entries/examine.ts'
import { limits } from '../limits.ts'

/** What this node found itself; of a `delegationQuestion` a delegation. */
export type OwnFinding = Omit<Finding, 'outcome'> & { readonly outcome: Content }

/** An observation without a signature. Times are unix ms. */
export interface HeldObservation {
  readonly question: Question
  readonly outcome: Content
  readonly digest: Uint8Array
  readonly start: FetchStart
  readonly ttl: number
  readonly when: number
  readonly expires: number
}

/**
 * What may be signed of a finding: only this node's own fetch, never a copy, never bogus. A cached own fetch counts: `when` is
 * then the time at which it was fetched, so that the observation ends when the cached data does. `isFresh`: it was fetched just now,
 * however short the cache keeps it.
 */
export function heldObservationOf(
  finding: OwnFinding,
  question: Question,
  now: number,
  isFresh = false,
): HeldObservation | undefined {
  const { evidence, outcome } = finding
  if (!isOwn(finding) || evidence.security === 'bogus' || finding.expires <= now) return undefined
  if (outcomeFault(outcome, question) !== undefined) return undefined
  const most = Math.min(outcomeTtl(outcome), evidenceLimits.MAX_AGREED_DELEGATION_SECONDS)
  const ttl = isFresh ? Math.min(most, Math.floor((finding.expires - now) / 1000)) : most
  const start = finding.start ?? 'parent'
  const left = Math.min(finding.expires - now, ttl * 1000)
  const when = Math.floor(now + left - ttl * 1000)
  return { question, outcome, digest: contentDigest(question, outcome), start, ttl, when, expires: when + ttl * 1000 }
}

/**
 * Whether it was seen too long ago to be signed: nobody dates it again, and a certificate of it would end before half of its time.
 * Then it takes a new fetch. So it does where the wall clock was set back since: what is dated in the future counts nowhere.
 */
export function isStale({ question, when }: HeldObservation, now: number): boolean {
  if (when > now + evidenceLimits.MAX_SKEW_MS) return true
  return now - when > maxAgreedSeconds(question) * 1000 * limits.STALE_PART
}

export function isOwn({ evidence }: OwnFinding): boolean {
  return evidence.provenance === 'solo' && evidence.observers.length === 0 && evidence.certificate === undefined
}

/** How much memory it takes. */
export function bytesOf({ outcome }: HeldObservation): number {
  const sets = [
    ...(outcome.kind === 'rrset' ? [outcome.rrset] : []),
    ...(outcome.kind === 'absent' && outcome.soa !== undefined ? [outcome.soa] : []),
    ...outcome.proofs,
  ]
  let bytes = limits.RECORD_OVERHEAD_BYTES
  for (const set of sets) for (const rdata of [...set.rdatas, ...set.signatures]) bytes += rdata.length + 32
  return bytes
}
