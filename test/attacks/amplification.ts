/** Questions that multiply: what one packet of a client can make this node send to others. */
import { dnsLimits, nameToText, suffixName, Type } from '../../src/dns/index.ts'
import { iteratorLimits } from '../../src/iterator/index.ts'
import { recurseLimits } from '../../src/recurse/index.ts'
import { limits as resolverLimits } from '../../src/resolver/limits.ts'
import { figures, records, referral, saying, scene, victimHarmed } from './scene.ts'
import { type Attack, type Bound, type Measured, worse } from './types.ts'

const NO_HARM: Bound = { figure: 'harm', atMost: 0, because: 'the victim still resolves' }
const QUERIES: Bound = {
  figure: 'queries',
  atMost: 201,
  limit: resolverLimits.MAX_QUERIES,
  because: 'resolver MAX_QUERIES, and priming',
}
const TIME: Bound = { figure: 'ms', atMost: 10_000, limit: resolverLimits.MAX_TIME_MS, because: 'resolver MAX_TIME_MS' }
const BYTES: Bound = {
  figure: 'bytes',
  atMost: 365_535,
  limit: resolverLimits.MAX_BYTES + 65_535,
  because: 'resolver MAX_BYTES, and the reply that passes it',
}
const GENERAL = [NO_HARM, QUERIES, TIME, BYTES]

const range = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

