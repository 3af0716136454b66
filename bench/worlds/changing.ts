/**
 * Names whose records change while they are asked for, and what is a right answer at a moment. A changing address says when it was true: the last two octets
 * are the number of its period, so that an answer that is older than its TTL gives itself away.
 */
import {
  canonicalName,
  decodeMessage,
  type Message,
  parseName,
  Rcode,
  type ResourceRecord,
  sameName,
  Type,
} from '../../src/dns/index.ts'
import { type Behaviour, signWorld, simpleSpec, type WorldSpec } from '../lib/world-parts.ts'

/** How long a changing address stays as it is. */
export const PERIOD_MS = 7_000
/** Whole seconds of TTLs, the way of a reply, and turns of a busy machine. */
export const SLACK_MS = 1_500
const PLAIN = 'soak.org'
const SIGNED = 'sealed.org'
const TTL = { fixed: 30, changing: 20, alias: 10, long: 60, absent: 5, sealed: 30 } as const
const SERVER = `ns1.${PLAIN}`
const FIRST = [198, 51]
const LONG_TEXT = Array.from({ length: 7 }, (_, i) => `"${String(i).repeat(200)}"`).join(' ')

export type Kind = keyof typeof TTL
export const KINDS = Object.keys(TTL) as readonly Kind[]

export function questionOf(kind: Kind, number: number): { readonly name: string; readonly type: number } {
  const zone = kind === 'sealed' ? SIGNED : `${kind}.${PLAIN}`
  return { name: `host${number}.${zone}`, type: kind === 'long' ? Type.TXT : Type.A }
}

/** `now`: the monotonic time that answers are judged by, ms. */
export function changingWorld(port: number, now: () => number): { readonly spec: WorldSpec; readonly anchor: string } {
  const plain = [
    `*.fixed ${TTL.fixed} A 192.0.2.7`,
    `*.changing ${TTL.changing} A ${FIRST.join('.')}.0.0`,
    `*.alias ${TTL.alias} CNAME target.changing.${PLAIN}.`,
    `*.long ${TTL.long} TXT ${LONG_TEXT}`,
    `absent ${TTL.absent} TXT "nothing below"`,
  ]
  const zones = { 'org.': '', [`${PLAIN}.`]: plain.join('\n'), [`${SIGNED}.`]: `* ${TTL.sealed} A 192.0.2.7` }
  const behaviours: Record<string, Behaviour> = {
    [SERVER]: {
      tamper: (reply) => [
        {
          reply: {
            ...reply,
            answers: reply.answers.map((one) => changed(one, periodAt(now()))),
            authorities: reply.authorities.map(briefly),
          },
        },
      ],
    },
  }
  const signed = signWorld(simpleSpec(zones, { port, behaviours }), { '.': {}, 'org.': {}, [`${SIGNED}.`]: {} })
  return { spec: signed.spec, anchor: signed.anchorText }
}

export function periodAt(ms: number): number {
  return Math.floor(ms / PERIOD_MS) & 0xffff
}

function isChanging({ type, rdata }: ResourceRecord): boolean {
  return type === Type.A && FIRST.every((octet, i) => rdata[i] === octet)
}

function changed(record: ResourceRecord, period: number): ResourceRecord {
  return isChanging(record) ? { ...record, rdata: Uint8Array.of(...FIRST, period >> 8, period & 255) } : record
}

/** An absence is known for as long as its SOA says. */
function briefly(record: ResourceRecord): ResourceRecord {
  return record.type === Type.SOA ? { ...record, ttl: TTL.absent } : record
}

/** What was asked, and between which moments the answer came. */
export interface Asked {
  readonly kind: Kind
  readonly query: Message
  readonly queryBytes: Uint8Array
  readonly receivedAt: number
}

