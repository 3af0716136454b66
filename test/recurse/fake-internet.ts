import { aborted, ChordnsError, type Exchange, type UpstreamQuery } from '../../src/base/index.ts'
import {
  cnameTarget,
  decodeMessage,
  encodeMessage,
  encodeWithin,
  isSubdomain,
  type Message,
  type Name,
  nsName,
  parseName,
  parseZone,
  type Question,
  type ResourceRecord,
  sameName,
  Type,
} from '../../src/dns/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'

/** What a server does with a query: a reply, raw bytes, several datagrams, or nothing. */
export type Act = Message | Uint8Array | readonly Uint8Array[] | 'silent' | 'port-closed' | 'unreachable'

export interface Asked {
  readonly address: string
  readonly protocol: 'udp' | 'tcp'
  readonly query: Message
  readonly question: Question
}

export type Behaviour = (asked: Asked, honest: () => Message) => Act

export interface FakeServer {
  readonly zones: readonly FakeZone[]
  delayMs: number
  behave: Behaviour
}

export interface FakeZone {
  readonly apex: Name
  readonly records: readonly ResourceRecord[]
}

export function zone(apex: string, text: string): FakeZone {
  const origin = parseName(apex)
  return { apex: origin, records: parseZone(text, { origin, defaultTtl: 3600 }) }
}

/** Authorities that answer from tables, reached through a scripted `Exchange` on virtual time. */
export class FakeInternet implements Exchange {
  readonly clock: VirtualClock
  readonly servers = new Map<string, FakeServer>()
  readonly log: Asked[] = []
  /** Exchanges whose signal fired while they were open. */
  abandoned = 0
  ipv4 = true
  ipv6 = false

  constructor(clock: VirtualClock) {
    this.clock = clock
  }

  serve(address: string, zones: readonly FakeZone[], behave: Behaviour = (_, honest) => honest()): FakeServer {
    const server: FakeServer = { zones, delayMs: 10, behave }
    this.servers.set(address, server)
    return server
  }

  families(): { ipv4: boolean; ipv6: boolean } {
    return { ipv4: this.ipv4, ipv6: this.ipv6 }
  }

  /** Questions that were sent to this address, as text. */
  askedOf(address: string): number {
    return this.log.filter((asked) => asked.address === address).length
  }

  exchange(upstream: UpstreamQuery): Promise<Uint8Array> {
    const { server: endpoint, protocol, message, timeoutMs, signal, classify } = upstream
    const query = decodeMessage(message)
    const asked: Asked = { address: endpoint.address, protocol, query, question: query.questions[0]! }
    this.log.push(asked)
    const server = this.servers.get(endpoint.address)
    return new Promise((resolve, reject) => {
      const fail = (code: string) => reject(new ChordnsError(code, code, { server: endpoint }))
      if (signal.aborted) return reject(aborted(signal))
      const onAbort = () => {
        this.abandoned++
        reject(aborted(signal))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      const act = server === undefined ? 'silent' : server.behave(asked, () => honestAnswer(server.zones, query))
      if (act === 'unreachable') return fail('UPSTREAM_UNREACHABLE')
      const delay = server?.delayMs ?? 0
      this.clock.after(timeoutMs, () => fail('UPSTREAM_TIMEOUT'))
      if (act === 'silent') return undefined
      this.clock.after(delay, () => {
        if (act === 'port-closed') return fail('UPSTREAM_REFUSED')
        for (const datagram of datagramsOf(act, protocol, query)) {
          const verdict = classify(datagram)
          if (verdict === 'accept') return resolve(datagram)
          if (verdict === 'near-miss') return fail('UPSTREAM_NEAR_MISS')
        }
      })
      return undefined
    })
  }
}

function datagramsOf(act: Exclude<Act, string>, protocol: 'udp' | 'tcp', query: Message): readonly Uint8Array[] {
  if (act instanceof Uint8Array) return [act]
  if (Array.isArray(act)) return act as readonly Uint8Array[]
  const message = act as Message
  return [protocol === 'tcp' ? encodeMessage(message) : encodeWithin(message, query.edns?.udpSize ?? 512)]
}

export function replyTo(query: Message, change: Partial<Message>): Message {
  return {
    ...query,
    qr: true,
    aa: true,
    ra: false,
    ad: false,
    tc: false,
    rcode: 0,
    answers: [],
    authorities: [],
    additionals: [],
    ...(query.edns === undefined ? {} : { edns: { udpSize: 1232, version: 0, do: query.edns.do, options: [] } }),
    ...change,
  }
}

/** RFC 1034 section 4.3.2, as a plain authority does it. */
export function honestAnswer(zones: readonly FakeZone[], query: Message): Message {
  const question = query.questions[0]!
  const answers: ResourceRecord[] = []
  let name = question.name
  for (let links = 0; links < 20; links++) {
    const here = zoneFor(zones, name, question.type)
    if (here === undefined) return replyTo(query, answers.length > 0 ? { answers } : { aa: false, rcode: 5 })
    const { records, apex } = here
    const cut = cutAbove(here, name, question.type)
    if (cut !== undefined) {
      if (answers.length > 0) return replyTo(query, { answers })
      const authorities = records.filter((rr) => sameName(rr.name, cut) && (rr.type === Type.NS || rr.type === Type.DS))
      const names = authorities.filter((rr) => rr.type === Type.NS).map((rr) => nsName(rr.rdata).key)
      return replyTo(query, { aa: false, authorities, additionals: addresses(records, names) })
    }
    const owned = records.filter((rr) => sameName(rr.name, name))
    const found = owned.filter((rr) => rr.type === question.type)
    if (found.length > 0) {
      const names = found.filter((rr) => rr.type === Type.NS).map((rr) => nsName(rr.rdata).key)
      return replyTo(query, { answers: [...answers, ...found], additionals: addresses(records, names) })
    }
    const alias = owned.find((rr) => rr.type === Type.CNAME)
    if (alias !== undefined) {
      answers.push(alias)
      name = cnameTarget(alias.rdata)
      continue
    }
    const exists = records.some((rr) => isSubdomain(rr.name, name))
    const authorities = records.filter((rr) => rr.type === Type.SOA && sameName(rr.name, apex))
    return replyTo(query, { rcode: exists ? 0 : 3, answers, authorities })
  }
  return replyTo(query, { answers })
}

function zoneFor(zones: readonly FakeZone[], name: Name, type: number): FakeZone | undefined {
  return zones
    .filter(({ apex }) => isSubdomain(name, apex) && !(type === Type.DS && sameName(name, apex) && zones.length > 1))
    .sort((a, b) => b.apex.labels - a.apex.labels)[0]
}

function cutAbove({ apex, records }: FakeZone, name: Name, type: number): Name | undefined {
  return records.find(
    (rr) =>
      rr.type === Type.NS &&
      !sameName(rr.name, apex) &&
      isSubdomain(name, rr.name) &&
      !(type === Type.DS && sameName(name, rr.name)),
  )?.name
}

function addresses(records: readonly ResourceRecord[], names: readonly string[]): ResourceRecord[] {
  return records.filter((rr) => (rr.type === Type.A || rr.type === Type.AAAA) && names.includes(rr.name.key))
}
