/** Replies and records that are not whose they seem to be: off the path, or of a server that speaks for others. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  encodeMessage,
  isSubdomain,
  type Message,
  nameToText,
  parseName,
  type ResourceRecord,
  Type,
} from '../../src/dns/index.ts'
import { createExchange, systemClock, systemRandom } from '../../src/io/index.ts'
import { matchReply } from '../../src/iterator/index.ts'
import { recurseLimits } from '../../src/recurse/index.ts'
import { type Asked, queryFor, texts } from '../world/index.ts'
import { figures, records, referral, type Scene, saying, scene, victimHarmed } from './scene.ts'
import type { Attack, Bound, Measured } from './types.ts'
import { worse } from './types.ts'

const NO_HARM: Bound = { figure: 'harm', atMost: 0, because: 'nothing forged is believed' }
const FORGED = 'A 6.6.6.6'
const VICTIM = 'www.victim.zone.'

/** What the victim's questions bring, over all that an attacker may have changed. */
async function poisoned(stage: Scene): Promise<number> {
  let harm = stage.stack.faults.length
  for (const name of [VICTIM, 'alias.victim.zone.', 'new.victim.zone.', 'victim.zone.', 'ns1.victim.zone.', 'zone.']) {
    const { answers } = await stage.stack.ask(name)
    if (texts(answers).includes(FORGED)) harm++
  }
  for (const name of ['victim.zone.', 'zone.', '.']) {
    const { nameServers, addresses } =
      stage.stack.cache.delegation('main', parseName(name), stage.clock.now())?.delegation ?? {}
    if ([...(addresses?.values() ?? [])].flat().includes('6.6.6.6')) harm++
    if (nameServers?.some((server) => isSubdomain(server, parseName('evil.zone.'))) === true) harm++
  }
  return harm + (await victimHarmed(stage))
}

/** The victim's server, in front of whose replies a forger gets his in. Over TCP he cannot. */
function raced(forge: (truth: Message, asked: Asked) => readonly (Message | Uint8Array)[]) {
  return {
    'ns1.victim.zone': {
      tamper: (reply: Message, asked: Asked) =>
        asked.protocol === 'tcp'
          ? [{ reply }]
          : [...forge(reply, asked).map((forged) => ({ reply: forged })), { reply, afterMs: 5 }],
    },
  }
}

const forgedAnswer = (truth: Message): Message =>
  saying(truth, { answers: records(`${nameToText(truth.questions[0]!.name)} 86400 ${FORGED}`) })

const LIES: Readonly<Record<string, Partial<Record<'answers' | 'authorities' | 'additionals', string>>>> = {
  'glue for the victim': { additionals: `${VICTIM} ${FORGED}` },
  'an answer for the victim beside its own': { answers: `${VICTIM} ${FORGED}` },
  "the victim's name servers": { authorities: 'victim.zone. NS ns1.evil.zone.' },
  'name servers of its parent': { authorities: 'zone. NS ns1.evil.zone.', additionals: `ns1.evil.zone. ${FORGED}` },
  'name servers of the root': { authorities: '. NS ns1.evil.zone.', additionals: `ns1.evil.zone. ${FORGED}` },
  "the parent's server elsewhere": { authorities: 'evil.zone. NS ns1.zone.', additionals: `ns1.zone. ${FORGED}` },
  "the victim's server elsewhere": {
    authorities: 'evil.zone. NS ns1.victim.zone.',
    additionals: `ns1.victim.zone. ${FORGED}`,
  },
  'an alias with a ready answer': { answers: `www.evil.zone. CNAME ${VICTIM}\n${VICTIM} ${FORGED}` },
  'a DNAME over its parent': { answers: 'zone. DNAME evil.zone.' },
  "the victim's SOA": { authorities: 'victim.zone. SOA a. b. 1 2 3 4 5' },
}

