/** Names inside messages: compression pointers (RFC 1035 section 4.1.4), followed backwards only and in bounded number. */
import { plain } from '../bytes.ts'
import { malformed } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Name } from '../types.ts'
import { nameOfValidWire, ROOT } from './names.ts'

const HEADER_BYTES = 12

/** The name being read. One for all readers: it is copied out before the next one begins. */
const expanded = new Uint8Array(limits.MAX_NAME_BYTES)

/** Reads one name at `offset`; `next` is the offset after it. Throws DNS_MALFORMED. */
export function readName(message: Uint8Array, offset: number): { name: Name; next: number } {
  const reader = new NameReader(message)
  const name = reader.read(offset, message.length)
  return { name, next: reader.next }
}

/** Reads the names of one message, with the bounds that hold for the message as a whole. */
export class NameReader {
  readonly #message: Uint8Array
  /** Names by the offset where they start: owners mostly point at the owner before. */
  #remembered: Map<number, Name> | undefined
  #pointersLeft: number = limits.MAX_POINTERS_PER_MESSAGE
  #length = 0
  #labels = 0
  /** Offset after the name that was read last. */
  next = 0

  constructor(message: Uint8Array) {
    this.#message = plain(message)
  }

  /** The name at `offset`; the part that stands there, before any pointer, must end at or before `limit`. */
  read(offset: number, limit: number): Name {
    const message = this.#message
    // A name that is nothing but a pointer is the name it points at.
    const isPointer = offset + 1 < limit && message[offset]! >= 0xc0
    const start = isPointer ? ((message[offset]! & 0x3f) << 8) | message[offset + 1]! : offset
    const known = isPointer ? this.#remembered?.get(start) : undefined
    if (known !== undefined) {
      this.next = offset + 2
      return known
    }
    this.#expand(offset, limit)
    if (this.#length === 1) return ROOT
    const name = nameOfValidWire(expanded.slice(0, this.#length), this.#labels)
    this.#remembered ??= new Map()
    if (this.#remembered.size < limits.MAX_REMEMBERED_NAMES) this.#remembered.set(start, name)
    return name
  }

  /** Writes the uncompressed form of the name at `offset` into `out` at `at`; returns its length. `out` needs 255 octets of room. */
  readInto(offset: number, limit: number, out: Uint8Array, at: number): number {
    this.#expand(offset, limit)
    for (let i = 0; i < this.#length; i++) out[at + i] = expanded[i]!
    return this.#length
  }

  #expand(offset: number, limit: number): void {
    const message = this.#message
    let at = offset
    let end = limit
    // Each pointer must point before the place where the run of labels that it ends began: so the walk is finite.
    let runStart = offset
    let jumps = 0
    let length = 0
    let labels = 0
    for (;;) {
      if (at >= end) throw malformed(at, 'the name ends early')
      const octet = message[at]!
      if (octet === 0) {
        expanded[length++] = 0
        if (jumps === 0) this.next = at + 1
        break
      }
      if (octet <= 0x3f) {
        const after = at + 1 + octet
        if (after > end) throw malformed(at, 'a label ends early')
        // One octet must stay free for the root label.
        if (length + 1 + octet >= limits.MAX_NAME_BYTES) throw malformed(offset, 'the name is longer than 255 octets')
        for (let i = at; i < after; i++) expanded[length++] = message[i]!
        labels++
        at = after
        continue
      }
      if (octet < 0xc0) throw malformed(at, 'an unknown label type')
      if (at + 1 >= end) throw malformed(at, 'a compression pointer ends early')
      const target = ((octet & 0x3f) << 8) | message[at + 1]!
      if (target >= runStart) throw malformed(at, 'a compression pointer does not point backwards')
      if (target < HEADER_BYTES) throw malformed(at, 'a compression pointer into the header')
      if (jumps === 0) this.next = at + 2
      if (++jumps > limits.MAX_POINTERS_PER_NAME) throw malformed(offset, 'too many compression pointers in one name')
      if (--this.#pointersLeft < 0) throw malformed(offset, 'too many compression pointers in one message')
      at = target
      runStart = target
      end = message.length
    }
    this.#length = length
    this.#labels = labels
  }
}
