/** Server cookies (RFC 7873, RFC 9018) of queries and replies. */
import ipaddr from 'ipaddr.js'
import { type EdnsOption, findOption, type Message, OptionCode } from '../../dns/index.ts'
import { CLIENT_COOKIE_BYTES, COOKIE_BYTES, COOKIE_SECRET_BYTES, CookieMaker } from '../cookies/server-cookie.ts'

/** RFC 7873 section 4: 8 bytes of client cookie, then nothing or 8 to 32 of server cookie. */
const MIN_WITH_SERVER = 16
const MAX_WITH_SERVER = 40

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
  if (data === undefined || data.length === CLIENT_COOKIE_BYTES) return false
  return data.length < MIN_WITH_SERVER || data.length > MAX_WITH_SERVER
}

export class ServerCookies {
  readonly #server: CookieMaker

  /** `secret`: at least 16 random bytes, of this process only; the first 16 are used. */
  constructor(secret: Uint8Array) {
    this.#server = new CookieMaker(secret.subarray(0, COOKIE_SECRET_BYTES))
  }

  /** `now` is unix seconds. */
  stateOf(query: Message, address: string, now: number): CookieState {
    const data = cookieOf(query)
    if (data === undefined || data.length === CLIENT_COOKIE_BYTES) return 'none'
    if (hasMalformedCookie(query)) return 'malformed'
    return this.#ageOf(data, octetsOf(address), now) === undefined ? 'stale' : 'valid'
  }

  /** The option of the reply; undefined when the query had none. A cookie that is still young goes back as it came. */
  answer(query: Message, address: string, now: number): EdnsOption | undefined {
    const data = cookieOf(query)
    if (data === undefined || hasMalformedCookie(query)) return undefined
    const octets = octetsOf(address)
    const age = this.#ageOf(data, octets, now)
    if (age !== undefined && this.#server.isYoung(age)) return { code: OptionCode.COOKIE, data }
    const cookie = new Uint8Array(COOKIE_BYTES)
    cookie.set(data.subarray(0, CLIENT_COOKIE_BYTES))
    this.#server.write(cookie, 0, octets, 0, octets.length, now)
    return { code: OptionCode.COOKIE, data: cookie }
  }

  #ageOf(data: Uint8Array, octets: Uint8Array, now: number): number | undefined {
    if (data.length !== COOKIE_BYTES) return undefined
    return this.#server.ageOf(data, 0, octets, 0, octets.length, now)
  }
}

function cookieOf(query: Message): Uint8Array | undefined {
  return findOption(query.edns?.options ?? [], OptionCode.COOKIE)?.data
}

/** Without its zone; IPv4 in IPv6 is IPv4. */
function octetsOf(address: string): Uint8Array {
  return Uint8Array.from(ipaddr.process(address.replace(/%.*$/, '')).toByteArray())
}
