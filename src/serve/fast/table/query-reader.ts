/**
 * Reads a batch of queries: what each asks for, and the hash of its name. Anything but a plain question is for the main thread, which
 * gets it as it came: so what a reply is written over can be put back.
 */
import { hashWords, lowered, tailMask } from './hash.ts'
import { keyWord, VARIANT_CD, VARIANT_DO } from './layout.ts'

export const HEADER_BYTES = 12
export const OPT_BYTES = 11
export const TYPE_OPT = 41
export const NAME_WORDS = 64
/** Code and length of an option. */
export const OPTION_HEAD_BYTES = 4
export const OPTION_COOKIE = 10
const OPTION_PADDING = 12
export const CLIENT_COOKIE_BYTES = 8
/** The client's, and one of ours. */
export const COOKIE_BYTES = 24

/** RFC 1035 section 2.3.4. */
const MAX_NAME_BYTES = 255
const MAX_LABEL_BYTES = 63
const CLASS_IN = 1
/** Flags of the second octet that a query may have: AD and CD. */
const AD_CD = 0x30
const CD = 0x10

/** What a plain query may have beside DO. */
export interface PlainOptions {
  readonly cookies: boolean
  /** Such a query cannot be put back by `restore`. */
  readonly padding: boolean
}

export class QueryReader {
  readonly #buffer: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  readonly #k0: number
  readonly #k1: number
  /** Of each query: its name in lower case, `NAME_WORDS` to a query. */
  readonly names: Int32Array
  readonly hashes: Int32Array
  /** As `keyWord` makes them. */
  readonly keys: Int32Array
  /** The second octet of its flags. */
  readonly flags: Int32Array
  /** The size that it offers; -1 without EDNS. */
  readonly offers: Int32Array
  /** Bytes of its cookie: 0, 8 or 24. */
  readonly cookieSizes: Int32Array
  /** The cookies themselves, `COOKIE_BYTES` to a query. */
  readonly cookies: Uint8Array
  /** Of each query: 1 when it is padded, so that its reply may be. */
  readonly padded: Uint8Array
  readonly #takes: PlainOptions

  constructor(buffer: Uint8Array<ArrayBuffer>, most: number, [k0, k1]: readonly [number, number], takes: PlainOptions) {
    this.#buffer = buffer
    this.#takes = takes
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    this.#k0 = k0
    this.#k1 = k1
    this.names = new Int32Array(most * NAME_WORDS)
    this.hashes = new Int32Array(most)
    this.keys = new Int32Array(most)
    this.flags = new Int32Array(most)
    this.offers = new Int32Array(most)
    this.cookieSizes = new Int32Array(most)
    this.cookies = new Uint8Array(most * COOKIE_BYTES)
    this.padded = new Uint8Array(most)
  }

