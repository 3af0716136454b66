/** Puts the links together to one answer with the seconds that are left. */
import { Rcode, type ResourceRecord, type RRset, rrsetKey, rrsetToRecords, sameName } from '../dns/index.ts'
import { weakest, weakestSecurity } from '../evidence/index.ts'
import type { Link } from './follow.ts'
import type { Resolution, ResolveRequest } from './types.ts'

export function compose(links: readonly Link[], request: ResolveRequest, now: number): Resolution {
  const answers: ResourceRecord[] = []
  const authorities: ResourceRecord[] = []
  const answered = new Set<string>()
  const shown = new Set<string>()
  let rcode: number = Rcode.NOERROR
  for (const { finding, synthesised, isTooLong } of links) {
    if (isTooLong) rcode = Rcode.YXDOMAIN
    const left = Math.max(0, Math.round((finding.expires - now) / 1000))
    // An RRset stands in a section once, however many links use it (RFC 2181 section 5): a DNAME may apply again and again.
    const records = (rrset: RRset, seen: Set<string>) => {
      const key = rrsetKey(rrset.name, rrset.type, rrset.class)
      if (seen.has(key)) return []
      seen.add(key)
      return rrsetToRecords(rrset, { ttl: Math.min(left, rrset.ttl), signatures: request.dnssecOk })
    }
    const { outcome, question } = finding
    if (outcome.kind === 'rrset') {
      const { rrset } = outcome
      // Further links stand under the name that the link before leads to, in its letters: not in those that a server was asked in.
      const isAlike = finding !== links[0]?.finding && sameName(rrset.name, question.name)
      answers.push(...records(isAlike ? { ...rrset, name: question.name } : rrset, answered))
      if (synthesised !== undefined) answers.push(...records(synthesised, answered))
    } else {
      rcode = outcome.rcode
      if (outcome.soa !== undefined) authorities.push(...records(outcome.soa, shown))
    }
    if (request.dnssecOk) for (const proof of outcome.proofs) authorities.push(...records(proof, shown))
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
    ...(links.some((link) => link.isForAll === false) && { isForAll: false }),
  }
}
