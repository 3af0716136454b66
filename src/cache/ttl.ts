/** How long an entry is kept: what its authority says, held within the operator's bounds. */
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
function signedUntil({ outcome, security }: CacheEntry, now: number): number {
  if (security !== 'secure') return Number.POSITIVE_INFINITY
  const answers = outcome.kind === 'rrset' ? [outcome.rrset] : outcome.soa === undefined ? [] : [outcome.soa]
  const signatures = [...answers, ...outcome.proofs].flatMap((rrset) => rrset.signatures)
  const seconds = Math.floor(now / 1000)
  // Serial numbers: the end is within 68 years of now, before or after it.
  const ends = signatures
    .filter(({ length }) => length >= 12)
    .map((rdata) => ((uint32(rdata, 8) - seconds) | 0) + seconds)
  return Math.min(...ends) * 1000
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at)
}
