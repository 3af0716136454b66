/** Zones on servers that misbehave as real servers never do: played by the embedded servers of test/world. */
import { encodeMessage, type Message, nameToText, parseName, Rcode, typeToText } from '../../src/dns/index.ts'
import * as ways from '../world/odd.ts'
import type { Asked, Behaviour } from '../world/types.ts'
import { shortContent } from './content.ts'
import { corrupt, remove, removeAllSignatures, resignAll, setDnskeys } from './edit.ts'
import type { SignedZone, Signing, ZonePlan } from './types.ts'

const SIGN: Signing = { tool: 'ldns', algorithm: 13, denial: 'nsec' }
const good: Behaviour = {}

interface Odd {
  readonly name: string
  readonly about: string
  readonly servers: readonly Behaviour[]
  readonly signed?: boolean
  readonly slow?: boolean
  readonly records?: string
  readonly ask?: readonly string[]
  readonly copies?: ZonePlan['copies']
  /** A sound zone `sub` is delegated from here, unsigned, to a real server. */
  readonly child?: boolean
}

const twice = (behaviour: Behaviour): readonly Behaviour[] => [behaviour, behaviour]

const ODD: readonly Odd[] = [
  { name: 'fine', about: 'nothing wrong', servers: twice(good) },
  { name: 'fine', about: 'nothing wrong, signed', servers: twice(good), signed: true },
  { name: 'slow', about: 'each reply takes 300 ms', servers: twice({ delayMs: 300 }) },
  { name: 'slow', about: 'each reply takes 300 ms, signed', servers: twice({ delayMs: 300 }), signed: true },
  { name: 'slower', about: 'each reply takes 1200 ms', servers: twice({ delayMs: 1200 }), slow: true },
  { name: 'oneslow', about: 'one of two takes 2 s', servers: [{ delayMs: 2000 }, good] },
  { name: 'onesilent', about: 'one of two never answers', servers: [{ silent: true }, good] },
  { name: 'silent', about: 'no server ever answers', servers: twice({ silent: true }), slow: true },
  { name: 'loss', about: 'a fifth of the packets is lost', servers: twice({ loss: 0.2 }) },
  { name: 'servfail', about: 'both servers say SERVFAIL', servers: twice({ rcode: Rcode.SERVFAIL }) },
  { name: 'oneservfail', about: 'one of two says SERVFAIL', servers: [{ rcode: Rcode.SERVFAIL }, good] },
  { name: 'refused', about: 'both servers say REFUSED', servers: twice({ rcode: Rcode.REFUSED }) },
  { name: 'onerefused', about: 'one of two says REFUSED', servers: [{ rcode: Rcode.REFUSED }, good], signed: true },
  { name: 'notimp', about: 'both servers say NOTIMP', servers: twice({ rcode: Rcode.NOTIMP }) },
  { name: 'formerr', about: 'both servers say FORMERR to all', servers: twice({ rcode: Rcode.FORMERR }) },
  { name: 'yxdomain', about: 'both servers say YXDOMAIN', servers: twice({ rcode: 6 }) },
  { name: 'referup', about: 'both servers refer to the root', servers: twice({ lame: 'refer-up' }) },
  { name: 'onereferup', about: 'one of two refers to the root', servers: [{ lame: 'refer-up' }, good] },
  { name: 'noaa', about: 'AA is never set', servers: twice({ lame: 'no-aa' }) },
  { name: 'noedns', about: 'FORMERR for EDNS', servers: twice({ edns: 'formerr' }) },
  { name: 'noedns', about: 'FORMERR for EDNS, signed: bogus', servers: twice({ edns: 'formerr' }), signed: true },
  { name: 'ignoreedns', about: 'EDNS is ignored', servers: twice({ edns: 'ignore' }) },
  { name: 'ignoreedns', about: 'EDNS is ignored, signed: bogus', servers: twice({ edns: 'ignore' }), signed: true },
  {
    name: 'oneignoreedns',
    about: 'one of two ignores EDNS, signed',
    servers: [{ edns: 'ignore' }, good],
    signed: true,
  },
  { name: 'dropedns', about: 'queries with EDNS are dropped', servers: twice({ edns: 'drop' }), slow: true },
  { name: 'badvers', about: 'BADVERS for EDNS', servers: twice({ edns: 'badvers' }) },
  { name: 'lowercase', about: 'the question comes back in lower case', servers: twice({ lowerCase: true }) },
  { name: 'truncate', about: 'every UDP reply is truncated', servers: twice({ truncate: true }), signed: true },
  { name: 'notcp', about: 'truncated, and no TCP', servers: twice({ truncate: true, noTcp: true }), slow: true },
  { name: 'noudp', about: 'no UDP', servers: twice({ noUdp: true }), slow: true },
  { name: 'pieces', about: 'TCP comes in small pieces', servers: twice({ truncate: true, tcpPieces: 3 }) },
  { name: 'rotate', about: 'address sets rotate', servers: twice({ rotate: true }) },
  { name: 'full', about: 'NS and glue in every answer', servers: twice({ fullAnswers: true }) },
  { name: 'full', about: 'NS and glue in every answer, signed', servers: twice({ fullAnswers: true }), signed: true },
  {
    name: 'entnx',
    about: 'empty non-terminals are NXDOMAIN',
    servers: twice({ rcode: ({ name }) => (/^(b\.)?(c\.)?ent\./i.test(name) ? Rcode.NXDOMAIN : undefined) }),
    records: `${shortContent()}www.a.b.c.ent A 192.0.2.180\n`,
    ask: ['www.a.b.c.ent A'],
  },
  {
    name: 'nsrefused',
    about: 'REFUSED for NS questions below the apex',
    servers: twice({
      rcode: ({ type, question }) => (type === 'NS' && question.name.labels > 2 ? Rcode.REFUSED : undefined),
    }),
    records: `${shortContent()}www.a.b.c.ent A 192.0.2.181\n`,
    ask: ['www.a.b.c.ent A'],
  },
  {
    name: 'aonly',
    about: 'NOTIMP for all types but A',
    servers: twice({
      rcode: ({ type }) => (type === 'A' || type === 'NS' || type === 'SOA' ? undefined : Rcode.NOTIMP),
    }),
  },
  {
    name: 'nosoa',
    about: 'negative answers carry no SOA',
    servers: twice({
      tamper: (reply) => [
        { reply: { ...reply, authorities: reply.authorities.filter(({ type }) => typeToText(type) !== 'SOA') } },
      ],
    }),
  },
  {
    name: 'wrongid',
    about: 'a reply with another id comes before the true one',
    servers: twice({
      tamper: (reply) => [{ reply: { ...reply, id: reply.id ^ 0x5555, answers: [] } }, { reply, afterMs: 20 }],
    }),
  },
  {
    name: 'garbage',
    about: 'a malformed reply comes before the true one',
    servers: twice({
      tamper: (reply) => [
        { reply: Uint8Array.of(reply.id >> 8, reply.id & 255, 0x84, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0, 0x0c) },
        { reply, afterMs: 20 },
      ],
    }),
  },
  {
    name: 'extra',
    about: 'answers carry records of a zone that is not the server’s',
    servers: twice({
      tamper: (reply, { name }) => {
        const first = reply.answers[0]
        if (first === undefined || !/^www\./i.test(name)) return [{ reply }]
        const stranger = { ...first, name: reply.questions[0]!.name }
        return [{ reply: { ...reply, additionals: [...reply.additionals, stranger], authorities: [] } }]
      },
    }),
  },
  {
    name: 'emptyanswer',
    about: 'NOERROR without any record, for everything below the apex',
    servers: twice({
      tamper: (reply, { question }) => [
        {
          reply:
            question.name.labels > 2 ? { ...reply, rcode: 0, answers: [], authorities: [], additionals: [] } : reply,
        },
      ],
    }),
  },
]

