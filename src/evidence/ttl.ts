/** How long a content holds by its authority's word. */
import type { Content } from './types.ts'

/**
 * Seconds that the outcome may be kept by its authority's word. Absence: min(SOA TTL, SOA minimum) (RFC 2308 section 5);
 * 0 without a SOA, since then nothing says how long.
 */
export function outcomeTtl(outcome: Content): number {
  if (outcome.kind === 'rrset') return outcome.rrset.ttl
  if (outcome.kind === 'delegation') return Math.min(outcome.ttl, outcome.ds?.ttl ?? outcome.ttl)
  if (outcome.kind === 'divergent') return 0
  const rdata = outcome.soa?.rdatas[0]
  if (outcome.soa === undefined || rdata === undefined || rdata.length < 22) return 0
  const minimum = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength).getUint32(rdata.length - 4)
  return Math.min(outcome.soa.ttl, minimum)
}
