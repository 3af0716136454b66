/**
 * The reading side of the answer table: a batch of queries in one buffer becomes a batch of replies in the same places. All queries are
 * read and hashed first, then all slots are looked at, then all records touched, then all answers made: so the waits for memory of
 * different queries overlap, which is what a large table costs.
 *
 * What is not understood whole, or not in the table, is left as it was: the main thread decides on it, and nothing here ever says
 * something else than it would.
 */
import { hashWords, lowered, tailMask } from './hash.ts'
import {
  AT_COUNTS,
  AT_EXPIRES,
  AT_HEAD,
  AT_HINT,
  AT_KEY,
  AT_SIZES,
  AT_WRITTEN,
  CONTROL_DROPPED,
  CONTROL_TAIL,
  FLAG_SECURE,
  FLAG_TOO_LONG,
  GROUP_WORDS,
  isLater,
  keyWord,
  MARK_HINTED,
  MARK_READ,
  MAX_PROBES,
  RCODE_SHIFT,
  RECORD_WORDS,
  type SharedTable,
  SLOT_CHANGED,
  SLOT_PLACE,
  SLOT_TAG,
  SLOT_WORDS,
  tagOf,
  VARIANT_CD,
  VARIANT_DO,
} from './layout.ts'

/** The query is for the main thread. */
export const MISS = 0

/** Where the queries lie, and how long replies may be. */
export interface BatchShape {
  /** Query j begins at `j * stride`. A slot has room for the longest query taken, or the longest reply. */
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly stride: number
  readonly most: number
  readonly maxReply: number
  readonly minReply: number
}

const HEADER_BYTES = 12
const OPT_BYTES = 11
const NAME_WORDS = 64
const MAX_NAME_BYTES = 255
const MAX_LABEL_BYTES = 63
const TYPE_OPT = 41
const CLASS_IN = 1
/** Places of TTLs in one reply: more than fit into the longest. */
const MAX_TTLS = 128

export class BatchAnswerer {
  /** Of each query: the length of its reply, or MISS. */
  readonly lengths: Int32Array
  /** Of each query that was answered: 1 when it is worth fetching again. */
  readonly hints: Uint8Array
  readonly #shape: BatchShape
  readonly #view: DataView
  readonly #control: Int32Array
  readonly #slots: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #marks: Uint8Array
  readonly #slotMask: number
  readonly #unitMask: number
  readonly #k0: number
  readonly #k1: number
  readonly #names: Int32Array
  readonly #hashes: Int32Array
  readonly #keys: Int32Array
  /** Slot of each query, or -1; later the record's place. */
  readonly #found: Int32Array
  readonly #places: Int32Array
  readonly #fence = new Int32Array(new SharedArrayBuffer(4))
  #touched = 0

