/**
 * A finished answer of the resolver -> what the table keeps of it, or undefined when the table is not for it. Pure.
 *
 * Not kept: what the answer of the next moment may differ from for other reasons than time and the cache. Local names, ANY, answers with
 * extended errors (stale, inferred, served though bogus), failures, DNS64, tests of root keys.
 */
import {
  encodeMessage,
  type Message,
  Rcode,
  type ResourceRecord,
  type RRset,
  sameName,
  Type,
} from '../../../dns/index.ts'
import type { Resolution } from '../../../resolver/index.ts'
import { FLAG_SECURE, FLAG_TOO_LONG, RCODE_SHIFT, VARIANT_CD, VARIANT_DO } from './layout.ts'
import type { TableAnswer, TtlGroup } from './table.ts'

type Finding = Resolution['findings'][number]

/** Times that the answer is seen at: by the wall clock, which findings go by, and by the monotonic one, which the table goes by. */
export interface PackTimes {
  readonly now: number
  readonly monotonic: number
}

const HEADER_BYTES = 12
/** In the last part of its life the main thread is told that an answer is still asked for; it looks itself whether it is time. */
const HINT_SHARE = 0.095
/** What ends sooner is over before it is asked for again. */
const LEAST_LIFE_MS = 1_000
/** Moments go round at 2^32 ms and are compared by their difference. */
const MOST_LIFE_MS = 2 ** 30
const MAX_LINKS = 16
const MAX_RECORDS = 120
/** What is known by other means than the cache. */
const NOT_KEPT: readonly string[] = ['local', 'ledger']
const SENTINEL = 'root-key-sentinel-'

/** `reply`: what goes to the client, whole, with the question in lower case. */
export function packAnswer(
  reply: Message,
  resolution: Resolution,
  { now, monotonic }: PackTimes,
  maxReply: number,
): TableAnswer | undefined {
  const question = reply.questions[0]
  const { findings } = resolution
  if (question === undefined || !isOfTheCache(reply, resolution) || question.type === Type.ANY) return undefined
  if (findings.length === 0 || findings.length > MAX_LINKS || !sameName(findings[0]!.question.name, question.name))
    return undefined
  if (question.name.key.slice(1).startsWith(SENTINEL)) return undefined
  const expires = Math.min(...findings.map((finding) => finding.expires))
  const life = expires - now
  const { answers, authorities, additionals, edns, ...head } = reply
  if (life < LEAST_LIFE_MS || life > MOST_LIFE_MS || additionals.length > 0) return undefined
  if (answers.length > MAX_RECORDS || authorities.length > MAX_RECORDS) return undefined
  const bytes = encodeMessage({ ...head, answers, authorities, additionals: [] })
  const start = HEADER_BYTES + question.name.wire.length + 4
  const isTooLong = bytes.length > maxReply
  const shift = monotonic - now
  const records = [...answers, ...authorities]
  const groups = isTooLong ? [] : groupsOf(records, findings, ttlOffsets(bytes, start, records.length), now)
  if (groups === undefined) return undefined
  return {
    name: question.name.wire,
    type: question.type,
    variant: (edns?.do === true ? VARIANT_DO : 0) | (reply.cd ? VARIANT_CD : 0),
    flags:
      (resolution.security === 'secure' ? FLAG_SECURE : 0) |
      (isTooLong ? FLAG_TOO_LONG : 0) |
      (reply.rcode << RCODE_SHIFT),
    answers: isTooLong ? 0 : answers.length,
    authorities: isTooLong ? 0 : authorities.length,
    bytes: isTooLong ? new Uint8Array() : bytes.subarray(start),
    groups: groups.map((group) => ({ ...group, expires: Math.floor(group.expires + shift) })),
    links: findings.slice(1).map((finding) => finding.question.name.wire),
    expires: Math.floor(expires + shift),
    hintFrom: Math.floor(Math.min(...findings.map(hintFrom)) + shift),
  }
}

function isOfTheCache(reply: Message, resolution: Resolution): boolean {
  const { rcode, ede, authoritative, provenance, findings } = resolution
  if (rcode !== reply.rcode || (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN)) return false
  if (!reply.rd || reply.aa || reply.tc || reply.opcode !== 0 || authoritative || ede.length > 0) return false
  return provenance !== 'local' && findings.every(({ evidence }) => !NOT_KEPT.includes(evidence.provenance))
}

/** The records by the time they end and their TTL of now; undefined when one of them is of no finding, or its TTL is not explained by it. */
function groupsOf(
  records: readonly ResourceRecord[],
  findings: readonly Finding[],
  offsets: readonly number[],
  now: number,
): TtlGroup[] | undefined {
  const groups = new Map<string, TtlGroup & { offsets: number[] }>()
  for (const [index, record] of records.entries()) {
    const finding = findings.find((one) => holds(one, record))
    if (finding === undefined) return undefined
    const { expires } = finding
    if (record.ttl > Math.round((expires - now) / 1000)) return undefined
    const key = `${expires}/${record.ttl}`
    const group = groups.get(key) ?? { expires, ttl: record.ttl, offsets: [] }
    group.offsets.push(offsets[index]!)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** The first link that has the set is the one that the answer has it from. */
function holds({ question, outcome }: Finding, record: ResourceRecord): boolean {
  const own = outcome.kind === 'rrset' ? outcome.rrset : outcome.soa
  const sets = own === undefined ? outcome.proofs : [own, ...outcome.proofs]
  if (sets.some((set) => isOf(set, record))) return true
  // The alias that a DNAME stands for.
  return own?.type === Type.DNAME && record.type === Type.CNAME && sameName(record.name, question.name)
}

function isOf({ name, type }: RRset, record: ResourceRecord): boolean {
  if (!sameName(name, record.name)) return false
  if (record.type !== Type.RRSIG || type === Type.RRSIG) return record.type === type
  return ((record.rdata[0]! << 8) | record.rdata[1]!) === type
}

function hintFrom({ outcome, expires }: Finding): number {
  const set = outcome.kind === 'rrset' ? outcome.rrset : outcome.soa
  return expires - (set?.ttl ?? 0) * 1000 * HINT_SHARE
}

/** Where the TTLs stand, counted from `start`. The bytes are of our own encoder. */
function ttlOffsets(bytes: Uint8Array, start: number, count: number): number[] {
  const offsets: number[] = []
  let at = start
  for (let i = 0; i < count; i++) {
    while (bytes[at]! > 0 && bytes[at]! < 0xc0) at += bytes[at]! + 1
    at += bytes[at] === 0 ? 1 : 2
    offsets.push(at + 4 - start)
    at += 10 + ((bytes[at + 8]! << 8) | bytes[at + 9]!)
  }
  return offsets
}
