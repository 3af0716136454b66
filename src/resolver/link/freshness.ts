/** Old and nearly old answers: serve-stale (RFC 8767) and prefetch. */
import { type Clock, isChordnsError } from '../../base/index.ts'
import type { CacheEntry } from '../../cache/index.ts'
import { Ede, type ExtendedError } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { isBogusFailure } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import type { LinkResult } from './types.ts'

/** As it was found; whoever gets what no server has said is told so. */
export function freshResult(finding: Finding): LinkResult {
  return { finding, ede: finding.inferred === true ? [SYNTHESIZED] : [] }
}

const SYNTHESIZED: ExtendedError = { code: Ede.SYNTHESIZED, text: 'proven from other answers of the zone' }

/**
 * The fresh finding if it comes within the client timer (RFC 8767 section 5: 1.8 s), else the stale one; the stale one too when
 * the fresh one failed, unless the failure is a verdict: bogus, or refused by `strict`, stays so. `fresh` goes on either way.
 */
export function orStale(clock: Clock, fresh: Promise<Finding>, stale: CacheEntry): Promise<LinkResult> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limits.STALE_CLIENT_MS, () => resolve(staleResult(clock, stale)))
    fresh.then(
      (finding) => {
        cancel()
        resolve(freshResult(finding))
      },
      (error: unknown) => {
        cancel()
        if (isVerdict(error)) reject(error)
        else resolve(staleResult(clock, stale))
      },
    )
  })
}

/** True when the entry is in the last tenth of its life, and its life is long enough to be worth a question. */
export function worthPrefetching({ stored, expires }: CacheEntry, now: number): boolean {
  const life = expires - stored
  return life >= limits.PREFETCH_MIN_LIFE_MS && expires - now < life / 10
}

function isVerdict(error: unknown): boolean {
  return isBogusFailure(error) || isChordnsError(error, 'STRICT_REFUSED') || isChordnsError(error, 'ABORTED')
}

/** AD must not be set on it: its signatures may have expired meanwhile. */
function staleResult(clock: Clock, entry: CacheEntry): LinkResult {
  const { question, outcome, provenance } = entry
  const code = outcome.kind === 'absent' && outcome.rcode === 3 ? Ede.STALE_NXDOMAIN : Ede.STALE_ANSWER
  const expires = clock.now() + limits.STALE_TTL_SECONDS * 1000
  return {
    finding: {
      question,
      outcome: withTtl(outcome),
      evidence: { security: 'insecure', provenance, observers: [] },
      expires,
    },
    ede: [{ code, text: 'the authorities did not answer in time' }],
    isStale: true,
  }
}

/** A TTL that ran out long ago must not cap the 30 s that the stale answer is given. */
function withTtl(outcome: CacheEntry['outcome']): CacheEntry['outcome'] {
  const ttl = limits.STALE_TTL_SECONDS
  if (outcome.kind === 'rrset') return { ...outcome, rrset: { ...outcome.rrset, ttl } }
  return outcome.soa === undefined ? outcome : { ...outcome, soa: { ...outcome.soa, ttl } }
}
