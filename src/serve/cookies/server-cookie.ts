/**
 * Server cookies as octets (RFC 7873, in the layout and with the hash of RFC 9018): a client that sends ours back has received a reply at
 * its address, so the address is not forged. Here for the desk and for the workers of the fast path: both must say the same.
 */
import { KEY_BYTES, SipHash } from './sip-hash.ts'

export const CLIENT_COOKIE_BYTES = 8
/** Of ours; a server cookie may have 8 to 32. */
export const SERVER_COOKIE_BYTES = 16
export const COOKIE_BYTES = CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES
export const COOKIE_SECRET_BYTES = KEY_BYTES

const VERSION = 1
const TIMESTAMP = 12
/** Client cookie, version, reserved octets and timestamp, which lie one after the other; then the client's address. */
const HASHED_BYTES = 16
/** The format of an IPv6 address. */
const MAX_ADDRESS_BYTES = 16
/** RFC 9018 section 4.3, seconds. */
const MAX_AGE = 3_600
const MAX_AHEAD = 300
const RENEW_AFTER = 1_800

export class CookieMaker {
  readonly #hash: SipHash
  readonly #message = new Uint8Array(new ArrayBuffer(HASHED_BYTES + MAX_ADDRESS_BYTES))
  readonly #view = new DataView(this.#message.buffer)
  readonly #cookie = new DataView(new ArrayBuffer(8))

  /** `secret`: 16 random bytes at least. */
  constructor(secret: Uint8Array) {
    this.#hash = new SipHash(secret)
  }

  /**
   * How many seconds ago we gave the cookie of 24 bytes at `bytes[at..]` to the client whose address of `length` bytes is at
   * `sender[from..]`; undefined when it is not ours, or not of now. `now`: unix seconds.
   */
  ageOf(
    bytes: Uint8Array,
    at: number,
    sender: Uint8Array,
    from: number,
    length: number,
    now: number,
  ): number | undefined {
    if (bytes[at + CLIENT_COOKIE_BYTES] !== VERSION) return undefined
    const given =
      bytes[at + TIMESTAMP]! * 0x1000000 +
      ((bytes[at + TIMESTAMP + 1]! << 16) | (bytes[at + TIMESTAMP + 2]! << 8) | bytes[at + TIMESTAMP + 3]!)
    const age = now - given
    if (age > MAX_AGE || age < -MAX_AHEAD) return undefined
    this.#digest(bytes, at, sender, from, length)
    let difference = 0
    for (let i = 0; i < 8; i++) difference |= bytes[at + HASHED_BYTES + i]! ^ this.#cookie.getUint8(i)
    return difference === 0 ? age : undefined
  }

  /** Whether a cookie that is ours is young enough to go back as it came. */
  isYoung(age: number): boolean {
    return age < RENEW_AFTER
  }

  /** Writes a new server cookie behind the client's, which is at `bytes[at..]`. */
  write(bytes: Uint8Array, at: number, sender: Uint8Array, from: number, length: number, now: number): void {
    bytes[at + CLIENT_COOKIE_BYTES] = VERSION
    for (let i = CLIENT_COOKIE_BYTES + 1; i < TIMESTAMP; i++) bytes[at + i] = 0
    bytes[at + TIMESTAMP] = now >>> 24
    bytes[at + TIMESTAMP + 1] = now >>> 16
    bytes[at + TIMESTAMP + 2] = now >>> 8
    bytes[at + TIMESTAMP + 3] = now
    this.#digest(bytes, at, sender, from, length)
    for (let i = 0; i < 8; i++) bytes[at + HASHED_BYTES + i] = this.#cookie.getUint8(i)
  }

  #digest(bytes: Uint8Array, at: number, sender: Uint8Array, from: number, length: number): void {
    const message = this.#message
    for (let i = 0; i < HASHED_BYTES; i++) message[i] = bytes[at + i]!
    for (let i = 0; i < MAX_ADDRESS_BYTES; i++) message[HASHED_BYTES + i] = i < length ? sender[from + i]! : 0
    this.#hash.hash(this.#view, HASHED_BYTES + length)
    this.#cookie.setInt32(0, this.#hash.low, true)
    this.#cookie.setInt32(4, this.#hash.high, true)
  }
}
