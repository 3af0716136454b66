/** Broken and hostile messages made from true ones: at the level of bytes, and of what they mean. Seeded. */
import { concatBytes } from '../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Name,
  parseName,
  prependLabel,
  type ResourceRecord,
  Type,
} from '../../src/dns/index.ts'

/** Uniform in [0, bound). */
export type Below = (bound: number) => number

/** A linear congruential generator is enough to draw mutations by, and fast. */
export function seededBelow(seed: number): Below {
  let state = (seed ^ 0x9e3779b9) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return (bound) => Math.floor((next() / 4_294_967_296) * bound)
}

/** What arrives in place of one true reply, in order: none, one or several datagrams. */
export function mutateReply(truth: Uint8Array, below: Below): Uint8Array[] {
  switch (below(14)) {
    case 0:
      return [damaged(truth, below), truth]
    case 1:
      return Array.from({ length: below(80) }, () => damaged(truth, below))
    case 2:
      return [randomBytes(below(2_000), below)]
    case 3:
    case 4:
    case 5:
    case 6:
      return [damaged(truth, below)]
    case 7:
      return [oddly(truth, below)]
    case 8:
      return [oddly(distorted(truth, below), below)]
    default: {
      const changed = distorted(truth, below)
      return [below(3) === 0 ? damaged(changed, below) : changed]
    }
  }
}

/** As servers are that are odd in one way and are answered all the same: what is let through there must let no forgery in. */
function oddly(packet: Uint8Array, below: Below): Uint8Array {
  const opt = Uint8Array.of(0, 0, Type.OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0)
  const out = packet.slice()
  if (out.length < 12) return out
  switch (below(6)) {
    case 0:
      return concatBytes(out, randomBytes(1 + below(40), below))
    case 1:
      // A second OPT, or a first.
      out[11] = (out[11]! + 1) & 255
      return concatBytes(out, opt)
    case 2:
      // The question in lower case: so does all that points at it.
      for (let at = 12; at < Math.min(out.length, 12 + 255) && out[at] !== 0; at++)
        if (out[at]! >= 65 && out[at]! <= 90) out[at] = out[at]! | 32
      return out
    case 3:
      // AA clear, RA set.
      out[2] = out[2]! & ~4
      out[3] = out[3]! | 0x80
      return out
    case 4:
      // An error, with whatever else the message says.
      out[3] = (out[3]! & 0xf0) | someOf([1, 2, 4, 5, 6], below)
      return out
    default:
      // AA without an answer: NODATA, or a referral that claims to be one.
      out[2] = out[2]! | 4
      out.fill(0, 6, 8)
      return out
  }
}

/** A few edits of the bytes. */
export function damaged(packet: Uint8Array, below: Below): Uint8Array {
  let out: Uint8Array = packet.slice()
  for (let edits = 1 + below(5); edits > 0; edits--) out = edited(out, below)
  return out
}

function edited(packet: Uint8Array, below: Below): Uint8Array {
  const at = below(packet.length + 1)
  switch (below(9)) {
    case 0:
      return packet.slice(0, at)
    case 1:
      return concatBytes(packet.slice(0, at), packet.slice(below(packet.length + 1))).slice(0, 65_535)
    case 2:
      return concatBytes(packet, randomBytes(below(60), below)).slice(0, 65_535)
    case 3:
      // A compression pointer: to anywhere, to itself, forwards.
      if (at + 1 < packet.length) packet.set([0xc0 | below(4), below(256)], at)
      return packet
    case 4:
      if (packet.length >= 12) packet[4 + below(8)] = below(4) === 0 ? 255 : below(256)
      return packet
    case 5:
      if (packet.length >= 4) packet[2 + below(2)] = below(256)
      return packet
    case 6:
      // A length field somewhere: labels, RDLENGTH, options.
      if (at + 1 < packet.length) packet.set([below(2) === 0 ? 0 : 255, below(256)], at)
      return packet
    case 7:
      if (at < packet.length) packet[at] = packet[at]! ^ (1 << below(8))
      return packet
    default:
      if (at < packet.length) packet[at] = below(256)
      return packet
  }
}

