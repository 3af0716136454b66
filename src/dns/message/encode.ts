/** Messages to wire. One buffer, grown once to the largest message and used again; only the result is allocated. */
import { isChordnsError } from '../../base/index.ts'
import { malformed, tooLong, unencodable } from '../errors.ts'
import { limits } from '../limits.ts'
import { skipPlainName } from '../names/names.ts'
import { checkedShape } from '../rdata/canonical.ts'
import type { Shape } from '../rdata/table.ts'
import { type Edns, type Message, type Name, type ResourceRecord, Type } from '../types.ts'
import { CompressionTable, MAX_POINTER } from './compression.ts'
import { HEADER_BYTES } from './message.ts'

/**
 * The wire form. Names are compressed (owners, and names inside RFC 1035 types; RFC 3597 section 4) unless `compress` is false.
 * Throws DNS_TOO_LONG above 65535 octets, DNS_UNENCODABLE for a field out of range or an extended rcode without EDNS, and
 * DNS_MALFORMED for rdata that is not of its type's form.
 */
export function encodeMessage(message: Message, options: { readonly compress?: boolean } = {}): Uint8Array {
  encoder.write(message, options.compress ?? true)
  return encoder.result()
}

/**
 * The wire form if it has at most `maxBytes`. Else the truncated one: TC set, no records but OPT, so that the client comes
 * again by TCP and nobody acts on half an RRset (RFC 2181 section 9); OPT loses its options if even that is too long.
 */
export function encodeWithin(message: Message, maxBytes: number): Uint8Array {
  if (writtenLength(message) <= maxBytes) return encoder.result()
  const cut: Message = { ...message, tc: true, answers: [], authorities: [], additionals: [] }
  if (writtenLength(cut) > maxBytes && cut.edns !== undefined) {
    encoder.write({ ...cut, edns: { ...cut.edns, options: [] } }, true)
  }
  return encoder.result()
}

/** What is too long to be a message at all is also too long for any `maxBytes`. */
function writtenLength(message: Message): number {
  try {
    return encoder.write(message, true)
  } catch (error) {
    if (isChordnsError(error, 'DNS_TOO_LONG')) return Number.POSITIVE_INFINITY
    throw error
  }
}

class Encoder {
  #out = new Uint8Array(4_096)
  #at = 0
  #compress = true
  readonly #table = new CompressionTable()
  /** The owner written last and where: the records of a set share one Name, which then costs a comparison of references. */
  #lastName: Name | undefined
  #lastOffset = 0

  result(): Uint8Array {
    return this.#out.slice(0, this.#at)
  }

