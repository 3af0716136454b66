/**
 * A set of names with a number each, in flat memory: a blocklist of a million names takes 40 MB and gives the garbage
 * collector nothing to do. Names are only added; a changed file is a new table.
 */
import { fromLatin1 } from '../../base/index.ts'
import { type HashKey, halfSipHash, hashKey } from '../../cache/index.ts'
import type { Name } from '../../dns/index.ts'

const EMPTY = 0
const LEAST_SLOTS = 64
/** Longest name in wire form (RFC 1035 section 2.3.4). */
const MAX_NAME_BYTES = 255

export class HostTable {
  readonly #key: HashKey
  /** Lower-cased wire forms, one behind the other; each ends at its root label. */
  #names = new Uint8Array(1024)
  #used = 0
  /** Per entry: where its name starts, its value, its line. */
  #starts = new Uint32Array(LEAST_SLOTS)
  #values = new Uint32Array(LEAST_SLOTS)
  #lines = new Uint32Array(LEAST_SLOTS)
  #count = 0
  /** Open addressing: entry + 1, or EMPTY. At most three quarters full. */
  #slots = new Uint32Array(LEAST_SLOTS)
  readonly #scratch = new Uint8Array(MAX_NAME_BYTES)

  /** `seed`: 8 bytes. Whoever writes a blocklist must not be able to choose names that collide. */
  constructor(seed: Uint8Array) {
    this.#key = hashKey(seed)
  }

  get size(): number {
    return this.#count
  }

  get bytes(): number {
    const perEntry = this.#starts.length * 3 + this.#slots.length
    return this.#names.length + perEntry * Uint32Array.BYTES_PER_ELEMENT
  }

  /** The entry of the lower-cased name `wire[0..length)`, made with value 0 if it is new. */
  add(wire: Uint8Array, length: number, line: number): { readonly entry: number; readonly isNew: boolean } {
    const slot = this.#slotOf(wire, length)
    const found = this.#slots[slot]!
    if (found !== EMPTY) return { entry: found - 1, isNew: false }
    const entry = this.#append(wire, length, line)
    this.#slots[slot] = entry + 1
    if (this.#count * 4 > this.#slots.length * 3) this.#rehash(this.#slots.length * 2)
    return { entry, isNew: true }
  }

  /** The entry of `name`, or -1. */
  find(name: Name): number {
    if (this.#count === 0) return -1
    const { key } = name
    for (let i = 0; i < key.length; i++) this.#scratch[i] = key.charCodeAt(i)
    return this.#slots[this.#slotOf(this.#scratch, key.length)]! - 1
  }

  valueOf(entry: number): number {
    return this.#values[entry]!
  }

  setValue(entry: number, value: number): void {
    this.#values[entry] = value
  }

  lineOf(entry: number): number {
    return this.#lines[entry]!
  }

  /** Gives back what growing has taken in advance. */
  trim(): void {
    this.#names = this.#names.slice(0, this.#used)
    this.#starts = this.#starts.slice(0, this.#count)
    this.#values = this.#values.slice(0, this.#count)
    this.#lines = this.#lines.slice(0, this.#count)
  }

  #append(wire: Uint8Array, length: number, line: number): number {
    if (this.#used + length > this.#names.length) this.#names = grown(this.#names, this.#used + length)
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts, this.#count + 1)
      this.#values = grown(this.#values, this.#count + 1)
      this.#lines = grown(this.#lines, this.#count + 1)
    }
    for (let i = 0; i < length; i++) this.#names[this.#used + i] = wire[i]!
    const entry = this.#count++
    this.#starts[entry] = this.#used
    this.#values[entry] = 0
    this.#lines[entry] = line
    this.#used += length
    return entry
  }

  /** The slot that holds the name, or the empty one where it belongs. */
  #slotOf(wire: Uint8Array, length: number): number {
    const mask = this.#slots.length - 1
    for (let slot = halfSipHash(this.#key, wire, length) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!
      if (found === EMPTY || this.#isAt(this.#starts[found - 1]!, wire, length)) return slot
    }
  }

  #isAt(start: number, wire: Uint8Array, length: number): boolean {
    // Names end with their only empty label, so none is the beginning of another.
    for (let i = 0; i < length; i++) if (this.#names[start + i] !== wire[i]) return false
    return true
  }

  #rehash(slots: number): void {
    this.#slots = new Uint32Array(slots)
    const mask = slots - 1
    for (let entry = 0; entry < this.#count; entry++) {
      const start = this.#starts[entry]!
      const end = entry + 1 < this.#count ? this.#starts[entry + 1]! : this.#used
      let slot = halfSipHash(this.#key, this.#names.subarray(start, end), end - start) & mask
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask
      this.#slots[slot] = entry + 1
    }
  }
}

function grown<T extends Uint8Array | Uint32Array>(array: T, atLeast: number): T {
  const length = Math.max(atLeast, Math.ceil(array.length * 1.5))
  const larger = (array instanceof Uint8Array ? new Uint8Array(length) : new Uint32Array(length)) as T
  larger.set(array)
  return larger
}

/** For tests and tools: the bytes that `HostTable.add` takes. */
export function lowerWire(name: Name): Uint8Array {
  return fromLatin1(name.key)
}
