/** How long an entry is kept: what its authority says, held within the operator's bounds. */
import type { RRset } from '../dns/index.ts'
import type { Outcome } from '../evidence/index.ts'
import { limits } from './limits.ts'
import type { CacheEntry, CacheOptions } from './types.ts'

/**
 * RFC 2181 section 8, RFC 2308 section 5. `minTtl` never stretches a ring copy, whose certificate says how long it holds, nor
 * what has expired for another reason than its TTL. Both bounds count from when it was fetched: what is put again with its
 * verdict begins no new term.
 */
export function cappedExpiry(entry: CacheEntry, options: CacheOptions, now: number): number {
  const { minTtl, maxTtl, negativeMaxTtl } = options
  const isForOnce = ttlAsItCame(entry.outcome) === 0
  if (!isForOnce && entry.expires <= now) return now
  if (isForOnce && (minTtl === 0 || entry.side !== 'own')) return now
  const cap = entry.outcome.kind === 'absent' ? Math.min(negativeMaxTtl, maxTtl) : maxTtl
  const fetched = Math.min(entry.stored, now)
  const bogus = entry.security === 'bogus' ? now + limits.BOGUS_TTL_SECONDS * 1000 : Number.POSITIVE_INFINITY
  const most = Math.min(fetched + cap * 1000, bogus)
  const least = entry.side === 'own' ? Math.min(fetched + minTtl * 1000, signedUntil(entry, now)) : now
  return Math.min(most, Math.max(least, entry.expires))
}

/** For an absence that of its SOA; one without SOA is never stretched (RFC 2308 section 5). */
function ttlAsItCame(outcome: Outcome): number {
  return outcome.kind === 'rrset' ? outcome.rrset.ttl : (outcome.soa?.ttl ?? 1)
}

/** Unix ms when the first signature of validated data ends (RFC 4034 section 3.1.5); for ever where nothing was validated. */
function signedUntil({ outcome, security }: Pick<CacheEntry, 'outcome' | 'security'>, now: number): number {
  if (security !== 'secure') return Number.POSITIVE_INFINITY
  return Math.min(...signedSets(outcome).flatMap(({ signatures }) => signatures.map((rdata) => endOf(rdata, now))))
}

/**
 * True when validated data has a set that no signature is good for any more. That is a question of the wall clock: terms are steady, so
 * that after a step of that clock an entry may outlive its signatures.
 */
export function hasLostSignatures(
  { outcome, security }: Pick<CacheEntry, 'outcome' | 'security'>,
  now: number,
): boolean {
  if (security !== 'secure') return false
  return signedSets(outcome).some(
    ({ signatures }) => signatures.length > 0 && signatures.every((rdata) => endOf(rdata, now) <= now),
  )
}

function signedSets(outcome: Outcome): readonly RRset[] {
  const answers = outcome.kind === 'rrset' ? [outcome.rrset] : outcome.soa === undefined ? [] : [outcome.soa]
  return [...answers, ...outcome.proofs]
}

/** Unix ms. Serial numbers: the end is within 68 years of now, before or after it. */
function endOf(signature: Uint8Array, now: number): number {
  if (signature.length < 12) return Number.POSITIVE_INFINITY
  const seconds = Math.floor(now / 1000)
  return (((uint32(signature, 8) - seconds) | 0) + seconds) * 1000
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
}
