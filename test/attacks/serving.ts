/** Attacks on the door and on the decoder, and those through what the node remembers. */
import { request } from 'node:http'
import { Budget, concatBytes } from '../../src/base/index.ts'
import { Rank } from '../../src/cache/index.ts'
import {
  addressRdata,
  decodeMessage,
  dnsLimits,
  encodeMessage,
  Opcode,
  parseName,
  Rcode,
  readEde,
  Type,
} from '../../src/dns/index.ts'
import { acts, createStatusServer, looksUp, reads, STATUS_HEADER } from '../../src/observe/index.ts'
import { recurseLimits } from '../../src/recurse/index.ts'
import { limits as resolverLimits } from '../../src/resolver/limits.ts'
import { serveLimits } from '../../src/serve/index.ts'
import { queryFor, texts } from '../world/index.ts'
import { figures, records, saying, scene, victimHarmed } from './scene.ts'
import type { Attack, Bound, Measured, NotBuilt } from './types.ts'

const NO_HARM: Bound = { figure: 'harm', atMost: 0, because: 'the victim still resolves' }

export const SERVING: readonly (Attack | NotBuilt)[] = [
  {
    name: 'DNSBomb: a thousand slow questions in the name of a victim, all answered at once',
    reference: 'CVE-2024-33655',
    bounds: [
      NO_HARM,
      {
        figure: 'burst',
        atMost: 100,
        limit: serveLimits.DISCARD_ABOVE_PENDING,
        because: 'serve DISCARD_ABOVE_PENDING',
      },
      {
        figure: 'inWork',
        atMost: 1_000,
        limit: serveLimits.MAX_IN_WORK_PER_CLIENT,
        because: 'serve MAX_IN_WORK_PER_CLIENT',
      },
    ],
    async run() {
      const stage = await scene({ behaviours: { 'ns1.evil.zone': { delayMs: ({ at }) => Math.max(0, 2_500 - at) } } })
      const started = stage.clock.monotonic()
      let burst = 0
      let inWork = 0
      for (let i = 0; i < 3_000; i++) {
        const packet = encodeMessage(queryFor({ name: `b${i}.evil.zone`, type: 'TXT' }))
        // What is answered at once has not been saved up: only late answers make the burst.
        const sent = () => {
          if (stage.clock.monotonic() - started > serveLimits.DISCARD_AFTER_MS) burst++
        }
        stage.stack.take(packet, sent, { address: '203.0.113.9', port: 53, protocol: 'udp' })
        inWork = Math.max(inWork, stage.stack.desk.stats().inFlight)
      }
      await stage.clock.advanceAsync(30_000)
      return { harm: stage.stack.faults.length + (await victimHarmed(stage)), own: { burst, inWork } }
    },
  },
  {
    name: 'a client that fills its share of places, and one that comes after',
    reference: 'CVE-2026-42534, CVE-2026-56444 (jostle and discard together)',
    bounds: [
      { figure: 'harm', atMost: 0, because: 'the other client is answered' },
      {
        figure: 'inWork',
        atMost: 1_000,
        limit: serveLimits.MAX_IN_WORK_PER_CLIENT,
        because: 'serve MAX_IN_WORK_PER_CLIENT',
      },
    ],
    async run() {
      const stage = await scene({ behaviours: { 'ns1.evil.zone': { silent: true } } })
      let inWork = 0
      for (let i = 0; i < 5_000; i++) {
        stage.stack.take(encodeMessage(queryFor({ name: `d${i}.evil.zone` })), () => {}, {
          address: '198.51.100.1',
          protocol: 'udp',
        })
        inWork = Math.max(inWork, stage.stack.desk.stats().inFlight)
      }
      const reply = await stage.stack.ask('www.victim.zone.', 'A', { from: '198.51.100.2' })
      const harm = texts(reply.answers).join() === 'A 203.0.113.80' ? 0 : 1
      await stage.clock.advanceAsync(30_000)
      return { harm: harm + stage.stack.faults.length + stage.stack.desk.stats().inFlight, own: { inWork } }
    },
  },
  {
    name: 'all places taken by questions that never end: a new one is let in',
    reference: 'CVE-2026-42534; Unbound jostle-timeout',
    bounds: [
      NO_HARM,
      {
        figure: 'waitedMs',
        atMost: 700,
        limit: serveLimits.JOSTLE_AFTER_MS + 500,
        because: 'serve JOSTLE_AFTER_MS, and a cold walk',
      },
    ],
    async run() {
      const stage = await scene({
        behaviours: { 'ns1.evil.zone': { silent: true } },
        stack: { serve: { MAX_IN_WORK: 200 } },
      })
      for (let i = 0; i < 400; i++) {
        stage.stack.take(encodeMessage(queryFor({ name: `d${i}.evil.zone` })), () => {}, {
          address: `198.51.100.${i % 200}`,
          protocol: 'udp',
        })
      }
      const began = stage.clock.monotonic()
      await stage.clock.advanceAsync(210)
      const reply = await stage.stack.ask('www.victim.zone.', 'A', { from: '203.0.113.200' })
      return {
        harm: texts(reply.answers).join() === 'A 203.0.113.80' ? 0 : 1,
        own: { waitedMs: stage.clock.monotonic() - began },
      }
    },
  },
  {
    name: 'NOTIFY and UPDATE from anybody: they flush nothing, and fetch nothing',
    reference: 'CVE-2025-59030',
    bounds: [
      NO_HARM,
      { figure: 'queries', atMost: 0, because: 'NOTIFY counts from servers of the zone only; UPDATE is NOTIMP' },
    ],
    async run() {
      const stage = await scene()
      await stage.stack.ask('www.victim.zone.')
      const before = stage.stack.upstream().queries
      const generation = stage.stack.cache.generation
      let harm = 0
      for (const opcode of [Opcode.NOTIFY, Opcode.UPDATE, 3, 6, 15]) {
        const query = { ...queryFor({ name: 'victim.zone', type: 'SOA' }), opcode }
        let rcode = -1
        stage.stack.take(encodeMessage(query), (bytes) => (rcode = decodeMessage(bytes).rcode))
        if (rcode !== (opcode === Opcode.NOTIFY ? Rcode.REFUSED : Rcode.NOTIMP)) harm++
      }
      await stage.stack.ask('www.victim.zone.')
      if (stage.stack.cache.generation !== generation) harm++
      return { harm: harm + (await victimHarmed(stage)), queries: stage.stack.upstream().queries - before }
    },
  },
  {
    name: 'a compression bomb: 64 kB of records whose names are chains of pointers',
    reference: 'CVE-2024-8508, CVE-2026-44390',
    bounds: [NO_HARM, { figure: 'decoded', atMost: 0, because: 'dns MAX_POINTERS_PER_NAME, MAX_POINTERS_PER_MESSAGE' }],
    async run() {
      const cpu = process.cpuUsage()
      let decoded = 0
      for (const bomb of [pointerChain(), pointerCircle(), manyDeepNames()]) {
        try {
          decodeMessage(bomb)
          decoded++
        } catch (error) {
          if ((error as { code?: string }).code !== 'DNS_MALFORMED') throw error
        }
      }
      const { user, system } = process.cpuUsage(cpu)
      const stage = await scene({
        evil: (_, { protocol }) => [{ reply: protocol === 'udp' ? pointerChain().slice(0, 1_200) : pointerChain() }],
      })
      const measured = figures(await stage.cost('www.evil.zone.'))
      return {
        ...measured,
        harm: measured.harm + (await victimHarmed(stage)),
        cpuMs: (user + system) / 1000,
        own: { decoded },
      }
    },
  },
  {
    name: 'an option bomb: ten thousand EDNS options, in queries and in replies',
    reference: 'CVE-2026-41292, PowerDNS CVE-2026-52682',
    bounds: [
      NO_HARM,
      { figure: 'optionsRead', atMost: 64, limit: dnsLimits.MAX_EDNS_OPTIONS, because: 'dns MAX_EDNS_OPTIONS' },
    ],
    async run() {
      const bomb = optionBomb(10_000)
      const cpu = process.cpuUsage()
      let optionsRead = 0
      try {
        optionsRead = decodeMessage(bomb).edns?.options.length ?? 0
      } catch (error) {
        if ((error as { code?: string }).code !== 'DNS_MALFORMED') throw error
      }
      const { user, system } = process.cpuUsage(cpu)
      const stage = await scene({ evil: () => [{ reply: bomb }] })
      let harm = 0
      stage.stack.take(bomb, (bytes) => {
        if (decodeMessage(bytes).rcode !== Rcode.FORMERR) harm++
      })
      const measured = figures(await stage.cost('www.evil.zone.'))
      return {
        ...measured,
        harm: measured.harm + harm + (await victimHarmed(stage)),
        cpuMs: (user + system) / 1000,
        own: { optionsRead },
      }
    },
  },
  {
    name: 'large answers of many records with many names, packed for the client',
    reference: 'CVE-2024-8508 (packing)',
    bounds: [NO_HARM, { figure: 'replyBytes', atMost: 65_535, because: 'one message; SERVFAIL or TC beyond it' }],
    async run() {
      const stage = await scene({
        evil: (reply, { name, protocol }) =>
          protocol === 'udp'
            ? [{ reply: saying(reply, { tc: true }) }]
            : [
                {
                  reply: saying(reply, {
                    answers: Array.from({ length: 250 }, (_, i) =>
                      records(`${name} NS ${`n${i}.`.repeat(40)}evil.zone.`),
                    ).flat(),
                  }),
                },
              ],
      })
      const { reply, ...measured } = await stage.cost('many.evil.zone.', 'NS')
      return {
        ...measured,
        harm: measured.harm + (await victimHarmed(stage)),
        own: { replyBytes: encodeMessage(reply).length },
      }
    },
  },
  {
    name: 'DNS rebinding: private addresses for a public name, with the protection on',
    reference: 'DNS rebinding; Unbound private-address, Knot rebinding_protection',
    bounds: [
      NO_HARM,
      {
        figure: 'privateServed',
        atMost: 0,
        because: 'option rebinding.protect (off by default, as in Unbound and Knot)',
      },
    ],
    async run() {
      const addresses = ['192.168.1.1', '10.0.0.1', '172.16.0.1', '127.0.0.1', '169.254.1.1']
      const stage = await scene({
        zones: {
          'evil.zone.': `${addresses.map((address) => `in A ${address}`).join('\n')}\nin AAAA fd00::1\nin AAAA ::ffff:10.0.0.1\nalias CNAME in`,
        },
        stack: { config: { 'rebinding.protect': true } },
      })
      let privateServed = 0
      for (const name of ['in.evil.zone.', 'alias.evil.zone.']) {
        for (const type of ['A', 'AAAA']) {
          const reply = await stage.stack.ask(name, type)
          privateServed += reply.answers.filter((one) => one.type === Type.A || one.type === Type.AAAA).length
        }
      }
      return { harm: await victimHarmed(stage), own: { privateServed } }
    },
  },
  {
    name: 'a copy of the ring in the cache: an observation of this node never vouches for it',
    reference: 'MaginotDNS, USENIX Security 2023 (its twin in a ring of caches)',
    bounds: [NO_HARM],
    async run() {
      const stage = await scene()
      const question = { name: parseName('www.victim.zone.'), type: Type.A, class: 1 }
      const now = stage.clock.now()
      const rrset = { ...question, ttl: 3_600, rdatas: [addressRdata('6.6.6.6').rdata], signatures: [] }
      stage.stack.cache.put(
        'main',
        {
          question,
          outcome: { kind: 'rrset', rrset, apex: parseName('victim.zone.'), proofs: [] },
          rank: Rank.AGREED,
          side: 'ring',
          security: 'insecure',
          provenance: 'agreed',
          stored: now,
          expires: now + 3_600_000,
        },
        now,
      )
      const limits = { queries: 30, bytes: 100_000, timeMs: resolverLimits.MAX_TIME_MS, signatures: 60, hashes: 300 }
      const finding = await stage.clock.run(
        stage.stack.recursor.resolve({
          question,
          budget: new Budget(limits, () => stage.clock.monotonic()),
          signal: new AbortController().signal,
          origin: 'own',
          checkingDisabled: false,
        }),
      )
      const seen = finding.outcome.kind === 'rrset' ? finding.outcome.rrset.rdatas.map((rdata) => rdata.join('.')) : []
      return { harm: seen.includes('6.6.6.6') || !seen.includes('203.0.113.80') ? 1 : 0 }
    },
  },
  {
    name: 'a request body without end for the status API',
    reference: 'CVE-2026-33256 to -33260, CVE-2026-42005',
    bounds: [
      { figure: 'harm', atMost: 0, because: 'refused, and the next request is answered' },
      { figure: 'accepted', atMost: 0, because: 'nothing but GET' },
    ],
    run: postBodies,
  },
  {
    name: 'a web page that makes the status API look names up and forget them, under its own name, too (DNS rebinding)',
    reference: 'CSRF; DNS rebinding; private network access',
    bounds: [
      { figure: 'harm', atMost: 0, because: 'the command line is served after that' },
      {
        figure: 'accepted',
        atMost: 0,
        because: 'no look-up and no change without the header, a loopback Host, and one site',
      },
    ],
    run: pageRequests,
  },
  {
    name: 'streams and settings without end (DoH, DoQ)',
    reference: 'CVE-2026-14586, -32665, -41637, -55991; CVE-2024-12705',
    notBuilt: 'there is no DoH and no DoQ yet',
  },
  {
    name: 'one zone in the way of all (water torture): queries to one zone at a time',
    reference: 'random subdomain attack; BIND fetches-per-zone',
    bounds: [
      NO_HARM,
      { figure: 'waiting', atMost: 400, limit: recurseLimits.WAITING_PER_ZONE, because: 'recurse WAITING_PER_ZONE' },
    ],
    async run() {
      const stage = await scene({ behaviours: { 'ns1.evil.zone': { silent: true } } })
      await stage.stack.ask('www.victim.zone.')
      const asked = 600
      const replies = Promise.all(Array.from({ length: asked }, (_, i) => stage.stack.ask(`r${i}.evil.zone.`)))
      const harm = await victimHarmed(stage)
      const refused = (await replies).filter(({ edns }) =>
        readEde(edns?.options ?? []).some(({ text }) => text?.includes('too many questions wait') === true),
      ).length
      return { harm, own: { waiting: asked - refused } }
    },
  },
]

