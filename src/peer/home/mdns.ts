/**
 * Names of `local`, asked of the machines of the local network by one-shot queries (RFC 6762 section 5.1), for clients that cannot: whoever is
 * asked by unicast DNS for such a name would have to say that it does not exist.
 */
import type { Clock, Random } from '../../base/index.ts'
import { isChordnsError } from '../../base/index.ts'
import {
  Class,
  decodeReply,
  encodeMessage,
  isSubdomain,
  makeQuery,
  type Name,
  parseName,
  type Question,
  type ResourceRecord,
  sameQuestion,
  Type,
} from '../../dns/index.ts'
import type { LocalBridge } from '../../resolver/index.ts'
import { limits } from '../limits.ts'

/** Sends a message to all of the local network; `onReply` says whether a reply is the one that was waited for. Never rejects. */
export type AskNetwork = (
  message: Uint8Array,
  options: { readonly signal: AbortSignal; readonly onReply: (reply: Uint8Array) => boolean },
) => Promise<void>

export interface MdnsBridgeDeps {
  readonly clock: Clock
  readonly random: Random
  readonly askNetwork: AskNetwork
}

interface Kept {
  readonly records: readonly ResourceRecord[]
  /** Monotonic ms. */
  readonly until: number
}

export class MdnsBridge implements LocalBridge {
  readonly #deps: MdnsBridgeDeps
  readonly #kept = new Map<string, Kept>()
  readonly #flights = new Map<string, Promise<readonly ResourceRecord[]>>()
  readonly #stop = new AbortController()

  constructor(deps: MdnsBridgeDeps) {
    this.#deps = deps
  }

  /** Addresses of names below `local`; RFC 6762 section 3 has them of one label more. */
  covers({ name, type, class: klass }: Question): boolean {
    const isAddress = type === Type.A || type === Type.AAAA
    return isAddress && klass === Class.IN && name.labels >= 2 && isSubdomain(name, LOCAL)
  }

  async ask(question: Question): Promise<readonly ResourceRecord[]> {
    const key = `${question.type} ${question.name.key}`
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > this.#deps.clock.monotonic()) return named(kept.records, question.name)
    const flight = this.#flights.get(key) ?? this.#begin(key, question)
    return named(await flight, question.name)
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Nobody asks the network more often than it can bear, whatever clients do. */
  #begin(key: string, question: Question): Promise<readonly ResourceRecord[]> {
    if (this.#flights.size >= limits.MAX_MDNS_IN_FLIGHT) return Promise.resolve([])
    const flight = this.#fly(question).then((records) => {
      this.#flights.delete(key)
      this.#keep(key, records)
      return records
    })
    this.#flights.set(key, flight)
    return flight
  }

  async #fly(question: Question): Promise<readonly ResourceRecord[]> {
    const { random, askNetwork } = this.#deps
    const id = random.below(0x1_0000)
    let found: readonly ResourceRecord[] = []
    const message = encodeMessage(makeQuery({ id, name: question.name, type: question.type, rd: false }))
    await askNetwork(message, {
      signal: this.#stop.signal,
      onReply(reply) {
        found = recordsIn(reply, id, question)
        return found.length > 0
      },
    })
    return found
  }

  #keep(key: string, records: readonly ResourceRecord[]): void {
    this.#kept.delete(key)
    this.#kept.set(key, { records, until: this.#deps.clock.monotonic() + limits.MDNS_TTL_SECONDS * 1000 })
    if (this.#kept.size > limits.MAX_MDNS_KEPT) this.#kept.delete(this.#kept.keys().next().value!)
  }
}

const LOCAL = parseName('local')

/** RFC 6762 section 6.7: a reply to a query from another port than 5353 repeats its id and question. Empty: it is none. */
function recordsIn(bytes: Uint8Array, id: number, question: Question): readonly ResourceRecord[] {
  try {
    const reply = decodeReply(bytes)
    const [asked] = reply.questions
    if (!reply.qr || reply.id !== id || (asked !== undefined && !sameQuestion(asked, question))) return []
    return reply.answers
      .filter(({ name, type, rdata }) => {
        const length = type === Type.A ? 4 : 16
        return type === question.type && name.key === question.name.key && rdata.length === length
      })
      .slice(0, limits.MAX_MDNS_RECORDS)
      .map(({ type, ttl, rdata }) => ({
        name: question.name,
        type,
        // The highest bit of a class says in mDNS that the set is whole.
        class: Class.IN,
        ttl: Math.min(ttl, limits.MDNS_TTL_SECONDS),
        rdata,
      }))
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return []
    throw error
  }
}

/** In the letters that were asked for now. */
function named(records: readonly ResourceRecord[], name: Name): ResourceRecord[] {
  return records.map((record) => ({ ...record, name }))
}
