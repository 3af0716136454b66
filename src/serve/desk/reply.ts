/** Query + Resolution -> reply message -> bytes. Pure. */
import {
  canonicalName,
  Ede,
  type EdnsOption,
  type ExtendedError,
  edeOption,
  encodeMessage,
  encodeWithin,
  type Message,
  OptionCode,
  Rcode,
  type ResourceRecord,
  sameName,
  Type,
} from '../../dns/index.ts'
import { isPublic, type Resolution } from '../../resolver/index.ts'
import { limits } from '../limits.ts'
import type { Protocol } from '../types.ts'
import { type Query, replyTo, wantsKeepalive } from './etiquette.ts'
import { isEncrypted, paddingBytes, wantsPadding } from './padding.ts'

const HEADER_BYTES = 12

export interface ReplyOptions {
  readonly explain: boolean
  readonly minimalResponses: boolean
  readonly protocol: Protocol
}

/** The whole reply, before it is cut to size. */
export function replyMessage(query: Query, resolution: Resolution, options: ReplyOptions): Message {
  const { message } = query
  const dnssecOk = message.edns?.do === true
  // Without recursion only what is ours may be told: what others asked is nobody's business (cache snooping).
  const ours = resolution.authoritative || resolution.provenance === 'local' || resolution.rcode === Rcode.REFUSED
  if (!message.rd && !ours && !isPublic(query.question))
    return replyTo(message, Rcode.REFUSED, edeOptions([{ code: Ede.NOT_AUTHORITATIVE }]))

  // YXDOMAIN is an answer, too: the DNAME that makes the name too long (RFC 6672 section 2.2).
  const failed = ![Rcode.NOERROR, Rcode.NXDOMAIN, Rcode.YXDOMAIN].some((rcode) => rcode === resolution.rcode)
  const wantsAd = message.ad || dnssecOk
  const wanted = (record: ResourceRecord) => dnssecOk || !isProof(record) || record.type === query.question.type
  const extras = [...errorOptions(resolution, options), ...keepalive(message, options)]
  return {
    ...replyTo(message, resolution.rcode, extras),
    aa: resolution.authoritative,
    ad: wantsAd && !failed && resolution.security === 'secure',
    answers: resolution.answers.filter(wanted),
    authorities: resolution.authorities.filter(
      (record) => wanted(record) && !(options.minimalResponses && isExtra(record)),
    ),
  }
}

/** SERVFAIL without records, with its reason. */
export function failureMessage(query: Message, ede: ExtendedError): Message {
  return replyTo(query, Rcode.SERVFAIL, edeOptions([ede]))
}

/** TC and nothing else: whoever gets it asks again over TCP. */
export function cutReply(reply: Message): Message {
  const cut: Message = { ...reply, tc: true, answers: [], authorities: [], additionals: [] }
  return cut.edns === undefined ? cut : { ...cut, edns: { ...cut.edns, options: [] } }
}

/**
 * The bytes of a reply, at most what the transport and the client allow. What does not fit loses the texts of its
 * extended errors first (RFC 8914 section 3), then everything: TC, with the question and OPT (RFC 2181 section 9).
 * Over TCP what exceeds 65,535 bytes is SERVFAIL, since TC would send the client where it already is.
 */
export function encodeReply(reply: Message, query: Message | undefined, protocol: Protocol): Uint8Array {
  return inLettersOf(reply, encodeLower(withLowerQuestion(reply), query, protocol))
}

function encodeLower(reply: Message, query: Message | undefined, protocol: Protocol): Uint8Array {
  if (protocol !== 'udp') {
    const bytes = encodeWithin(reply, 65_535)
    const isCut = ((bytes[2] ?? 0) & 2) !== 0
    const failure = () => withLowerQuestion(replyTo(query ?? reply, Rcode.SERVFAIL, edeOptions([{ code: Ede.OTHER }])))
    const fitting = isCut ? failure() : reply
    if (isEncrypted(protocol) && query !== undefined && wantsPadding(query))
      return encodeMessage(withPadding(fitting, isCut ? encodeMessage(fitting).length : bytes.length))
    return isCut ? encodeMessage(fitting) : bytes
  }
  const room = udpRoom(query)
  const whole = encodeMessage(reply)
  if (whole.length <= room) return whole
  return encodeWithin(withoutEdeTexts(reply), room)
}