export const AMPLIFICATION: readonly Attack[] = [
  {
    name: 'NXNSAttack: a referral to hundreds of names of the victim, without glue',
    reference: 'CVE-2020-12662, -12667, -8616; arXiv 2005.09107',
    bounds: [
      ...GENERAL,
      {
        figure: 'victim',
        atMost: 5,
        limit: recurseLimits.FAILED_LOOKUPS_PER_DELEGATION,
        because: 'recurse FAILED_LOOKUPS_PER_DELEGATION',
      },
    ],
    async run() {
      let worst: Measured = { harm: 0 }
      for (const count of [5, 20, 500]) {
        const stage = await scene({
          evil: (reply) => [
            {
              reply: referral(
                reply,
                'sub.evil.zone.',
                range(count, (i) => `n${i}.victim.zone.`),
              ),
            },
          ],
        })
        const measured = figures(await stage.cost('www.sub.evil.zone.'))
        worst = worse(worst, { ...measured, harm: measured.harm + (await victimHarmed(stage)) })
      }
      return worst
    },
  },
  {
    name: 'NXNSAttack over aliases: each link refers to ten more names of the victim',
    reference: 'CVE-2020-12662; CAMP, USENIX Security 2024',
    bounds: [
      ...GENERAL,
      { figure: 'victim', atMost: 32, limit: recurseLimits.LOOKUPS_PER_BUDGET, because: 'recurse LOOKUPS_PER_BUDGET' },
    ],
    async run() {
      const stage = await scene({
        evil: (reply, { name }) => {
          const hop = Number(/hop(\d+)/i.exec(name)?.[1] ?? 0)
          const alias = `${name} CNAME next.c${hop}.evil.zone.`
          if (/^hop\d+\.evil/i.test(name)) return [{ reply: saying(reply, { answers: records(alias) }) }]
          const cut = name.toLowerCase().split('.').slice(-4).join('.')
          return [
            {
              reply: referral(
                reply,
                cut,
                range(10, (i) => `n${i}-${cut.split('.')[0]}.victim.zone.`),
              ),
            },
          ]
        },
      })
      const measured = figures(await stage.cost('hop0.evil.zone.'))
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'NRDelegation: a referral to a hundred servers that never answer',
    reference: 'CVE-2022-3204',
    bounds: [
      NO_HARM,
      {
        figure: 'queries',
        atMost: 50,
        limit: recurseLimits.QUERIES_PER_QUESTION,
        because: 'recurse QUERIES_PER_QUESTION',
      },
      TIME,
      {
        figure: 'dead',
        atMost: 19,
        limit: recurseLimits.SENDS_PER_ZONE + recurseLimits.SENDS_AFTER_SILENCE,
        because: 'recurse SENDS_PER_ZONE + SENDS_AFTER_SILENCE',
      },
    ],
    async run() {
      const servers = range(100, (i) => `ns${i}.sub.evil.zone.`)
      const glue = servers.map((server, i) => `${server} A 45.99.${i}.1`)
      const stage = await scene({
        evil: (reply) => [{ reply: referral(reply, 'sub.evil.zone.', servers, glue) }],
        change: (spec) => ({
          ...spec,
          servers: {
            ...spec.servers,
            dead: { addresses: range(100, (i) => `45.99.${i}.1`), behaviour: { silent: true } },
          },
        }),
      })
      const measured = figures(await stage.cost('www.sub.evil.zone.'))
      const harm = measured.harm + (await victimHarmed(stage))
      return { ...measured, harm, own: { dead: stage.asked('dead') } }
    },
  },
  {
    name: 'CAMP: minimisation, referrals and name servers that multiply each other',
    reference: 'USENIX Security 2024; CVE-2026-50045',
    bounds: GENERAL,
    async run() {
      let worst: Measured = { harm: 0 }
      for (const shape of [1, 2, 3]) {
        let serial = 0
        const stage = await scene({
          evil: (reply, { question }) => {
            serial++
            const cut = nameToText(suffixName(question.name, Math.min(question.name.labels, 2 + shape))).toLowerCase()
            if (cut === 'evil.zone.') return [{ reply }]
            return [
              {
                reply: referral(
                  reply,
                  cut,
                  range(13, (i) => `n${i}.a.b.c.d${serial}.evil.zone.`),
                ),
              },
            ]
          },
        })
        const measured = figures(await stage.cost(`${range(20, (i) => `l${i}`).join('.')}.evil.zone.`))
        worst = worse(worst, { ...measured, harm: measured.harm + (await victimHarmed(stage)) })
      }
      return worst
    },
  },
  {
    name: 'CAMP: an alias chain in which each link costs a walk and name servers of its own',
    reference: 'USENIX Security 2024; CVE-2026-24027',
    bounds: GENERAL,
    async run() {
      const stage = await scene({
        evil: (reply, { name }) => {
          const labels = name.toLowerCase().split('.')
          const hop = Number(/^h(\d+)/.exec(labels.find((label) => /^h\d+$/.test(label)) ?? 'h0')?.[1] ?? 0)
          if (labels[0] !== 'w') return [{ reply: saying(reply, {}) }]
          const target = `w.${range(12, (i) => `x${i}`).join('.')}.h${hop + 1}.evil.zone.`
          return [{ reply: saying(reply, { answers: records(`${name} CNAME ${target}`) }) }]
        },
      })
      const measured = figures(await stage.cost('w.h0.evil.zone.'))
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'cyclic delegations (TsuNAME), asked again and again',
    reference: 'ISI-TR-740; CVE-2021-25218 family',
    bounds: [
      ...GENERAL,
      { figure: 'perRepeat', atMost: 1, because: 'failures are remembered (RFC 9520), circles are refused' },
    ],
    async run() {
      const cycles = 'a NS ns.b\nb NS ns.a'
      const stage = await scene({ zones: { 'zone.': cycles } })
      const first = figures(await stage.cost('www.a.zone.'))
      const before = stage.stack.upstream().queries
      const repeats = 50
      for (let i = 0; i < repeats; i++) await stage.stack.ask(`www.${i % 2 === 0 ? 'a' : 'b'}.zone.`)
      const perRepeat = (stage.stack.upstream().queries - before) / repeats
      return { ...first, harm: first.harm + (await victimHarmed(stage)), own: { perRepeat } }
    },
  },
  {
    name: 'iDNS: name servers whose name servers need name servers, without end',
    reference: 'iDNS 2016; BIND max-recursion-depth 7',
    bounds: [...GENERAL, { figure: 'depth', atMost: 7, limit: recurseLimits.DEPTH, because: 'recurse DEPTH' }],
    async run() {
      let depth = 0
      const stage = await scene({
        evil: (reply, { name }) => {
          const label = name.toLowerCase().split('.').at(-4) ?? ''
          const level = Number(/^d(\d+)$/.exec(label)?.[1] ?? Number.NaN)
          if (Number.isNaN(level)) return [{ reply: saying(reply, {}) }]
          depth = Math.max(depth, level)
          return [{ reply: referral(reply, `d${level}.evil.zone.`, [`ns.d${level + 1}.evil.zone.`]) }]
        },
      })
      const measured = figures(await stage.cost('www.d0.evil.zone.'))
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)), own: { depth } }
    },
  },
  {
    name: 'referrals one label down at a time, without end',
    reference: 'CAMP, USENIX Security 2024; Unbound 130 referrals',
    bounds: [
      NO_HARM,
      TIME,
      {
        figure: 'queries',
        atMost: 51,
        limit: recurseLimits.QUERIES_PER_QUESTION + 1,
        because: 'recurse QUERIES_PER_QUESTION, and priming',
      },
    ],
    async run() {
      let labels = 2
      const stage = await scene({
        evil: (reply, { question, address }) => {
          labels = Math.min(labels + 1, question.name.labels)
          const cut = nameToText(suffixName(question.name, labels)).toLowerCase()
          return [{ reply: referral(reply, cut, [`ns.${cut}`], [`ns.${cut} A ${address}`]) }]
        },
        stack: { config: { 'iterator.qnameMinimisation': 'off' } },
      })
      const measured = figures(await stage.cost(`${range(60, (i) => `l${i}`).join('.')}.evil.zone.`))
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'self-pointed glue: thirteen names with the address of the victim',
    reference: 'CVE-2026-3592; Technitium 15.0',
    bounds: [
      ...GENERAL,
      {
        figure: 'victim',
        atMost: 2,
        limit: recurseLimits.UDP_TRIES_PER_SERVER,
        because: 'recurse UDP_TRIES_PER_SERVER: servers are told apart by address',
      },
    ],
    async run() {
      const names = range(13, (i) => `ns${i}.sub.evil.zone.`)
      const stage = await scene({
        evil: (reply) => [
          {
            reply: referral(
              reply,
              'sub.evil.zone.',
              names,
              names.map((name) => `${name} A 45.54.2.1`),
            ),
          },
        ],
      })
      if (!stage.world.server('ns1.victim.zone').addresses.includes('45.54.2.1')) throw new Error('not the victim')
      const measured = figures(await stage.cost('www.sub.evil.zone.'))
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'a server that never gives a usable reply: TC over TCP, BADCOOKIE, BADVERS, FORMERR',
    reference: 'CVE-2026-5950',
    bounds: [
      NO_HARM,
      TIME,
      {
        figure: 'evil',
        atMost: 16,
        limit: 2 * recurseLimits.REPEATS_PER_QUERY * recurseLimits.UDP_TRIES_PER_SERVER,
        because: 'recurse REPEATS_PER_QUERY x UDP_TRIES_PER_SERVER, for the short and the whole name',
      },
    ],
    async run() {
      let worst: Measured = { harm: 0 }
      for (const rcode of [0, 1, 16, 23]) {
        const stage = await scene({
          evil: (reply) => [{ reply: saying(reply, rcode === 0 ? { tc: true } : { aa: false, rcode }) }],
        })
        const measured = figures(await stage.cost('www.evil.zone.'))
        const harm = measured.harm + (await victimHarmed(stage))
        worst = worse(worst, { ...measured, harm, own: { evil: stage.asked('ns1.evil.zone') } })
      }
      return worst
    },
  },
  {
    name: 'glue that leads to nowhere or to this host: 0.0.0.0, ::, loopback, multicast',
    reference: 'CVE-2026-50251',
    bounds: [...GENERAL, { figure: 'nowhere', atMost: 0, because: 'such addresses are never asked' }],
    async run() {
      const addresses = [
        '0.0.0.0',
        '0.1.2.3',
        '127.0.0.1',
        '127.9.9.9',
        '224.0.0.1',
        '255.255.255.255',
        '169.254.1.1',
        '240.0.0.1',
      ]
      const six = ['::', '::1', '::ffff:127.0.0.1', 'fe80::1', 'ff02::1']
      const nowhere: string[] = []
      const glue = [...addresses.map((address) => `A ${address}`), ...six.map((address) => `AAAA ${address}`)]
      const stage = await scene({
        evil: (reply) => [
          {
            reply: referral(
              reply,
              'sub.evil.zone.',
              ['ns.sub.evil.zone.'],
              glue.map((rr) => `ns.sub.evil.zone. ${rr}`),
            ),
          },
        ],
        stack: {
          config: { 'iterator.ipv6': true },
          exchange: (inner) => ({
            families: () => ({ ipv4: true, ipv6: true }),
            exchange: (query) => {
              if ([...addresses, ...six].includes(query.server.address)) nowhere.push(query.server.address)
              return inner.exchange(query)
            },
          }),
        },
      })
      const measured = figures(await stage.cost('www.sub.evil.zone.'))
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)), own: { nowhere: nowhere.length } }
    },
  },
  {
    name: 'an alias chain without end, and one that loops',
    reference: 'CVE-2019-19331; Unbound and BIND 11 restarts',
    bounds: [
      ...GENERAL,
      { figure: 'links', atMost: 12, limit: resolverLimits.MAX_CNAME_CHAIN + 1, because: 'resolver MAX_CNAME_CHAIN' },
    ],
    async run() {
      let links = 0
      const stage = await scene({
        zones: { 'evil.zone.': 'loop CNAME pool\npool CNAME loop' },
        evil: (reply, { name, question }) => {
          const number = /^n(\d+)\./i.exec(name)?.[1]
          if (number === undefined || question.type === Type.NS) return [{ reply }]
          links++
          return [{ reply: saying(reply, { answers: records(`${name} CNAME n${Number(number) + 1}.evil.zone.`) }) }]
        },
      })
      const endless = figures(await stage.cost('n0.evil.zone.'))
      const loop = figures(await stage.cost('loop.evil.zone.'))
      const worst = worse(endless, loop)
      return { ...worst, harm: worst.harm + (await victimHarmed(stage)), own: { links } }
    },
  },
  {
    name: 'a chain of hundreds of aliases in one reply',
    reference: 'CVE-2019-19331; PowerDNS 2026-01 (irrelevant records in chains)',
    bounds: [
      ...GENERAL,
      { figure: 'records', atMost: 12, limit: resolverLimits.MAX_CNAME_CHAIN + 1, because: 'resolver MAX_CNAME_CHAIN' },
    ],
    async run() {
      const chain = range(500, (i) => `c${i}.evil.zone. CNAME c${i + 1}.evil.zone.`).join('\n')
      const stage = await scene({
        evil: (reply, { protocol }) => [
          {
            reply: saying(
              reply,
              protocol === 'udp' ? { tc: true } : { answers: records(`${chain}\nother.evil.zone. A 192.0.2.1`) },
            ),
          },
        ],
      })
      const { reply, ...measured } = await stage.cost('c0.evil.zone.')
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)), own: { records: reply.answers.length } }
    },
  },
  {
    name: 'random names of an unsigned zone (water torture): cost of each question',
    reference: 'random subdomain attack; BIND fetches-per-zone',
    bounds: [
      NO_HARM,
      { figure: 'queries', atMost: 1, because: 'one query for a new name of a known zone, and none for an old one' },
      TIME,
    ],
    async run() {
      const stage = await scene()
      await stage.stack.ask('www.victim.zone.')
      let worst: Measured = { harm: 0 }
      for (let i = 0; i < 300; i++) worst = worse(worst, figures(await stage.cost(`r${i}.victim.zone.`)))
      const again = figures(await stage.cost('r0.victim.zone.'))
      return { ...worse(worst, { ...again, harm: again.queries === 0 ? 0 : 1 }) }
    },
  },
  {
    name: 'random names of a signed zone (water torture): the proofs of the first answer the rest',
    reference: 'random subdomain attack; RFC 8198',
    bounds: [NO_HARM, { figure: 'victim', atMost: 60, because: 'far below one query a question (300 were asked)' }],
    async run() {
      const hosts = range(20, (i) => `h${String.fromCharCode(97 + i)} A 192.0.2.${i + 1}`).join('\n')
      const stage = await scene({
        zones: { 'victim.zone.': `www A 203.0.113.80\n${hosts}` },
        signed: { '.': {}, 'zone.': {}, 'victim.zone.': {} },
      })
      await stage.stack.ask('www.victim.zone.')
      const before = stage.asked('ns1.victim.zone')
      let bad = 0
      for (let i = 0; i < 300; i++) {
        const reply = await stage.stack.ask(`r${(i * 7919) % 10_007}.victim.zone.`)
        if (reply.rcode !== 3) bad++
      }
      return { harm: bad + (await victimHarmed(stage)), victim: stage.asked('ns1.victim.zone') - before }
    },
  },
  {
    name: 'CacheFlush: huge RRsets and NS sets of one zone against everything else in the cache',
    reference: 'Afek et al. 2024; Unbound iter-scrub-ns 20, PowerDNS max-rrset-size 256',
    bounds: [
      NO_HARM,
      { figure: 'cacheBytes', atMost: 1_048_576, because: 'cache.maxBytes, set to 1 MiB here' },
      { figure: 'nameServers', atMost: 20, limit: iteratorLimits.MAX_NS_KEPT, because: 'iterator MAX_NS_KEPT' },
      {
        figure: 'recordsKept',
        atMost: 5_460,
        limit: dnsLimits.MAX_RRSET_RECORDS,
        because: 'dns MAX_RRSET_RECORDS: what a message holds; what it costs is bounded by cacheBytes',
      },
    ],
    async run() {
      const stage = await scene({
        stack: { config: { 'cache.maxBytes': '1MiB' } },
        evil: (reply, { name, protocol }) => {
          if (protocol === 'udp') return [{ reply: saying(reply, { tc: true }) }]
          if (/^ns/i.test(name)) {
            const servers = range(1_000, (i) => `n${i}.${name}`)
            return [
              {
                reply: referral(
                  reply,
                  name,
                  servers,
                  servers.slice(0, 200).map((server, i) => `${server} A 45.98.0.${i}`),
                ),
              },
            ]
          }
          return [
            {
              reply: saying(reply, {
                answers: range(3_500, (i) => records(`${name} A 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)).flat(),
              }),
            },
          ]
        },
      })
      await stage.stack.ask('www.victim.zone.')
      let worst: Measured = { harm: 0 }
      let recordsKept = 0
      for (let i = 0; i < 40; i++) {
        const { reply, ...measured } = await stage.cost(`big${i}.evil.zone.`)
        recordsKept = Math.max(recordsKept, reply.answers.length)
        worst = worse(worst, measured)
      }
      await stage.stack.ask('x.ns1.evil.zone.')
      const kept = stage.stack.cache.delegation(
        'main',
        records('x.ns1.evil.zone. A 192.0.2.1')[0]!.name,
        stage.clock.now(),
      )
      const nameServers = kept?.delegation.nameServers.length ?? 0
      const { cpuMs, cacheBytes, harm, queries, bytes } = worst
      return {
        harm: harm + (await victimHarmed(stage)),
        ...(queries !== undefined && { queries }),
        ...(bytes !== undefined && { bytes }),
        ...(cpuMs !== undefined && { cpuMs }),
        ...(cacheBytes !== undefined && { cacheBytes }),
        own: { nameServers, recordsKept },
      }
    },
  },
]