/** What is wrong with a reply; undefined: nothing. */
export function faultOf(bytes: Uint8Array, { kind, query, queryBytes, receivedAt }: Asked): string | undefined {
  const question = query.questions[0]!
  const end = 12 + question.name.wire.length + 4
  if (bytes.length < end || !same(bytes, queryBytes, 0, 2) || !same(bytes, queryBytes, 12, end))
    return 'another question'
  let reply: Message
  try {
    reply = decodeMessage(bytes)
  } catch (error) {
    return `octets that are no message: ${String(error)}`
  }
  if (!reply.qr || !reply.ra || reply.rd !== query.rd || reply.cd !== query.cd) return 'wrong flags'
  if ((reply.edns === undefined) !== (query.edns === undefined)) return 'OPT where none was, or none where one was'
  const wantsProof = query.edns?.do === true
  if (reply.ad !== (kind === 'sealed' && (wantsProof || query.ad))) return `AD is ${reply.ad}`
  if (reply.rcode !== (kind === 'absent' ? Rcode.NXDOMAIN : Rcode.NOERROR)) return `rcode ${reply.rcode}`
  if (kind === 'long') return reply.tc && reply.answers.length === 0 ? undefined : 'a long answer that is not cut'
  if (reply.tc) return 'a short answer that is cut'
  return faultOfRecords(reply, kind, wantsProof, receivedAt)
}

function faultOfRecords(reply: Message, kind: Kind, wantsProof: boolean, receivedAt: number): string | undefined {
  const { answers, authorities } = reply
  const proofs = [...answers, ...authorities].filter(({ type }) => type === Type.RRSIG || type === Type.NSEC)
  if (proofs.length > 0 !== (kind === 'sealed' && wantsProof)) return `${proofs.length} proofs`
  const records = answers.filter(({ type }) => type !== Type.RRSIG)
  if (kind === 'absent') return records.length > 0 ? 'an answer where nothing is' : undefined
  const asked = reply.questions[0]!.name
  const expected = kind === 'alias' ? [Type.CNAME, Type.A] : [Type.A]
  if (records.map(({ type }) => type).join() !== expected.join())
    return `records of types ${records.map(({ type }) => type).join()}`
  if (!sameName(records[0]!.name, asked)) return 'an answer of another name'
  if (kind === 'alias' && canonicalName(records[1]!.name).key !== parseName(`target.changing.${PLAIN}`).key)
    return 'an alias that leads elsewhere'
  for (const record of records) {
    const fault = faultOfRecord(record, kind, receivedAt)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultOfRecord(record: ResourceRecord, kind: Kind, receivedAt: number): string | undefined {
  const most = record.type === Type.CNAME ? TTL.alias : kind === 'alias' ? TTL.changing : TTL[kind]
  if (record.ttl > most) return `a TTL of ${record.ttl}, above ${most}`
  if (record.type === Type.CNAME) return undefined
  const isMoving = kind === 'changing' || kind === 'alias'
  if (isMoving !== isChanging(record)) return `the address ${record.rdata.join('.')}`
  if (!isMoving) return record.rdata.join('.') === '192.0.2.7' ? undefined : `the address ${record.rdata.join('.')}`
  const behind = (periodAt(receivedAt) - ((record.rdata[2]! << 8) | record.rdata[3]!)) & 0xffff
  if (behind > 0x8000) return 'an address of the future'
  // It was still true when its period ended, and may be given for its TTL from then on, however much of that the reply claims.
  const over = behind === 0 ? 0 : (receivedAt % PERIOD_MS) + (behind - 1) * PERIOD_MS
  if (over + Math.max(0, record.ttl - 1) * 1000 > most * 1000 + SLACK_MS)
    return `an address ${Math.round(over)} ms after its end, with a TTL of ${record.ttl}`
  return undefined
}

function same(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * The octets of a reply with nothing in them that two sound replies to one question may differ in: TTLs, which period an address is of, and the options of OPT (whether an answer
 * was inferred from others depends on what was asked before).
 */
export function comparable(bytes: Uint8Array): string {
  const out = Uint8Array.from(bytes)
  const view = new DataView(out.buffer)
  let at = 12
  const skipName = () => {
    while (out[at]! > 0 && out[at]! < 0xc0) at += out[at]! + 1
    at += out[at] === 0 ? 1 : 2
  }
  for (let i = view.getUint16(4); i > 0; i--) {
    skipName()
    at += 4
  }
  for (let i = view.getUint16(6) + view.getUint16(8) + view.getUint16(10); i > 0; i--) {
    skipName()
    const type = view.getUint16(at)
    const length = view.getUint16(at + 8)
    if (type !== Type.OPT) view.setUint32(at + 4, 0)
    if (type === Type.A && FIRST.every((octet, k) => out[at + 10 + k] === octet)) view.setUint16(at + 12, 0)
    if (type === Type.OPT) return Buffer.from(out.subarray(0, at + 8)).toString('latin1')
    at += 10 + length
  }
  return Buffer.from(out).toString('latin1')
}
