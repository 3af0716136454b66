/** Server cookies in the replies of a batch. The last ones that were right are remembered: clients send the same one again and again. */
import { CookieMaker } from '../../cookies/server-cookie.ts'
import type { BatchAnswerer } from '../table/answerer.ts'
import { CLIENT_COOKIE_BYTES, COOKIE_BYTES } from '../table/query-reader.ts'
import { FAMILY_IPV4 } from './access-view.ts'

/** Where the replies are, and the addresses that they go to, in the system's form. */
export interface Addressed {
  readonly buffer: Uint8Array
  readonly senders: Uint8Array
  readonly senderView: DataView
  /** 0: all go to one. */
  readonly senderStride: number
}

const REMEMBERED = 256
const IPV4_BYTES = 4
const IPV6_BYTES = 16
/** Remembered of each: the cookie, and the sender's address, filled up with 0. */
const MEMORY_BYTES = COOKIE_BYTES + IPV6_BYTES

export class CookieDesk {
  /** Of each query: 1 when it had a cookie of ours, so that its sender is where it says. */
  readonly valid: Uint8Array
  readonly #server: CookieMaker
  readonly #batch: Addressed
  readonly #answerer: BatchAnswerer
  readonly #known = new Uint8Array(REMEMBERED * MEMORY_BYTES)
  /** When each was given, unix seconds; 0: none. */
  readonly #givenAt = new Float64Array(REMEMBERED)

  constructor(secret: Uint8Array, batch: Addressed, answerer: BatchAnswerer) {
    this.#server = new CookieMaker(secret)
    this.#batch = batch
    this.#answerer = answerer
    this.valid = new Uint8Array(answerer.lengths.length)
  }

  /** Puts into each reply that has a place for one the client's cookie, while it is young, or a new one. `now`: unix seconds. */
  settle(count: number, now: number): void {
    const { cookiesAt } = this.#answerer
    for (let j = 0; j < count; j++) {
      this.valid[j] = 0
      if (cookiesAt[j] !== 0) this.#settleOne(j, cookiesAt[j]!, now)
    }
  }

  #settleOne(j: number, at: number, now: number): void {
    const { buffer, senders, senderView, senderStride } = this.#batch
    const { cookieSizes } = this.#answerer.reader
    const sender = j * senderStride
    const isShort = senderView.getUint16(sender, true) === FAMILY_IPV4
    const from = sender + (isShort ? 4 : 8)
    const length = isShort ? IPV4_BYTES : IPV6_BYTES
    const age = cookieSizes[j] === CLIENT_COOKIE_BYTES ? undefined : this.#ageOf(buffer, at, senders, from, length, now)
    if (age !== undefined) this.valid[j] = 1
    if (age === undefined || !this.#server.isYoung(age)) this.#server.write(buffer, at, senders, from, length, now)
  }

  #ageOf(
    bytes: Uint8Array,
    at: number,
    sender: Uint8Array,
    from: number,
    length: number,
    now: number,
  ): number | undefined {
    const slot = bytes[at + COOKIE_BYTES - 1]! & (REMEMBERED - 1)
    const memory = slot * MEMORY_BYTES
    const age = now - this.#givenAt[slot]!
    if (this.#server.isYoung(age) && age >= 0 && this.#isKnown(memory, bytes, at, sender, from, length)) return age
    const found = this.#server.ageOf(bytes, at, sender, from, length, now)
    if (found === undefined || found < 0) return found
    const known = this.#known
    for (let i = 0; i < COOKIE_BYTES; i++) known[memory + i] = bytes[at + i]!
    for (let i = 0; i < IPV6_BYTES; i++) known[memory + COOKIE_BYTES + i] = i < length ? sender[from + i]! : 0
    this.#givenAt[slot] = now - found
    return found
  }

  #isKnown(memory: number, bytes: Uint8Array, at: number, sender: Uint8Array, from: number, length: number): boolean {
    const known = this.#known
    for (let i = 0; i < COOKIE_BYTES; i++) if (known[memory + i] !== bytes[at + i]) return false
    for (let i = 0; i < IPV6_BYTES; i++)
      if (known[memory + COOKIE_BYTES + i] !== (i < length ? sender[from + i]! : 0)) return false
    return true
  }
}
