/**
 * The suffixes already written to one message, to point back at (RFC 1035 section 4.1.4). A suffix is a target only if its
 * octets are identical, so that the case of every name survives (0x20). Work is bounded whatever the names are: stored
 * suffixes, probes and byte comparisons each have their limit, and beyond it a name is simply written out.
 */
import { limits } from '../limits.ts'

const SLOTS = 4 * limits.MAX_COMPRESSION_TARGETS
const MASK = SLOTS - 1
/** The offset field of a pointer has 14 bits. */
export const MAX_POINTER = 0x3fff
const NOT_FOUND = -1

export class CompressionTable {
  /** Open addressing. A slot counts only if its generation is the current one: starting anew costs nothing. */
  readonly #hashes = new Int32Array(SLOTS)
  readonly #offsets = new Uint16Array(SLOTS)
  readonly #generations = new Uint32Array(SLOTS)
  #generation = 0
  #targets = 0
  #comparesLeft = 0
  /** Label starts and suffix hashes of the name at hand, from left to right. */
  readonly #starts = new Uint8Array(limits.MAX_LABELS + 1)
  readonly #suffixHashes = new Int32Array(limits.MAX_LABELS + 1)
  #labels = 0

  clear(): void {
    this.#generation = (this.#generation + 1) >>> 0
    if (this.#generation === 0) {
      this.#generations.fill(0)
      this.#generation = 1
    }
    this.#targets = 0
    this.#comparesLeft = limits.MAX_COMPRESSION_COMPARES
  }

  /**
   * Writes the plain name at `from` of `source` into `out` at `at`, ended by a pointer if a suffix of it is already there, and
   * remembers its new suffixes. Returns the offset after it. `out` must have 255 octets of room.
   */
  write(source: Uint8Array, from: number, out: Uint8Array, at: number): number {
    this.#hash(source, from)
    const labels = this.#labels
    let found = NOT_FOUND
    let kept = 0
    for (; kept < labels; kept++) {
      found = this.#find(this.#suffixHashes[kept]!, source, from + this.#starts[kept]!, out)
      if (found !== NOT_FOUND) break
    }
    const end = kept === labels ? this.#endOf(source, from) : this.#starts[kept]!
    for (let i = 0; i < end; i++) out[at + i] = source[from + i]!
    for (let label = 0; label < kept; label++) this.#remember(this.#suffixHashes[label]!, at + this.#starts[label]!)
    if (found === NOT_FOUND) {
      out[at + end] = 0
      return at + end + 1
    }
    out[at + end] = 0xc0 | (found >> 8)
    out[at + end + 1] = found & 0xff
    return at + end + 2
  }

  #endOf(source: Uint8Array, from: number): number {
    if (this.#labels === 0) return 0
    const last = this.#starts[this.#labels - 1]!
    return last + 1 + source[from + last]!
  }

  /** FNV-1a over the labels of each suffix, from the right: a suffix has the same hash in whatever name it ends. */
  #hash(source: Uint8Array, from: number): void {
    let labels = 0
    for (let at = from; source[at] !== 0; at += source[at]! + 1) this.#starts[labels++] = at - from
    this.#labels = labels
    let hash = 0x811c9dc5 | 0
    for (let label = labels - 1; label >= 0; label--) {
      const start = from + this.#starts[label]!
      const end = start + 1 + source[start]!
      for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193)
      this.#suffixHashes[label] = hash
    }
  }

  #find(hash: number, source: Uint8Array, from: number, out: Uint8Array): number {
    for (let probe = 0; probe < limits.MAX_COMPRESSION_PROBES; probe++) {
      const slot = (spread(hash) + probe) & MASK
      if (this.#generations[slot] !== this.#generation) return NOT_FOUND
      if (this.#hashes[slot] !== hash) continue
      if (this.#comparesLeft === 0) return NOT_FOUND
      this.#comparesLeft--
      const offset = this.#offsets[slot]!
      if (sameOctets(source, from, out, offset)) return offset
    }
    return NOT_FOUND
  }

  #remember(hash: number, offset: number): void {
    if (offset > MAX_POINTER || this.#targets === limits.MAX_COMPRESSION_TARGETS) return
    for (let probe = 0; probe < limits.MAX_COMPRESSION_PROBES; probe++) {
      const slot = (spread(hash) + probe) & MASK
      if (this.#generations[slot] === this.#generation) continue
      this.#generations[slot] = this.#generation
      this.#hashes[slot] = hash
      this.#offsets[slot] = offset
      this.#targets++
      return
    }
  }
}

function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

/** Compares a plain name with one written earlier, whose pointers (all our own, all backwards) are followed. */
function sameOctets(source: Uint8Array, from: number, out: Uint8Array, offset: number): boolean {
  let at = from
  let target = offset
  for (;;) {
    while (out[target]! >= 0xc0) target = ((out[target]! & 0x3f) << 8) | out[target + 1]!
    const length = source[at]!
    if (out[target] !== length) return false
    if (length === 0) return true
    for (let i = 1; i <= length; i++) if (source[at + i] !== out[target + i]) return false
    at += length + 1
    target += length + 1
  }
}