/** Both servers odd in one way that is met among real servers. */
const MET: readonly Odd[] = [
  { name: 'trailing', about: 'octets after the message', servers: twice(ways.trailingOctets()) },
  { name: 'trailing', about: 'octets after the message, signed', servers: twice(ways.trailingOctets()), signed: true },
  { name: 'twoopts', about: 'a second OPT', servers: twice(ways.secondOpt()) },
  { name: 'lowernotcp', about: 'lower case, TCP closed', servers: twice(ways.lowerCaseQuestion('closed')) },
  {
    name: 'lowersilent',
    about: 'lower case, TCP silent',
    servers: twice(ways.lowerCaseQuestion('silent')),
    slow: true,
  },
  { name: 'cookieformerr', about: 'FORMERR with OPT for the cookie', servers: twice(ways.rcodeForCookie()) },
  {
    name: 'cookieformerr',
    about: 'FORMERR with OPT for the cookie, signed',
    servers: twice(ways.rcodeForCookie()),
    signed: true,
  },
  { name: 'cookierefused', about: 'REFUSED for the cookie', servers: twice(ways.rcodeForCookie(Rcode.REFUSED)) },
  { name: 'cookieservfail', about: 'SERVFAIL for the cookie', servers: twice(ways.rcodeForCookie(Rcode.SERVFAIL)) },
  { name: 'ednsnotimp', about: 'NOTIMP with OPT for EDNS', servers: twice(ways.rcodeForEdns(Rcode.NOTIMP)) },
  { name: 'ednsservfail', about: 'SERVFAIL with OPT for EDNS', servers: twice(ways.rcodeForEdns(Rcode.SERVFAIL)) },
  { name: 'ednsrefused', about: 'REFUSED with OPT for EDNS', servers: twice(ways.rcodeForEdns(Rcode.REFUSED)) },
  { name: 'ra', about: 'AA clear, RA set', servers: twice(ways.fromCache()) },
  { name: 'ra', about: 'AA clear, RA set, signed', servers: twice(ways.fromCache()), signed: true },
  { name: 'onera', about: 'one of two has AA clear, RA set', servers: [ways.fromCache(), good] },
  { name: 'emptynoaa', about: 'an empty NOERROR without AA for NODATA', servers: twice(ways.emptyWithoutAa()) },
  { name: 'emptyaa', about: 'an empty NOERROR with AA for NODATA', servers: twice(ways.emptyWithAa()) },
  { name: 'othersoa', about: 'absence with the SOA of another zone', servers: twice(ways.soaOf('o-fine.com.')) },
  { name: 'parentsoa', about: 'absence with the SOA of the parent', servers: twice(ways.soaOf('com.')) },
  { name: 'ownns', about: 'NODATA by the own NS set, AA', servers: twice(ways.ownNsForNodata('o-ownns.com.')) },
  {
    name: 'ownnsnoaa',
    about: 'NODATA by the own NS set, no AA',
    servers: twice(ways.ownNsForNodata('o-ownnsnoaa.com.', { aa: false })),
  },
  { name: 'upaa', about: 'both refer to the root with AA', servers: twice(ways.upwardReferral({ aa: true })) },
  {
    name: 'oneupaa',
    about: 'one of two refers to the root with AA',
    servers: [ways.upwardReferral({ aa: true }), good],
  },
  {
    name: 'aforaaaa',
    about: 'A for AAAA',
    servers: twice(ways.wrongType('AAAA', 'A')),
    ask: ['www AAAA', 'mail AAAA'],
  },
  { name: 'aformx', about: 'A for MX', servers: twice(ways.wrongType('MX', 'A')), ask: ['www MX'] },
  { name: 'dsfails', about: 'SERVFAIL for DS', servers: twice(ways.rcodeFor('DS')), signed: true, ask: ['www DS'] },
  {
    name: 'dssilent',
    about: 'silence for DS below the apex',
    servers: twice({ silent: ({ type }) => type === 'DS' }),
    signed: true,
    slow: true,
  },
  { name: 'bigttl', about: 'TTLs with the top bit set', servers: twice(ways.ttl(0x8000_0001)) },
  { name: 'ttlzero', about: 'all TTLs are 0', servers: twice(ways.ttl(0)) },
  { name: 'far', about: 'each reply takes 420 ms', servers: twice({ delayMs: 420 }) },
  { name: 'far', about: 'each reply takes 600 ms, signed', servers: twice({ delayMs: 600 }), signed: true },
  {
    name: 'nxaaaa',
    about: 'NXDOMAIN without SOA for AAAA',
    servers: twice({
      tamper: (reply, { type }) => [
        { reply: type === 'AAAA' ? { ...reply, rcode: Rcode.NXDOMAIN, answers: [], authorities: [] } : reply },
      ],
    }),
    ask: ['www AAAA', 'www A'],
  },
  {
    name: 'yxlong',
    about: 'a DNAME that makes names too long',
    servers: twice(good),
    records: `${shortContent()}long DNAME ${'t'.repeat(63)}.${'u'.repeat(63)}.${'v'.repeat(63)}.o-yxlong.com.\n`,
    ask: [`${'l'.repeat(60)}.long A`],
  },
  {
    name: 'yxlong',
    about: 'a DNAME that makes names too long, signed',
    servers: twice(good),
    signed: true,
    records: `${shortContent()}long DNAME ${'t'.repeat(63)}.${'u'.repeat(63)}.${'v'.repeat(63)}.o-yxlong.com.\n`,
    ask: [`${'l'.repeat(60)}.long A`],
  },
  {
    name: 'txt300',
    about: 'a set of 300 TXT records',
    servers: twice(good),
    records: `${shortContent()}${many(300)}`,
    ask: ['big TXT'],
  },
  {
    name: 'txt300',
    about: 'a set of 300 TXT records, signed',
    servers: twice(good),
    signed: true,
    records: `${shortContent()}${many(300)}`,
    ask: ['big TXT'],
  },
  {
    name: 'dnametwice',
    about: 'a DNAME that is used twice',
    servers: twice(good),
    records: `${shortContent()}old DNAME new\na.new CNAME b.old\nb.new A 192.0.2.182\n`,
    ask: ['a.old A'],
  },
]