/** Still a message, but not the true one. Falls back to damage where it cannot be read or written. */
function distorted(truth: Uint8Array, below: Below): Uint8Array {
  try {
    let message = decodeMessage(truth)
    for (let changes = 1 + below(3); changes > 0; changes--) message = changed(message, below)
    return encodeMessage(message, { compress: below(4) !== 0 })
  } catch {
    // What cannot be said in the format is no case of this kind.
    return damaged(truth, below)
  }
}

const SECTIONS = ['answers', 'authorities', 'additionals'] as const
const TTLS = [0, 1, 29, 86_400, 0x7fffffff, 0x80000000, 0xffffffff]
const TYPES = [
  Type.A,
  Type.NS,
  Type.CNAME,
  Type.SOA,
  Type.DNAME,
  Type.DS,
  Type.RRSIG,
  Type.NSEC,
  Type.NSEC3,
  Type.DNSKEY,
  Type.OPT,
  Type.AAAA,
  65_280,
  0,
  255,
]
const NAMES = [
  '.',
  'ctl.',
  'open.',
  'c1.open.',
  'ns1.open.',
  'c1.ctl.',
  'ns1.ctl.',
  'fuzz.',
  'x.fuzz.',
  'ns1.x.fuzz.',
  'www.x.fuzz.',
  'sec.',
  'y.sec.',
  'a.root.',
  '*.fuzz.',
  `${'a.'.repeat(120)}fuzz.`,
]

function changed(message: Message, below: Below): Message {
  const from = SECTIONS[below(3)]!
  const to = SECTIONS[below(3)]!
  const records = message[from]
  const pick = records.length === 0 ? -1 : below(records.length)
  const edit = (change: (record: ResourceRecord) => ResourceRecord): Message => ({
    ...message,
    [from]: records.map((record, i) => (i === pick ? change(record) : record)),
  })
  switch (below(22)) {
    case 0:
      return { ...message, id: below(65_536) }
    case 1:
      return { ...message, questions: message.questions.map((q) => ({ ...q, name: someName(below) })) }
    case 2:
      return { ...message, questions: below(2) === 0 ? [] : [...message.questions, ...message.questions] }
    case 3:
      return {
        ...message,
        questions: message.questions.map((q) => ({ ...q, type: someOf(TYPES, below), class: 1 + below(4) })),
      }
    case 4:
      return { ...message, rcode: below(16) }
    case 5:
      return {
        ...message,
        aa: below(2) === 0,
        tc: below(2) === 0,
        ra: below(2) === 0,
        qr: below(8) !== 0,
        opcode: below(8) === 0 ? below(16) : 0,
      }
    case 6:
      return { ...message, [from]: message[to], [to]: message[from] }
    case 7:
      return { ...message, [from]: [] }
    case 8:
      return { ...message, [from]: Array.from({ length: 1 + below(40) }, () => records).flat() }
    case 9:
      return edit((record) => ({ ...record, ttl: someOf(TTLS, below) }))
    case 10:
      return edit((record) => ({ ...record, name: someName(below) }))
    case 11:
      return edit((record) => ({ ...record, type: someOf(TYPES, below) }))
    case 12:
      return edit((record) => ({ ...record, class: below(256) }))
    case 13:
      return edit((record) => ({ ...record, rdata: damaged(record.rdata, below) }))
    case 14:
      return { ...message, [to]: [...message[to], invented(below)] }
    case 15:
      return { ...message, [to]: [...message[to], ...Array.from({ length: below(200) }, () => invented(below))] }
    case 16: {
      const { edns: _, ...plain } = message
      return { ...plain, rcode: message.rcode & 15 }
    }
    case 17:
      return {
        ...message,
        edns: {
          udpSize: below(65_536),
          version: below(3) === 0 ? below(256) : 0,
          do: below(2) === 0,
          options: Array.from({ length: below(90) }, () => ({ code: below(70), data: randomBytes(below(50), below) })),
        },
      }
    case 18:
      // A chain of aliases, perhaps a loop.
      return {
        ...message,
        answers: Array.from({ length: 1 + below(20) }, () => ({
          name: someName(below),
          type: Type.CNAME,
          class: 1,
          ttl: 60,
          rdata: someName(below).wire,
        })),
      }
    case 19:
    case 20:
      return speakingFor(VICTIMS[below(VICTIMS.length)]!, message, below)
    default:
      // Signatures go, or are turned in one bit.
      return {
        ...message,
        [from]: records.flatMap((record) => {
          if (record.type !== Type.RRSIG) return [record]
          if (below(2) === 0) return []
          const rdata = record.rdata.slice()
          if (rdata.length > 0) rdata[below(rdata.length)]! ^= 1 << below(8)
          return [{ ...record, rdata }]
        }),
      }
  }
}

