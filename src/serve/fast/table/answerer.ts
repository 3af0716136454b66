/**
 * The reading side of the answer table: a batch of queries in one buffer becomes a batch of replies in the same places. All queries are
 * read and hashed first, then all slots are looked at, then all records touched, then all answers made: so the waits for memory of
 * different queries overlap, which is what a large table costs.
 *
 * What is not understood whole, or not in the table, is left as it was: the main thread decides on it, and nothing here ever says
 * something else than it would.
 */

import { limits } from '../../limits.ts'
import {
  AT_COUNTS,
  AT_EXPIRES,
  AT_HEAD,
  AT_HINT,
  AT_KEY,
  AT_OPTIONS,
  AT_SIZES,
  AT_WRITTEN,
  CONTROL_DROPPED,
  CONTROL_TAIL,
  FLAG_AUTHORITATIVE,
  FLAG_SECURE,
  FLAG_TOO_LONG,
  GROUP_WORDS,
  isLater,
  MARK_HINTED,
  MARK_READ,
  MAX_PROBES,
  RCODE_SHIFT,
  RECORD_WORDS,
  type SharedTable,
  SLOT_CHANGED,
  SLOT_MARKS,
  SLOT_PLACE,
  SLOT_TAG,
  SLOT_WORDS,
  tagOf,
  VARIANT_DO,
} from './layout.ts'
import { COOKIE_BYTES, HEADER_BYTES, NAME_WORDS, OPT_BYTES, OPTION_HEAD_BYTES, QueryReader } from './query-reader.ts'

/** The query is for the main thread. */
export const MISS = 0

/** Where the queries lie, and how long replies may be. */
export interface BatchShape {
  /** Query j begins at `j * stride`. A slot has room for the longest query taken, or the longest reply, and three octets more. */
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly stride: number
  readonly most: number
  readonly maxReply: number
  readonly minReply: number
  /** Whoever calls writes a server cookie into each reply that has a place for one. */
  readonly takesCookies: boolean
  /** Replies go out over a connection: none is cut, and what is too long for UDP is for the main thread; queries may be padded. Default: false. */
  readonly isStream?: boolean
}

/** Places of TTLs in one reply: more than fit into the longest. */
const MAX_TTLS = limits.TABLE_TTLS
/** Where the next lines of the cache are, which most records reach into. */
const NEXT_LINE_WORDS = 16
const LAST_LINE_WORDS = 22
const QR_RD = 0x81
const TC = 0x02
const AA = 0x04
const RA = 0x80
const CD = 0x10
const AD = 0x20

export class BatchAnswerer {
  /** Of each query: the length of its reply, or MISS. */
  readonly lengths: Int32Array
  /** Of each query that was answered: 1 when it is worth fetching again. */
  readonly hints: Uint8Array
  /** Of each query that was answered and has a cookie: where in the buffer it stands in the reply, the client's and room for ours; else 0. */
  readonly cookiesAt: Int32Array
  /** Of each query that was answered and has EDNS: where in the buffer OPT begins, the last of its reply. */
  readonly optsAt: Int32Array
  readonly reader: QueryReader
  readonly #shape: BatchShape
  readonly #buffer: Uint8Array<ArrayBuffer>
  readonly #view: DataView
  readonly #control: Int32Array
  readonly #slots: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #slotMask: number
  readonly #unitMask: number
  /** Slot of each query, or -1. */
  readonly #found: Int32Array
  readonly #places: Int32Array
  readonly #fence = new Int32Array(new SharedArrayBuffer(4))
  readonly #isStream: boolean
  #dropped = 0
  #touched = 0

