/** The whole Internet of the test, as plans. Parents are found by name; SOA, NS, glue and DS are made in build.ts. */
import { ADDRESSES, DEAD_ADDRESSES, ROOT_ADDRESSES, rootLetter } from './addresses.ts'
import { brokenZones } from './broken.ts'
import { fullContent, shortContent } from './content.ts'
import { oddZones } from './odd.ts'
import type { Algorithm, Kind, Nsec3, ServerName, Signing, ZonePlan } from './types.ts'

export function internet(): ZonePlan[] {
  return [...topZones(), ...matrix(), ...variants(), ...delegations(), ...chains(), ...brokenZones(), ...oddZones()]
}

const nsec3 = (iterations = 0, salt = '', optOut = false): Nsec3 => ({ iterations, salt, optOut })

export const signing = (
  algorithm: Algorithm,
  denial: Signing['denial'] = 'nsec',
  tool: Signing['tool'] = 'ldns',
): Signing => ({ tool, algorithm, denial })

const TOP: readonly (readonly [origin: string, server: ServerName, sign: Signing | undefined])[] = [
  ['com.', 'tld-knot', signing(13, nsec3(0, '', true), 'bind')],
  ['net.', 'tld-knot', signing(8, nsec3(0, '', true), 'ldns')],
  ['org.', 'tld-nsd', signing(8, nsec3(5, 'abcd'), 'ldns')],
  ['info.', 'tld-bind', signing(10, 'nsec', 'bind')],
  ['nl.', 'tld-nsd', signing(14, 'nsec', 'bind')],
  ['se.', 'tld-bind', signing(15, 'nsec', 'ldns')],
  ['ch.', 'tld-knot', signing(16, nsec3(), 'knot')],
  ['uk.', 'tld-bind', undefined],
  ['arpa.', 'tld-nsd', signing(13, 'nsec', 'ldns')],
  ['in-addr.arpa.', 'tld-bind', signing(8, 'nsec', 'ldns')],
]

function topZones(): ZonePlan[] {
  const root: ZonePlan = {
    origin: '.',
    kind: 'top',
    about: 'signed root',
    server: 'root',
    records: '',
    sign: signing(8, 'nsec', 'bind'),
  }
  const servers: ZonePlan = {
    origin: 'root-servers.net.',
    kind: 'top',
    about: 'unsigned, on the root servers',
    server: 'root',
    records: ROOT_ADDRESSES.map((address, i) => `${rootLetter(i)} A ${address}\n`).join(''),
    ns: ROOT_ADDRESSES.map((address, i) => ({ name: rootLetter(i), glue: [address] })),
  }
  return [
    root,
    servers,
    ...TOP.map(([origin, server, sign]): ZonePlan => {
      const about = sign === undefined ? 'unsigned' : describe(sign)
      return { origin, server, about, kind: 'top', records: '', ...(sign && { sign }) }
    }),
  ]
}

const DENIALS: readonly (readonly [label: string, denial: Signing['denial']])[] = [
  ['nsec', 'nsec'],
  ['nsec3', nsec3()],
  ['salt', nsec3(10, 'aabbccdd')],
  ['optout', nsec3(1, '', true)],
]
const ALGORITHMS: readonly Algorithm[] = [8, 10, 13, 14, 15, 16]
const CHILD_ALGORITHMS: readonly Algorithm[] = [13, 15, 14, 16]
const PARENTS = ['com.', 'net.', 'org.', 'info.', 'nl.', 'se.', 'ch.'] as const
const TOOLS = ['ldns', 'bind', 'knot'] as const
const LEAVES: readonly ServerName[] = ['leaf-nsd', 'leaf-bind', 'leaf-knot']
const SUBS: readonly ServerName[] = ['sub-knot', 'sub-nsd', 'sub-bind']

