/** What is to be done with a packet, before anything is looked up. Pure: RFC 1035, 6891, 6895, 8482, 8914. */

import { isChordnsError } from '../../base/index.ts'
import {
  Class,
  decodeMessage,
  Ede,
  type EdnsOption,
  edeOption,
  type Message,
  Opcode,
  OptionCode,
  peekHeader,
  type Question,
  Rcode,
  Type,
} from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { IdentityOptions, Protocol } from '../types.ts'
import { hasMalformedCookie } from './cookies.ts'
import { type Designation, designatedRecords } from './designated.ts'
import { chaosRecords } from './identity.ts'

/** What is known about the sender beside its bytes. */
export interface Sender {
  readonly allowed: boolean
  readonly protocol: Protocol
  readonly port: number
  /** What may be said of this server. */
  readonly identity?: IdentityOptions | undefined
  /** NOTIFY is listened to. */
  readonly mayNotify?: boolean | undefined
  /** Over which encrypted ways this server answers. */
  readonly designation?: Designation | undefined
}

/** A query that the resolver is to answer. */
export interface Query {
  readonly message: Message
  readonly question: Question
}

/** A packet whose reply is known at once. */
export interface Answered {
  readonly kind: 'reply'
  readonly because: 'malformed' | 'refused' | 'answered'
  readonly query: Message | undefined
  readonly reply: Message
}

/** What is done with a packet. */
export type PacketClass =
  /** No reply: short, an answer, or from port 0, which is nobody's. */
  | { readonly kind: 'drop' }
  | Answered
  | { readonly kind: 'ask'; readonly query: Query }
  /** A zone says that it has changed (RFC 1996), or its CDS set (RFC 9859). `otherwise`: what is replied to whoever has no business to say so. */
  | { readonly kind: 'notify'; readonly query: Query; readonly otherwise: Answered }

/** IANA registry; RFC 9824 section 3.4 asks for it. */
const EDE_INVALID_QUERY_TYPE = 30
/** NXNAME, a meta type that exists in NSEC bitmaps only (RFC 9824). */
const TYPE_NXNAME = 128

/** Says what to do with one packet. Never throws for what a packet contains. */
export function classify(packet: Uint8Array, sender: Sender): PacketClass {
  const header = peekHeader(packet)
  // An answer is never answered, or two servers talk for ever; port 0 cannot receive (RFC 768), only reflect.
  if (header === undefined || header.qr || sender.port === 0) return { kind: 'drop' }

  const query = decode(packet)
  const bare = query ?? bareMessage(packet)
  // The servers of a zone are no clients: who they are is looked at elsewhere.
  if (query !== undefined && sender.mayNotify === true && isNotify(query)) return notify(query, sender)
  if (!sender.allowed) return refuse(bare, Rcode.REFUSED, Ede.PROHIBITED)
  // UPDATE and NOTIFY bodies have their own shapes: only the header counts.
  if (bare.opcode !== Opcode.QUERY)
    return { kind: 'reply', because: 'refused', query, reply: replyTo(bare, Rcode.NOTIMP) }
  if (query === undefined) return formerr(bare)

  const question = query.questions[0]
  if (question === undefined || query.questions.length !== 1) return formerr(query)
  if (query.edns !== undefined && query.edns.version !== 0) {
    return { kind: 'reply', because: 'refused', query, reply: replyTo(query, Rcode.BADVERS) }
  }
  if (hasMalformedCookie(query)) return formerr(query)
  return classifyQuestion(query, question, sender)
}

function classifyQuestion(query: Message, question: Question, { identity = {}, designation }: Sender): PacketClass {
  const answers = chaosRecords(question, identity) ?? (designation && designatedRecords(question, designation))
  if (answers !== undefined) {
    const reply = { ...replyTo(query, Rcode.NOERROR), aa: true, answers }
    return { kind: 'reply', because: 'answered', query, reply }
  }
  if (question.class !== Class.IN) return refuse(query, Rcode.REFUSED, Ede.NOT_SUPPORTED)
  switch (question.type) {
    case 0:
    case Type.OPT:
    case Type.TSIG:
      return formerr(query)
    case TYPE_NXNAME:
      return formerr(query, EDE_INVALID_QUERY_TYPE)
    default:
      // What is left of 128-255 are meta types: transfers and obsolete mail types (RFC 6895 section 3.1).
      if (question.type > TYPE_NXNAME && question.type < Type.ANY)
        return refuse(query, Rcode.REFUSED, Ede.NOT_SUPPORTED)
      return { kind: 'ask', query: { message: query, question } }
  }
}

/** A reply without records: id, opcode, RD, CD and question as asked; OPT only if the query had one. */
export function replyTo(query: Message, rcode: number, options: readonly EdnsOption[] = []): Message {
  const reply: Message = {
    id: query.id,
    qr: true,
    opcode: query.opcode,
    aa: false,
    tc: false,
    rd: query.rd,
    ra: true,
    ad: false,
    cd: query.cd,
    rcode,
    questions: query.questions.slice(0, 1),
    answers: [],
    authorities: [],
    additionals: [],
  }
  if (query.edns === undefined) return reply
  return { ...reply, edns: { udpSize: limits.MAX_UDP_REPLY, version: 0, do: query.edns.do, options } }
}

function isNotify({ opcode, questions: [question, ...more], edns }: Message): boolean {
  const isOne = question !== undefined && more.length === 0 && (edns === undefined || edns.version === 0)
  const isKnown = question?.type === Type.SOA || question?.type === Type.CDS
  return opcode === Opcode.NOTIFY && isOne && isKnown && question.class === Class.IN
}

function notify(query: Message, { allowed }: Sender): PacketClass {
  const otherwise = refuse(query, Rcode.REFUSED, allowed ? Ede.NOT_AUTHORITATIVE : Ede.PROHIBITED)
  return { kind: 'notify', query: { message: query, question: query.questions[0]! }, otherwise }
}

function refuse(query: Message, rcode: number, ede: number): Answered {
  return { kind: 'reply', because: 'refused', query, reply: replyTo(query, rcode, [edeOption({ code: ede })]) }
}

function formerr(query: Message, ede?: number): Answered {
  const options = ede === undefined ? [] : [edeOption({ code: ede })]
  return { kind: 'reply', because: 'malformed', query, reply: replyTo(query, Rcode.FORMERR, options) }
}

function decode(packet: Uint8Array): Message | undefined {
  try {
    return decodeMessage(packet)
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return undefined
    throw error
  }
}

/** The header of a packet whose rest cannot be read, as a message without sections. */
function bareMessage(packet: Uint8Array): Message {
  return {
    id: packet[0]! * 256 + packet[1]!,
    qr: false,
    opcode: (packet[2]! >> 3) & 15,
    aa: false,
    tc: false,
    rd: (packet[2]! & 1) !== 0,
    ra: false,
    ad: false,
    cd: (packet[3]! & 0x10) !== 0,
    rcode: 0,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
  }
}

/** True when a TCP client asked for the idle time-out (RFC 7828 section 3.2). */
export function wantsKeepalive(query: Message): boolean {
  return query.edns?.options.some(({ code, data }) => code === OptionCode.KEEPALIVE && data.length === 0) ?? false
}
