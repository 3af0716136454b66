/**
 * A worker's side of the list of who may ask, and a verdict for each sender that is remembered. Whoever is not on the list is the main
 * thread's to refuse.
 */
import { limits } from '../../limits.ts'

/** Prefixes that fit; with more than that, nobody is answered by a worker. The configuration allows 4,096. */
export const MAX_PREFIXES = limits.FAST_PREFIXES
/** Words of one prefix: family | bits | four words of address in network order. */
export const PREFIX_WORDS = 6
export const HEAD_WORDS = 2
const REMEMBERED = 1_024
export const FAMILY_IPV4 = 2
export const FAMILY_IPV6 = 10

/** A worker's view of the list. */
export class AccessView {
  readonly #shared: Int32Array
  #version = -1
  #prefixes = new Int32Array()
  /** Addresses that were looked up, by a few of their bits: four words and the family, and the verdict. */
  readonly #known = new Int32Array(REMEMBERED * 6)
  readonly #address = new Int32Array(4)

  constructor(memory: SharedArrayBuffer) {
    this.#shared = new Int32Array(memory)
  }

  /** Takes a new list over, if there is one. */
  refresh(): void {
    const version = Atomics.load(this.#shared, 0)
    if (version === this.#version || (version & 1) === 1) return
    const count = this.#shared[1]!
    const copy = this.#shared.slice(HEAD_WORDS, HEAD_WORDS + count * PREFIX_WORDS)
    if (Atomics.add(this.#shared, 0, 0) !== version) return
    this.#prefixes = copy
    this.#version = version
    this.#known.fill(0)
  }

  /** True when forged senders cannot have this one's address: it is of this machine. */
  isLoopback(senders: DataView, at: number): boolean {
    if (senders.getUint16(at, true) === FAMILY_IPV4) return senders.getUint8(at + 4) === 127
    return (
      senders.getInt32(at + 8) === 0 &&
      senders.getInt32(at + 12) === 0 &&
      senders.getInt32(at + 16) === 0 &&
      senders.getInt32(at + 20) === 1
    )
  }

  /** Whether the sender at `senders[at..]`, in the system's form, may ask; port 0 may not. */
  allows(senders: DataView, at: number): boolean {
    const family = senders.getUint16(at, true)
    if (senders.getUint16(at + 2) === 0) return false
    const address = this.#address
    const from = family === FAMILY_IPV4 ? at + 4 : at + 8
    address[0] = senders.getInt32(from)
    const isLong = family === FAMILY_IPV6
    address[1] = isLong ? senders.getInt32(from + 4) : 0
    address[2] = isLong ? senders.getInt32(from + 8) : 0
    address[3] = isLong ? senders.getInt32(from + 12) : 0
    const known = this.#known
    const mixed = Math.imul(address[0]! ^ Math.imul(address[1]! ^ address[3]!, 0x85ebca6b), 0x01000193)
    const slot = ((mixed ^ (mixed >>> 15)) & (REMEMBERED - 1)) * 6
    const isKnown =
      known[slot] === family &&
      known[slot + 1] === address[0] &&
      known[slot + 2] === address[1] &&
      known[slot + 3] === address[2] &&
      known[slot + 4] === address[3]
    if (isKnown) return known[slot + 5] === 1
    const verdict = this.#lookUp(family)
    known[slot] = family
    for (let i = 0; i < 4; i++) known[slot + 1 + i] = address[i]!
    known[slot + 5] = verdict ? 1 : 0
    return verdict
  }

  #lookUp(family: number): boolean {
    const prefixes = this.#prefixes
    for (let at = 0; at < prefixes.length; at += PREFIX_WORDS)
      if (prefixes[at] === family && this.#isIn(at)) return true
    return false
  }

  #isIn(prefix: number): boolean {
    let bits = this.#prefixes[prefix + 1]!
    for (let i = 0; i < 4 && bits > 0; i++, bits -= 32) {
      const mask = bits >= 32 ? -1 : ~(-1 >>> bits)
      if (((this.#address[i]! ^ this.#prefixes[prefix + 2 + i]!) & mask) !== 0) return false
    }
    return true
  }
}