/** Every algorithm with every kind of denial, each with a signed and an unsigned child, turn by turn over tools and servers. */
function matrix(): ZonePlan[] {
  const combinations = ALGORITHMS.flatMap((algorithm) => DENIALS.map((denial) => ({ algorithm, denial })))
  const origins = combinations.map(
    ({ algorithm, denial: [label] }, i) => `a${algorithm}-${label}.${PARENTS[i % PARENTS.length]}`,
  )
  return combinations.flatMap(({ algorithm, denial: [, denial] }, i) => {
    const origin = origins[i]!
    const tool = TOOLS[(i + Math.floor(i / 4)) % TOOLS.length]!
    // RSA keys take long to make, so these zones have one only; single-key zones want to be tried, too.
    const single = tool !== 'knot' && (algorithm === 8 || algorithm === 10)
    const sign = { ...signing(algorithm, denial, tool), single }
    // Every fifth chain leads to a zone without signatures.
    const other = i % 5 === 4 ? 'plain.com.' : origins[(i + 7) % origins.length]!
    const server = tool === 'knot' ? 'leaf-knot' : LEAVES[i % 2 === 0 ? 0 : i % LEAVES.length]!
    const sub = SUBS[i % SUBS.length]!
    return [
      { origin, kind: 'signed', about: describe(sign), server, records: fullContent(other), sign },
      {
        origin: `sec.${origin}`,
        kind: 'signed',
        about: `signed child of ${origin}`,
        server: sub,
        records: shortContent(),
        sign: signing(
          CHILD_ALGORITHMS[i % CHILD_ALGORITHMS.length]!,
          DENIALS[(i + 1) % 4]![1],
          i % 2 === 0 ? 'ldns' : 'bind',
        ),
      },
      {
        origin: `insec.${origin}`,
        kind: 'unsigned',
        about: `unsigned child of ${origin}`,
        // Parent and child on the same server: no referral is ever seen.
        server: i % 4 === 0 ? server : sub,
        records: shortContent(),
      },
    ] satisfies ZonePlan[]
  })
}

/** Zones without fault that are unlike the others. */
function variants(): ZonePlan[] {
  const good = (origin: string, about: string, rest: Partial<ZonePlan> = {}): ZonePlan => ({
    origin,
    kind: 'signed',
    about,
    server: 'leaf-nsd',
    records: shortContent(),
    sign: signing(13),
    ...rest,
  })
  const unsigned = (origin: string, about: string, rest: Partial<ZonePlan> = {}): ZonePlan => {
    const { sign: _, ...plan } = good(origin, about, rest)
    return { ...plan, kind: 'unsigned' }
  }
  return [
    unsigned('plain.com.', 'unsigned below NSEC3 opt-out', { records: fullContent('plain.org.') }),
    unsigned('plain.org.', 'unsigned below NSEC3', { records: fullContent('plain.nl.'), server: 'leaf-bind' }),
    unsigned('plain.nl.', 'unsigned below NSEC', { records: fullContent('plain.uk.'), server: 'leaf-knot' }),
    unsigned('plain.uk.', 'unsigned below an unsigned TLD', { records: fullContent('a13-nsec.ch.') }),
    good('island.uk.', 'signed below an unsigned TLD: no chain leads here'),
    good('below.plain.com.', 'signed child of an unsigned parent', { server: 'sub-nsd' }),
    good('double.com.', 'two algorithms, both with a DS', { sign: { ...signing(13), second: 8 } }),
    good('sha1.nl.', 'algorithm 5', { sign: signing(5) }),
    good('sha1n3.nl.', 'algorithm 7, NSEC3', { sign: signing(7, nsec3(1, 'ff')) }),
    unsigned('do\\.t.uk.', 'a label with a dot in the zone name'),
    good('apexdname.org.', 'DNAME at the apex', {
      records: '@ A 192.0.2.5\n@ DNAME plain.org.\n',
      // A name below the apex cannot stand beside the DNAME.
      ns: [{ name: 'ns-a.hoster.org.', glue: [] }],
    }),
    good('5.in-addr.arpa.', 'reverse zone', {
      kind: 'reverse',
      records: `1.2.3 PTR www.a13-nsec.ch.\n2.2.3 PTR www.plain.com.\n3.2.3 CNAME 3.0-31.2.3\n0-31.2.3 NS ns1.plain.com.\n`,
    }),
    unsigned('0-31.2.3.5.in-addr.arpa.', 'classless reverse delegation (RFC 2317)', {
      kind: 'reverse',
      records: '3 PTR www.plain.org.\n',
      server: 'leaf-bind',
    }),
  ]
}

