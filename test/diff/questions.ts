/** Questions from the plans: first what every zone must be asked, then what chance adds, in one seeded order. */
import {
  isSubdomain,
  isWildcard,
  nameToText,
  parseName,
  parseZone,
  type ResourceRecord,
  typeToText,
} from '../../src/dns/index.ts'
import type { BuiltZone } from './sign.ts'
import type { Flags, Question } from './types.ts'

export interface QuestionOptions {
  readonly count: number
  readonly seed: number
  /** Only questions whose "name TYPE" matches. */
  readonly only?: RegExp
}

type Random = (bound: number) => number

const PLAIN: Flags = { edns: true, do: false, cd: false, ad: false }
const FLAGS: readonly (readonly [weight: number, flags: Flags])[] = [
  [35, { ...PLAIN, do: true }],
  [15, { ...PLAIN, ad: true }],
  [10, PLAIN],
  [10, { ...PLAIN, edns: false }],
  [5, { ...PLAIN, edns: false, ad: true }],
  [10, { ...PLAIN, do: true, cd: true }],
  [5, { ...PLAIN, cd: true }],
  [5, { ...PLAIN, cd: true, ad: true }],
  [5, { ...PLAIN, do: true, ad: true }],
]

const TYPES = [
  ...['A', 'AAAA', 'MX', 'TXT', 'NS', 'SOA', 'CNAME', 'DNAME', 'DS', 'DNSKEY', 'NSEC', 'NSEC3PARAM', 'HTTPS', 'SVCB'],
  ...[
    'CAA',
    'SRV',
    'PTR',
    'TLSA',
    'NAPTR',
    'SSHFP',
    'LOC',
    'URI',
    'HINFO',
    'RP',
    'CDS',
    'CDNSKEY',
    'CERT',
    'TYPE65280',
    'TYPE1234',
  ],
] as const

/** `count` different questions; fewer only when no more can be made. */
export function makeQuestions(zones: readonly BuiltZone[], options: QuestionOptions): Question[] {
  const random = seeded(options.seed)
  const known = zones.map((zone) => ({ zone, records: parseZone(zone.plain, { origin: parseName(zone.plan.origin) }) }))
  const chosen = new Map<string, Question>()
  const wanted = (question: Question) => options.only?.test(`${question.name} ${question.type}`) ?? true
  const add = (question: Question) => {
    const key = questionText(question)
    if (chosen.size < options.count && wanted(question) && !chosen.has(key)) chosen.set(key, question)
  }
  const must = [...known.flatMap(({ zone, records }) => mustAsk(zone, records)), ...SPECIAL.map(special)]
  for (const question of shuffled(must, random)) add({ ...question, flags: pickFlags(random) })
  // Slow zones would make a long run of what is the same each time; others come by their own weight.
  const drawn = known.filter(({ zone }) => !zone.plan.slow)
  for (let tries = options.count * 50; chosen.size < options.count && tries > 0; tries--) {
    const { zone, records } = drawn[random(drawn.length)]!
    const flags = pickFlags(random)
    add({ ...chance(zone, records, random), flags })
  }
  return shuffled([...chosen.values()], random)
}

export const flagsText = ({ edns, do: dnssecOk, cd, ad }: Flags): string =>
  [edns ? '' : 'noedns', dnssecOk ? 'do' : '', cd ? 'cd' : '', ad ? 'ad' : ''].filter((one) => one !== '').join('+') ||
  '-'

export const questionText = ({ name, type, flags }: Question): string => `${name} ${type} ${flagsText(flags)}`

type Bare = Omit<Question, 'flags'>

const bare = (zone: BuiltZone, name: string, type: string): Bare => ({
  name,
  type,
  kind: zone.plan.kind,
  zone: zone.plan.origin,
})

const below = (label: string, origin: string): string => (origin === '.' ? `${label}.` : `${label}.${origin}`)

/** One of each shape of answer that the zone can give. */
function mustAsk(zone: BuiltZone, records: readonly ResourceRecord[]): Bare[] {
  const { origin, slow, ask = [], kind } = zone.plan
  const named = ask.map((text) => {
    const [name, type] = text.split(' ') as [string, string]
    return bare(zone, name, type)
  })
  const has = (label: string) => records.some(({ name }) => nameToText(name) === below(label, origin))
  const www = has('www') ? [bare(zone, below('www', origin), 'A')] : [bare(zone, origin, 'SOA')]
  if (slow) return [...www, ...named]
  const more = kind === 'broken' || kind === 'signed'
  return [
    ...www,
    bare(zone, below('missing', origin), 'A'),
    ...(more && has('www') ? [bare(zone, below('www', origin), 'MX')] : []),
    ...(more && has('*.wild') ? [bare(zone, below('any.wild', origin), 'A')] : []),
    ...(kind === 'broken' && has('alias') ? [bare(zone, below('alias', origin), 'A')] : []),
    ...(kind === 'broken' ? [bare(zone, origin, 'DNSKEY'), bare(zone, origin, 'DS')] : []),
    ...named,
  ]
}

