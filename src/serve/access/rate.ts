/**
 * Response rate limiting: how many replies over UDP one client is sent in a second. Whoever forges a victim's address gets the victim no
 * more than that; the victim itself still gets through by the replies that go out cut (slip), which it repeats over TCP, or by its cookie.
 * The counters are in shared memory: the main thread and the workers of the fast path count together. What two of them write at the
 * same moment may be counted once: the limit is no account.
 */

import { limits } from '../limits.ts'
import type { RateOptions } from '../types.ts'

export const NO_RATE: RateOptions = { perSecond: 0, slip: 0 }

/** What is done with a reply. */
export const RATE_SEND = 0
export const RATE_CUT = 1
export const RATE_DROP = 2

const SLOTS = limits.RATE_SLOTS
const WAYS = 4
/** A slot in 8-byte words: two words of address, when its next reply is due by the clock (ms), replies above the limit. */
const SLOT_DOUBLES = 3
const ADDRESS = 0
const DUE = 1
const ABOVE = 2
/** The head: replies a second, slip, key of the hash, whether loopback is counted. */
const HEAD_DOUBLES = 4
const PER_SECOND = 0
const SLIP = 1
const KEY = 2
const COUNTS_LOOPBACK = 3
const WINDOW_MS = 1_000

export function rateMemory(seed: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer((HEAD_DOUBLES + SLOTS * SLOT_DOUBLES) * 8)
  new Float64Array(memory)[KEY] = seed | 0
  return memory
}

export class ReplyRate {
  readonly #doubles: Float64Array
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#doubles = new Float64Array(memory)
    this.#words = new Int32Array(memory)
  }

  /** Puts a limit in force, for all threads. */
  set({ perSecond, slip, countsLoopback = false }: RateOptions): void {
    this.#doubles[PER_SECOND] = perSecond
    this.#doubles[SLIP] = slip
    this.#doubles[COUNTS_LOOPBACK] = countsLoopback ? 1 : 0
  }

  get isOn(): boolean {
    return this.#doubles[PER_SECOND]! > 0
  }

  get countsLoopback(): boolean {
    return this.#doubles[COUNTS_LOOPBACK] === 1
  }

  /**
   * Counts one reply to the client, and says what is done with it. `high`, `low`: of an IPv6 address its first 8 octets, of an IPv4 one 0 and
   * the address. `now`: monotonic ms, the same clock in all threads.
   */
  count(high: number, low: number, now: number): number {
    const perSecond = this.#doubles[PER_SECOND]!
    if (perSecond <= 0) return RATE_SEND
    const at = this.#slotOf(high | 0, low | 0, now)
    const doubles = this.#doubles
    const due = Math.max(doubles[at + DUE]!, now)
    if (due - now <= WINDOW_MS - WINDOW_MS / perSecond) {
      doubles[at + DUE] = due + WINDOW_MS / perSecond
      return RATE_SEND
    }
    const slip = doubles[SLIP]!
    const above = doubles[at + ABOVE]! + 1
    doubles[at + ABOVE] = above
    return slip > 0 && above % slip === 0 ? RATE_CUT : RATE_DROP
  }

  /** The client's slot; else that of whoever is due first among the few where it may be, so that who asks much stays known. */
  #slotOf(high: number, low: number, now: number): number {
    const words = this.#words
    const doubles = this.#doubles
    const home = mixed(high, low, doubles[KEY]!)
    let found = HEAD_DOUBLES + (home & (SLOTS - 1)) * SLOT_DOUBLES
    for (let way = 0; way < WAYS; way++) {
      const at = HEAD_DOUBLES + ((home + way) & (SLOTS - 1)) * SLOT_DOUBLES
      if (words[at * 2] === high && words[at * 2 + 1] === low) return at
      if (doubles[at + DUE]! < doubles[found + DUE]!) found = at
    }
    words[(found + ADDRESS) * 2] = high
    words[(found + ADDRESS) * 2 + 1] = low
    doubles[found + DUE] = now
    doubles[found + ABOVE] = 0
    return found
  }
}

function mixed(high: number, low: number, key: number): number {
  let hash = Math.imul(high ^ key, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ low, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13) ^ key, 0x27d4eb2f)
  return (hash ^ (hash >>> 16)) >>> 0
}
