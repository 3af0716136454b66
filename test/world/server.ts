/** One authoritative server: its zones, its manners, its log. No sockets: packets in, packets out with their delays. */
import ipaddr from 'ipaddr.js'
import type { Clock, UpstreamProtocol } from '../../src/base/index.ts'
import {
  classToText,
  decodeMessage,
  encodeMessage,
  encodeWithin,
  type Message,
  nameToText,
  parseName,
  parseZone,
  peekHeader,
  Rcode,
  type ResourceRecord,
  ROOT,
  type RRset,
  rrsetToRecords,
  Type,
  typeFromText,
  typeToText,
} from '../../src/dns/index.ts'
import type { Asked, Behaviour, Sending, ServerSpec, Truth, ZoneSpec } from './types.ts'
import { answerFrom, loadZone, REFUSED_ANSWER, type Zone, type ZoneAnswer, zoneFor } from './zone.ts'

/** Bytes to send `afterMs` from now. */
export interface Delivery {
  readonly bytes: Uint8Array
  readonly afterMs: number
}

interface Held {
  readonly spec: ZoneSpec
  readonly origin: Zone['origin']
  readonly plain: Zone
  readonly views: readonly { readonly from: readonly string[]; readonly zone: Zone }[]
}

const EDNS_SIZE = 1232
const LOG_BOUND = 100_000

export class WorldServer {
  readonly name: string
  readonly addresses: readonly string[]
  /** What was asked, oldest first; malformed packets are not in it. */
  readonly log: Asked[] = []
  readonly #clock: Clock
  readonly #chance: () => number
  readonly #first: Behaviour
  #behaviour: Behaviour
  #zones: Held[] = []
  #lies: Held[] = []
  #turn = 0

  constructor(name: string, spec: ServerSpec, clock: Clock, chance: () => number) {
    this.name = name
    this.addresses = spec.addresses
    this.#clock = clock
    this.#chance = chance
    this.#first = spec.behaviour ?? {}
    this.#behaviour = {}
    this.behave(this.#first)
  }

  get behaviour(): Behaviour {
    return this.#behaviour
  }

  /** Number of questions received since the log was cleared. */
  get count(): number {
    return this.log.length
  }

  /** Changes the named settings and leaves the others. */
  behave(change: Behaviour): void {
    this.#behaviour = { ...this.#behaviour, ...change }
    if ('lie' in change) this.#applyLie()
  }

  /** Back to the manners of the spec. */
  reset(): void {
    this.#behaviour = {}
    this.#lies = []
    this.behave(this.#first)
  }

  clearLog(): void {
    this.log.length = 0
  }

  /** Adds a zone or puts a new version in its place, this server's own copy if there is one; the next query sees it. */
  setZone(shared: ZoneSpec): void {
    const spec = { ...shared, text: shared.copies?.[this.name] ?? shared.text }
    const plain = loadZone(spec.origin, spec.text)
    const views = (spec.views ?? []).map(({ from, text }) => ({ from, zone: loadZone(spec.origin, spec.text, text) }))
    const held: Held = { spec, origin: plain.origin, plain, views }
    this.#zones = [...this.#zones.filter(({ origin }) => origin.key !== held.origin.key), held]
    this.#applyLie()
  }

  removeZone(originText: string): void {
    const { key } = parseName(originText)
    this.#zones = this.#zones.filter(({ origin }) => origin.key !== key)
    this.#applyLie()
  }

  /** What this server sends for a packet, in the order and after the times it sends it. */
  receive(bytes: Uint8Array, address: string, from: string, fromPort: number, protocol: UpstreamProtocol): Delivery[] {
    const query = decode(bytes)
    if (query === undefined) return malformed(bytes)
    if (query.qr) return []
    const question = query.questions[0]
    if (question === undefined || query.questions.length !== 1) {
      return [{ bytes: encodeMessage(replyTo(query, Rcode.FORMERR)), afterMs: 0 }]
    }
    const asked: Asked = {
      server: this.name,
      address,
      from,
      fromPort,
      protocol,
      at: this.#clock.monotonic(),
      query,
      question,
      name: nameToText(question.name),
      type: typeToText(question.type),
    }
    if (this.log.length >= LOG_BOUND) this.log.shift()
    this.log.push(asked)
    return this.#deliver(asked)
  }

  #deliver(asked: Asked): Delivery[] {
    const manners = this.#behaviour
    const silent = typeof manners.silent === 'function' ? manners.silent(asked) : manners.silent
    if (silent) return []
    if (asked.protocol === 'udp' && (manners.noUdp || (manners.loss ?? 0) > this.#chance())) return []
    if (manners.edns === 'drop' && asked.query.edns !== undefined) return []
    const delayMs = typeof manners.delayMs === 'function' ? manners.delayMs(asked) : (manners.delayMs ?? 0)
    const reply = this.#reply(asked)
    const truth: Truth = (type, name = asked.name) =>
      this.#fill(asked.query, {
        ...asked,
        question: { name: parseName(name), type: typeFromText(type) ?? 0, class: asked.question.class },
      })
    const sendings: readonly Sending[] =
      manners.tamper === undefined ? [{ reply }] : manners.tamper(reply, asked, truth)
    return sendings.map(({ reply: sent, afterMs }) => ({
      bytes: sent instanceof Uint8Array ? sent : this.#encode(sent, asked),
      afterMs: delayMs + (afterMs ?? 0),
    }))
  }

  /** The message before it is cut to the asker's size. */
  #reply(asked: Asked): Message {
    const { query, question } = asked
    const manners = this.#behaviour
    if (query.opcode !== 0) return this.#manner(replyTo(query, Rcode.NOTIMP))
    if (query.edns !== undefined) {
      if (manners.edns === 'formerr') return withoutEdns(replyTo(query, Rcode.FORMERR))
      if (manners.edns === 'badvers' || query.edns.version !== 0) return this.#manner(replyTo(query, Rcode.BADVERS))
    }
    const forced = typeof manners.rcode === 'function' ? manners.rcode(asked) : manners.rcode
    if (forced !== undefined) return this.#manner(replyTo(query, forced))
    const meta = question.type === Type.AXFR || question.type === Type.IXFR || classToText(question.class) !== 'IN'
    if (meta) return this.#manner(replyTo(query, Rcode.REFUSED))
    if (manners.lame === 'refer-up') return this.#manner(referUp(query))
    return this.#manner(this.#fill(query, asked))
  }

