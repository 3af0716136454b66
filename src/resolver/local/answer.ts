/** Answers that this node gives by itself: complete, authoritative, and known without asking anybody. */
import {
  buildRdata,
  Class,
  Ede,
  type ExtendedError,
  type Name,
  parseName,
  Rcode,
  type ResourceRecord,
  Type,
} from '../../dns/index.ts'

export interface LocalAnswer {
  readonly rcode: number
  /** One RRset: of the asked type, a CNAME, or a DNAME above the name; empty when there is none. */
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** Where it comes from, for people: `/etc/hosts:12`. */
  readonly detail: string
  readonly ede: readonly ExtendedError[]
}

export function found(answers: readonly ResourceRecord[], detail: string): LocalAnswer {
  return { rcode: Rcode.NOERROR, answers, authorities: [], detail, ede: [] }
}

/** RFC 2308: with a SOA, so that the stub may remember it. `rcode` 3: no such name; 0: nothing of this type. */
export function absent(rcode: 0 | 3, soa: ResourceRecord, detail: string): LocalAnswer {
  return { rcode, answers: [], authorities: [soa], detail, ede: [] }
}

export function refused(detail: string): LocalAnswer {
  return blocked({ rcode: Rcode.REFUSED, answers: [], authorities: [], detail, ede: [] })
}

/** Says that it is the operator who wants it so (RFC 8914 section 4.16). */
export function blocked(answer: LocalAnswer): LocalAnswer {
  return { ...answer, ede: [{ code: Ede.BLOCKED, text: `blocked here by ${answer.detail}` }] }
}

/** RFC 6303 section 3: the SOA of a zone that is only here. `ttl` is its MINIMUM, too. */
export function localSoa(zone: Name, ttl: number): ResourceRecord {
  const rdata = buildRdata({ type: Type.SOA, ...SOA_FIELDS, minimum: ttl })
  return { name: zone, type: Type.SOA, class: Class.IN, ttl, rdata }
}

const SOA_FIELDS = {
  mname: parseName('localhost'),
  rname: parseName('nobody.invalid'),
  serial: 1,
  refresh: 3600,
  retry: 1200,
  expire: 604_800,
}
