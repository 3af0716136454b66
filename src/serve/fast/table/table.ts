/** The writing side of the answer table. It belongs to one thread; layout.ts says how the workers read it meanwhile. */

import { limits } from '../../limits.ts'
import { hashWords, nameWords } from './hash.ts'
import {
  AT_COUNTS,
  AT_EXPIRES,
  AT_HEAD,
  AT_HINT,
  AT_KEY,
  AT_OPTIONS,
  AT_SIZES,
  AT_WRITTEN,
  CONTROL_BYTES,
  CONTROL_DROPPED,
  CONTROL_TAIL,
  GROUP_WORDS,
  isLater,
  keyWord,
  MARK_HINTED,
  MARK_READ,
  MAX_PER_NAME,
  MAX_PROBES,
  RECORD_WORDS,
  type SharedTable,
  SLOT_CHANGED,
  SLOT_MARKS,
  SLOT_PLACE,
  SLOT_TAG,
  SLOT_WORDS,
  tagOf,
} from './layout.ts'

/** One answer, ready for the table. Times are monotonic ms of this process. */
export interface TableAnswer {
  /** In any case. */
  readonly name: Uint8Array
  readonly type: number
  readonly variant: number
  /** `FLAG_*`, and the rcode. */
  readonly flags: number
  readonly answers: number
  readonly authorities: number
  /** All that follows the question, without OPT. */
  readonly bytes: Uint8Array
  /** What OPT carries, if the query has one, beside what is the transport's. */
  readonly options: Uint8Array
  readonly groups: readonly TtlGroup[]
  /** Names of the further links of a chain: the answer ends when the cache is changed under one of them. */
  readonly links: readonly Uint8Array[]
  readonly expires: number
  /** From then on it is worth fetching again, if it is still asked for. */
  readonly hintFrom: number
}

/** Records that end at one time: their TTL is what is left until then, at most `ttl`. */
export interface TtlGroup {
  readonly expires: number
  readonly ttl: number
  /** Where the TTLs stand in `bytes`. */
  readonly offsets: readonly number[]
}

export interface TableStats {
  readonly entries: number
  readonly bytes: number
  readonly evictions: number
  readonly drops: number
}

const UNIT_BYTES = 8
const UNIT_WORDS = 2
/** Bytes of log to a slot: the shortest answers take 80. */
const BYTES_PER_SLOT = 64
const LOAD = 0.6
/** Records that are written anew, since they were read, to make room for one: what is more is dropped though it was read. */
const MAX_MOVES = limits.TABLE_MOVES
/** Counters have a field of 32 bits and are compared by their difference; long before they go round the table begins anew. */
const MAX_CHANGES = 2 ** 30
/** RFC 1035 section 2.3.4: 255 bytes. */
const MAX_NAME_WORDS = 64

export class AnswerTable {
  readonly shared: SharedTable
  readonly #control: Int32Array
  readonly #slots: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #k0: number
  readonly #k1: number
  readonly #slotMask: number
  readonly #units: number
  readonly #name = new Int32Array(MAX_NAME_WORDS)
  #head: number
  #changes = 0
  #count = 0
  #evictions = 0
  #drops = 0

  /** `bytes`: most of log and slots together. `seed`: 8 random bytes. */
  constructor({ bytes, seed }: { readonly bytes: number; readonly seed: Uint8Array }) {
    const logBytes = 2 ** Math.floor(Math.log2((bytes * BYTES_PER_SLOT) / (BYTES_PER_SLOT + SLOT_WORDS * 4)))
    const slots = logBytes / BYTES_PER_SLOT
    const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength)
    this.#k0 = view.getInt32(0)
    this.#k1 = view.getInt32(4)
    this.shared = {
      control: new SharedArrayBuffer(CONTROL_BYTES),
      slots: new SharedArrayBuffer(slots * SLOT_WORDS * 4),
      records: new SharedArrayBuffer(logBytes),
      hashKey: [this.#k0, this.#k1],
    }
    this.#control = new Int32Array(this.shared.control)
    this.#slots = new Int32Array(this.shared.slots)
    this.#words = new Int32Array(this.shared.records)
    this.#bytes = new Uint8Array(this.shared.records)
    this.#slotMask = slots - 1
    this.#units = logBytes / UNIT_BYTES
    // Place 0 stands for an empty slot.
    this.#head = this.#units
    this.#control[CONTROL_TAIL] = this.#units
  }

