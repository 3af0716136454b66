/**
 * TSIG (RFC 8945) of a client: signs a request, and checks the messages that answer it, of which some may be unsigned in a stream (section 5.3.1). The key is a secret of both
 * sides; what it protects is that the zone is the primary's.
 */
import { createHmac, type Hmac, timingSafeEqual } from 'node:crypto'
import { canonicalName, type Name, parseName, readName, sameName } from '../../../dns/index.ts'
import { broken, type FoundTsig } from './walk.ts'

export const TSIG_ALGORITHMS = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const

export interface TsigKey {
  readonly name: Name
  readonly algorithm: (typeof TSIG_ALGORITHMS)[number]
  readonly secret: Uint8Array
}

const ANY = 255
const TSIG = 250
/** Seconds that clocks may differ (section 10). */
const FUDGE = 300
/** RFC 8945 section 5.3.1: more unsigned messages than this must not come one after the other. */
const MAX_UNSIGNED = 99

export interface Signed {
  readonly bytes: Uint8Array
  readonly check: TsigCheck
}

/** `now`: ms of wall clock. */
export function sign(message: Uint8Array, key: TsigKey, now: number): Signed {
  const timers = timersOf(Math.floor(now / 1000))
  const algorithm = canonicalName(parseName(key.algorithm)).wire
  const mac = hmacOf(key)
    .update(message)
    .update(variables(key, timers, 0, new Uint8Array()))
    .digest()
  const rdata = Buffer.concat([algorithm, timers, u16(mac.length), mac, message.subarray(0, 2), u16(0), u16(0)])
  const record = [canonicalName(key.name).wire, u16(TSIG), u16(ANY), u16(0), u16(0), u16(rdata.length), rdata]
  const bytes = Buffer.concat([message, ...record])
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10)
  return { bytes, check: new TsigCheck(key, mac) }
}

export class TsigCheck {
  readonly #key: TsigKey
  #hmac: Hmac
  #isFirst = true
  #unsigned = 0

  constructor(key: TsigKey, requestMac: Uint8Array) {
    this.#key = key
    this.#hmac = startedWith(key, requestMac)
  }

  /** The next message of the stream. Throws TRANSFER_FAILED where it is not the other side's. `now`: ms. */
  take(bytes: Uint8Array, tsig: FoundTsig | undefined, now: number): void {
    if (tsig === undefined) {
      if (this.#isFirst || ++this.#unsigned > MAX_UNSIGNED) throw broken('the primary does not sign (TSIG)')
      this.#hmac.update(bytes)
      return
    }
    const { owner, timers, mac, id, error, other, seconds, fudge, algorithm } = fieldsOf(bytes, tsig)
    if (!sameName(owner, this.#key.name) || !sameName(algorithm, parseName(this.#key.algorithm)))
      throw broken('the primary signs with another key (TSIG)')
    if (error !== 0) throw broken(`the primary refuses the key or the time: TSIG error ${error}`)
    const message = Buffer.from(bytes.subarray(0, tsig.start))
    message.set(id, 0)
    message.writeUInt16BE(message.readUInt16BE(10) - 1, 10)
    this.#hmac.update(message).update(this.#isFirst ? variables(this.#key, timers, error, other) : timers)
    const expected = this.#hmac.digest()
    if (mac.length !== expected.length || !timingSafeEqual(mac, expected))
      throw broken('a signature that does not hold (TSIG)')
    if (Math.abs(now / 1000 - seconds) > fudge)
      throw broken('the clocks of the primary and of this machine differ (TSIG)')
    this.#hmac = startedWith(this.#key, mac)
    this.#isFirst = false
    this.#unsigned = 0
  }

  /** Throws where what came last was not signed. */
  end(): void {
    if (this.#isFirst || this.#unsigned > 0) throw broken('the end of the transfer is not signed (TSIG)')
  }
}

function fieldsOf(bytes: Uint8Array, { owner, rdata, end }: FoundTsig) {
  const { name: algorithm, next } = readName(bytes, rdata)
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, end)
  if (next + 10 > end) throw broken('a TSIG that ends early')
  const size = all.readUInt16BE(next + 8)
  const behind = next + 10 + size
  if (behind + 6 > end || behind + 6 + all.readUInt16BE(behind + 4) !== end) throw broken('a TSIG that ends early')
  return {
    owner,
    algorithm,
    timers: all.subarray(next, next + 8),
    seconds: all.readUIntBE(next, 6),
    fudge: all.readUInt16BE(next + 6),
    mac: all.subarray(next + 10, behind),
    id: all.subarray(behind, behind + 2),
    error: all.readUInt16BE(behind + 2),
    other: all.subarray(behind + 6, end),
  }
}

function hmacOf({ algorithm, secret }: TsigKey): Hmac {
  return createHmac(algorithm.slice('hmac-'.length), secret)
}

/** What comes is bound to what came before (section 5.3). */
function startedWith(key: TsigKey, mac: Uint8Array): Hmac {
  return hmacOf(key).update(u16(mac.length)).update(mac)
}

/** Section 4.3.3. */
function variables({ name, algorithm }: TsigKey, timers: Uint8Array, error: number, other: Uint8Array): Uint8Array {
  const [owner, word] = [canonicalName(name).wire, canonicalName(parseName(algorithm)).wire]
  return Buffer.concat([owner, u16(ANY), u16(0), u16(0), word, timers, u16(error), u16(other.length), other])
}

function timersOf(seconds: number): Buffer {
  const timers = Buffer.alloc(8)
  timers.writeUIntBE(seconds, 0, 6)
  timers.writeUInt16BE(FUDGE, 6)
  return timers
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}
