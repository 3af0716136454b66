/** What is answered without recursion (RD=0) although it is not this node's own. Pure. */
import { Class, type ExtendedError, type Name, type Question, Rcode, ROOT, rrsetToRecords, Type } from '../dns/index.ts'
import { limits } from './limits.ts'
import type { Resolution } from './types.ts'

/**
 * The name servers of the root, which `dig +trace` begins with. They are the same everywhere, so that nobody learns by them what
 * was asked here (cache snooping); of all other names that would be so.
 */
export function isPublic({ name, type, class: classNumber }: Question): boolean {
  return name.labels === 0 && type === Type.NS && classNumber === Class.IN
}

/** The same by the hints, for when the root cannot be asked: they are public, too, and good enough to begin with. `why` it is so. */
export function hintedStart(servers: readonly Name[], why: readonly ExtendedError[]): Resolution {
  const ttl = limits.STALE_TTL_SECONDS
  const rrset = {
    name: ROOT,
    type: Type.NS,
    class: Class.IN,
    ttl,
    rdatas: servers.map(({ wire }) => wire),
    signatures: [],
  }
  return {
    rcode: Rcode.NOERROR,
    answers: rrsetToRecords(rrset, { ttl, signatures: false }),
    authorities: [],
    security: 'indeterminate',
    provenance: undefined,
    ede: why,
    findings: [],
    authoritative: false,
  }
}