export const FORGERY: readonly Attack[] = [
  {
    name: 'records for others in every section of a reply (Kaminsky, out of bailiwick)',
    reference: 'CVE-2008-1447; GHSA-83hf-93m4-rgwq; CVE-2025-40778, -59024',
    bounds: [NO_HARM],
    async run() {
      let worst: Measured = { harm: 0 }
      for (const lie of Object.values(LIES)) {
        for (const minimisation of ['relaxed', 'off']) {
          const stage = await scene({
            stack: { config: { 'iterator.qnameMinimisation': minimisation } },
            evil: (reply) => [{ reply: withLie(reply, lie) }],
          })
          let measured: Measured = { harm: 0 }
          for (const name of ['www.evil.zone.', 'none.evil.zone.'])
            measured = worse(measured, figures(await stage.cost(name)))
          worst = worse(worst, { ...measured, harm: await poisoned(stage) })
        }
      }
      return worst
    },
  },
  {
    name: 'a forger who guesses ids: sixty wrong ones before the true reply',
    reference: 'CVE-2008-1447, CVE-2025-40780, CVE-2026-50252',
    bounds: [
      NO_HARM,
      { figure: 'guesses', atMost: 1, because: 'a wrong id ends the query: it is asked again over TCP' },
      { figure: 'queries', atMost: 12, because: 'each query at most doubles' },
    ],
    async run() {
      let guesses = 0
      const stage = await scene({
        behaviours: raced((truth) =>
          Array.from({ length: 60 }, (_, i) => ({ ...forgedAnswer(truth), id: (truth.id + 1 + i) & 0xffff })),
        ),
        stack: {
          exchange: (inner) => ({
            families: () => inner.families(),
            exchange: (query) => {
              let looks = 0
              return inner.exchange({
                ...query,
                classify: (bytes) => {
                  guesses = Math.max(guesses, ++looks)
                  return query.classify(bytes)
                },
              })
            },
          }),
        },
      })
      const measured = figures(await stage.cost(VICTIM))
      return { ...measured, harm: measured.harm + (await poisoned(stage)), own: { guesses } }
    },
  },
  {
    name: 'a forger who knows the id, and not the case of the name (0x20)',
    reference: 'draft-vixie-dnsext-dns0x20',
    bounds: [NO_HARM],
    async run() {
      let harm = 0
      let worst: Measured = { harm: 0 }
      for (let seed = 1; seed <= 20; seed++) {
        const stage = await scene({
          stack: { seed },
          behaviours: raced((truth) => [
            {
              ...forgedAnswer(truth),
              questions: truth.questions.map((one) => ({
                ...one,
                name: parseName(nameToText(one.name).toLowerCase()),
              })),
            },
          ]),
        })
        worst = worse(worst, figures(await stage.cost(VICTIM)))
        harm += await poisoned(stage)
      }
      return { ...worst, harm: worst.harm + harm }
    },
  },
  {
    name: 'ids and source ports of 300 queries on real sockets, and a reply from another port (SAD DNS)',
    reference: 'CVE-2020-25705; CVE-2025-40780; CVE-2026-50252',
    bounds: [
      NO_HARM,
      { figure: 'samePort', atMost: 12, because: 'of 64,500 ports 300 draws repeat 0.7 times on average' },
      { figure: 'sameId', atMost: 12, because: 'of 65,536 ids 300 draws repeat 0.7 times on average' },
    ],
    run: entropyOnSockets,
  },
  {
    name: 'equal questions at once, told apart by client subnet, DO and case (RebirthDay)',
    reference: 'CVE-2025-5994, CVE-2025-30192, CVE-2024-56089',
    bounds: [
      NO_HARM,
      { figure: 'atOnce', atMost: 2, because: 'equal questions are one, but for CD' },
      { figure: 'withSubnet', atMost: 0, because: 'ECS is never sent' },
    ],
    async run() {
      const stage = await scene()
      await stage.stack.ask('www.victim.zone.', 'TXT')
      stage.world.clearLog()
      const ecs = (i: number) => ({ code: 8, data: Uint8Array.of(0, 1, 24, 0, 10, 0, i) })
      await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          stage.stack.ask(i % 3 === 0 ? 'WWW.victim.zone.' : VICTIM, 'A', {
            options: [ecs(i)],
            do: i % 2 === 0,
            cd: i % 5 === 0,
          }),
        ),
      )
      const sent = stage.world.queries()
      const same = sent.filter(({ name, type }) => type === 'A' && name.toLowerCase() === VICTIM)
      const withSubnet = sent.filter(({ query }) => query.edns?.options.some(({ code }) => code === 8)).length
      return { harm: await poisoned(stage), queries: sent.length, own: { atOnce: same.length, withSubnet } }
    },
  },
  {
    name: 'replies that could come in fragments: what size is asked for',
    reference: 'CVE-2025-59024, CVE-2025-40778; DNS flag day 2020',
    bounds: [
      NO_HARM,
      { figure: 'udpSize', atMost: 1_232, limit: recurseLimits.UDP_PAYLOAD, because: 'recurse UDP_PAYLOAD' },
    ],
    async run() {
      const stage = await scene()
      for (const name of [VICTIM, 'www.evil.zone.', 'none.victim.zone.'])
        await stage.stack.ask(name, 'TXT', { edns: 4_096 })
      const udpSize = Math.max(...stage.world.queries().map(({ query }) => query.edns?.udpSize ?? 512))
      return { harm: await poisoned(stage), own: { udpSize } }
    },
  },
  {
    name: 'a forwarder that answers for names outside its zone (MaginotDNS)',
    reference: 'USENIX Security 2023; CVE-2021-25220, CVE-2022-32983, CVE-2021-43105',
    bounds: [NO_HARM],
    async run() {
      let harm = 0
      for (const lie of Object.values(LIES)) {
        const stage = await scene({
          zones: { 'inner.evil.zone.': 'www A 203.0.113.67' },
          behaviours: {
            'ns1.inner.evil.zone': { tamper: (reply) => [{ reply: { ...withLie(reply, lie), ra: true } }] },
          },
          stack: { config: { 'iterator.forwards': { 'inner.evil.zone.': ['45.54.4.1'] } } },
        })
        if (!stage.world.server('ns1.inner.evil.zone').addresses.includes('45.54.4.1'))
          throw new Error('not the forwarder')
        for (const name of ['www.inner.evil.zone.', 'none.inner.evil.zone.']) await stage.stack.ask(name)
        if (stage.asked('ns1.inner.evil.zone') === 0) throw new Error('the forwarder was not asked')
        harm += await poisoned(stage)
      }
      return { harm }
    },
  },
  {
    name: 'malformed, foreign and unrelated datagrams before the true reply (TuDoor)',
    reference: 'draft-li-dnsop-response-preprocessing; TuDoor, IEEE S&P 2024',
    bounds: [
      NO_HARM,
      { figure: 'timeouts', atMost: 0, because: 'the wait goes on to the true reply' },
      { figure: 'tcp', atMost: 0, because: 'junk costs nothing' },
    ],
    async run() {
      const junk = (truth: Message): readonly Uint8Array[] => {
        const broken = encodeMessage(forgedAnswer(truth))
        broken[7] = 200
        return [
          new Uint8Array(0),
          new Uint8Array(11),
          encodeMessage({ ...truth, qr: false, answers: [] }),
          encodeMessage({ ...forgedAnswer(truth), questions: [queryFor({ name: 'other.zone' }).questions[0]!] }),
          encodeMessage({ ...forgedAnswer(truth), questions: [] }),
          encodeMessage({ ...forgedAnswer(truth), opcode: 4 }),
          broken,
        ]
      }
      const stage = await scene({ behaviours: raced(junk) })
      const measured = figures(await stage.cost(VICTIM))
      const { timeouts, tcpQueries } = stage.stack.recursor.stats()
      return { ...measured, harm: measured.harm + (await poisoned(stage)), own: { timeouts, tcp: tcpQueries } }
    },
  },
  {
    name: 'a forged FORMERR that would make a server pass for one without EDNS',
    reference: 'CVE-2026-52690',
    bounds: [
      NO_HARM,
      { figure: 'plainLater', atMost: 0, because: 'nothing is learnt from errors that anybody can send' },
    ],
    async run() {
      let forging = true
      const stage = await scene({
        behaviours: {
          'ns1.victim.zone': {
            tamper: (reply, { protocol, query }) => {
              if (!forging || protocol === 'tcp' || query.edns === undefined) return [{ reply }]
              const { edns: _, ...plain } = saying(reply, { aa: false, rcode: 1 })
              return [{ reply: { ...plain, rcode: 1 } }, { reply, afterMs: 5 }]
            },
          },
        },
      })
      const measured = figures(await stage.cost(VICTIM))
      forging = false
      stage.world.clearLog()
      for (let i = 0; i < 10; i++) await stage.stack.ask(`n${i}.victim.zone.`)
      const plainLater = stage.world.queries(({ query }) => query.edns === undefined).length
      return { ...measured, harm: measured.harm + (await poisoned(stage)), own: { plainLater } }
    },
  },
  {
    name: 'a flood of forged datagrams: how many are looked at',
    reference: 'CVE-2008-1447; SAD DNS',
    bounds: [NO_HARM, { figure: 'matched', atMost: 0, because: 'none has id, question and case right' }],
    async run() {
      const sent = { id: 4_711, question: queryFor({ name: 'wWw.ViCtIm.ZoNe' }).questions[0]!, exactCase: true }
      let matched = 0
      for (let id = 0; id < 65_536; id++) {
        if (id === sent.id) continue
        const forged = encodeMessage({ ...queryFor({ name: 'wWw.ViCtIm.ZoNe' }), id, qr: true })
        if (matchReply(forged, sent) === 'ours') matched++
      }
      return { harm: matched, own: { matched } }
    },
  },
  {
    name: 'a domain that was taken away keeps itself alive (ghost domains)',
    reference: 'CVE-2022-30698; NDSS 2012',
    bounds: [NO_HARM, { figure: 'aliveSeconds', atMost: 100, because: 'TTL of the delegation at its parent' }],
    run: () => ghost('ns1.ghost.zone.'),
  },
  {
    name: 'the same with name servers that change their names (phoenix domains), and with child zones',
    reference: 'CVE-2022-30699; CVE-2026-40622, -42955; NDSS 2023',
    bounds: [NO_HARM, { figure: 'aliveSeconds', atMost: 100, because: 'TTL of the delegation at its parent' }],
    run: () => ghost('other.ghost.zone.'),
  },
]