/** Messages that are put together in an unusual way; nothing in them is untrue. */
const SHAPES: readonly Odd[] = [
  {
    name: 'noquestion',
    about: 'no question section',
    servers: twice(shaped((reply) => ({ ...reply, questions: [] }))),
  },
  {
    name: 'reversed',
    about: 'answers in the reverse order',
    servers: twice(shaped((reply) => ({ ...reply, answers: [...reply.answers].reverse() }))),
    ask: ['alias A', 'dangling A', 'a.dn A'],
  },
  {
    name: 'reversed',
    about: 'answers in the reverse order, signed',
    servers: twice(shaped((reply) => ({ ...reply, answers: [...reply.answers].reverse() }))),
    signed: true,
    ask: ['alias A', 'a.dn A'],
  },
  {
    name: 'doubled',
    about: 'each record twice',
    servers: twice(shaped((reply) => ({ ...reply, answers: [...reply.answers, ...reply.answers] }))),
    ask: ['alias A'],
  },
  {
    name: 'doubled',
    about: 'each record twice, signed',
    servers: twice(shaped((reply) => ({ ...reply, answers: [...reply.answers, ...reply.answers] }))),
    signed: true,
    ask: ['alias A'],
  },
  {
    name: 'cnameonly',
    about: 'an alias without its target',
    servers: twice(shaped((reply) => ({ ...reply, answers: reply.answers.slice(0, 1) }))),
    ask: ['alias A', 'a.dn A', 'dangling A'],
  },
  {
    name: 'nxanswers',
    about: 'NXDOMAIN with the records that were asked for',
    servers: twice(shaped((reply) => (reply.answers.length > 0 ? { ...reply, rcode: Rcode.NXDOMAIN } : reply))),
    ask: ['www A', 'alias A'],
  },
  {
    name: 'sfanswers',
    about: 'SERVFAIL with the records that were asked for',
    servers: twice(shaped((reply) => (reply.answers.length > 0 ? { ...reply, rcode: Rcode.SERVFAIL } : reply))),
  },
  {
    name: 'danglingok',
    about: 'NOERROR for an alias to a name that does not exist, and no SOA',
    servers: twice(
      shaped((reply) => (reply.answers.length > 0 ? { ...reply, rcode: Rcode.NOERROR, authorities: [] } : reply)),
    ),
    ask: ['dangling A', 'dangling MX', 'alias MX'],
  },
  {
    name: 'soaanswer',
    about: 'the SOA of a negative answer stands in the answer section',
    servers: twice(
      shaped((reply) =>
        reply.answers.length === 0 ? { ...reply, answers: reply.authorities, authorities: [] } : reply,
      ),
    ),
    ask: ['missing A', 'www MX'],
  },
  {
    name: 'flags',
    about: 'RA, AD, CD and TC over TCP are set',
    servers: twice(
      shaped((reply, { protocol }) => ({ ...reply, ra: true, ad: true, cd: true, tc: protocol === 'tcp' })),
    ),
  },
  { name: 'zbit', about: 'the reserved header bit is set', servers: twice({ octets: flag(3, 0x40) }) },
  {
    name: 'ednsone',
    about: 'the OPT of replies says version 1',
    servers: twice(
      shaped((reply) => (reply.edns === undefined ? reply : { ...reply, edns: { ...reply.edns, version: 1 } })),
    ),
  },
  {
    name: 'manyopts',
    about: 'unknown EDNS options in replies',
    servers: twice(
      shaped((reply) =>
        reply.edns === undefined
          ? reply
          : { ...reply, edns: { ...reply.edns, options: [{ code: 65_001, data: new Uint8Array(40) }] } },
      ),
    ),
  },
  {
    name: 'unaskededns',
    about: 'an OPT in replies to queries without one, and FORMERR to EDNS',
    servers: twice({
      rcode: ({ query }) => (query.edns === undefined ? undefined : Rcode.FORMERR),
      tamper: (reply) => [{ reply: { ...reply, edns: { udpSize: 512, version: 0, do: false, options: [] } } }],
    }),
  },
  {
    name: 'strangers',
    about: 'records of other names in the answer section',
    servers: twice(
      shaped((reply) => {
        const [first] = reply.answers
        return first === undefined
          ? reply
          : { ...reply, answers: [{ ...first, name: parseName('www.o-fine.com.') }, ...reply.answers] }
      }),
    ),
  },
  {
    name: 'chclass',
    about: 'records of class CH beside the answer',
    servers: twice(
      shaped((reply) => ({ ...reply, answers: [...reply.answers, ...reply.answers.map((r) => ({ ...r, class: 3 }))] })),
    ),
  },
  {
    name: 'mixedttl',
    about: 'TTLs that differ within a set',
    servers: twice(shaped((reply) => ({ ...reply, answers: reply.answers.map((r, i) => ({ ...r, ttl: i * 60 })) }))),
    records: `${shortContent()}multi A 192.0.2.183\nmulti A 192.0.2.184\nmulti A 192.0.2.185\n`,
    ask: ['multi A'],
  },
  {
    name: 'nsempty',
    about: 'NS questions get an empty answer',
    servers: twice(
      shaped((reply, { type }) =>
        type === 'NS' ? { ...reply, answers: [], authorities: [], additionals: [] } : reply,
      ),
    ),
    records: `${shortContent()}www.a.b.c.ent A 192.0.2.186\n`,
    ask: ['www.a.b.c.ent A'],
  },
  {
    name: 'nsnx',
    about: 'NS questions below the apex get NXDOMAIN',
    servers: twice({
      rcode: ({ type, question }) => (type === 'NS' && question.name.labels > 2 ? Rcode.NXDOMAIN : undefined),
    }),
    records: `${shortContent()}www.a.b.c.ent A 192.0.2.187\n`,
    ask: ['www.a.b.c.ent A'],
  },
  {
    name: 'nsdrop',
    about: 'silence for NS and for A questions for names between',
    servers: twice({
      silent: ({ question, type }) => type === 'NS' || /^(c\.)?ent\./i.test(nameToText(question.name)),
    }),
    records: `${shortContent()}www.a.b.c.ent A 192.0.2.188\n`,
    ask: ['www.a.b.c.ent A'],
    slow: true,
  },
  {
    name: 'dnskeyfails',
    about: 'SERVFAIL for DNSKEY at one of two, signed',
    servers: [ways.rcodeFor('DNSKEY'), good],
    signed: true,
  },
  {
    name: 'dnskeydrop',
    about: 'silence for DNSKEY at one of two, signed',
    servers: [{ silent: ({ type }) => type === 'DNSKEY' }, good],
    signed: true,
  },
  {
    name: 'dnskeytc',
    about: 'DNSKEY is truncated, and one of two has no TCP; signed',
    servers: [
      {
        noTcp: true,
        tamper: (reply, { type }) => [
          { reply: type === 'DNSKEY' ? { ...reply, tc: true, answers: [], authorities: [] } : reply },
        ],
      },
      good,
    ],
    signed: true,
  },
  {
    name: 'onedo',
    about: 'one of two drops queries with DO, signed',
    servers: [{ silent: ({ query }) => query.edns?.do === true }, good],
    signed: true,
  },
  {
    name: 'smalludp',
    about: 'replies over 512 octets are lost',
    servers: twice({ tamper: (reply) => (encodeMessage(reply).length > 512 ? [] : [{ reply }]) }),
    records: `${shortContent()}big TXT ${Array.from({ length: 4 }, () => `"${'x'.repeat(200)}"`).join(' ')}\n`,
    ask: ['big TXT'],
    slow: true,
  },
]