  #fill(query: Message, asked: Asked): Message {
    const dnssecOk = query.edns?.do === true && this.#behaviour.edns !== 'ignore'
    const answer = this.#look(asked, dnssecOk)
    const records = (sets: readonly RRset[]) =>
      sets.flatMap((set) => [...rrsetToRecords(set, { signatures: dnssecOk })])
    const extra = this.#behaviour.fullAnswers && answer.kind === 'answer' ? this.#apex(asked, dnssecOk) : undefined
    return {
      ...replyTo(query, answer.rcode),
      aa: answer.aa && this.#behaviour.lame !== 'no-aa',
      answers: records(this.#turned(answer.answers)),
      authorities: records([...answer.authorities, ...(extra?.answers ?? [])]),
      additionals: records([...answer.additionals, ...(extra?.additionals ?? [])]),
    }
  }

  #look(asked: Asked, dnssecOk: boolean): ZoneAnswer {
    const zone = zoneFor(this.#lies.length > 0 ? this.#lies : this.#zones, asked.question)
    if (zone === undefined) return REFUSED_ANSWER
    return answerFrom(pick(zone, asked.from), asked.question, dnssecOk)
  }

  #apex(asked: Asked, dnssecOk: boolean): ZoneAnswer | undefined {
    const zone = zoneFor(this.#zones, asked.question)
    if (zone === undefined || asked.question.type === Type.NS) return undefined
    return answerFrom(pick(zone, asked.from), { name: zone.origin, type: Type.NS, class: 1 }, dnssecOk)
  }

