/**
 * Packed records in byte segments, found through a typed-array index. There is no object per record: with a million entries
 * as objects a full garbage collection takes 300 to 460 ms, with slabs it does not see them.
 *
 * Segments are written one after the other. When all are full, the oldest is compacted in place: records that were read since
 * they were written (second chance) and have not expired move to its front, up to half of it; it then becomes the one written.
 */
import { type HashKey, halfSipHash } from './hash.ts'

/**
 * A record: length u32 | flags u8 | rank u8 | code u8 | spare u8 | stored f64 | expires f64 | hash u32 | key length u16 |
 * spare u16 | body length u32 | spare u32 | key | body, padded to 8 bytes.
 */
const HEADER_BYTES = 40
const FLAG_READ = 1
const SLOT_BYTES = 8
/** One slot to so many bytes of cache: the index takes an eighth of the whole at most. The smallest records are about as long. */
const BYTES_PER_SLOT = 64
const LOAD = 0.8

export interface RecordMeta {
  readonly rank: number
  /** Anything the owner wants to read without unpacking, 8 bits. */
  readonly code: number
  readonly stored: number
  readonly expires: number
}

interface Segment {
  readonly index: number
  readonly bytes: Uint8Array
  readonly view: DataView
  used: number
  /** When it became the one written; the least is the oldest. */
  turn: number
}

/** A record's place: valid until the next `insert`, `remove` or `scan`. */
export interface RecordRef {
  readonly segment: Segment
  readonly offset: number
}

export class RecordStore {
  readonly #hashKey: HashKey
  readonly #segmentBytes: number
  readonly #maxSegments: number
  readonly #maxSlots: number
  #segments: Segment[] = []
  #current: Segment | undefined
  #turn = 0
  #hashes: Uint32Array
  /** Place of the record in units of 8 bytes over all segments, plus 1; 0 is an empty slot. */
  #places: Uint32Array
  #mask: number
  #count = 0
  #evictions = 0

