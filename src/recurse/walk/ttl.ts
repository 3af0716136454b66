/** How long what an authority said is kept, within the bounds of this room; absences too (RFC 2308). */
import { type Outcome, outcomeTtl } from '../../evidence/index.ts'
import type { RecurseLimits } from '../limits.ts'

/**
 * Seconds: the set's TTL; for an absence the lesser of the SOA's TTL and its MINIMUM (RFC 2308 section 5). That there is no such
 * name is not kept at all without a SOA.
 */
export function secondsToKeep(outcome: Outcome, limits: RecurseLimits): number {
  if (outcome.kind === 'rrset') return Math.min(outcome.rrset.ttl, limits.MAX_TTL)
  if (outcome.soa === undefined) return outcome.rcode === 3 ? 0 : limits.ABSENCE_WITHOUT_SOA_TTL
  return Math.min(outcomeTtl(outcome), limits.MAX_NEGATIVE_TTL)
}