  stats(): TableStats {
    const { slots, records } = this.shared
    const bytes = slots.byteLength + records.byteLength
    return { entries: this.#count, bytes, evictions: this.#evictions, drops: this.#drops }
  }

  /** Where the changes stand now: an answer that is found from here on is put under it. */
  get stamp(): number {
    return this.#changes
  }

  /** The cache was changed under this name: answers that were found before are not given any more. */
  changed(name: Uint8Array): void {
    const home = this.#homeOf(name)
    Atomics.store(this.#slots, home * SLOT_WORDS + SLOT_CHANGED, this.#nextChange())
  }

  /** Everything that was found before is not given any more. */
  drop(): void {
    this.#drops++
    Atomics.store(this.#control, CONTROL_DROPPED, this.#nextChange())
  }

  /** Takes an answer that was found since `stamp`. False when it is too long, or when the cache was changed meanwhile. */
  put(answer: TableAnswer, stamp: number): boolean {
    const links = answer.links.map((name) => this.#homeOf(name))
    const hash = this.#hashOf(answer.name)
    const home = hash & this.#slotMask
    // A later stamp than there are changes is one of before the counters began anew.
    if (isLater(this.#control[CONTROL_DROPPED]!, stamp) || stamp > this.#changes) return false
    if ([home, ...links].some((one) => isLater(this.#slots[one * SLOT_WORDS + SLOT_CHANGED]!, stamp))) return false
    const units = (recordBytes(answer) + UNIT_BYTES - 1) >> 3
    if (units > 0xffff || units > this.#units >> 3) return false
    const key = keyWord(answer.type, answer.variant, answer.name.length)
    // Making room moves entries, so the slot is looked for after it.
    this.#makeRoom(units)
    const slot = this.#slotFor(hash, key)
    // The name was hashed before the room was made, which used the same words.
    nameWords(answer.name, this.#name, 0)
    const place = this.#head
    this.#write(answer, { key, stamp, links, units })
    this.#head = (place + units) >>> 0
    this.#setSlot(slot, tagOf(hash, key), place)
    return true
  }

  /** Bytes to log that follow each other: what is left at the end of the log is filled up if the record does not fit there. */
  #makeRoom(units: number): void {
    let moves = MAX_MOVES
    for (;;) {
      const left = this.#units - (this.#head & (this.#units - 1))
      const filler = left < units ? left : this.#head === 0 ? 1 : 0
      const used = (this.#head - this.#control[CONTROL_TAIL]!) >>> 0
      const isIndexFull = this.#count >= (this.#slotMask + 1) * LOAD
      if (used + filler + units <= this.#units && !isIndexFull) {
        if (filler === 0) return
        this.#words[this.#wordOf(this.#head)] = filler
        this.#words[this.#wordOf(this.#head) + AT_KEY] = 0
        this.#head = (this.#head + filler) >>> 0
        continue
      }
      if (this.#dropOldest(moves > 0)) moves--
    }
  }

  /** The record at the tail goes, or moves to the head if it was read since it was written; true when it moved. */
  #dropOldest(mayMove: boolean): boolean {
    const tail = this.#control[CONTROL_TAIL]! >>> 0
    const word = this.#wordOf(tail)
    const units = this.#words[word + AT_HEAD]! & 0xffff
    const slot = this.#slotAt(tail)
    const isRead = slot >= 0 && (this.#slots[slot * SLOT_WORDS + SLOT_MARKS]! & MARK_READ) !== 0
    const copy = isRead && mayMove ? this.#words.slice(word, word + units * UNIT_WORDS) : undefined
    // Before anything is written over it: whoever is reading it must notice.
    Atomics.store(this.#control, CONTROL_TAIL, (tail + units) | 0)
    if (slot < 0) return false
    const fits = copy !== undefined && this.#units - (this.#head & (this.#units - 1)) >= units && this.#head !== 0
    if (!fits) {
      this.#dropSlot(slot)
      this.#evictions++
      return false
    }
    const place = this.#head
    const marks = slot * SLOT_WORDS + SLOT_MARKS
    this.#slots[marks] = this.#slots[marks]! & MARK_HINTED
    this.#words.set(copy, this.#wordOf(place))
    this.#head = (place + units) >>> 0
    Atomics.store(this.#slots, slot * SLOT_WORDS + SLOT_PLACE, place)
    return true
  }

  #write(
    answer: TableAnswer,
    { key, stamp, links, units }: { key: number; stamp: number; links: readonly number[]; units: number },
  ): void {
    const words = this.#words
    const start = this.#wordOf(this.#head)
    const { name, bytes, options, groups, flags } = answer
    words[start + AT_HEAD] = units | (links.length << 16)
    words[start + AT_KEY] = key
    words[start + AT_WRITTEN] = stamp
    words[start + AT_EXPIRES] = answer.expires
    words[start + AT_HINT] = answer.hintFrom
    words[start + AT_COUNTS] = flags | (answer.answers << 8) | (answer.authorities << 16) | (groups.length << 24)
    words[start + AT_OPTIONS] = options.length
    let at = start + RECORD_WORDS
    for (let i = 0; i < (name.length + 3) >> 2; i++) words[at++] = this.#name[i]!
    for (const link of links) words[at++] = link
    for (const { expires, ttl, offsets } of groups) {
      words[at] = expires
      words[at + 1] = ttl
      words[at + 2] = offsets.length
      at += GROUP_WORDS
      for (let i = 0; i < offsets.length; i += 2) words[at++] = offsets[i]! | ((offsets[i + 1] ?? 0) << 16)
    }
    words[start + AT_SIZES] = bytes.length | ((at - start) << 16)
    this.#bytes.set(bytes, at * 4)
    this.#bytes.set(options, at * 4 + bytes.length)
  }

  #setSlot(slot: number, tag: number, place: number): void {
    const at = slot * SLOT_WORDS
    if (this.#slots[at + SLOT_PLACE] === 0) this.#count++
    else if (this.#slots[at + SLOT_TAG] !== tag) this.#evictions++
    this.#slots[at + SLOT_TAG] = tag
    this.#slots[at + SLOT_MARKS] = 0
    Atomics.store(this.#slots, at + SLOT_PLACE, place)
  }

  /**
   * The slot that has this key, or one that may have it: free, or of another answer of the same name if it has too many, or, where all
   * are taken that are looked at, one that was not read since it was written.
   */
  #slotFor(hash: number, key: number): number {
    const tag = tagOf(hash, key)
    let ofName = 0
    let unread = hash & this.#slotMask
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & this.#slotMask
      const at = slot * SLOT_WORDS
      const place = this.#slots[at + SLOT_PLACE]!
      if (place === 0) return slot
      if (this.#slots[at + SLOT_TAG] === tag) return slot
      if (this.#hashAt(place) === hash && ++ofName === MAX_PER_NAME) return slot
      if ((this.#slots[at + SLOT_MARKS]! & MARK_READ) === 0) unread = slot
    }
    return unread
  }

  /** The slot that points at this very record; -1 when it was replaced. */
  #slotAt(place: number): number {
    if ((this.#words[this.#wordOf(place) + AT_KEY]! & 0xff) === 0) return -1
    const hash = this.#hashAt(place)
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & this.#slotMask
      const found = this.#slots[slot * SLOT_WORDS + SLOT_PLACE]!
      if (found === 0) return -1
      if (found >>> 0 === place) return slot
    }
    return -1
  }

  /** Linear probing with backward shift. A worker that looks meanwhile may miss an answer, which is then found the long way. */
  #dropSlot(slot: number): void {
    const slots = this.#slots
    const mask = this.#slotMask
    let hole = slot
    for (let next = (slot + 1) & mask; slots[next * SLOT_WORDS + SLOT_PLACE] !== 0; next = (next + 1) & mask) {
      const home = this.#hashAt(slots[next * SLOT_WORDS + SLOT_PLACE]!) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      const [from, to] = [next * SLOT_WORDS, hole * SLOT_WORDS]
      slots[to + SLOT_TAG] = slots[from + SLOT_TAG]!
      slots[to + SLOT_MARKS] = slots[from + SLOT_MARKS]!
      Atomics.store(slots, to + SLOT_PLACE, slots[from + SLOT_PLACE]!)
      hole = next
    }
    Atomics.store(slots, hole * SLOT_WORDS + SLOT_PLACE, 0)
    this.#count--
  }

  #nextChange(): number {
    if (++this.#changes > MAX_CHANGES) this.#beginAnew()
    return this.#changes
  }

  #beginAnew(): void {
    this.#slots.fill(0)
    this.#count = 0
    this.#changes = 1
    Atomics.store(this.#control, CONTROL_DROPPED, 0)
    Atomics.store(this.#control, CONTROL_TAIL, this.#head | 0)
  }

  #homeOf(name: Uint8Array): number {
    return this.#hashOf(name) & this.#slotMask
  }

  #hashOf(name: Uint8Array): number {
    nameWords(name, this.#name, 0)
    return hashWords(this.#k0, this.#k1, this.#name, 0, name.length)
  }

  /** Of the name of a record, which has it in lower case. */
  #hashAt(place: number): number {
    const word = this.#wordOf(place)
    const nameBytes = this.#words[word + AT_KEY]! & 0xff
    return hashWords(this.#k0, this.#k1, this.#words, word + RECORD_WORDS, nameBytes)
  }

  #wordOf(place: number): number {
    return (place & (this.#units - 1)) * UNIT_WORDS
  }
}

function recordBytes({ name, groups, links, bytes, options }: TableAnswer): number {
  let words = RECORD_WORDS + ((name.length + 3) >> 2) + links.length
  for (const { offsets } of groups) words += GROUP_WORDS + ((offsets.length + 1) >> 1)
  return words * 4 + bytes.length + options.length
}