function withPadding(reply: Message, bytes: number): Message {
  const { edns } = reply
  const data = new Uint8Array(paddingBytes(bytes))
  return edns === undefined
    ? reply
    : { ...reply, edns: { ...edns, options: [...edns.options, { code: OptionCode.PADDING, data }] } }
}

/**
 * The same with the question in lower case, which names in the records are compressed against: so what follows the question is the same
 * for whatever letters the client chose (0x20), and where it points at the question it shows in the client's letters. The cache has the
 * owner in the letters of whoever asked first: they cost octets, and are nobody else's business.
 */
export function withLowerQuestion(reply: Message): Message {
  const [question] = reply.questions
  if (question === undefined) return reply
  const name = canonicalName(question.name)
  const lower = (record: ResourceRecord) =>
    record.name === name || !sameName(record.name, name) ? record : { ...record, name }
  return {
    ...reply,
    questions: name === question.name ? reply.questions : [{ ...question, name }],
    answers: reply.answers.map(lower),
    authorities: reply.authorities.map(lower),
  }
}

function inLettersOf({ questions: [question] }: Message, bytes: Uint8Array): Uint8Array {
  if (question !== undefined) bytes.set(question.name.wire, HEADER_BYTES)
  return bytes
}

/** RFC 6891 section 6.2.3: sizes below 512 count as 512; above 1232 answers would fragment. */
function udpRoom(query: Message | undefined): number {
  const offered = query?.edns?.udpSize ?? limits.MIN_UDP_REPLY
  return Math.min(Math.max(offered, limits.MIN_UDP_REPLY), limits.MAX_UDP_REPLY)
}

/** DNSSEC records that only a client that sets DO is sent (RFC 4035 section 3.2.1). */
function isProof({ type }: ResourceRecord): boolean {
  return type === Type.RRSIG || type === Type.NSEC || type === Type.NSEC3
}

/** Authority records that a stub has no use for: all but the SOA of a negative answer and proofs. */
function isExtra(record: ResourceRecord): boolean {
  return record.type !== Type.SOA && !isProof(record)
}

/** The extended errors of an answer, for any client that has EDNS. */
export function errorOptions(resolution: Resolution, options: Pick<ReplyOptions, 'explain'>): EdnsOption[] {
  return edeOptions(explained(resolution, options))
}

function explained(resolution: Resolution, options: Pick<ReplyOptions, 'explain'>): readonly ExtendedError[] {
  if (!options.explain || resolution.provenance === undefined) return resolution.ede
  const observers = Math.max(0, ...resolution.findings.map(({ evidence }) => evidence.observers.length))
  const by = observers > 0 ? `, ${observers} observers` : ''
  return [...resolution.ede, { code: Ede.OTHER, text: `${resolution.provenance}, ${resolution.security}${by}` }]
}

function edeOptions(errors: readonly ExtendedError[]): EdnsOption[] {
  return errors
    .slice(0, limits.MAX_EDE)
    .map(({ code, text }) => edeOption(text === undefined ? { code } : { code, text: shortened(text) }))
}

/** At most MAX_EDE_TEXT bytes of UTF-8, cut between characters. */
function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= limits.MAX_EDE_TEXT) return text
  return new TextDecoder().decode(bytes.subarray(0, limits.MAX_EDE_TEXT)).replace(/\uFFFD$/, '')
}

function withoutEdeTexts(reply: Message): Message {
  if (reply.edns === undefined) return reply
  const options = reply.edns.options.map((option) =>
    option.code === OptionCode.EDE ? { code: option.code, data: option.data.slice(0, 2) } : option,
  )
  return { ...reply, edns: { ...reply.edns, options } }
}

/** RFC 7828: the idle time-out in units of 100 ms, over TCP and TLS, to those who asked. HTTP has ways of its own. */
function keepalive(query: Message, { protocol }: ReplyOptions): EdnsOption[] {
  if (protocol === 'udp' || protocol === 'https' || !wantsKeepalive(query)) return []
  const units = Math.floor(limits.TCP_IDLE_MS / 100)
  return [{ code: OptionCode.KEEPALIVE, data: Uint8Array.of(units >> 8, units & 255) }]
}
