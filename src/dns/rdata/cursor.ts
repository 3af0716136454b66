/** Reading and writing the fields of one RDATA. Offsets in errors count from the start of the RDATA. */
import { plain } from '../bytes.ts'
import { malformed, tooLong } from '../errors.ts'
import { countLabels, nameOfValidWire, skipPlainName } from '../names/names.ts'
import type { Name } from '../types.ts'

/** RFC 1035 section 3.2.1: RDLENGTH has two bytes. */
const MAX_RDATA_BYTES = 65_535

export class RdataReader {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = plain(bytes)
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  uint(octets: 1 | 2 | 4): number {
    const { bytes, at } = this
    this.#need(octets)
    this.at += octets
    if (octets === 1) return bytes[at]!
    const high = (bytes[at]! << 8) | bytes[at + 1]!
    return octets === 2 ? high : high * 0x10000 + ((bytes[at + 2]! << 8) | bytes[at + 3]!)
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    this.#need(length)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  rest(): Uint8Array {
    return this.take(this.left)
  }

  /** One length octet and that many octets. */
  counted(): Uint8Array {
    return this.take(this.uint(1))
  }

  name(): Name {
    const start = this.at
    this.at = skipPlainName(this.bytes, start, this.bytes.length)
    return nameOfValidWire(this.bytes.slice(start, this.at), countLabels(this.bytes, start))
  }

  fail(what: string): Error {
    return malformed(this.at, what)
  }

  #need(octets: number): void {
    if (this.left < octets) throw malformed(this.at, 'the rdata ends early')
  }
}

export class RdataWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  /** What was written: a copy. Throws DNS_TOO_LONG above what RDLENGTH can say. */
  finish(): Uint8Array {
    if (this.#length > MAX_RDATA_BYTES) throw tooLong('rdata', this.#length, MAX_RDATA_BYTES)
    return this.#bytes.slice(0, this.#length)
  }

  uint(octets: 1 | 2 | 4, value: number): void {
    const limit = 2 ** (8 * octets) - 1
    if (!Number.isInteger(value) || value < 0 || value > limit) throw tooLong('number in rdata', value, limit)
    this.#reserve(octets)
    for (let shift = octets - 1; shift >= 0; shift--)
      this.#bytes[this.#length++] = Math.floor(value / 2 ** (8 * shift)) & 0xff
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  counted(bytes: Uint8Array): void {
    if (bytes.length > 255) throw tooLong('character-string', bytes.length, 255)
    this.uint(1, bytes.length)
    this.bytes(bytes)
  }

  #reserve(octets: number): void {
    if (this.#length + octets <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + octets))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
