/** Messages from wire: RFC 1035 section 4, strict. */
import { plain } from '../bytes.ts'
import { malformed } from '../errors.ts'
import { limits } from '../limits.ts'
import { NameReader } from '../names/names-wire.ts'
import { takeRdata } from '../rdata/wire.ts'
import {
  Class,
  type Edns,
  type Message,
  type Name,
  Opcode,
  type Question,
  Rcode,
  type ResourceRecord,
  Type,
} from '../types.ts'
import { readOptions } from './edns.ts'

export const HEADER_BYTES = 12
/** Root name, type, class. */
const LEAST_QUESTION_BYTES = 5
/** Root name, type, class, TTL, RDLENGTH. */
const LEAST_RECORD_BYTES = 11

/** The fixed part of a message; `rcode` is its low 4 bits. */
export interface MessageHeader {
  readonly id: number
  readonly qr: boolean
  readonly opcode: number
  readonly aa: boolean
  readonly tc: boolean
  readonly rd: boolean
  readonly ra: boolean
  readonly ad: boolean
  readonly cd: boolean
  readonly rcode: number
  readonly questionCount: number
}

/** The header of any packet that has one, whatever follows: enough to answer FORMERR. */
export function peekHeader(bytes: Uint8Array): MessageHeader | undefined {
  return bytes.length < HEADER_BYTES ? undefined : readHeader(bytes)
}

/**
 * Decodes one whole message; nothing of the result shares memory with `bytes`.
 * Throws DNS_MALFORMED, and nothing else, for whatever is not exactly one message: lengths that do not fit, names that do not
 * end, pointers that do not go back, rdata of a fixed form that has another, a second OPT or one that is not at the root of
 * the additional section, octets after the last record.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  return decode(bytes, false)
}

/**
 * As `decodeMessage`, for the reply of a server: octets after the last record, and OPT records after the first, are passed over
 * without being read, as Unbound and BIND do it. There are authorities that send them.
 */
export function decodeReply(bytes: Uint8Array): Message {
  return decode(bytes, true)
}

function decode(bytes: Uint8Array, isReply: boolean): Message {
  if (bytes.length < HEADER_BYTES) throw malformed(bytes.length, 'the header ends early')
  if (bytes.length > limits.MAX_MESSAGE_BYTES) throw malformed(limits.MAX_MESSAGE_BYTES, 'longer than a message can be')
  const header = readHeader(bytes)
  const { questionCount, rcode, ...flags } = header
  const decoder = new Decoder(bytes, isReply)
  const counts = [uint16(bytes, 6), uint16(bytes, 8), uint16(bytes, 10)] as const
  // What cannot fit is refused before any of it is read, and no count ever sizes an array.
  const least = questionCount * LEAST_QUESTION_BYTES + (counts[0] + counts[1] + counts[2]) * LEAST_RECORD_BYTES
  if (least > bytes.length - HEADER_BYTES) throw malformed(4, 'more entries promised than there is room for')

  const questions = decoder.questions(questionCount)
  const answers = decoder.records(counts[0], 'answer')
  const authorities = decoder.records(counts[1], 'authority')
  const additionals = decoder.records(counts[2], 'additional')
  if (!isReply) decoder.end()
  const opt = decoder.opt
  const message = { ...flags, rcode, questions, answers, authorities, additionals }
  return opt === undefined ? message : { ...message, rcode: (opt.extendedRcode << 4) | rcode, edns: opt.edns }
}

/** What a query needs said; the rest has its defaults. */
export interface QueryOptions {
  readonly id: number
  readonly name: Name
  readonly type: number
  readonly class?: number
  readonly rd: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  readonly edns?: Edns
}

export function makeQuery({
  id,
  name,
  type,
  class: klass = Class.IN,
  rd,
  cd = false,
  ad = false,
  edns,
}: QueryOptions): Message {
  const query = {
    id,
    qr: false,
    opcode: Opcode.QUERY,
    aa: false,
    tc: false,
    rd,
    ra: false,
    ad,
    cd,
    rcode: Rcode.NOERROR,
    questions: [{ name, type, class: klass }],
    answers: [],
    authorities: [],
    additionals: [],
  }
  return edns === undefined ? query : { ...query, edns }
}