  constructor(table: SharedTable, shape: BatchShape) {
    const { most, buffer, takesCookies, isStream = false } = shape
    this.#isStream = isStream
    this.#shape = shape
    this.#buffer = buffer
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    this.#control = new Int32Array(table.control)
    this.#slots = new Int32Array(table.slots)
    this.#words = new Int32Array(table.records)
    this.#bytes = new Uint8Array(table.records)
    this.#slotMask = this.#slots.length / SLOT_WORDS - 1
    this.#unitMask = this.#words.length / 2 - 1
    this.reader = new QueryReader(buffer, most, table.hashKey, { cookies: takesCookies, padding: isStream })
    this.lengths = new Int32Array(most)
    this.hints = new Uint8Array(most)
    this.cookiesAt = new Int32Array(most)
    this.optsAt = new Int32Array(most)
    this.#found = new Int32Array(most)
    this.#places = new Int32Array(most)
  }

  /** Keeps the compiler from leaving out the touching of the records. */
  get touched(): number {
    return this.#touched
  }

  /**
   * Answers the first `count` queries. `sizes[from + j * step]`: bytes of query j, below 0 for one that is not to be answered here.
   * `now`: monotonic ms of the process that writes.
   */
  answer(count: number, sizes: Int32Array, from: number, step: number, now: number): void {
    const { stride } = this.#shape
    const { reader, lengths, hints, cookiesAt } = this
    const found = this.#found
    const clock = Math.floor(now) | 0
    this.#dropped = Atomics.load(this.#control, CONTROL_DROPPED)
    for (let j = 0; j < count; j++) {
      lengths[j] = MISS
      hints[j] = 0
      cookiesAt[j] = 0
      found[j] = reader.read(j, j * stride, sizes[from + j * step]!) ? 0 : -1
    }
    this.#probe(count)
    this.#touch(count)
    for (let j = 0; j < count; j++) if (found[j]! >= 0) lengths[j] = this.#make(j, j * stride, clock)
    this.#check(count)
  }

  /**
   * The reply to query j without its records, with TC, and of OPT the cookie alone: what a client is sent that has had its share of replies.
   * Returns its new length.
   */
  cut(j: number): number {
    const { stride, maxReply } = this.#shape
    const { reader } = this
    const at = j * stride
    this.#buffer[at + 2] = this.#buffer[at + 2]! | TC
    this.#buffer[at + 7] = 0
    this.#buffer[at + 9] = 0
    let end = at + HEADER_BYTES + (reader.keys[j]! & 0xff) + 4
    if (reader.offers[j]! >= 0) {
      const cookieAt = this.cookiesAt[j]!
      // What was written to the cookie's place in the reply is to stay.
      if (cookieAt > 0)
        for (let i = 0; i < COOKIE_BYTES; i++) reader.cookies[j * COOKIE_BYTES + i] = this.#buffer[cookieAt + i]!
      end = reader.writeOpt(j, end, maxReply, cookieAt > 0 ? COOKIE_BYTES : 0, 0)
      if (cookieAt > 0) this.cookiesAt[j] = end - COOKIE_BYTES
    }
    this.lengths[j] = end - at
    return end - at
  }

