/**
 * Seven peers that resolve for themselves, each at its own place of the embedded Internet: real recursors, real authoritative
 * servers, views and liars by who asks, in virtual time. Records travel over the memory network of `world.ts`.
 */
import { ownFetchOf } from '../../../src/chunks/index.ts'
import { addressRdata, type Message, type Name, parseName, Type } from '../../../src/dns/index.ts'
import type { Recursor } from '../../../src/recurse/index.ts'
import { testClock } from '../../setup/clock.ts'
import { type Asked, createWorld as createInternet, createStack, simpleSpec } from '../../world/index.ts'
import { createWorld, type Node } from '../world.ts'

export const PEERS = 9
export const REPLICAS = 7
/** An address that only a liar on the way to the authority says; its network is nobody else's. */
export const HIJACKED = '203.0.6.66'

const placeOf = (index: number): string => `127.9.0.${index + 1}`

const GEO_VIEWS = 6

/** The memory of a recursor is laid out at its start: hundreds of these would take longer than what they do. */
const SMALL = {
  SERVERS_REMEMBERED: 100,
  ANSWERERS_REMEMBERED: 100,
  USELESS_REMEMBERED: 100,
  DNAMES_REMEMBERED: 100,
  CASELESS_REMEMBERED: 100,
  AGREED_REMEMBERED: 100,
}

const ZONES = {
  'com.': '',
  'static.com.': 'www 300 A 198.51.100.1\nwww 300 A 198.51.100.2\n',
  'pool.com.': [10, 11, 12, 13, 14, 15].map((last) => `www 300 A 203.0.1.${last}\n`).join(''),
  'geo.com.': 'www 300 A 203.0.99.1\n',
  'short.com.': 'www 5 A 203.0.7.1\n',
  'evil.com.': '',
}

/** What stands between some peers and the authorities: by what was asked, and over what. */
export type Lie = (asked: Asked, reply: Message) => Message

export interface Vantage {
  readonly world: ReturnType<typeof createWorld>
  readonly internet: Awaited<ReturnType<typeof createInternet>>
  readonly recursor: (node: Node) => Recursor
  /** Lies to those peers on their way to this server. */
  between(peers: readonly Node[], server: string, lie: Lie): void
}

export async function createVantage(asked: Name): Promise<Vantage> {
  const clock = testClock()
  const recursors: Recursor[] = []
  const spec = simpleSpec(ZONES, { behaviours: { 'ns1.pool.com': { subset: 4 } } })
  const internet = await createInternet(spec, { sockets: false, clock })
  const world = createWorld({
    nodes: PEERS,
    n: REPLICAS,
    clock,
    fetch: (index, nodeClock) => {
      const stack = createStack(internet, { clock: nodeClock, from: placeOf(index), recursor: { limits: SMALL } })
      recursors[index] = stack.recursor
      return ownFetchOf(stack.recursor, nodeClock, false)
    },
  })
  const replicas = world.replicas({ name: asked, type: Type.A, class: 1 })
  const geo = spec.zones.find(({ origin }) => origin === 'geo.com.')!
  internet.setZone({
    ...geo,
    views: replicas.map((node, place) => ({
      from: [placeOf(node.index)],
      text: `www 300 A 203.0.${10 + (place % GEO_VIEWS)}.1\n`,
    })),
  })
  // Where a hijacked delegation leads: a server that has the zones, with its own address in each.
  for (const origin of ['static.com.', 'pool.com.', 'geo.com.', 'short.com.']) {
    const text = `@ SOA ns1 h 1 2 3 4 60\n@ NS ns1\nns1 A ${evilAddress(internet)}\nwww 300 A ${HIJACKED}\n`
    internet.setZone({ origin, servers: ['ns1.evil.com'], text })
  }
  return {
    world,
    internet,
    recursor: (node) => recursors[node.index]!,
    between(peers, server, lie) {
      const places = new Set(peers.map(({ index }) => placeOf(index)))
      internet.server(server).behave({
        tamper: (reply, query) => [{ reply: places.has(query.from) ? lie(query, reply) : reply }],
      })
    },
  }
}

export function evilAddress(internet: Vantage['internet']): string {
  return internet.server('ns1.evil.com').addresses[0]!
}

/** The address of the liar, whatever was asked for by A. */
export const hijack =
  (ttl = 300): Lie =>
  (asked, reply) => {
    if (asked.type !== 'A' || !asked.name.toLowerCase().startsWith('www.')) return reply
    const { name } = asked.question
    return {
      ...reply,
      rcode: 0,
      aa: true,
      answers: [{ name, type: Type.A, class: 1, ttl, rdata: addressRdata(HIJACKED).rdata }],
      authorities: [],
    }
  }

/** The name does not exist, says somebody who answers faster than the truth; over TCP it is not there, if `udpOnly`. */
export const censor =
  (udpOnly = false): Lie =>
  (asked, reply) => {
    if (!asked.name.toLowerCase().startsWith('www.')) return reply
    if (udpOnly && asked.protocol === 'tcp') return reply
    const apex = parseName(asked.name.split('.').slice(1).join('.'))
    const rdata = new Uint8Array([0, 0, ...[1, 2, 3, 4, 300].flatMap((n) => [0, 0, n >> 8, n & 0xff])])
    const soa = { name: apex, type: Type.SOA, class: 1, ttl: 300, rdata }
    return { ...reply, rcode: 3, aa: true, answers: [], authorities: [soa] }
  }

/** The referral to the zone leads to the liar's server. */
export const misdirect =
  (internet: Vantage['internet']): Lie =>
  (_asked, reply) => {
    if (!reply.authorities.some(({ type }) => type === Type.NS)) return reply
    const { rdata } = addressRdata(evilAddress(internet))
    return { ...reply, additionals: reply.additionals.map((one) => (one.type === Type.A ? { ...one, rdata } : one)) }
  }