const isReferral = (reply: Message): boolean => !reply.aa && reply.answers.length === 0 && reply.authorities.length > 0

/** Parents that are odd in how they refer to a child zone. */
const PARENTS: readonly Odd[] = [
  {
    name: 'refaa',
    about: 'referrals with AA',
    servers: twice(shaped((reply) => ({ ...reply, aa: true }))),
    child: true,
  },
  {
    name: 'refanswer',
    about: 'the NS set of a referral stands in the answer section',
    servers: twice(
      shaped((reply) =>
        isReferral(reply)
          ? {
              ...reply,
              answers: reply.authorities.filter(({ type }) => typeToText(type) === 'NS'),
              authorities: reply.authorities.filter(({ type }) => typeToText(type) !== 'NS'),
            }
          : reply,
      ),
    ),
    child: true,
  },
  {
    name: 'refsoa',
    about: 'referrals carry the SOA of the parent',
    servers: twice({
      tamper: (reply, _asked, truth) => [
        {
          reply: isReferral(reply)
            ? { ...reply, authorities: [...reply.authorities, ...truth('SOA', 'o-refsoa.com.').answers] }
            : reply,
        },
      ],
    }),
    child: true,
  },
  { name: 'noglue', about: 'glue is left out unless asked for', servers: twice(ways.withoutGlue()), child: true },
  {
    name: 'subds',
    about: 'SERVFAIL for DS of the name in an unsigned child, signed',
    servers: twice(ways.rcodeFor(ways.asksFor('DS', 'www.sub.o-subds.com'))),
    child: true,
    signed: true,
  },
  {
    name: 'subdsall',
    about: 'SERVFAIL for every DS, though referrals prove that there is none; signed',
    servers: twice(ways.rcodeFor('DS')),
    child: true,
    signed: true,
  },
  {
    name: 'nearmiss',
    about: 'a reply with another id comes first, and no TCP',
    servers: twice({
      noTcp: true,
      tamper: (reply) => [{ reply: { ...reply, id: reply.id ^ 0x5555 } }, { reply, afterMs: 20 }],
    }),
  },
  {
    name: 'tcwhole',
    about: 'TC is set on whole answers, and no TCP',
    servers: twice({ noTcp: true, ...shaped((reply, { protocol }) => ({ ...reply, tc: protocol === 'udp' })) }),
    slow: true,
  },
]