  /** Finds the slots of all. Their homes are touched first: waits for memory overlap only as far as nothing depends on what comes. */
  #probe(count: number): void {
    const slots = this.#slots
    const mask = this.#slotMask
    const found = this.#found
    const places = this.#places
    const { hashes, keys } = this.reader
    let touched = 0
    for (let j = 0; j < count; j++) touched ^= slots[(hashes[j]! & mask) * SLOT_WORDS]!
    this.#touched = touched
    for (let j = 0; j < count; j++) {
      if (found[j]! < 0) continue
      const hash = hashes[j]!
      const tag = tagOf(hash, keys[j]!)
      found[j] = -1
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const slot = (hash + probe) & mask
        // What lies at the place is found by it, so no processor reads that sooner; and nothing that is read there is believed before `#check`.
        const place = slots[slot * SLOT_WORDS + SLOT_PLACE]!
        if (place === 0) break
        if (slots[slot * SLOT_WORDS + SLOT_TAG] !== tag) continue
        found[j] = slot
        places[j] = place
        break
      }
    }
  }

  #touch(count: number): void {
    const words = this.#words
    const last = words.length - 1
    const found = this.#found
    const places = this.#places
    let touched = 0
    for (let j = 0; j < count; j++) {
      if (found[j]! < 0) continue
      const word = (places[j]! & this.#unitMask) * 2
      touched ^= words[word]! ^ words[(word + NEXT_LINE_WORDS) & last]! ^ words[(word + LAST_LINE_WORDS) & last]!
    }
    this.#touched = touched
  }

  /**
   * Whatever was read of the log is the records' own only if the log has not come round to them meanwhile. The write makes the processor
   * finish all reads before it looks at the tail.
   */
  #check(count: number): void {
    Atomics.add(this.#fence, 0, 1)
    const tail = Atomics.load(this.#control, CONTROL_TAIL)
    for (let j = 0; j < count; j++)
      if (this.lengths[j] !== MISS && isLater(tail, this.#places[j]!)) this.#restore(j, j * this.#shape.stride)
  }

  #restore(j: number, at: number): number {
    this.reader.restore(j, at)
    this.hints[j] = 0
    this.cookiesAt[j] = 0
    this.lengths[j] = MISS
    return MISS
  }

  /** Makes the reply in the query's place; the query is whole again when it turns out to be a miss. */
  #make(j: number, at: number, now: number): number {
    const buffer = this.#buffer
    const words = this.#words
    const { maxReply, minReply } = this.#shape
    const { keys, offers, flags, cookieSizes } = this.reader
    const record = (this.#places[j]! & this.#unitMask) * 2
    if (!this.#isCurrent(j, record, now)) return MISS
    const counts = words[record + AT_COUNTS]!
    const sizes = words[record + AT_SIZES]!
    const questionEnd = at + HEADER_BYTES + (keys[j]! & 0xff) + 4
    const offered = offers[j]!
    const options = offered < 0 ? 0 : words[record + AT_OPTIONS]!
    const cookieBytes = offered >= 0 && cookieSizes[j]! > 0 ? OPTION_HEAD_BYTES + COOKIE_BYTES : 0
    const optBytes = offered < 0 ? 0 : OPT_BYTES + cookieBytes + options
    const room = offered <= minReply ? minReply : Math.min(offered, maxReply)
    const answerBytes = sizes & 0xffff
    const isTooLong = (counts & FLAG_TOO_LONG) !== 0
    const isCut = isTooLong || (!this.#isStream && questionEnd - at + answerBytes + optBytes > room)
    // Which of its options a reply loses first, the main thread knows.
    if (isCut && (options > 0 || this.#isStream)) return MISS
    let end = questionEnd
    if (!isCut) {
      if (!this.#copy(record, sizes, counts >>> 24, questionEnd, now)) return this.#restore(j, at)
      end += answerBytes
    }
    const wantsAd = (keys[j]! & (VARIANT_DO << 8)) !== 0 || (flags[j]! & AD) !== 0
    buffer[at + 2] = QR_RD | (isCut ? TC : 0) | ((counts & FLAG_AUTHORITATIVE) !== 0 ? AA : 0)
    buffer[at + 3] =
      RA | (flags[j]! & CD) | (wantsAd && (counts & FLAG_SECURE) !== 0 ? AD : 0) | ((counts & 0xff) >> RCODE_SHIFT)
    buffer[at + 7] = isCut ? 0 : counts >>> 8
    buffer[at + 9] = isCut ? 0 : counts >>> 16
    if (offered >= 0) end = this.#writeOpt(j, end, options, record, sizes)
    this.#mark(j, record, now)
    return end - at
  }

  /** OPT with the cookie's place, and the options of the answer behind it. */
  #writeOpt(j: number, at: number, options: number, record: number, sizes: number): number {
    const cookie = this.reader.cookieSizes[j]! > 0 ? COOKIE_BYTES : 0
    this.optsAt[j] = at
    const end = this.reader.writeOpt(j, at, this.#shape.maxReply, cookie, options)
    if (cookie > 0) this.cookiesAt[j] = end - COOKIE_BYTES
    if (options === 0) return end
    const from = (record + (sizes >>> 16)) * 4 + (sizes & 0xffff)
    for (let i = 0; i < options; i++) this.#buffer[end + i] = this.#bytes[from + i]!
    return end + options
  }

  /** True when the record answers this very question, and neither its time is over nor the cache was changed under one of its names. */
  #isCurrent(j: number, record: number, now: number): boolean {
    const words = this.#words
    const slots = this.#slots
    const { keys, hashes, names } = this.reader
    const key = keys[j]!
    if (words[record + AT_KEY] !== key || !isLater(words[record + AT_EXPIRES]!, now)) return false
    const written = words[record + AT_WRITTEN]!
    if (isLater(this.#dropped, written)) return false
    const home = hashes[j]! & this.#slotMask
    if (isLater(slots[home * SLOT_WORDS + SLOT_CHANGED]!, written)) return false
    const count = ((key & 0xff) + 3) >> 2
    const name = record + RECORD_WORDS
    const asked = j * NAME_WORDS
    for (let i = 0; i < count; i++) if (words[name + i] !== names[asked + i]) return false
    const links = (words[record + AT_HEAD]! >>> 16) & 0xff
    for (let i = name + count; i < name + count + links; i++) {
      const link = words[i]! & this.#slotMask
      if (isLater(slots[link * SLOT_WORDS + SLOT_CHANGED]!, written)) return false
    }
    return true
  }

  /** Copies the answer behind the question, and sets its TTLs there. False when what is read makes no sense: it was overwritten. */
  #copy(record: number, sizes: number, groups: number, to: number, now: number): boolean {
    const view = this.#view
    const words = this.#words
    const answerBytes = sizes & 0xffff
    const answer = record + (sizes >>> 16)
    const last = answer + ((answerBytes + 3) >> 2)
    if (answerBytes > this.#shape.maxReply || last > words.length) return false
    // Up to three octets more than there are: what follows is written after it.
    for (let word = answer, end = to; word < last; word++, end += 4) view.setInt32(end, words[word]!, true)
    const head = words[record + AT_HEAD]!
    const key = words[record + AT_KEY]!
    let at = record + RECORD_WORDS + (((key & 0xff) + 3) >> 2) + ((head >>> 16) & 0xff)
    for (let group = 0; group < groups; group++) {
      if (at + GROUP_WORDS > answer) return false
      const left = Math.floor((((words[at]! - now) | 0) + 500) / 1000)
      const most = words[at + 1]!
      const ttl = left < 0 ? 0 : Math.min(left, most)
      const places = words[at + 2]!
      at += GROUP_WORDS
      if (places < 0 || places > MAX_TTLS || at + ((places + 1) >> 1) > answer) return false
      for (let i = 0; i < places; i++) {
        const offset = (words[at + (i >> 1)]! >>> ((i & 1) << 4)) & 0xffff
        if (offset + 4 > answerBytes) return false
        view.setInt32(to + offset, ttl)
      }
      at += (places + 1) >> 1
    }
    return true
  }

  /** A mark that falls on the slot of another answer, since slots move, does no harm there. */
  #mark(j: number, record: number, now: number): void {
    const slots = this.#slots
    const at = this.#found[j]! * SLOT_WORDS + SLOT_MARKS
    const marks = slots[at]!
    if ((marks & MARK_READ) === 0) slots[at] = marks | MARK_READ
    if ((marks & MARK_HINTED) !== 0 || isLater(this.#words[record + AT_HINT]!, now)) return
    slots[at] = marks | MARK_HINTED | MARK_READ
    this.hints[j] = 1
  }
}
