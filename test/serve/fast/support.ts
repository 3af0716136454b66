/** What the tests of the fast path share: findings, answers of them as the slow path makes them, and a table with its reader. */
import { Class, Ede, type Message, parseName, Rcode, type RRset, Type } from '../../../src/dns/index.ts'
import type { Finding } from '../../../src/evidence/index.ts'
import { compose } from '../../../src/resolver/compose.ts'
import type { Link } from '../../../src/resolver/follow.ts'
import type { Resolution } from '../../../src/resolver/index.ts'
import { encodeReply, errorOptions, replyMessage, withLowerQuestion } from '../../../src/serve/desk/reply.ts'
import { BatchAnswerer } from '../../../src/serve/fast/table/answerer.ts'
import { packAnswer } from '../../../src/serve/fast/table/pack.ts'
import { AnswerTable } from '../../../src/serve/fast/table/table.ts'

export const NOW = 1_790_000_000_000
export const MONOTONIC = 5_000_000

export function rrset(name: string, type: number, rdatas: readonly Uint8Array[], change: Partial<RRset> = {}): RRset {
  return { name: parseName(name), type, class: Class.IN, ttl: 300, rdatas, signatures: [], ...change }
}

export const addresses = (name: string, count = 1, change: Partial<RRset> = {}) =>
  rrset(
    name,
    Type.A,
    Array.from({ length: count }, (_, i) => Uint8Array.of(192, 0, i >> 8, i & 255)),
    change,
  )

export const alias = (name: string, to: string, change: Partial<RRset> = {}) =>
  rrset(name, Type.CNAME, [parseName(to).wire], change)

/** RDATA of an SOA of the zone. */
export function soaOf(zone: string, change: Partial<RRset> = {}): RRset {
  const mname = parseName(`ns1.${zone}`).wire
  const rname = parseName(`hostmaster.${zone}`).wire
  return rrset(zone, Type.SOA, [Uint8Array.of(...mname, ...rname, ...new Uint8Array(20))], change)
}

/** The first 18 bytes of an RRSIG's RDATA, its signer and a signature. */
export const signature = (type: number, signer: string) =>
  Uint8Array.of(
    type >> 8,
    type & 255,
    8,
    2,
    ...new Uint8Array(14),
    ...parseName(signer).wire,
    ...new Uint8Array(64).fill(7),
  )

export function found(name: string, type: number, set: RRset | undefined, change: Partial<Finding> = {}): Finding {
  const question = { name: parseName(name), type, class: Class.IN }
  const outcome =
    set === undefined || set.type === Type.SOA
      ? ({ kind: 'absent', rcode: Rcode.NXDOMAIN, apex: set?.name ?? question.name, soa: set, proofs: [] } as const)
      : ({ kind: 'rrset', rrset: set, apex: set.name, proofs: [] } as const)
  return {
    question,
    outcome,
    evidence: { security: 'insecure', provenance: 'solo', observers: [] },
    expires: NOW + 300_000,
    ...change,
  }
}

/** The answer that the resolver makes of what it found. */
export function resolve(findings: readonly Finding[], query: Message, now = NOW): Resolution {
  const links: Link[] = findings.map((finding) => ({ finding, synthesised: undefined, isTooLong: false, ede: [] }))
  return compose(
    links,
    {
      question: query.questions[0]!,
      recursionDesired: query.rd,
      checkingDisabled: query.cd,
      dnssecOk: query.edns?.do ?? false,
      authenticData: query.ad,
      client: '127.0.0.1',
      signal: new AbortController().signal,
    },
    now,
  )
}

export const OPTIONS = { explain: false, minimalResponses: true, protocol: 'udp' } as const

export function replyOf(findings: readonly Finding[], query: Message, now = NOW): Message {
  return replyMessage({ message: query, question: query.questions[0]! }, resolve(findings, query, now), OPTIONS)
}

/** The bytes that the slow path sends. */
export function slowReply(findings: readonly Finding[], query: Message, now = NOW): Uint8Array {
  return slowReplyOf(resolve(findings, query, now), query)
}

export function slowReplyOf(resolution: Resolution, query: Message): Uint8Array {
  const reply = replyMessage({ message: query, question: query.questions[0]! }, resolution, OPTIONS)
  return encodeReply(reply, query, 'udp')
}

/** What the operator answers himself. */
export function localAnswer(name: string, all: readonly string[], why: string): Resolution {
  return {
    rcode: Rcode.NOERROR,
    answers: all.map((text) => ({
      name: parseName(name),
      type: Type.A,
      class: Class.IN,
      ttl: 3_600,
      rdata: Uint8Array.from(text.split('.').map(Number)),
    })),
    authorities: [],
    security: 'insecure',
    provenance: 'local',
    ede: [{ code: Ede.BLOCKED, text: why }],
    findings: [],
    authoritative: true,
  }
}

export const STRIDE = 5_440
const MAX_REPLY = 1_232

/** A table, and a reader that answers one batch of queries at a time. */
export class TableBench {
  readonly table: AnswerTable
  readonly answerer: BatchAnswerer
  readonly buffer = new Uint8Array(new ArrayBuffer(64 * STRIDE))

  constructor(bytes = 1_048_576) {
    this.table = new AnswerTable({ bytes, seed: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })
    this.answerer = new BatchAnswerer(this.table.shared, {
      buffer: this.buffer,
      stride: STRIDE,
      most: 64,
      maxReply: MAX_REPLY,
      minReply: 512,
      takesCookies: true,
    })
  }

  /** As the desk does when it has answered. False when the table is not for it. */
  keep(findings: readonly Finding[], query: Message, now = NOW): boolean {
    return this.keepResolution(resolve(findings, query, now), query, now)
  }

  keepResolution(resolution: Resolution, query: Message, now = NOW): boolean {
    const reply = replyMessage({ message: query, question: query.questions[0]! }, resolution, OPTIONS)
    const times = { now, monotonic: now - NOW + MONOTONIC }
    const options = errorOptions(resolution, OPTIONS)
    const answer = packAnswer({ reply: withLowerQuestion(reply), resolution, options }, times, MAX_REPLY)
    return answer !== undefined && this.table.put(answer, this.table.stamp)
  }

  /** What a worker answers; undefined for a miss. */
  ask(queries: readonly Uint8Array[], now = NOW): (Uint8Array | undefined)[] {
    const sizes = new Int32Array(64)
    for (const [j, query] of queries.entries()) {
      this.buffer.fill(0xee, j * STRIDE, (j + 1) * STRIDE)
      this.buffer.set(query, j * STRIDE)
      sizes[j] = query.length
    }
    this.answerer.answer(queries.length, sizes, 0, 1, now - NOW + MONOTONIC)
    return queries.map((_, j) => {
      const length = this.answerer.lengths[j]!
      return length === 0 ? undefined : this.buffer.slice(j * STRIDE, j * STRIDE + length)
    })
  }

  askOne(query: Uint8Array, now = NOW): Uint8Array | undefined {
    return this.ask([query], now)[0]
  }
}