function readHeader(bytes: Uint8Array): MessageHeader {
  const high = bytes[2]!
  const low = bytes[3]!
  return {
    id: uint16(bytes, 0),
    qr: (high & 0x80) !== 0,
    opcode: (high >> 3) & 15,
    aa: (high & 0x04) !== 0,
    tc: (high & 0x02) !== 0,
    rd: (high & 0x01) !== 0,
    ra: (low & 0x80) !== 0,
    ad: (low & 0x20) !== 0,
    cd: (low & 0x10) !== 0,
    rcode: low & 15,
    questionCount: uint16(bytes, 4),
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

class Decoder {
  readonly #bytes: Uint8Array
  readonly #names: NameReader
  readonly #isReply: boolean
  #at = HEADER_BYTES
  opt: { readonly extendedRcode: number; readonly edns: Edns } | undefined

  constructor(bytes: Uint8Array, isReply: boolean) {
    this.#isReply = isReply
    this.#bytes = plain(bytes)
    this.#names = new NameReader(this.#bytes)
  }

  questions(count: number): Question[] {
    const questions: Question[] = []
    for (let i = 0; i < count; i++) {
      const name = this.#name()
      this.#need(4, 'a question')
      questions.push({ name, type: uint16(this.#bytes, this.#at), class: uint16(this.#bytes, this.#at + 2) })
      this.#at += 4
    }
    return questions
  }

  records(count: number, section: 'answer' | 'authority' | 'additional'): ResourceRecord[] {
    const bytes = this.#bytes
    const records: ResourceRecord[] = []
    for (let i = 0; i < count; i++) {
      const start = this.#at
      const name = this.#name()
      this.#need(10, 'a record')
      const at = this.#at
      const type = uint16(bytes, at)
      const klass = uint16(bytes, at + 2)
      const end = at + 10 + uint16(bytes, at + 8)
      if (end > bytes.length) throw malformed(at + 8, 'RDLENGTH runs over the end of the message')
      this.#at = end
      if (type === Type.OPT) {
        if (section !== 'additional') throw malformed(start, `OPT in the ${section} section`)
        this.#takeOpt(start, name, at, end)
        continue
      }
      // RFC 8767 section 4: a TTL with the top bit set is positive, and capped; RFC 2181 section 8 made it 0.
      const ttl = Math.min(uint16(bytes, at + 4) * 0x10000 + uint16(bytes, at + 6), limits.MAX_TTL)
      records.push({ name, type, class: klass, ttl, rdata: takeRdata(bytes, at + 10, end, type, klass, this.#names) })
    }
    return records
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed(this.#at, 'octets after the last record')
  }

  /** RFC 6891 section 6.1: the class is the UDP size, the TTL holds extended rcode, version and flags. */
  #takeOpt(start: number, name: Name, at: number, end: number): void {
    const bytes = this.#bytes
    if (name.labels !== 0) throw malformed(start, 'OPT with an owner other than the root')
    if (this.opt !== undefined) {
      if (this.#isReply) return
      throw malformed(start, 'a second OPT')
    }
    this.opt = {
      extendedRcode: bytes[at + 4]!,
      edns: {
        udpSize: uint16(bytes, at + 2),
        version: bytes[at + 5]!,
        do: (bytes[at + 6]! & 0x80) !== 0,
        options: readOptions(bytes, at + 10, end),
      },
    }
  }

  #name(): Name {
    const name = this.#names.read(this.#at, this.#bytes.length)
    this.#at = this.#names.next
    return name
  }

  #need(octets: number, what: string): void {
    if (this.#bytes.length - this.#at < octets) throw malformed(this.#at, `${what} ends early`)
  }
}