function withLie(reply: Message, lie: Partial<Record<'answers' | 'authorities' | 'additionals', string>>): Message {
  const more = (section: 'answers' | 'authorities' | 'additionals'): ResourceRecord[] => records(lie[section] ?? '')
  return {
    ...reply,
    answers: [...more('answers'), ...reply.answers],
    authorities: [...more('authorities'), ...reply.authorities],
    additionals: [...more('additionals'), ...reply.additionals],
  }
}

/**
 * The parent's delegation has 100 s; the child's NS set a day. After the parent has dropped it the child is asked on and on,
 * each time saying its NS set again, under another name and for a zone below itself if it likes.
 */
async function ghost(server: string): Promise<Measured> {
  const delegation = 'ghost 100 NS ns1.ghost\nns1.ghost 100 A 45.77.0.1'
  const ghostly = (reply: Message, asked: Asked): readonly { reply: Message }[] => {
    const own = records(`ghost.zone. 86400 NS ${server}\n${server} 86400 A 45.77.0.1`)
    if (/deep\.ghost\.zone\.$/i.test(asked.name) && asked.question.name.labels > 3) {
      return [
        {
          reply: saying(reply, {
            answers: records(`${asked.name} 1 A 203.0.113.66`),
            authorities: records('deep.ghost.zone. 86400 NS ns1.ghost.zone.'),
          }),
        },
      ]
    }
    if (/deep\.ghost\.zone\.$/i.test(asked.name)) {
      return [
        {
          reply: referral(
            reply,
            'deep.ghost.zone.',
            ['ns1.deep.ghost.zone.'],
            ['ns1.deep.ghost.zone. 86400 A 45.77.0.1'],
          ),
        },
      ]
    }
    const [ns, address] = own as [ResourceRecord, ResourceRecord]
    const answers =
      asked.question.type === Type.NS
        ? [ns]
        : asked.name.toLowerCase() === server
          ? [address]
          : records(`${asked.name} 1 A 203.0.113.66`)
    return [{ reply: saying(reply, { answers, authorities: [ns], additionals: [address] }) }]
  }
  let registry = ''
  const stage = await scene({
    zones: { 'zone.': delegation },
    change: (spec) => {
      const zone = spec.zones.find(({ origin }) => origin === 'zone.')?.text ?? ''
      registry = zone
        .split('\n')
        .filter((line) => !/^(ns1\.)?ghost /.test(line))
        .join('\n')
      return {
        ...spec,
        servers: { ...spec.servers, ghost: { addresses: ['45.77.0.1'], behaviour: { delayMs: 20, tamper: ghostly } } },
      }
    },
  })
  const alive = async (name: string) => texts((await stage.stack.ask(name)).answers).includes('A 203.0.113.66')
  if (!(await alive('w.ghost.zone.')) || !(await alive('w.deep.ghost.zone.'))) throw new Error('it never lived')
  const taken = stage.world.server('ns1.zone')
  const began = stage.clock.now()
  taken.setZone({ origin: 'zone.', servers: ['ns1.zone'], text: registry })
  let aliveSeconds = 0
  for (let step = 0; step < 60; step++) {
    await stage.clock.advanceAsync(5_000)
    const names = [`w${step}.ghost.zone.`, `w${step}.deep.ghost.zone.`]
    const answers = await Promise.all(names.map(alive))
    await stage.stack.ask('ghost.zone.', 'NS')
    if (answers.includes(true)) aliveSeconds = (stage.clock.now() - began) / 1000
  }
  return { harm: await victimHarmed(stage), own: { aliveSeconds } }
}