  /** Reads query j, `size` bytes at `at`. False for anything but a plain question of class IN with RD, and OPT of version 0 with what `PlainOptions` allow. */
  read(j: number, at: number, size: number): boolean {
    const buffer = this.#buffer
    const view = this.#view
    if (size < HEADER_BYTES + 5) return false
    // QR, opcode, AA, TC off and RD on; RA, Z and rcode off; one question, no records but OPT.
    const flags = buffer[at + 3]!
    if (buffer[at + 2] !== 1 || (flags & ~AD_CD) !== 0) return false
    if (view.getInt32(at + 4, true) !== 0x00000100 || view.getInt16(at + 8, true) !== 0) return false
    const end = at + size
    let name = at + HEADER_BYTES
    for (let length = buffer[name]!; length !== 0; length = buffer[name]!) {
      name += length + 1
      if (length > MAX_LABEL_BYTES || name + 5 > end) return false
    }
    const questionEnd = name + 5
    const nameBytes = name + 1 - at - HEADER_BYTES
    if (questionEnd > end || nameBytes > MAX_NAME_BYTES) return false
    if (view.getInt16(name + 3) !== CLASS_IN) return false
    let variant = (flags & CD) !== 0 ? VARIANT_CD : 0
    const additional = view.getUint16(at + 10)
    this.cookieSizes[j] = 0
    this.padded[j] = 0
    if (additional === 1) {
      if (!this.#readOpt(j, questionEnd, end)) return false
      if (buffer[questionEnd + 7] !== 0) variant |= VARIANT_DO
    } else {
      if (additional !== 0 || questionEnd !== end) return false
      this.offers[j] = -1
    }
    this.flags[j] = flags
    this.keys[j] = keyWord(view.getUint16(name + 1), variant, nameBytes)
    this.#hash(j, at + HEADER_BYTES, nameBytes)
    return true
  }

  /** OPT of the root, version 0, of its flags DO alone, without options but those that are taken. */
  #readOpt(j: number, at: number, end: number): boolean {
    const view = this.#view
    if (at + OPT_BYTES > end) return false
    // Root, type, and the upper half of the size; then its lower half, upper octet of the rcode, version, DO.
    if (view.getInt32(at) >>> 8 !== TYPE_OPT || (view.getInt32(at + 4) & 0x00ffff7f) !== 0) return false
    if (this.#buffer[at + 8] !== 0) return false
    const options = end - at - OPT_BYTES
    if (view.getUint16(at + 9) !== options) return false
    this.offers[j] = view.getUint16(at + 3)
    return options === 0 || this.#readOptions(j, at + OPT_BYTES, end)
  }

  #readOptions(j: number, from: number, end: number): boolean {
    const { cookies, padding } = this.#takes
    const view = this.#view
    for (let at = from; at < end; ) {
      if (at + OPTION_HEAD_BYTES > end) return false
      const code = view.getUint16(at)
      const size = view.getUint16(at + 2)
      const next = at + OPTION_HEAD_BYTES + size
      if (next > end) return false
      if (code === OPTION_PADDING && padding) this.padded[j] = 1
      else if (code !== OPTION_COOKIE || !cookies || !this.#readCookie(j, at + OPTION_HEAD_BYTES, size)) return false
      at = next
    }
    return true
  }

  /** One cookie, of a length that we give. */
  #readCookie(j: number, at: number, size: number): boolean {
    if ((size !== CLIENT_COOKIE_BYTES && size !== COOKIE_BYTES) || this.cookieSizes[j]! > 0) return false
    this.cookieSizes[j] = size
    for (let i = 0; i < size; i++) this.cookies[j * COOKIE_BYTES + i] = this.#buffer[at + i]!
    return true
  }

  #hash(j: number, at: number, nameBytes: number): void {
    const names = this.names
    const view = this.#view
    const start = j * NAME_WORDS
    const last = start + ((nameBytes - 1) >> 2)
    let from = at
    for (let word = start; word <= last; word++, from += 4) names[word] = lowered(view.getInt32(from, true))
    names[last] = names[last]! & tailMask(nameBytes)
    this.hashes[j] = hashWords(this.#k0, this.#k1, names, start, nameBytes)
  }

  /** Puts a query back whose place a reply was written to. */
  restore(j: number, at: number): void {
    const buffer = this.#buffer
    const view = this.#view
    buffer[at + 2] = 1
    buffer[at + 3] = this.flags[j]!
    view.setInt32(at + 4, 0x00010000)
    view.setInt16(at + 8, 0)
    const offered = this.offers[j]!
    view.setInt16(at + 10, offered < 0 ? 0 : 1)
    if (offered < 0) return
    const questionEnd = at + HEADER_BYTES + (this.keys[j]! & 0xff) + 4
    this.writeOpt(j, questionEnd, offered, this.cookieSizes[j]!, 0)
  }

  /** Writes OPT with DO as asked, and a cookie of `cookieBytes`, 0 for none; room for `more` bytes of options is counted in. Returns where it ends. */
  writeOpt(j: number, at: number, udpSize: number, cookieBytes: number, more: number): number {
    const view = this.#view
    const options = (cookieBytes > 0 ? OPTION_HEAD_BYTES + cookieBytes : 0) + more
    const isDo = (this.keys[j]! & (VARIANT_DO << 8)) !== 0
    view.setInt32(at, (TYPE_OPT << 8) | (udpSize >> 8))
    view.setInt32(at + 4, (udpSize << 24) | (isDo ? 0x80 : 0))
    this.#buffer[at + 8] = 0
    view.setInt16(at + 9, options)
    let end = at + OPT_BYTES
    if (cookieBytes === 0) return end
    view.setInt32(end, (OPTION_COOKIE << 16) | cookieBytes)
    end += OPTION_HEAD_BYTES
    for (let i = 0; i < cookieBytes; i++) this.#buffer[end + i] = this.cookies[j * COOKIE_BYTES + i]!
    return end + cookieBytes
  }
}
