/** What a client is told of a name that is blocked or rewritten. */
import {
  addressRdata,
  buildRdata,
  Class,
  parseName,
  type Question,
  Rcode,
  type ResourceRecord,
  Type,
} from '../../dns/index.ts'
import type { Rewrite } from '../rules.ts'
import type { AnswerMode, FilterAnswer } from '../types.ts'

/** Rewrites of the same name, put together. */
export function rewritten(question: Question, rewrites: readonly Rewrite[], ttl: number, list: string): FilterAnswer {
  const [first] = rewrites
  const alias = rewrites.find((one) => one.alias !== undefined)?.alias
  const all = rewrites.flatMap(({ records }) => records)
  const only = first === undefined ? Rcode.NXDOMAIN : first.rcode
  if (alias === undefined && all.length === 0) return { ...withRcode(question, only, ttl), list, verdict: 'blocked' }
  const records =
    alias !== undefined
      ? [record(question, Type.CNAME, alias, ttl)]
      : all.filter(({ type }) => type === question.type).map(({ type, rdata }) => record(question, type, rdata, ttl))
  const authorities = records.length === 0 ? [soa(question, ttl)] : []
  return { rcode: Rcode.NOERROR, answers: records, authorities, list, verdict: 'rewritten' }
}

export function blocked(question: Question, mode: AnswerMode, ttl: number, list: string): FilterAnswer {
  const { type } = question
  if (mode === 'nxdomain') return { ...withRcode(question, Rcode.NXDOMAIN, ttl), list, verdict: 'blocked' }
  if (mode === 'refused') return { ...withRcode(question, Rcode.REFUSED, ttl), list, verdict: 'blocked' }
  const rdata = mode === 'nodata' ? undefined : addressOf(type, mode)
  const answers = rdata === undefined ? [] : [record(question, type, rdata, ttl)]
  const authorities = rdata === undefined ? [soa(question, ttl)] : []
  return { rcode: Rcode.NOERROR, answers, authorities, list, verdict: 'blocked' }
}

function withRcode(question: Question, rcode: number, ttl: number) {
  const isAbsence = rcode === Rcode.NXDOMAIN || rcode === Rcode.NOERROR
  return { rcode, answers: [], authorities: isAbsence ? [soa(question, ttl)] : [] }
}

function addressOf(type: number, mode: Exclude<AnswerMode, 'nxdomain' | 'nodata' | 'refused'>): Uint8Array | undefined {
  if (type !== Type.A && type !== Type.AAAA) return undefined
  if (mode === 'null') return new Uint8Array(type === Type.A ? 4 : 16)
  const text = type === Type.A ? mode.ipv4 : mode.ipv6
  return text === undefined ? undefined : addressRdata(text).rdata
}

function record({ name }: Question, type: number, rdata: Uint8Array, ttl: number): ResourceRecord {
  return { name, type, class: Class.IN, ttl, rdata }
}

/** So that the stub may remember what is not there (RFC 2308), as long as the rest. */
function soa({ name }: Question, ttl: number): ResourceRecord {
  return {
    name,
    type: Type.SOA,
    class: Class.IN,
    ttl,
    rdata: buildRdata({ type: Type.SOA, ...SOA_FIELDS, minimum: ttl }),
  }
}

const SOA_FIELDS = {
  mname: parseName('localhost'),
  rname: parseName('nobody.invalid'),
  serial: 1,
  refresh: 3600,
  retry: 1200,
  expire: 604_800,
}
