/**
 * Server cookies (RFC 7873, in the layout of RFC 9018): a client that sends ours back has received a reply at its address,
 * so the address is not forged. The hash is keyed SHA-256 cut to eight bytes: no other server has to check our cookies.
 */
import { concatBytes, fromLatin1 } from '../../base/index.ts'
import { shortKeyedHash, timingSafeEqual } from '../../crypto/index.ts'
import { type EdnsOption, findOption, type Message, OptionCode } from '../../dns/index.ts'

const CLIENT_BYTES = 8
const SERVER_BYTES = 16
/** RFC 7873 section 4: 8 bytes of client cookie, then nothing or 8 to 32 of server cookie. */
const MIN_WITH_SERVER = 16
const MAX_WITH_SERVER = 40
const VERSION = 1
/** RFC 9018 section 4.3, seconds. */
const MAX_AGE = 3_600
const MAX_AHEAD = 300
const RENEW_AFTER = 1_800

export type CookieState =
  /** No cookie, or only the client's own. */
  | 'none'
  /** RFC 7873 section 5.2.2: FORMERR. */
  | 'malformed'
  /** Not ours, or too old. */
  | 'stale'
  /** The client has received a reply of ours at this address. */
  | 'valid'

export function hasMalformedCookie(query: Message): boolean {
  const data = cookieOf(query)
  if (data === undefined || data.length === CLIENT_BYTES) return false
  return data.length < MIN_WITH_SERVER || data.length > MAX_WITH_SERVER
}

export class ServerCookies {
  readonly #secret: Uint8Array

  /** `secret`: at least 16 random bytes, of this process only. */
  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  /** `now` is unix seconds. */
  stateOf(query: Message, address: string, now: number): CookieState {
    const data = cookieOf(query)
    if (data === undefined || data.length === CLIENT_BYTES) return 'none'
    if (hasMalformedCookie(query)) return 'malformed'
    if (data.length !== CLIENT_BYTES + SERVER_BYTES || data[CLIENT_BYTES] !== VERSION) return 'stale'
    const age = now - timestampOf(data)
    if (age > MAX_AGE || age < -MAX_AHEAD) return 'stale'
    const expected = this.#serverCookie(data.subarray(0, CLIENT_BYTES), address, timestampOf(data))
    return timingSafeEqual(data.subarray(CLIENT_BYTES), expected) ? 'valid' : 'stale'
  }

  /** The option of the reply; undefined when the query had none. A cookie that is still young goes back as it came. */
  answer(query: Message, address: string, now: number): EdnsOption | undefined {
    const data = cookieOf(query)
    if (data === undefined || hasMalformedCookie(query)) return undefined
    const isYoung = this.stateOf(query, address, now) === 'valid' && now - timestampOf(data) < RENEW_AFTER
    if (isYoung) return { code: OptionCode.COOKIE, data }
    const client = data.slice(0, CLIENT_BYTES)
    return { code: OptionCode.COOKIE, data: concatBytes(client, this.#serverCookie(client, address, now)) }
  }

  #serverCookie(client: Uint8Array, address: string, timestamp: number): Uint8Array {
    const head = new Uint8Array(8)
    head[0] = VERSION
    new DataView(head.buffer).setUint32(4, timestamp >>> 0)
    const hash = shortKeyedHash(this.#secret, SERVER_BYTES - head.length, client, head, fromLatin1(address))
    return concatBytes(head, hash)
  }
}

function cookieOf(query: Message): Uint8Array | undefined {
  return findOption(query.edns?.options ?? [], OptionCode.COOKIE)?.data
}

function timestampOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(CLIENT_BYTES + 4)
}