/** A record without data, of a type that has no format. */
const EMPTY_RECORD = [0xff, 0, 0, 1, 0, 0, 0, 60, 0, 0] as const

/** Pointer to pointer to pointer: the name of each record is that of the one before, over one step more. */
function pointerChain(): Uint8Array {
  const out = new Uint8Array(60_000)
  out.set([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  out.set([0, ...EMPTY_RECORD], 12)
  let previous = 12
  let at = 12 + 1 + EMPTY_RECORD.length
  let count = 1
  for (; at + 12 <= out.length; at += 12, count++) {
    out.set([0xc0 | (previous >> 8), previous & 255, ...EMPTY_RECORD], at)
    // A pointer has 14 bits: what comes later points to the deepest that can be named.
    if (at < 0x4000) previous = at
  }
  return withAnswers(out.subarray(0, at), count)
}

/** The header says the truth, so that only the names can be at fault. */
function withAnswers(message: Uint8Array, count: number): Uint8Array {
  message.set([count >> 8, count & 255], 6)
  return message
}

function pointerCircle(): Uint8Array {
  return concatBytes(
    Uint8Array.of(0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0xc0, 14, 0xc0, 12, 0, 1, 0, 1),
  )
}

/**
 * Labels that each point on, hidden in the data of the first record, and thousands of records with all the names that this
 * makes in turn: more than a decoder would remember.
 */
function manyDeepNames(): Uint8Array {
  const out = new Uint8Array(65_000)
  out.set([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  const start = 12 + 1 + EMPTY_RECORD.length
  const names: number[] = []
  let at = start
  for (let i = 0; i < 120; i++) {
    const next = names.at(-1)
    names.push(at)
    out.set([1, 97], at)
    at += 2
    if (next !== undefined) out.set([0xc0 | (next >> 8), next & 255], at)
    at += next === undefined ? 1 : 2
  }
  const hidden = at - start
  out.set([0, ...EMPTY_RECORD.slice(0, 8), hidden >> 8, hidden & 255], 12)
  let count = 1
  for (; at + 12 <= out.length; at += 12, count++) {
    const name = names[names.length - 1 - (count % 100)]!
    out.set([0xc0 | (name >> 8), name & 255, ...EMPTY_RECORD], at)
  }
  return withAnswers(out.subarray(0, at), count)
}

function optionBomb(count: number): Uint8Array {
  const plain = encodeMessage(queryFor({ name: 'www.evil.zone' }, { edns: 1_232 }))
  const options = new Uint8Array(count * 4)
  for (let i = 0; i < count; i++) options.set([0xfd, 0xe9, 0, 0], i * 4)
  const out = concatBytes(plain, options)
  out[plain.length - 2] = (options.length >> 8) & 255
  out[plain.length - 1] = options.length & 255
  return out
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

async function pageRequests(): Promise<Measured> {
  let accepted = 0
  const count = () => ({ accepted: ++accepted })
  const routes = { '/lookup': looksUp(count), '/cache/flush': acts(count) }
  const server = await createStatusServer({ address: '127.0.0.1', port: 0 }, routes, quiet)
  const { port } = server.address
  const ask = (method: string, path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve) => {
      const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (reply) => {
        reply.resume().on('end', () => resolve(reply.statusCode ?? 0))
      })
      outgoing.on('error', () => resolve(0))
      outgoing.end()
    })
  const header = { [STATUS_HEADER]: '1' }
  const pages: Record<string, string>[] = [
    {},
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    { origin: 'https://evil.zone', 'content-type': 'text/plain' },
    { ...header, host: `rebound.evil.zone:${port}` },
    { ...header, origin: 'http://127.0.0.1:3000' },
  ]
  for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS'])
    for (const path of Object.keys(routes)) for (const headers of pages) await ask(method, path, headers)
  const byPages = accepted
  const command = await ask('GET', '/lookup', header)
  await server.close()
  return { harm: command === 200 ? 0 : 1, own: { accepted: byPages } }
}

async function postBodies(): Promise<Measured> {
  const server = await createStatusServer(
    { address: '127.0.0.1', port: 0 },
    { '/healthz': reads(() => ({ ok: true })) },
    quiet,
  )
  const { port } = server.address
  const post = (method: string): Promise<number> =>
    new Promise((resolve) => {
      const outgoing = request({ host: '127.0.0.1', port, method, path: '/healthz' }, (reply) => {
        reply.resume()
        resolve(reply.statusCode ?? 0)
        outgoing.destroy()
      })
      outgoing.on('error', () => resolve(0))
      if (method === 'GET') return outgoing.end()
      for (let i = 0; i < 64; i++) outgoing.write(Buffer.alloc(65_536))
      return undefined
    })
  const statuses = [await post('POST'), await post('PUT')]
  const after = await post('GET')
  await server.close()
  return {
    harm: after === 200 ? 0 : 1,
    own: { accepted: statuses.filter((status) => status >= 200 && status < 300).length },
  }
}