function shaped(change: (reply: Message, asked: Asked) => Message): Behaviour {
  return { tamper: (reply, asked) => [{ reply: change(reply, asked) }] }
}

/** Sets bits of the header. */
function flag(at: number, bits: number): NonNullable<Behaviour['octets']> {
  return (bytes) => {
    const out = bytes.slice()
    out[at] = out[at]! | bits
    return out
  }
}

function many(count: number): string {
  return Array.from({ length: count }, (_, i) => `big TXT "record ${i}"\n`).join('')
}

const DAY = 86_400
const now = () => Math.floor(Date.now() / 1000)

/** What a server has that did not get the last transfer, or signs for itself. */
const COPIES: readonly (readonly [name: string, about: string, copy: (zone: SignedZone) => void])[] = [
  [
    'expired',
    'expired signatures',
    (zone) => resignAll(zone, { inception: now() - 40 * DAY, expiration: now() - 10 * DAY }),
  ],
  ['corrupt', 'a wrong signature over the data', (zone) => corrupt(zone, 'www', 'A')],
  ['corruptkeys', 'a wrong signature over the DNSKEY set', (zone) => corrupt(zone, '@', 'DNSKEY')],
  ['nosig', 'no signatures', removeAllSignatures],
  [
    'plain',
    'the zone before it was signed',
    (zone) => {
      removeAllSignatures(zone)
      remove(zone, '*any*', 'NSEC')
      remove(zone, '@', 'DNSKEY')
    },
  ],
  ['nozsk', 'a DNSKEY set without the signing key', (zone) => setDnskeys(zone, [zone.keys.ksk.rdata])],
  [
    'denies',
    'a denial of www with a wrong signature',
    (zone) => {
      remove(zone, 'www', 'A')
      corrupt(zone, 'www', 'NSEC')
    },
  ],
]