  /** Round-robin: the order, and with `subset` the choice, changes with each answer. */
  #turned(answers: readonly RRset[]): readonly RRset[] {
    const { rotate, subset } = this.#behaviour
    if (!rotate && subset === undefined) return answers
    const turn = this.#turn++
    return answers.map((set) => {
      if (set.type !== Type.A && set.type !== Type.AAAA) return set
      const start = turn % set.rdatas.length
      const turned = [...set.rdatas.slice(start), ...set.rdatas.slice(0, start)]
      return { ...set, rdatas: subset === undefined ? turned : turned.slice(0, subset) }
    })
  }

  #manner(reply: Message): Message {
    const { edns, lowerCase } = this.#behaviour
    const questions = lowerCase
      ? reply.questions.map((q) => ({ ...q, name: parseName(nameToText(q.name).toLowerCase()) }))
      : reply.questions
    return edns === 'ignore' ? withoutEdns({ ...reply, questions }) : { ...reply, questions }
  }

  #encode(reply: Message, asked: Asked): Uint8Array {
    const bytes = this.#cut(reply, asked)
    return this.#behaviour.octets === undefined ? bytes : this.#behaviour.octets(bytes, asked)
  }

  /** Cut to the asker's size over UDP. */
  #cut(reply: Message, asked: Asked): Uint8Array {
    if (asked.protocol === 'tcp') return encodeMessage(reply)
    if (this.#behaviour.truncate) {
      return encodeMessage({ ...reply, tc: true, answers: [], authorities: [], additionals: [] })
    }
    const offered = reply.edns === undefined ? 512 : Math.max(512, asked.query.edns?.udpSize ?? 512)
    const room = Math.min(offered, this.#behaviour.maxUdp ?? EDNS_SIZE)
    const whole = encodeMessage(reply)
    if (whole.length <= room) return whole
    // Addresses beside a finished answer may be left out; the glue of a referral may not (RFC 9471).
    if (reply.answers.length > 0) return encodeWithin({ ...reply, additionals: [] }, room)
    return encodeWithin(reply, room)
  }

  #applyLie(): void {
    const { lie } = this.#behaviour
    this.#lies = lie === undefined ? [] : this.#zones.map((held) => lying(held, lie))
  }
}

function lying(held: Held, lie: string): Held {
  const mine = parseZone(lie, { origin: ROOT, defaultTtl: 3600 }).filter(
    (record) => zoneFor([held], { name: record.name, type: record.type, class: 1 }) !== undefined,
  )
  if (mine.length === 0) return held
  const text = mine.map((record) => recordLine(record)).join('\n')
  return { ...held, plain: loadZone(held.spec.origin, held.spec.text, text), views: [] }
}

function recordLine(record: ResourceRecord): string {
  return `${nameToText(record.name)} ${record.ttl} IN ${typeToText(record.type)} \\# ${record.rdata.length} ${Buffer.from(record.rdata).toString('hex')}`
}

function pick(held: Held, from: string): Zone {
  return held.views.find((view) => view.from.some((range) => within(from, range)))?.zone ?? held.plain
}

function within(address: string, range: string): boolean {
  if (!range.includes('/')) return address === range
  const parsed = ipaddr.process(address)
  const [network, bits] = ipaddr.parseCIDR(range)
  return parsed.kind() === network.kind() && parsed.match([network, bits] as [ipaddr.IPv4, number])
}

function decode(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch {
    // A server answers what it cannot read with FORMERR, from the header alone.
    return undefined
  }
}

function malformed(bytes: Uint8Array): Delivery[] {
  const header = peekHeader(bytes)
  if (header === undefined || header.qr) return []
  const out = new Uint8Array(12)
  out.set(bytes.subarray(0, 4))
  out[2] = out[2]! | 0x80
  out[3] = Rcode.FORMERR
  return [{ bytes: out, afterMs: 0 }]
}

function replyTo(query: Message, rcode: number): Message {
  const base = {
    id: query.id,
    qr: true,
    opcode: query.opcode,
    aa: false,
    tc: false,
    rd: query.rd,
    ra: false,
    ad: false,
    cd: query.cd,
    rcode,
    questions: query.questions,
    answers: [],
    authorities: [],
    additionals: [],
  }
  if (query.edns === undefined) return base
  return { ...base, edns: { udpSize: EDNS_SIZE, version: 0, do: query.edns.do, options: [] } }
}

function withoutEdns(message: Message): Message {
  const { edns: _, ...rest } = message
  return rest
}

function referUp(query: Message): Message {
  const ns = parseZone('. 518400 NS a.root.', { origin: ROOT })
  return { ...replyTo(query, Rcode.NOERROR), authorities: ns }
}