/** Any question to the zone. */
function chance(zone: BuiltZone, records: readonly ResourceRecord[], random: Random): Bare {
  const { origin } = zone.plan
  const record = records[random(records.length)]!
  const owner = nameToText(record.name)
  const draw = random(100)
  if (draw < 40) return bare(zone, existing(record, random), typeToText(record.type))
  if (draw < 60) return bare(zone, existing(record, random), TYPES[random(TYPES.length)]!)
  if (draw < 75)
    return bare(zone, below(`${MISSING[random(MISSING.length)]}${random(1000)}`, origin), commonType(random))
  if (draw < 82) return bare(zone, below(`no${random(100)}`, owner), commonType(random))
  if (draw < 90) return bare(zone, wild(records, random) ?? owner, commonType(random))
  if (draw < 95) return bare(zone, parentOrSelf(record, origin), commonType(random))
  return bare(zone, origin, APEX[random(APEX.length)]!)
}

const MISSING = ['missing', 'zz', 'a', 'nope.b', 'm\\000', '-', 'x.y.z']
const APEX = ['DNSKEY', 'DS', 'SOA', 'NS', 'NSEC', 'NSEC3PARAM', 'CDS', 'A', 'TXT'] as const

const commonType = (random: Random): string => TYPES[random(10) < 8 ? random(4) : random(TYPES.length)]!

/** The record's owner, or a name that its wildcard covers. */
function existing({ name }: ResourceRecord, random: Random): string {
  const text = nameToText(name)
  return isWildcard(name) && random(4) > 0 ? text.replace('*', `w${random(50)}`) : text
}

function wild(records: readonly ResourceRecord[], random: Random): string | undefined {
  const all = records.filter(({ name }) => isWildcard(name))
  const one = all[random(Math.max(1, all.length))]
  if (one === undefined) return undefined
  return nameToText(one.name).replace('*', random(2) === 0 ? `w${random(50)}` : `deep${random(9)}.er${random(9)}`)
}

/** One label up: often an empty non-terminal. */
function parentOrSelf({ name }: ResourceRecord, origin: string): string {
  const parent = nameToText(name).replace(/^(\\.|[^.\\])+\./, '')
  return parent !== '' && isSubdomain(parseName(parent), parseName(origin)) ? parent : origin
}

function pickFlags(random: Random): Flags {
  let draw = random(100)
  for (const [weight, flags] of FLAGS) {
    if (draw < weight) return flags
    draw -= weight
  }
  return PLAIN
}

/** Names that resolvers treat in a way of their own, and the top of the tree. */
const SPECIAL: readonly string[] = [
  '. NS',
  '. SOA',
  '. DNSKEY',
  '. DS',
  '. A',
  '. TXT',
  'com. NS',
  'com. DS',
  'com. DNSKEY',
  'uk. DS',
  'a.root-servers.net. A',
  'no-such-tld. A',
  'www.no-such-tld. A',
  'no-such-tld. DS',
  'localhost. A',
  'localhost. AAAA',
  'localhost. TXT',
  '1.0.0.127.in-addr.arpa. PTR',
  '1.2.0.192.in-addr.arpa. PTR',
  '1.0.0.10.in-addr.arpa. PTR',
  '5.168.192.in-addr.arpa. PTR',
  '1.2.3.5.in-addr.arpa. PTR',
  '2.2.3.5.in-addr.arpa. PTR',
  '3.2.3.5.in-addr.arpa. PTR',
  '9.9.9.5.in-addr.arpa. PTR',
  '2.3.5.in-addr.arpa. NS',
  'thing.test. A',
  'thing.invalid. A',
  'thing.onion. A',
]

function special(text: string): Bare {
  const [name, type] = text.split(' ') as [string, string]
  return { name, type, kind: 'special', zone: '-' }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = random(i + 1)
    const held = out[i]!
    out[i] = out[j]!
    out[j] = held
  }
  return out
}

/** mulberry32. The function gives integers in [0, bound). */
function seeded(seed: number): Random {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * bound)
  }
}