/** Of `count` servers, `bad` have another copy. */
function withCopies(count: number, bad: number): Odd[] {
  return COPIES.map(([name, about, copy]) => ({
    name: `${bad}of${count}-${name}`,
    about: `${bad} of ${count} servers have ${about}`,
    servers: Array.from({ length: count }, () => good),
    signed: true,
    copies: Array.from({ length: bad }, () => copy),
    ask: ['www A', 'missing A', 'www MX', 'alias A', 'any.wild A'],
  }))
}

const ALL: readonly Odd[] = [...ODD, ...MET, ...SHAPES, ...PARENTS, ...withCopies(2, 1), ...withCopies(3, 2)]

/** `*-signed` where a zone of that name is there in both forms. */
export function oddZones(): ZonePlan[] {
  return ALL.flatMap(({ name, about, servers, signed, slow, records, ask, copies, child }): ZonePlan[] => {
    const label = signed && ALL.some((other) => other.name === name && !other.signed) ? `${name}-signed` : name
    const origin = `o-${label}.com.`
    const plan: ZonePlan = {
      origin,
      kind: 'odd',
      about,
      server: 'leaf-nsd',
      records: records ?? shortContent(),
      odd: servers,
      ...(signed && { sign: SIGN }),
      ...(slow && { slow }),
      ...(copies && { copies }),
      ...(ask && { ask: ask.map((text) => text.replace(' ', `.${origin} `)) }),
    }
    if (child !== true) return [plan]
    const sub = `sub.${origin}`
    return [
      plan,
      { origin: sub, kind: 'odd', about, server: 'leaf-nsd', records: shortContent(), ask: [`alias.${sub} A`] },
    ]
  })
}

/** Server names of the embedded world: the zone's origin and a number. */
export const oddServerName = (origin: string, index: number): string => `${origin}#${index}`
