/**
 * A finished answer of the resolver -> what the table keeps of it, or undefined when the table is not for it. Pure.
 *
 * Not kept: what the answer of the next moment may differ from for other reasons than time and the cache. ANY, answers of the world with
 * extended errors (inferred, served though bogus), failures, DNS64, aliases of the operator's that lead into the world, tests of root keys. Stale
 * answers are kept for a moment, with the error that says so.
 */
import { concatBytes } from '../../../base/index.ts'
import {
  Ede,
  type EdnsOption,
  encodeMessage,
  type Message,
  Rcode,
  type ResourceRecord,
  type RRset,
  sameName,
  Type,
} from '../../../dns/index.ts'
import type { Resolution } from '../../../resolver/index.ts'
import { limits } from '../../limits.ts'
import { FLAG_AUTHORITATIVE, FLAG_SECURE, FLAG_TOO_LONG, RCODE_SHIFT, VARIANT_CD, VARIANT_DO } from './layout.ts'
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
/** Moments have a field of 32 bits, go round, and are compared by their difference. */
const MOST_LIFE_MS = 2 ** 30
/** How long what is configured is given before the main thread is asked once more. */
const LOCAL_LIFE_MS = 3_600_000
/** How long a stale answer is given before the authorities are tried once more: as long as a failure is remembered at most (RFC 8767 section 5 allows 30 s). */
const STALE_LIFE_MS = 5_000
const MAX_LINKS = limits.TABLE_LINKS
const MAX_RECORDS = limits.TABLE_RECORDS
/** What is known by other means than the cache. */
const NOT_KEPT: readonly string[] = ['local', 'ledger']
const SENTINEL = 'root-key-sentinel-'

/** What is to be kept. */
export interface AnswerToKeep {
  /** What goes to the client, whole, with the question in lower case. */
  readonly reply: Message
  readonly resolution: Resolution
  /** What OPT carries for any client that has one. */
  readonly options: readonly EdnsOption[]
}

export function packAnswer(answered: AnswerToKeep, times: PackTimes, maxReply: number): TableAnswer | undefined {
  const { reply, resolution } = answered
  const question = reply.questions[0]
  const { rcode } = resolution
  if (question === undefined || question.type === Type.ANY || reply.additionals.length > 0) return undefined
  if (rcode !== reply.rcode || (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN)) return undefined
  if (!reply.rd || reply.tc || reply.opcode !== 0) return undefined
  if (reply.answers.length > MAX_RECORDS || reply.authorities.length > MAX_RECORDS) return undefined
  if (question.name.key.slice(1).startsWith(SENTINEL)) return undefined
  return isLocal(answered) ? packLocal(answered, times, maxReply) : packCached(answered, times, maxReply)
}

/** What the operator configured stays as it is until the whole table is dropped: its TTLs do not count down. */
function packLocal(answered: AnswerToKeep, { monotonic }: PackTimes, maxReply: number): TableAnswer | undefined {
  const body = bodyOf(answered, maxReply)
  if (body.records.some(({ ttl }) => ttl * 1000 > MOST_LIFE_MS - LOCAL_LIFE_MS)) return undefined
  const expires = Math.floor(monotonic) + LOCAL_LIFE_MS
  const groups = body.records.map(({ ttl }, i) => ({ expires: expires + ttl * 1000, ttl, offsets: [body.offsets[i]!] }))
  return { ...body.answer, groups, links: [], expires, hintFrom: expires }
}

function packCached(answered: AnswerToKeep, { now, monotonic }: PackTimes, maxReply: number): TableAnswer | undefined {
  const { reply, resolution } = answered
  const { findings } = resolution
  const question = reply.questions[0]!
  if (!isOfTheCache(answered) || findings.length === 0 || findings.length > MAX_LINKS) return undefined
  if (!sameName(findings[0]!.question.name, question.name)) return undefined
  const ends = Math.min(...findings.map((finding) => finding.expires))
  const isOld = isStale(resolution)
  const expires = isOld ? Math.min(ends, now + STALE_LIFE_MS) : ends
  if (expires - now < LEAST_LIFE_MS || expires - now > MOST_LIFE_MS) return undefined
  const body = bodyOf(answered, maxReply)
  const groups = groupsOf(body.records, findings, body.offsets, now)
  if (groups === undefined) return undefined
  const shift = monotonic - now
  return {
    ...body.answer,
    groups: groups.map((group) => ({ ...group, expires: Math.floor(group.expires + shift) })),
    links: findings.slice(1).map((finding) => finding.question.name.wire),
    expires: Math.floor(expires + shift),
    hintFrom: Math.floor((isOld ? expires : Math.min(...findings.map(hintFrom))) + shift),
  }
}

interface Body {
  readonly answer: Omit<TableAnswer, 'groups' | 'links' | 'expires' | 'hintFrom'>
  /** Those that stand in it; none when it is too long for UDP. */
  readonly records: readonly ResourceRecord[]
  /** Where the TTL of each stands. */
  readonly offsets: readonly number[]
}

function bodyOf({ reply, resolution, options }: AnswerToKeep, maxReply: number): Body {
  const { answers, authorities, additionals, edns, ...head } = reply
  const { name, type } = head.questions[0]!
  const bytes = encodeMessage({ ...head, answers, authorities, additionals: [] })
  const start = HEADER_BYTES + name.wire.length + 4
  const isTooLong = bytes.length > maxReply
  const records = isTooLong ? [] : [...answers, ...authorities]
  const flags =
    (resolution.security === 'secure' ? FLAG_SECURE : 0) |
    (isTooLong ? FLAG_TOO_LONG : 0) |
    (reply.aa ? FLAG_AUTHORITATIVE : 0) |
    (reply.rcode << RCODE_SHIFT)
  return {
    answer: {
      name: name.wire,
      type,
      variant: (edns?.do === true ? VARIANT_DO : 0) | (reply.cd ? VARIANT_CD : 0),
      flags,
      answers: isTooLong ? 0 : answers.length,
      authorities: isTooLong ? 0 : authorities.length,
      bytes: isTooLong ? new Uint8Array() : bytes.subarray(start),
      options: optionBytes(options),
    },
    records,
    offsets: ttlOffsets(bytes, start, records.length),
  }
}

function optionBytes(options: readonly EdnsOption[]): Uint8Array {
  return concatBytes(
    ...options.map(({ code, data }) =>
      concatBytes(Uint8Array.of(code >> 8, code & 255, data.length >> 8, data.length & 255), data),
    ),
  )
}

/** From what the operator configured, or a special-use name, and nothing else. */
function isLocal({ reply, resolution: { provenance, authoritative, findings } }: AnswerToKeep): boolean {
  return provenance === 'local' && authoritative && reply.aa && findings.length === 0
}

function isOfTheCache({ reply, resolution }: AnswerToKeep): boolean {
  const { ede, authoritative, provenance, findings } = resolution
  if (reply.aa || authoritative || (ede.length > 0 && !isStale(resolution))) return false
  return provenance !== 'local' && findings.every(({ evidence }) => !NOT_KEPT.includes(evidence.provenance))
}

/** Served though its time is over (RFC 8767), since the authorities did not answer in time; and for no other reason extraordinary. */
export function isStale({ ede }: Resolution): boolean {
  return ede.length > 0 && ede.every(({ code }) => code === Ede.STALE_ANSWER || code === Ede.STALE_NXDOMAIN)
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
