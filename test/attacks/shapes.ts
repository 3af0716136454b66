/** Shapes that honest and popular names have: bounds that broke these would be an attack of our own. */
import { makeKey, texts } from '../world/index.ts'
import { figures, scene } from './scene.ts'
import type { Bound, Measured, Shape } from './types.ts'
import { worse } from './types.ts'

const RESOLVES: Bound = { figure: 'harm', atMost: 0, because: 'it resolves' }

const range = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const resolved = (shown: readonly string[], last: string): number => (shown.at(-1) === last ? 0 : 1)

export const SHAPES: readonly Shape[] = [
  {
    name: 'a CDN chain of eight aliases, each in a zone of its own whose name servers live in another',
    reference: 'www.bbc.com, clients4.google.com (Technitium #2175)',
    bounds: [RESOLVES, { figure: 'queries', atMost: 60, because: 'far below MAX_QUERIES' }],
    run: () => chain(8, {}),
  },
  {
    name: 'the same with every zone signed',
    reference: 'Unbound 1.18: quota raised from 128 to 200 after operators complained',
    bounds: [
      RESOLVES,
      { figure: 'queries', atMost: 100, because: 'far below MAX_QUERIES' },
      { figure: 'signatures', atMost: 60, because: 'far below MAX_SIGNATURES' },
    ],
    async run() {
      const zones = ['.', 'zone.', 'dns.zone.', ...range(8, (i) => `c${i}.zone.`)]
      return chain(8, Object.fromEntries(zones.map((zone) => [zone, {}])))
    },
  },
  {
    name: 'thirteen name servers, eleven of them silent',
    reference: 'root and TLD sized NS sets',
    bounds: [RESOLVES, { figure: 'ms', atMost: 10_000, because: 'within MAX_TIME_MS' }],
    async run() {
      let worst: Measured = { harm: 0 }
      for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
        const alive = [seed % 13, (seed * 5 + 1) % 13]
        const behaviours = Object.fromEntries(
          range(13, (i) => [`ns${i + 1}.wide.zone`, alive.includes(i) ? {} : { silent: true }] as const),
        )
        const stage = await scene({
          zones: { 'wide.zone.': 'www A 203.0.113.13' },
          serverCounts: { 'wide.zone.': 13 },
          behaviours,
          stack: { seed },
        })
        const { reply, ...measured } = await stage.cost('www.wide.zone.')
        worst = worse(worst, { ...measured, harm: measured.harm + resolved(texts(reply.answers), 'A 203.0.113.13') })
      }
      return worst
    },
  },
  {
    name: 'a big DNSKEY set: eight RSA keys of 2,048 bits, only over TCP',
    reference: 'key rollovers of TLDs',
    bounds: [RESOLVES],
    async run() {
      const more = range(6, (i) => makeKey(8, i % 2 === 0 ? 256 : 257))
      const lines = more.map(({ rdata }) => `@ DNSKEY \\# ${rdata.length} ${Buffer.from(rdata).toString('hex')}`)
      const stage = await scene({
        zones: { 'keys.zone.': `www A 203.0.113.14\n${lines.join('\n')}` },
        signed: { '.': {}, 'zone.': {}, 'keys.zone.': { algorithm: 8 } },
      })
      const { reply, ...measured } = await stage.cost('www.keys.zone.', 'A', { ad: true })
      return {
        ...measured,
        harm: measured.harm + (reply.ad ? 0 : 1) + resolved(texts(reply.answers), 'A 203.0.113.14'),
      }
    },
  },
  {
    name: 'name servers with IPv6 addresses that nobody reaches',
    reference: 'Unbound #1234; the commonest cause of SERVFAIL in issue trackers',
    bounds: [RESOLVES, { figure: 'ms', atMost: 10_000, because: 'within MAX_TIME_MS' }],
    async run() {
      let worst: Measured = { harm: 0 }
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const dead = range(8, (i) => `2001:db8:dead::${i + 1}`)
        const stage = await scene({
          zones: {
            'zone.': range(4, (i) => `ns${i + 1}.six AAAA ${dead[2 * i]}\nns${i + 1}.six AAAA ${dead[2 * i + 1]}`).join(
              '\n',
            ),
            'six.zone.': 'www A 203.0.113.15',
          },
          serverCounts: { 'six.zone.': 4 },
          stack: { seed, config: { 'iterator.ipv6': 'auto' } },
          change: (spec) => ({
            ...spec,
            servers: { ...spec.servers, dead: { addresses: dead, behaviour: { silent: true } } },
          }),
        })
        const { reply, ...measured } = await stage.cost('www.six.zone.')
        worst = worse(worst, { ...measured, harm: measured.harm + resolved(texts(reply.answers), 'A 203.0.113.15') })
      }
      return worst
    },
  },
  {
    name: 'an answer of 250 addresses, and one of 200 records of text',
    reference: 'load balancers; SPF and verification records',
    bounds: [RESOLVES, { figure: 'records', atMost: 250, because: 'all are there' }],
    async run() {
      const addresses = range(250, (i) => `many A 203.0.113.${i + 1}`)
      const lines = range(200, (i) => `many TXT "verification=${String(i).padStart(40, 'x')}"`)
      const stage = await scene({ zones: { 'wide.zone.': [...addresses, ...lines].join('\n') } })
      const first = await stage.cost('many.wide.zone.', 'A')
      const second = await stage.cost('many.wide.zone.', 'TXT')
      const missing = 250 - first.reply.answers.length + (200 - second.reply.answers.length)
      return { ...worse(figures(first), figures(second)), harm: missing, own: { records: first.reply.answers.length } }
    },
  },
  {
    name: 'a reverse name of 34 labels, delegated three times',
    reference: 'ip6.arpa',
    bounds: [RESOLVES, { figure: 'queries', atMost: 30, because: 'minimisation ends after MAX_MINIMISE_STEPS' }],
    async run() {
      const nibbles = range(24, (i) => (i % 10).toString()).join('.')
      const stage = await scene({
        zones: { 'ip6.zone.': '', '8.ip6.zone.': '', '0.8.ip6.zone.': `${nibbles} PTR host.victim.zone.` },
      })
      const { reply, ...measured } = await stage.cost(`${nibbles}.0.8.ip6.zone.`, 'PTR')
      return { ...measured, harm: measured.harm + resolved(texts(reply.answers), 'PTR host.victim.zone.') }
    },
  },
]

/** `length` aliases over as many zones, all served from `dns.zone.` without glue. */
async function chain(length: number, signed: Readonly<Record<string, object>>): Promise<Measured> {
  const zones: Record<string, string> = { 'dns.zone.': '' }
  for (let i = 0; i < length; i++) {
    zones[`c${i}.zone.`] = i === length - 1 ? 'www A 203.0.113.12' : `www CNAME www.c${i + 1}.zone.`
  }
  const stage = await scene({
    zones,
    ...(Object.keys(signed).length > 0 && { signed }),
    serverCounts: Object.fromEntries(Object.keys(zones).map((zone) => [zone, 2])),
  })
  const { reply, ...measured } = await stage.cost('www.c0.zone.', 'A', { ad: true })
  const unsafe = Object.keys(signed).length > 0 && !reply.ad ? 1 : 0
  return { ...measured, harm: measured.harm + unsafe + resolved(texts(reply.answers), 'A 203.0.113.12') }
}