/** One real server that counts source ports, and a forger beside it who sends from another port with everything right. */
async function entropyOnSockets(): Promise<Measured> {
  const server = createSocket('udp4')
  const forger = createSocket('udp4')
  const ports: number[] = []
  const ids: number[] = []
  server.on('message', (query, from) => {
    ports.push(from.port)
    ids.push(query.readUInt16BE(0))
    const reply = Buffer.from(query)
    reply[2] = reply[2]! | 0x80
    const forged = Buffer.from(reply)
    forged[3] = 5
    forger.send(forged, from.port, from.address, () => server.send(reply, from.port, from.address))
  })
  server.bind(0, '127.0.0.1')
  forger.bind(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(forger, 'listening')])
  const random = systemRandom()
  const exchange = createExchange({ clock: systemClock(), random, bind: [] })
  let harm = 0
  for (let i = 0; i < 300; i++) {
    const message = encodeMessage({ ...queryFor({ name: 'www.victim.zone' }), id: random.below(65_536) })
    const reply = await exchange.exchange({
      server: { address: '127.0.0.1', port: server.address().port },
      protocol: 'udp',
      message,
      timeoutMs: 2_000,
      signal: new AbortController().signal,
      classify: () => 'accept',
    })
    if ((reply[3]! & 15) === 5) harm++
  }
  await exchange.close()
  server.close()
  forger.close()
  const repeats = (values: readonly number[]) => values.length - new Set(values).size
  return { harm, own: { samePort: repeats(ports), sameId: repeats(ids) } }
}
