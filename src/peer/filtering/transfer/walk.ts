/** What a transfer needs of each message on the way, without reading its records: where the SOA records are, and a TSIG. Pure. */
import { ChordnsError } from '../../../base/index.ts'
import { type Name, readName, Type } from '../../../dns/index.ts'

export interface FoundSoa {
  /** Place among the answers, from 0. */
  readonly index: number
  readonly owner: Name
  readonly serial: number
  /** Seconds. */
  readonly refresh: number
  readonly retry: number
  readonly expire: number
}

export interface FoundTsig {
  /** Where it begins: the message without it ends here. */
  readonly start: number
  readonly owner: Name
  readonly rdata: number
  readonly end: number
}

export interface Walked {
  readonly id: number
  readonly isReply: boolean
  readonly rcode: number
  readonly answers: number
  readonly soas: readonly FoundSoa[]
  readonly tsig: FoundTsig | undefined
}

const HEADER_BYTES = 12
/** RFC 8945 section 4.2. */
const TSIG = 250
/** Five numbers of 32 bits end an SOA. */
const SOA_NUMBERS = 20

/** Throws TRANSFER_FAILED for what is no whole message. */
export function walk(bytes: Uint8Array): Walked {
  if (bytes.length < HEADER_BYTES) throw broken('a message without a header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => view.getUint16(at)) as [
    number,
    number,
    number,
    number,
  ]
  let at = HEADER_BYTES
  for (let i = 0; i < questions; i++) at = need(bytes, skipName(bytes, at), 4)
  const soas: FoundSoa[] = []
  let tsig: FoundTsig | undefined
  const records = answers + authorities + additionals
  for (let i = 0; i < records; i++) {
    const start = at
    const fixed = skipName(bytes, at)
    const rdata = need(bytes, fixed, 10)
    const end = need(bytes, rdata, view.getUint16(fixed + 8))
    const type = view.getUint16(fixed)
    if (type === TSIG) {
      if (i !== records - 1 || i < answers + authorities) throw broken('a TSIG that is not the last record')
      tsig = { start, owner: readName(bytes, start).name, rdata, end }
    }
    if (type === Type.SOA && i < answers) {
      if (end - rdata < SOA_NUMBERS + 2) throw broken('an SOA that ends early')
      const number = (place: number) => view.getUint32(end - SOA_NUMBERS + 4 * place)
      const [serial, refresh, retry, expire] = [number(0), number(1), number(2), number(3)]
      soas.push({ index: i, owner: readName(bytes, start).name, serial, refresh, retry, expire })
    }
    at = end
  }
  if (at !== bytes.length) throw broken('octets after the last record')
  return { id: view.getUint16(0), isReply: bytes[2]! >= 0x80, rcode: bytes[3]! & 15, answers, soas, tsig }
}

export function broken(why: string, cause?: unknown): ChordnsError<'TRANSFER_FAILED', { why: string }> {
  return new ChordnsError('TRANSFER_FAILED', why, { why }, { cause })
}

/** Where a name ends; a pointer ends it. */
function skipName(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined) throw broken('a name that ends early')
    if (length === 0) return at + 1
    if (length >= 0xc0) return need(bytes, at, 2)
    if (length > 63) throw broken('a label that is none')
    at += 1 + length
  }
}

/** Behind so many octets, if they are there. */
function need(bytes: Uint8Array, at: number, octets: number): number {
  if (at + octets > bytes.length) throw broken('a record that ends early')
  return at + octets
}
