/**
 * DNS cookies towards authorities (RFC 7873, RFC 9018): a server that returns our client cookie has seen our query, which an
 * off-path forger has not.
 */
import { concatBytes, type Endpoint, equalBytes, fromLatin1, type Random, RecentMap } from '../../base/index.ts'
import { shortKeyedHash } from '../../crypto/index.ts'
import { type EdnsOption, findOption, type Message, OptionCode } from '../../dns/index.ts'
import { endpointText } from '../../iterator/index.ts'

const CLIENT_BYTES = 8
/** RFC 7873 section 4. */
const MIN_SERVER_BYTES = 8
const MAX_SERVER_BYTES = 32

/** What a reply says about who sent it. */
export type CookieVerdict =
  /** Our cookie came back, or none was to be expected. */
  | 'fine'
  /** Another client cookie than ours: forged. */
  | 'forged'
  /** This server has sent cookies before, and this reply has none: to be asked again over TCP (RFC 7873 section 5.3). */
  | 'missing'

interface Known {
  /** Undefined: it answers without cookies, as far as is known. */
  readonly server: Uint8Array | undefined
  /** Silent when a cookie was sent: asked without one for a while (monotonic ms until when). */
  readonly avoidUntil: number
}

export class Cookies {
  readonly #secret: Uint8Array
  readonly #known: RecentMap<string, Known>
  readonly #avoidMs: number

  constructor(random: Random, maxServers: number, avoidMs: number) {
    this.#secret = random.bytes(32)
    this.#known = new RecentMap({ max: maxServers })
    this.#avoidMs = avoidMs
  }

  /** The option for the next query to this server; undefined while it is better asked without. */
  optionFor(server: Endpoint, nowMonotonic: number): EdnsOption | undefined {
    const known = this.#known.get(endpointText(server))
    if (known !== undefined && known.avoidUntil > nowMonotonic) return undefined
    const own = this.#clientCookie(server)
    return { code: OptionCode.COOKIE, data: known?.server === undefined ? own : concatBytes(own, known.server) }
  }

  /** Checks a reply to a query that carried `sent`, and remembers the server's cookie. */
  check(server: Endpoint, sent: EdnsOption | undefined, reply: Message): CookieVerdict {
    if (sent === undefined) return 'fine'
    const key = endpointText(server)
    const data = findOption(reply.edns?.options ?? [], OptionCode.COOKIE)?.data
    if (data === undefined || data.length < CLIENT_BYTES)
      return this.#known.get(key)?.server === undefined ? 'fine' : 'missing'
    // What was sent begins with the client cookie: it need not be computed again.
    if (!equalBytes(data.subarray(0, CLIENT_BYTES), sent.data.subarray(0, CLIENT_BYTES))) return 'forged'
    const theirs = data.slice(CLIENT_BYTES)
    if (theirs.length >= MIN_SERVER_BYTES && theirs.length <= MAX_SERVER_BYTES)
      this.#known.set(key, { server: theirs, avoidUntil: 0 })
    return 'fine'
  }

  /** Some servers, or what stands before them, drop queries with options they do not know. */
  onSilence(server: Endpoint, sent: EdnsOption | undefined, nowMonotonic: number): void {
    const key = endpointText(server)
    if (sent === undefined || this.#known.get(key)?.server !== undefined) return
    this.#known.set(key, { server: undefined, avoidUntil: nowMonotonic + this.#avoidMs })
  }

  /** It answered a query with a cookie by an error: it may not know the option. One that has given a cookie does. */
  onRefusal(server: Endpoint, nowMonotonic: number): void {
    const key = endpointText(server)
    if (this.#known.get(key)?.server !== undefined) return
    this.#known.set(key, { server: undefined, avoidUntil: nowMonotonic + this.#avoidMs })
  }

  /** It was slow, not silent. */
  onLate(server: Endpoint): void {
    const key = endpointText(server)
    const known = this.#known.get(key)
    if (known !== undefined) this.#known.set(key, { ...known, avoidUntil: 0 })
  }

  /** A server that lost its secret, or another one behind the same address: what it said before is forgotten. */
  forget(server: Endpoint): void {
    this.#known.delete(endpointText(server))
  }

  /** One for each server, so that servers cannot use it to follow us from one to the other (RFC 9018 section 3). */
  #clientCookie(server: Endpoint): Uint8Array {
    return shortKeyedHash(this.#secret, CLIENT_BYTES, fromLatin1(endpointText(server)))
  }
}
