/**
 * What the router calls devices: it gave them their addresses, and knows what they said of themselves. It is asked for the reverse names of addresses
 * that are in use here, one at a time, and for nothing else.
 */
import { type Clock, type Exchange, isChordnsError, type Random } from '../../base/index.ts'
import {
  addressRdata,
  decodeReply,
  encodeMessage,
  isSubdomain,
  makeQuery,
  type Name,
  nameFromWire,
  nameToText,
  parseName,
  type Question,
  Rcode,
  sameQuestion,
  Type,
} from '../../dns/index.ts'
import { limits } from '../limits.ts'

export interface RouterNamesDeps {
  readonly exchange: Pick<Exchange, 'exchange'>
  readonly clock: Clock
  readonly random: Random
}

interface Known {
  readonly name: string | undefined
  /** Monotonic ms. */
  readonly at: number
}

export class RouterNames {
  readonly #deps: RouterNamesDeps
  readonly #known = new Map<string, Known>()
  readonly #stop = new AbortController()

  constructor(deps: RouterNamesDeps) {
    this.#deps = deps
  }

  nameOf(address: string): string | undefined {
    return this.#known.get(address)?.name
  }

  /** Asks for those that it does not know, or has not asked for a while; a few in all. Never rejects. */
  async look(router: string, addresses: readonly string[]): Promise<void> {
    const now = this.#deps.clock.monotonic()
    const due = addresses.filter((one) => {
      const at = this.#known.get(one)?.at
      return one !== router && (at === undefined || now - at > limits.ROUTER_NAME_MS)
    })
    for (const address of due.slice(0, limits.ROUTER_NAMES_A_LOOK)) {
      if (this.#stop.signal.aborted) return
      const name = await this.#ask(router, address)
      this.#known.delete(address)
      this.#known.set(address, { name, at: this.#deps.clock.monotonic() })
      if (this.#known.size > limits.MAX_ROUTER_NAMES) this.#known.delete(this.#known.keys().next().value!)
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async #ask(router: string, address: string): Promise<string | undefined> {
    const { exchange, random } = this.#deps
    const question = { name: reverseOf(address), type: Type.PTR, class: 1 }
    const id = random.below(0x1_0000)
    try {
      const bytes = await exchange.exchange({
        server: { address: router, port: 53 },
        protocol: 'udp',
        message: encodeMessage(makeQuery({ id, name: question.name, type: question.type, rd: true })),
        timeoutMs: limits.ROUTER_TIMEOUT_MS,
        signal: this.#stop.signal,
        classify: (reply) => (nameIn(reply, id, question) === 'other' ? 'ignore' : 'accept'),
      })
      const name = nameIn(bytes, id, question)
      return name === 'other' ? undefined : name
    } catch (error) {
      if (!isChordnsError(error)) throw error
      return undefined
    }
  }
}

/** `other`: no reply to this question. Undefined: it has no name. */
function nameIn(bytes: Uint8Array, id: number, question: Question): string | 'other' | undefined {
  try {
    const reply = decodeReply(bytes)
    const [asked] = reply.questions
    if (!reply.qr || reply.id !== id || asked === undefined || !sameQuestion(asked, question)) return 'other'
    if (reply.rcode !== Rcode.NOERROR) return undefined
    const pointer = reply.answers.find(({ type, name }) => type === Type.PTR && name.key === question.name.key)
    const name = pointer && nameFromWire(pointer.rdata)
    // A name that says no more than the address is none.
    return name === undefined || isSubdomain(name, ARPA) ? undefined : nameToText(name).replace(/\.$/, '')
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return 'other'
    throw error
  }
}

const ARPA = parseName('arpa')

function reverseOf(address: string): Name {
  const { rdata } = addressRdata(address)
  if (rdata.length === 4) return parseName(`${[...rdata].reverse().join('.')}.in-addr.arpa`)
  const digits = [...rdata].flatMap((byte) => [byte >> 4, byte & 15]).reverse()
  return parseName(`${digits.map((digit) => digit.toString(16)).join('.')}.ip6.arpa`)
}

/** The gateway of the default route of IPv4, from /proc/net/route, if it is a private address. */
export function gatewayOf(routes: string): string | undefined {
  for (const line of routes.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    if (fields[1] !== '00000000' || fields[7] !== '00000000' || !/^[0-9A-Fa-f]{8}$/.test(fields[2] ?? '')) continue
    const octets = fields[2]!
      .match(/../g)!
      .map((hex) => Number.parseInt(hex, 16))
      .reverse()
    const [a = 0, b = 0] = octets
    if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return octets.join('.')
  }
  return undefined
}

/** Only addresses that are the router's to know: those of its own network. */
export function besideRouter(router: string, addresses: readonly string[]): string[] {
  const network = router.split('.').slice(0, 3).join('.')
  return addresses.filter((one) => one.startsWith(`${network}.`))
}