/** Many levels, no glue, cycles, dead and missing servers. */
function delegations(): ZonePlan[] {
  const plans: ZonePlan[] = []
  const kind: Kind = 'delegation'
  const about = 'deep delegation'
  let deep = 'deep.net.'
  for (let level = 0; level < 8; level++) {
    const server: ServerName = level % 2 === 0 ? 'leaf-nsd' : 'sub-knot'
    const sign = level < 5 ? { sign: signing(13, level % 2 === 0 ? 'nsec' : nsec3()) } : {}
    plans.push({ origin: deep, kind, about, server, records: shortContent(), ...sign })
    deep = `l${level + 1}.${deep}`
  }
  const glueless = (origin: string, hosts: readonly string[], rest: Partial<ZonePlan> = {}): ZonePlan => ({
    origin,
    kind,
    about: 'name servers without glue',
    server: 'leaf-nsd',
    records: shortContent(),
    ns: hosts.map((name) => ({ name, glue: [] })),
    ...rest,
  })
  const [first, second] = ADDRESSES['leaf-nsd'] as [string, string]
  const failing = { slow: true, about: 'no server can be found' }
  return [
    ...plans,
    {
      origin: 'cut.at.some.depth.deep.net.',
      kind,
      about: 'a cut below empty non-terminals',
      server: 'sub-bind',
      records: shortContent(),
      sign: signing(13),
    },
    {
      origin: 'hoster.org.',
      kind,
      about: 'a hoster',
      server: 'leaf-bind',
      records: `ns-a A ${first}\nns-b A ${second}\n`,
      sign: signing(13),
    },
    glueless('glueless.com.', ['ns-a.hoster.org.', 'ns-b.hoster.org.']),
    glueless('glueless-signed.com.', ['ns-a.hoster.org.', 'ns-b.hoster.org.'], { sign: signing(15) }),
    glueless('chained1.com.', ['ns-a.chained2.net.'], { records: `${shortContent()}ns-a A ${first}\n` }),
    glueless('chained2.net.', ['ns-a.chained3.org.'], { records: `${shortContent()}ns-a A ${first}\n` }),
    glueless('chained3.org.', ['ns-a.hoster.org.'], { records: `${shortContent()}ns-a A ${first}\n` }),
    glueless('half.com.', ['ns-a.hoster.org.', 'ns.nowhere-at-all.org.'], {
      about: 'one of two name servers does not exist',
    }),
    glueless('cycle1.com.', ['ns.cycle2.com.'], failing),
    glueless('cycle2.com.', ['ns.cycle1.com.'], failing),
    glueless('cycle3.org.', ['ns.cycle4.com.', 'ns-a.hoster.org.'], {
      about: 'a cycle with a way out',
      records: `${shortContent()}ns A ${first}\n`,
    }),
    glueless('cycle4.com.', ['ns.cycle3.org.'], {
      about: 'a cycle with a way out',
      records: `${shortContent()}ns A ${first}\n`,
    }),
    glueless('nons.com.', ['ns.nowhere-at-all.org.', 'ns2.nowhere-at-all.org.'], failing),
    glueless('self.com.', ['ns.self.com.'], failing),
    glueless('cnamens.com.', ['www.cnamehost.org.'], { about: 'a name server name that is an alias' }),
    {
      origin: 'cnamehost.org.',
      kind,
      about: 'an alias for a name server',
      server: 'leaf-nsd',
      records: 'www CNAME ns-a.hoster.org.\n',
    },
    {
      origin: 'deadhalf.com.',
      kind,
      about: 'one of two addresses is dead',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: [
        { name: 'ns1.deadhalf.com.', glue: [DEAD_ADDRESSES[0]] },
        { name: 'ns2.deadhalf.com.', glue: [first] },
      ],
    },
    {
      origin: 'thirteen.com.',
      kind,
      about: '13 name servers, 11 dead',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: Array.from({ length: 13 }, (_, i) => ({
        name: `n${i}.thirteen.com.`,
        glue: [i === 7 ? first : i === 9 ? second : DEAD_ADDRESSES[i % 2]!],
      })),
    },
    {
      origin: 'dead.com.',
      kind,
      about: 'all addresses are dead',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: [{ name: 'ns1.dead.com.', glue: [...DEAD_ADDRESSES] }],
      slow: true,
    },
    {
      origin: 'otherns.com.',
      kind,
      about: 'parent and child name other servers',
      server: 'leaf-nsd',
      records: `${shortContent()}ns9 A ${second}\n`,
      ns: [{ name: 'ns1.otherns.com.', glue: [first] }],
      ownNs: ['ns9.otherns.com.'],
    },
    {
      origin: 'lame.com.',
      kind,
      about: 'the first server does not carry the zone',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: [
        { name: 'ns1.lame.com.', glue: [ADDRESSES['leaf-bind'][0]!] },
        { name: 'ns2.lame.com.', glue: [first] },
      ],
    },
    {
      origin: 'lame-signed.com.',
      kind,
      about: 'signed; the first server does not carry the zone',
      server: 'leaf-knot',
      records: shortContent(),
      sign: signing(13),
      ns: [
        { name: 'ns1.lame-signed.com.', glue: [ADDRESSES['leaf-nsd'][0]!] },
        { name: 'ns2.lame-signed.com.', glue: [ADDRESSES['leaf-knot'][0]!] },
      ],
    },
    {
      origin: 'alllame.com.',
      kind,
      about: 'no server carries the zone',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: [{ name: 'ns1.alllame.com.', glue: [...ADDRESSES['leaf-bind']] }],
      slow: true,
    },
    {
      origin: 'sixonly.com.',
      kind,
      about: 'name servers with IPv6 addresses only, and no IPv6 here',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: [{ name: 'ns1.sixonly.com.', glue: ['2001:db8::53'] }],
      slow: true,
    },
    {
      origin: 'dual.com.',
      kind,
      about: 'name servers with IPv4 and unreachable IPv6 addresses',
      server: 'leaf-nsd',
      records: shortContent(),
      ns: [
        { name: 'ns1.dual.com.', glue: ['2001:db8::54', first] },
        { name: 'ns2.dual.com.', glue: ['2001:db8::55', second] },
      ],
    },
  ]
}