  /** Leaves the message in the buffer and returns its length. */
  write(message: Message, compress: boolean): number {
    const { questions, answers, authorities, additionals, edns } = message
    if (message.rcode > 15 && edns === undefined) throw unencodable('an rcode above 15 needs EDNS')
    this.#compress = compress
    this.#table.clear()
    this.#lastName = undefined
    this.#at = HEADER_BYTES
    for (const { name, type, class: klass } of questions) {
      this.#reserve(limits.MAX_NAME_BYTES + 4)
      this.#name(name)
      this.#uint16(type)
      this.#uint16(klass)
    }
    for (const record of answers) this.#record(record)
    for (const record of authorities) this.#record(record)
    for (const record of additionals) this.#record(record)
    if (edns !== undefined) this.#opt(edns, message.rcode)
    if (this.#at > limits.MAX_MESSAGE_BYTES) throw tooLong('message', this.#at, limits.MAX_MESSAGE_BYTES)
    const end = this.#at
    this.#at = 0
    this.#header(message)
    this.#at = end
    this.#lastName = undefined
    return end
  }

  /** Counts fit in 16 bits because the message does, with 5 octets at least to each entry. */
  #header(message: Message): void {
    const { opcode, rcode } = message
    if (opcode > 15 || rcode > 0xfff) throw unencodable('opcode or rcode out of range')
    this.#uint16(message.id)
    this.#uint16(
      (message.qr ? 0x8000 : 0) |
        (opcode << 11) |
        (message.aa ? 0x0400 : 0) |
        (message.tc ? 0x0200 : 0) |
        (message.rd ? 0x0100 : 0) |
        (message.ra ? 0x0080 : 0) |
        (message.ad ? 0x0020 : 0) |
        (message.cd ? 0x0010 : 0) |
        (rcode & 15),
    )
    this.#uint16(message.questions.length)
    this.#uint16(message.answers.length)
    this.#uint16(message.authorities.length)
    this.#uint16(message.additionals.length + (message.edns === undefined ? 0 : 1))
  }

  #record({ name, type, class: klass, ttl, rdata }: ResourceRecord): void {
    if (this.#at > limits.MAX_MESSAGE_BYTES) throw tooLong('message', this.#at, limits.MAX_MESSAGE_BYTES)
    if (rdata.length > 0xffff) throw tooLong('rdata', rdata.length, 0xffff)
    this.#reserve(limits.MAX_NAME_BYTES + 10 + rdata.length)
    this.#name(name)
    this.#uint16(type)
    this.#uint16(klass)
    this.#uint16(ttl >>> 16)
    this.#uint16(ttl & 0xffff)
    const start = this.#at + 2
    this.#at = start
    const shape = checkedShape(type, klass, rdata.length)
    if (shape === undefined) this.#octets(rdata, 0, rdata.length)
    else this.#shaped(shape, rdata)
    const end = this.#at
    this.#at = start - 2
    this.#uint16(end - start)
    this.#at = end
  }

  #shaped(shape: Shape, rdata: Uint8Array): void {
    const { length } = rdata
    let from = 0
    for (const step of shape.steps) {
      let to: number
      if (step === 'name') {
        to = skipPlainName(rdata, from, length)
        if (this.#compress && shape.names === 'compressed')
          this.#at = this.#table.write(rdata, from, this.#out, this.#at)
        else this.#octets(rdata, from, to)
      } else {
        to = step === 'rest' ? length : from + (step === 'string' ? 1 + (rdata[from] ?? length) : step)
        if (to > length) throw malformed(from, 'the rdata ends early')
        this.#octets(rdata, from, to)
      }
      from = to
    }
    if (from !== length) throw malformed(from, 'octets left over in the rdata')
  }

  /** RFC 6891 section 6.1.2. */
  #opt(edns: Edns, rcode: number): void {
    this.#reserve(11)
    this.#out[this.#at++] = 0
    this.#uint16(Type.OPT)
    this.#uint16(edns.udpSize)
    if (edns.version !== (edns.version & 0xff)) throw unencodable('an EDNS version has 8 bits')
    this.#uint16(((rcode >> 4) << 8) | edns.version)
    this.#uint16(edns.do ? 0x8000 : 0)
    const start = this.#at + 2
    this.#at = start
    for (const { code, data } of edns.options) {
      if (data.length > 0xffff) throw tooLong('EDNS option', data.length, 0xffff)
      this.#reserve(4 + data.length)
      this.#uint16(code)
      this.#uint16(data.length)
      this.#octets(data, 0, data.length)
      if (this.#at - start > 0xffff) throw tooLong('OPT', this.#at - start, 0xffff)
    }
    const end = this.#at
    this.#at = start - 2
    this.#uint16(end - start)
    this.#at = end
  }

  #name(name: Name): void {
    const start = this.#at
    if (!this.#compress) {
      this.#octets(name.wire, 0, name.wire.length)
      return
    }
    if (name === this.#lastName) {
      this.#uint16(0xc000 | this.#lastOffset)
      return
    }
    this.#at = this.#table.write(name.wire, 0, this.#out, start)
    if (name.labels === 0) return
    // Where the name is nothing but a pointer, what it points at is the shorter way for whoever reads it.
    const isPointer = this.#at === start + 2 && this.#out[start]! >= 0xc0
    const offset = isPointer ? ((this.#out[start]! & 0x3f) << 8) | this.#out[start + 1]! : start
    if (offset > MAX_POINTER) return
    this.#lastName = name
    this.#lastOffset = offset
  }

  #octets(source: Uint8Array, from: number, to: number): void {
    const out = this.#out
    let at = this.#at
    if (to - from > 32) {
      out.set(from === 0 && to === source.length ? source : source.subarray(from, to), at)
      at += to - from
    } else for (let i = from; i < to; i++) out[at++] = source[i]!
    this.#at = at
  }

  #uint16(value: number): void {
    if (value !== (value & 0xffff)) throw unencodable(`${value} does not fit into 16 bits`)
    this.#out[this.#at++] = value >> 8
    this.#out[this.#at++] = value & 0xff
  }

  #reserve(octets: number): void {
    if (this.#at + octets <= this.#out.length) return
    const grown = new Uint8Array(Math.max(this.#out.length * 2, this.#at + octets))
    grown.set(this.#out.subarray(0, this.#at))
    this.#out = grown
  }
}

const encoder = new Encoder()
