/** Puts the links together to one answer with the seconds that are left. */
import { Rcode, type ResourceRecord, type RRset, rrsetToRecords } from '../dns/index.ts'
import { weakest, weakestSecurity } from '../evidence/index.ts'
import type { Link } from './follow.ts'
import type { Resolution, ResolveRequest } from './types.ts'

export function compose(links: readonly Link[], request: ResolveRequest, now: number): Resolution {
  const answers: ResourceRecord[] = []
  const authorities: ResourceRecord[] = []
  let rcode: number = Rcode.NOERROR
  for (const { finding, synthesised, isTooLong } of links) {
    if (isTooLong) rcode = Rcode.YXDOMAIN
    const left = Math.max(0, Math.round((finding.expires - now) / 1000))
    const records = (rrset: RRset) =>
      rrsetToRecords(rrset, { ttl: Math.min(left, rrset.ttl), signatures: request.dnssecOk })
    const { outcome } = finding
    if (outcome.kind === 'rrset') {
      answers.push(...records(outcome.rrset))
      if (synthesised !== undefined) answers.push(...records(synthesised))
    } else {
      rcode = outcome.rcode
      if (outcome.soa !== undefined) authorities.push(...records(outcome.soa))
    }
    if (request.dnssecOk) for (const proof of outcome.proofs) authorities.push(...records(proof))
  }
  const findings = links.map((link) => link.finding)
  return {
    rcode,
    answers,
    authorities,
    security: weakestSecurity(findings.map((finding) => finding.evidence.security)),
    provenance: weakest(findings.map((finding) => finding.evidence.provenance)),
    ede: links.flatMap((link) => link.ede),
    findings,
    // AA is about the name that was asked (RFC 1035 section 4.1.1).
    authoritative: findings[0]?.evidence.provenance === 'local',
  }
}