/** CNAME and DNAME chains through zones of every security. */
function chains(): ZonePlan[] {
  const hops = ['hop0.com.', 'hop1.org.', 'hop2.uk.', 'hop3.nl.', 'hop4.net.', 'hop5.se.', 'hop6.info.', 'hop7.ch.']
  const zones = hops.map((origin, i): ZonePlan => {
    const next = hops[i + 1]
    const signed = origin !== 'hop2.uk.' && i !== 5
    const text =
      next === undefined
        ? 'c A 192.0.2.150\nc.d A 192.0.2.151\nloop DNAME loop.hop0.com.\n'
        : `c CNAME c.${next}\nd DNAME d.${next}\nn CNAME missing.${next}\nloop DNAME loop.${next}\n`
    return {
      origin,
      kind: 'chain',
      about: 'aliases from zone to zone',
      server: LEAVES[i % 3]!,
      records: `${text}*.w CNAME c.${next ?? origin}\n`,
      ...(signed && { sign: signing(13, i % 2 === 0 ? 'nsec' : nsec3()) }),
      ask: [
        `c.d.${origin} A`,
        `x.w.${origin} A`,
        `y.w.${origin} AAAA`,
        `n.${origin} A`,
        `q.loop.${origin} A`,
        `zz.d.${origin} TXT`,
      ],
    }
  })
  const length = (count: number) =>
    `${Array.from({ length: count }, (_, i) => `s${count}-${i} CNAME s${count}-${i + 1}\n`).join('')}s${count}-${count} A 192.0.2.160\n`
  const long = 'l'.repeat(60)
  return [
    ...zones,
    {
      origin: 'longchain.com.',
      kind: 'chain',
      about: 'chains of 4, 8, 10, 12, 16, 20 and 30 aliases in one zone',
      server: 'leaf-nsd',
      records: [4, 8, 10, 12, 16, 20, 30].map(length).join(''),
      sign: signing(13),
      ask: [4, 8, 10, 12, 16, 20, 30].map((count) => `s${count}-0.longchain.com. A`),
    },
    {
      origin: 'dnames.com.',
      kind: 'chain',
      about: 'DNAMEs: loops, overlong names, below wildcards, beside data',
      server: 'leaf-knot',
      records: `self DNAME x.self\npair1 DNAME pair2\npair2 DNAME pair1\nlong DNAME ${[long, long, long].join('.')}.dnames.com.\ndata DNAME plain.org.\ndata A 192.0.2.170\ntonone DNAME nothing-here.org.\n*.w DNAME plain.org.\n`,
      sign: signing(13, nsec3()),
      ask: [
        'a.self.dnames.com. A',
        'a.pair1.dnames.com. A',
        `${long}.${'m'.repeat(30)}.long.dnames.com. A`,
        'short.long.dnames.com. A',
        'www.data.dnames.com. A',
        'data.dnames.com. DNAME',
        'www.tonone.dnames.com. A',
        'q.w.dnames.com. DNAME',
        'www.q.w.dnames.com. A',
      ],
    },
  ]
}

function describe({ algorithm, denial, tool, single }: Signing): string {
  const text =
    denial === 'nsec' ? 'NSEC' : `NSEC3 ${denial.iterations} ${denial.salt || '-'}${denial.optOut ? ' opt-out' : ''}`
  return `algorithm ${algorithm}, ${text}, ${tool}${single ? ', one key' : ''}`
}