  constructor(maxBytes: number, key: HashKey) {
    this.#hashKey = key
    this.#maxSlots = 2 ** Math.floor(Math.log2(maxBytes / BYTES_PER_SLOT))
    const slabBytes = maxBytes - this.#maxSlots * SLOT_BYTES
    this.#segmentBytes = Math.min(1_048_576, Math.max(4_096, Math.floor(slabBytes / 16))) & ~7
    this.#maxSegments = Math.floor(slabBytes / this.#segmentBytes)
    const slots = Math.min(1_024, this.#maxSlots)
    this.#hashes = new Uint32Array(slots)
    this.#places = new Uint32Array(slots)
    this.#mask = slots - 1
  }

  get count(): number {
    return this.#count
  }

  get evictions(): number {
    return this.#evictions
  }

  /** Bytes that are allocated now: segments and index. */
  get bytes(): number {
    return this.#segments.length * this.#segmentBytes + this.#places.length * SLOT_BYTES
  }

  /** Longer records are not taken: survivors may fill half of a segment, and the new one must fit beside them. */
  get maxRecordBytes(): number {
    return this.#segmentBytes >> 1
  }

  find(key: Uint8Array, keyLength: number): RecordRef | undefined {
    const slot = this.#slotOf(key, keyLength, halfSipHash(this.#hashKey, key, keyLength))
    return slot < 0 ? undefined : this.#ref(this.#places[slot]!)
  }

  /** Replaces a record of the same key. False when it is too long to be kept. `now` decides what may survive an eviction. */
  insert(
    key: Uint8Array,
    keyLength: number,
    meta: RecordMeta,
    body: Uint8Array,
    bodyLength: number,
    keepUntil: (expires: number) => number,
    now: number,
  ): boolean {
    const length = (HEADER_BYTES + keyLength + bodyLength + 7) & ~7
    if (length > this.maxRecordBytes) return false
    const survives = (expires: number) => keepUntil(expires) > now
    const segment = this.#room(length, survives)
    this.#roomInIndex(survives)
    const hash = halfSipHash(this.#hashKey, key, keyLength)
    const offset = segment.used
    const { bytes, view } = segment
    view.setUint32(offset, length)
    bytes[offset + 4] = 0
    bytes[offset + 5] = meta.rank
    bytes[offset + 6] = meta.code
    bytes[offset + 7] = 0
    view.setFloat64(offset + 8, meta.stored)
    view.setFloat64(offset + 16, meta.expires)
    view.setUint32(offset + 24, hash)
    view.setUint16(offset + 28, keyLength)
    view.setUint32(offset + 32, bodyLength)
    bytes.set(key.subarray(0, keyLength), offset + HEADER_BYTES)
    bytes.set(body.subarray(0, bodyLength), offset + HEADER_BYTES + keyLength)
    segment.used += length
    const place = this.#placeOf(segment, offset)
    const slot = this.#slotOf(key, keyLength, hash)
    if (slot >= 0) this.#places[slot] = place
    else this.#addSlot(hash, place)
    return true
  }

  remove(key: Uint8Array, keyLength: number): boolean {
    const slot = this.#slotOf(key, keyLength, halfSipHash(this.#hashKey, key, keyLength))
    if (slot < 0) return false
    this.#dropSlot(slot)
    return true
  }

  /** Slabs in use, in the order of their places; a number of them is good until `clear`. */
  get segments(): number {
    return this.#segments.length
  }

  /** Copies of the keys of one slab's records that `matches`; none for a slab that is gone. */
  keysOf(index: number, matches: (meta: RecordMeta) => boolean): Uint8Array[] {
    const segment = this.#segments[index]
    const keys: Uint8Array[] = []
    if (segment === undefined) return keys
    for (let offset = 0; offset < segment.used; offset += segment.view.getUint32(offset)) {
      const ref = { segment, offset }
      if (matches(recordMeta(ref)) && this.#slotAt(segment, offset) >= 0) keys.push(recordKey(ref).slice())
    }
    return keys
  }

  /** Copies of the keys that `matches`, at most `most`. */
  keysWhere(matches: (key: Uint8Array) => boolean, most: number): Uint8Array[] {
    const keys: Uint8Array[] = []
    for (const segment of this.#segments) {
      for (let offset = 0; offset < segment.used; offset += segment.view.getUint32(offset)) {
        if (keys.length === most) return keys
        const key = recordKey({ segment, offset })
        if (matches(key) && this.#slotAt(segment, offset) >= 0) keys.push(key.slice())
      }
    }
    return keys
  }

  /** Drops every record whose key `matches`; returns how many. */
  dropWhere(matches: (key: Uint8Array) => boolean): number {
    let dropped = 0
    for (const segment of this.#segments) {
      for (let offset = 0; offset < segment.used; offset += segment.view.getUint32(offset)) {
        const slot = this.#slotAt(segment, offset)
        if (slot < 0 || !matches(recordKey({ segment, offset }))) continue
        this.#dropSlot(slot)
        dropped++
      }
    }
    return dropped
  }

  /** Drops everything, and gives the memory back. */
  clear(): number {
    const dropped = this.#count
    this.#segments = []
    this.#current = undefined
    this.#count = 0
    const slots = Math.min(1_024, this.#maxSlots)
    this.#hashes = new Uint32Array(slots)
    this.#places = new Uint32Array(slots)
    this.#mask = slots - 1
    return dropped
  }

  #room(length: number, survives: (expires: number) => boolean): Segment {
    const current = this.#current
    if (current !== undefined && current.used + length <= this.#segmentBytes) return current
    let next = this.#segments.find((segment) => segment.used === 0)
    if (next === undefined && this.#segments.length < this.#maxSegments) {
      const bytes = new Uint8Array(this.#segmentBytes)
      next = { index: this.#segments.length, bytes, view: new DataView(bytes.buffer), used: 0, turn: 0 }
      this.#segments.push(next)
    }
    if (next === undefined) {
      next = this.#oldest()
      this.#compact(next, survives)
    } else {
      next.turn = ++this.#turn
    }
    this.#current = next
    return next
  }

  #oldest(): Segment {
    return this.#segments.reduce((oldest, segment) => (segment.turn < oldest.turn ? segment : oldest))
  }

  #compact(segment: Segment, survives: (expires: number) => boolean): void {
    const { bytes, view } = segment
    const most = this.#segmentBytes - this.maxRecordBytes
    const end = segment.used
    let kept = 0
    for (let offset = 0; offset < end; ) {
      const length = view.getUint32(offset)
      const slot = this.#slotAt(segment, offset)
      if (slot >= 0) {
        const read = (bytes[offset + 4]! & FLAG_READ) !== 0
        if (read && kept + length <= most && survives(view.getFloat64(offset + 16))) {
          bytes[offset + 4] = bytes[offset + 4]! & ~FLAG_READ
          bytes.copyWithin(kept, offset, offset + length)
          this.#places[slot] = this.#placeOf(segment, kept)
          kept += length
        } else {
          this.#dropSlot(slot)
          this.#evictions++
        }
      }
      offset += length
    }
    segment.used = kept
    segment.turn = ++this.#turn
  }

  #roomInIndex(survives: (expires: number) => boolean): void {
    const slots = this.#places.length
    if (this.#count + 1 <= slots * LOAD) return
    if (slots < this.#maxSlots) {
      this.#growIndex()
      return
    }
    // Many tiny records: old segments are thinned out, at last without mercy, until the index has room again.
    for (const mayStay of [survives, () => false]) {
      for (const segment of [...this.#segments].sort((a, b) => a.turn - b.turn)) {
        if (this.#count + 1 <= slots * LOAD) return
        if (segment !== this.#current) this.#compact(segment, mayStay)
      }
    }
  }

  #growIndex(): void {
    const hashes = this.#hashes
    const places = this.#places
    this.#hashes = new Uint32Array(hashes.length * 2)
    this.#places = new Uint32Array(places.length * 2)
    this.#mask = this.#places.length - 1
    this.#count = 0
    for (let slot = 0; slot < places.length; slot++) {
      if (places[slot] !== 0) this.#addSlot(hashes[slot]!, places[slot]!)
    }
  }

  #addSlot(hash: number, place: number): void {
    let slot = hash & this.#mask
    while (this.#places[slot] !== 0) slot = (slot + 1) & this.#mask
    this.#hashes[slot] = hash
    this.#places[slot] = place
    this.#count++
  }

  /** Linear probing with backward shift: no tombstones, so runs stay short for ever. */
  #dropSlot(slot: number): void {
    const mask = this.#mask
    let hole = slot
    for (let next = (slot + 1) & mask; this.#places[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashes[next]! & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      this.#hashes[hole] = this.#hashes[next]!
      this.#places[hole] = this.#places[next]!
      hole = next
    }
    this.#places[hole] = 0
    this.#count--
  }

  #slotOf(key: Uint8Array, keyLength: number, hash: number): number {
    for (let slot = hash & this.#mask; this.#places[slot] !== 0; slot = (slot + 1) & this.#mask) {
      if (this.#hashes[slot] !== hash) continue
      const { segment, offset } = this.#ref(this.#places[slot]!)
      if (hasKey(segment, offset, key, keyLength)) return slot
    }
    return -1
  }

  /** The slot that points at this very record, or -1 when it was replaced or removed. */
  #slotAt(segment: Segment, offset: number): number {
    const place = this.#placeOf(segment, offset)
    let slot = segment.view.getUint32(offset + 24) & this.#mask
    for (; this.#places[slot] !== 0; slot = (slot + 1) & this.#mask) if (this.#places[slot] === place) return slot
    return -1
  }

  #placeOf(segment: Segment, offset: number): number {
    return (segment.index * this.#segmentBytes + offset) / 8 + 1
  }

  #ref(place: number): RecordRef {
    const at = (place - 1) * 8
    const index = Math.floor(at / this.#segmentBytes)
    return { segment: this.#segments[index]!, offset: at - index * this.#segmentBytes }
  }
}

export function recordMeta({ segment, offset }: RecordRef): RecordMeta {
  return {
    rank: segment.bytes[offset + 5]!,
    code: segment.bytes[offset + 6]!,
    stored: segment.view.getFloat64(offset + 8),
    expires: segment.view.getFloat64(offset + 16),
  }
}

/** A view, not a copy. */
export function recordKey({ segment, offset }: RecordRef): Uint8Array {
  const start = offset + HEADER_BYTES
  return segment.bytes.subarray(start, start + segment.view.getUint16(offset + 28))
}

/** A copy: what is unpacked from it may outlive the record. */
export function recordBody({ segment, offset }: RecordRef): Uint8Array {
  const start = offset + HEADER_BYTES + segment.view.getUint16(offset + 28)
  return segment.bytes.slice(start, start + segment.view.getUint32(offset + 32))
}

/** Gives the record its second chance. */
export function markRead({ segment, offset }: RecordRef): void {
  segment.bytes[offset + 4] = segment.bytes[offset + 4]! | FLAG_READ
}

function hasKey(segment: Segment, offset: number, key: Uint8Array, keyLength: number): boolean {
  if (segment.view.getUint16(offset + 28) !== keyLength) return false
  const start = offset + HEADER_BYTES
  for (let i = 0; i < keyLength; i++) if (segment.bytes[start + i] !== key[i]) return false
  return true
}