  constructor(table: SharedTable, shape: BatchShape) {
    const { most } = shape
    this.#shape = shape
    this.#view = new DataView(shape.buffer.buffer, shape.buffer.byteOffset, shape.buffer.byteLength)
    this.#control = new Int32Array(table.control)
    this.#slots = new Int32Array(table.slots)
    this.#words = new Int32Array(table.records)
    this.#bytes = new Uint8Array(table.records)
    this.#marks = new Uint8Array(table.marks)
    this.#slotMask = this.#slots.length / SLOT_WORDS - 1
    this.#unitMask = this.#words.length / 2 - 1
    ;[this.#k0, this.#k1] = table.hashKey
    this.lengths = new Int32Array(most)
    this.hints = new Uint8Array(most)
    this.#names = new Int32Array(most * NAME_WORDS)
    this.#hashes = new Int32Array(most)
    this.#keys = new Int32Array(most)
    this.#found = new Int32Array(most)
    this.#places = new Int32Array(most)
  }

  /** Keeps the compiler from leaving out the touching of the records. */
  get touched(): number {
    return this.#touched
  }

  /**
   * Answers the first `count` queries. `sizes[from + j * step]`: bytes of query j, -1 for one that is not to be answered here.
   * `now`: monotonic ms of the process that writes.
   */
  answer(count: number, sizes: Int32Array, from: number, step: number, now: number): void {
    const { stride } = this.#shape
    const clock = Math.floor(now) | 0
    for (let j = 0; j < count; j++) {
      this.hints[j] = 0
      this.#found[j] = this.#read(j, j * stride, sizes[from + j * step]!) ? 0 : -1
    }
    this.#probe(count)
    for (let j = 0; j < count; j++) this.lengths[j] = this.#found[j]! < 0 ? MISS : this.#make(j, j * stride, clock)
  }

  /** Reads a query; false for anything but a plain question of class IN with RD, and OPT of version 0 without options at most. */
  #read(j: number, at: number, size: number): boolean {
    const { buffer } = this.#shape
    if (size < HEADER_BYTES + 5) return false
    // QR, opcode, AA, TC off and RD on; RA, Z and rcode off; one question, no records but OPT.
    if (buffer[at + 2] !== 1 || (buffer[at + 3]! & ~0x30) !== 0) return false
    if (this.#view.getInt32(at + 4, true) !== 0x00000100 || this.#view.getInt16(at + 8, true) !== 0) return false
    const end = at + size
    let name = at + HEADER_BYTES
    for (let length = buffer[name]!; length !== 0; length = buffer[name]!) {
      name += length + 1
      if (length > MAX_LABEL_BYTES || name + 5 > end) return false
    }
    const questionEnd = name + 5
    const nameBytes = name + 1 - at - HEADER_BYTES
    if (questionEnd > end || nameBytes > MAX_NAME_BYTES) return false
    if (buffer[name + 3] !== 0 || buffer[name + 4] !== CLASS_IN) return false
    let variant = (buffer[at + 3]! & 0x10) !== 0 ? VARIANT_CD : 0
    const additional = this.#view.getUint16(at + 10)
    if (additional === 1) {
      if (!this.#isPlainOpt(questionEnd, end)) return false
      if (buffer[questionEnd + 7] !== 0) variant |= VARIANT_DO
    } else if (additional !== 0 || questionEnd !== end) return false
    this.#keys[j] = keyWord(this.#view.getUint16(name + 1), variant, nameBytes)
    this.#hashes[j] = this.#hash(j, at + HEADER_BYTES, nameBytes)
    return true
  }

  /** OPT of the root, version 0, without options; of its flags DO alone. */
  #isPlainOpt(at: number, end: number): boolean {
    const { buffer } = this.#shape
    return (
      at + OPT_BYTES === end &&
      buffer[at] === 0 &&
      buffer[at + 1] === 0 &&
      buffer[at + 2] === TYPE_OPT &&
      buffer[at + 5] === 0 &&
      buffer[at + 6] === 0 &&
      (buffer[at + 7]! & 0x7f) === 0 &&
      buffer[at + 8] === 0 &&
      buffer[at + 9] === 0 &&
      buffer[at + 10] === 0
    )
  }

  #hash(j: number, at: number, nameBytes: number): number {
    const names = this.#names
    const view = this.#view
    const start = j * NAME_WORDS
    const last = start + ((nameBytes - 1) >> 2)
    let from = at
    for (let word = start; word <= last; word++, from += 4) names[word] = lowered(view.getInt32(from, true))
    names[last] = names[last]! & tailMask(nameBytes)
    return hashWords(this.#k0, this.#k1, names, start, nameBytes)
  }

  /** Finds the slots of all, then touches all records. */
  #probe(count: number): void {
    const slots = this.#slots
    const mask = this.#slotMask
    for (let j = 0; j < count; j++) {
      if (this.#found[j]! < 0) continue
      const hash = this.#hashes[j]!
      const tag = tagOf(hash, this.#keys[j]!)
      let found = -1
      for (let probe = 0; probe < MAX_PROBES; probe++) {
        const slot = (hash + probe) & mask
        const place = Atomics.load(slots, slot * SLOT_WORDS + SLOT_PLACE)
        if (place === 0) break
        if (slots[slot * SLOT_WORDS + SLOT_TAG] !== tag) continue
        found = slot
        this.#places[j] = place
        break
      }
      this.#found[j] = found
    }
    let touched = 0
    for (let j = 0; j < count; j++) {
      if (this.#found[j]! < 0) continue
      const word = (this.#places[j]! & this.#unitMask) * 2
      touched ^= this.#words[word]! ^ this.#words[word + 16]!
    }
    this.#touched = touched
  }

  /** Makes the reply in the query's place; the query is whole again when it turns out to be a miss. */
  #make(j: number, at: number, now: number): number {
    const { buffer, maxReply, minReply } = this.#shape
    const words = this.#words
    const record = (this.#places[j]! & this.#unitMask) * 2
    if (!this.#isCurrent(j, record, now)) return MISS
    const counts = words[record + AT_COUNTS]!
    const sizes = words[record + AT_SIZES]!
    const questionEnd = at + HEADER_BYTES + (this.#keys[j]! & 0xff) + 4
    const hasEdns = buffer[at + 11] !== 0
    const optBytes = hasEdns ? OPT_BYTES : 0
    const offered = hasEdns ? this.#view.getUint16(questionEnd + 3) : minReply
    const room = Math.min(Math.max(offered, minReply), maxReply)
    const answerBytes = sizes & 0xffff
    const isCut = (counts & FLAG_TOO_LONG) !== 0 || questionEnd - at + answerBytes + optBytes > room
    let end = questionEnd
    if (!isCut) {
      if (!this.#copy(record, sizes, counts >>> 24, questionEnd, now))
        return this.#restore(j, questionEnd, hasEdns, offered)
      end += answerBytes
    }
    // Whatever was read above is the record's own only if the log has not come round to it meanwhile. The write makes the processor
    // finish the reads before it looks at the tail.
    Atomics.add(this.#fence, 0, 1)
    if (isLater(Atomics.load(this.#control, CONTROL_TAIL), this.#places[j]!))
      return this.#restore(j, questionEnd, hasEdns, offered)
    const isDo = (this.#keys[j]! & (VARIANT_DO << 8)) !== 0
    const wantsAd = isDo || (buffer[at + 3]! & 0x20) !== 0
    buffer[at + 2] = isCut ? 0x83 : 0x81
    buffer[at + 3] =
      0x80 |
      (buffer[at + 3]! & 0x10) |
      (wantsAd && (counts & FLAG_SECURE) !== 0 ? 0x20 : 0) |
      ((counts & 0xff) >> RCODE_SHIFT)
    buffer[at + 7] = isCut ? 0 : (counts >>> 8) & 0xff
    buffer[at + 9] = isCut ? 0 : (counts >>> 16) & 0xff
    if (hasEdns) end = this.#writeOpt(end, maxReply, isDo)
    this.#mark(j, record, now)
    return end - at
  }

  /** True when the record answers this very question, and neither its time is over nor the cache was changed under one of its names. */
  #isCurrent(j: number, record: number, now: number): boolean {
    const words = this.#words
    const key = this.#keys[j]!
    if (words[record + AT_KEY] !== key || !isLater(words[record + AT_EXPIRES]!, now)) return false
    const written = words[record + AT_WRITTEN]!
    if (isLater(Atomics.load(this.#control, CONTROL_DROPPED), written)) return false
    const home = this.#hashes[j]! & this.#slotMask
    if (isLater(this.#slots[home * SLOT_WORDS + SLOT_CHANGED]!, written)) return false
    const count = ((key & 0xff) + 3) >> 2
    const name = record + RECORD_WORDS
    const asked = j * NAME_WORDS
    for (let i = 0; i < count; i++) if (words[name + i] !== this.#names[asked + i]) return false
    const links = (words[record + AT_HEAD]! >>> 16) & 0xff
    for (let i = name + count; i < name + count + links; i++) {
      const link = words[i]! & this.#slotMask
      if (isLater(this.#slots[link * SLOT_WORDS + SLOT_CHANGED]!, written)) return false
    }
    return true
  }

  /** Copies the answer behind the question, and sets its TTLs there. False when what is read makes no sense: it was overwritten. */
  #copy(record: number, sizes: number, groups: number, to: number, now: number): boolean {
    const { buffer, maxReply } = this.#shape
    const words = this.#words
    const bytes = this.#bytes
    const answerBytes = sizes & 0xffff
    if (answerBytes > maxReply) return false
    const answer = (record + (sizes >>> 16)) * 4
    for (let i = 0; i < answerBytes; i++) buffer[to + i] = bytes[answer + i]!
    const head = words[record + AT_HEAD]!
    const key = words[record + AT_KEY]!
    let at = record + RECORD_WORDS + (((key & 0xff) + 3) >> 2) + ((head >>> 16) & 0xff)
    for (let group = 0; group < groups; group++) {
      const left = Math.floor((((words[at]! - now) | 0) + 500) / 1000)
      const most = words[at + 1]!
      const ttl = Math.min(Math.max(left, 0), most)
      const places = words[at + 2]!
      if (places < 0 || places > MAX_TTLS) return false
      at += GROUP_WORDS
      for (let i = 0; i < places; i++) {
        const offset = (words[at + (i >> 1)]! >>> ((i & 1) << 4)) & 0xffff
        if (offset + 4 > answerBytes) return false
        this.#view.setInt32(to + offset, ttl)
      }
      at += (places + 1) >> 1
    }
    return true
  }

  #writeOpt(at: number, udpSize: number, isDo: boolean): number {
    const { buffer } = this.#shape
    buffer[at] = 0
    buffer[at + 1] = 0
    buffer[at + 2] = TYPE_OPT
    this.#view.setUint16(at + 3, udpSize)
    buffer[at + 5] = 0
    buffer[at + 6] = 0
    buffer[at + 7] = isDo ? 0x80 : 0
    buffer[at + 8] = 0
    buffer[at + 9] = 0
    buffer[at + 10] = 0
    return at + OPT_BYTES
  }

  /** The answer lies over the query's OPT, of which only its size and DO were more than fixed octets. */
  #restore(j: number, questionEnd: number, hasEdns: boolean, offered: number): number {
    if (hasEdns) this.#writeOpt(questionEnd, offered, (this.#keys[j]! & (VARIANT_DO << 8)) !== 0)
    return MISS
  }

  /** A mark that falls on the slot of another answer, since slots move, does no harm there. */
  #mark(j: number, record: number, now: number): void {
    const slot = this.#found[j]!
    const marks = this.#marks[slot]!
    if ((marks & MARK_READ) === 0) this.#marks[slot] = marks | MARK_READ
    if ((marks & MARK_HINTED) !== 0 || isLater(this.#words[record + AT_HINT]!, now)) return
    this.#marks[slot] = marks | MARK_HINTED | MARK_READ
    this.hints[j] = 1
  }
}