/** Names of an honest zone without signatures: what a hostile server would like to answer for. */
const VICTIMS = ['open.', 'c1.open.', 'ns1.open.'].map((text) => parseName(text))

/** The shapes of poisoning: an alias with a ready answer, a sibling's delegation with glue, a word beside one's own. */
function speakingFor(victim: Name, message: Message, below: Below): Message {
  const record = (name: Name, type: number, rdata: Uint8Array): ResourceRecord => ({
    name,
    type,
    class: 1,
    ttl: 86_400,
    rdata,
  })
  const address = record(victim, Type.A, Uint8Array.of(6, 6, 6, 6))
  const asked = message.questions[0]?.name ?? victim
  const servers = [
    record(VICTIMS[0]!, Type.NS, VICTIMS[2]!.wire),
    record(VICTIMS[2]!, Type.A, Uint8Array.of(6, 6, 6, 6)),
  ] as const
  const said = { ...message, rcode: 0, aa: below(4) !== 0, ra: below(3) === 0, tc: false }
  switch (below(5)) {
    case 0:
      return { ...said, answers: [record(asked, Type.CNAME, victim.wire), address], authorities: [], additionals: [] }
    case 1:
      return {
        ...said,
        authorities: [...message.authorities, servers[0]],
        additionals: [...message.additionals, servers[1]],
      }
    case 2:
      return { ...said, answers: [], authorities: [servers[0]], additionals: [servers[1]] }
    case 3:
      return { ...said, answers: [address, ...message.answers] }
    default:
      return { ...said, additionals: [...message.additionals, address] }
  }
}

function invented(below: Below): ResourceRecord {
  const type = someOf(
    TYPES.filter((one) => one !== Type.OPT),
    below,
  )
  const name = someName(below)
  const rdata =
    type === Type.A
      ? randomBytes(4, below)
      : type === Type.AAAA
        ? randomBytes(16, below)
        : type === Type.NS || type === Type.CNAME || type === Type.DNAME
          ? someName(below).wire
          : randomBytes(below(80), below)
  return { name, type, class: 1, ttl: someOf(TTLS, below), rdata }
}

const PARSED = NAMES.map((text) => parseName(text))

function someName(below: Below) {
  const name = PARSED[below(PARSED.length)]!
  return below(3) === 0 && name.wire.length < 200 ? prependLabel(randomBytes(1 + below(12), below), name) : name
}

function someOf<T>(items: readonly T[], below: Below): T {
  return items[below(items.length)]!
}

export function randomBytes(length: number, below: Below): Uint8Array {
  return Uint8Array.from({ length }, () => below(256))
}

/** A stream of TCP in place of one framed message: wrong lengths, joined and cut frames. Up to a few hundred kB. */
export function mutateStream(truth: Uint8Array, below: Below): Uint8Array[] {
  const messages = mutateReply(truth, below).slice(0, 8)
  const frames = messages.map((message) => {
    const honest = Uint8Array.of(message.length >> 8, message.length & 255)
    const header = below(5) === 0 ? Uint8Array.of(below(256), below(256)) : honest
    return concatBytes(header, message)
  })
  const stream = concatBytes(...frames, ...(below(10) === 0 ? [randomBytes(below(70_000), below)] : []))
  const pieces: Uint8Array[] = []
  for (let at = 0; at < stream.length; ) {
    const size = 1 + below(below(4) === 0 ? 3 : 4_000)
    pieces.push(stream.slice(at, at + size))
    at += size
  }
  return pieces
}
