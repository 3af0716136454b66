/**
 * Names whose answer depends on where one asks (CDN, GeoDNS), or lives under half a minute: the ring has nothing to serve, but it
 * knows that it is so, and which address prefixes are seen elsewhere. This node asks the authority itself, and holds what it finds
 * against them, whichever of the two comes first.
 */

import type { RingDivergence } from '../../chunks/index.ts'
import type { Certificate, Finding } from '../../evidence/index.ts'
import { seenSet, withinPrefixes } from '../../evidence/index.ts'

/** An own finding below a name that is known to diverge. */
export function asDivergent(finding: Finding, divergence: RingDivergence | undefined): Finding {
  const { evidence } = finding
  if (divergence === undefined || evidence.security === 'secure' || evidence.provenance !== 'solo') return finding
  const certificate: Certificate = divergence.certificate
  return {
    ...finding,
    evidence: { ...evidence, provenance: 'divergent', certificate, observers: divergence.observers },
  }
}

/** Whether all addresses of the finding lie where more than half of the replicas saw some. Absence lies nowhere. */
export function isWithin({ outcome }: Finding, divergence: RingDivergence | undefined): boolean {
  return (
    divergence !== undefined && outcome.kind === 'rrset' && withinPrefixes(seenSet(outcome.rrset), divergence.prefixes)
  )
}
