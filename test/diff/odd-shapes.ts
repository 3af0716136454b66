/** Messages that are put together in an unusual way; nothing in them is untrue. */
import { encodeMessage, type Message, nameToText, parseName, Rcode, typeToText } from '../../src/dns/index.ts'
import * as ways from '../world/odd.ts'
import type { Behaviour } from '../world/types.ts'
import { shortContent } from './content.ts'
import { good, type Odd, shaped, twice } from './odd-zone.ts'

export const SHAPES: readonly Odd[] = [
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
export const PARENTS: readonly Odd[] = [
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

/** Sets bits of the header. */
function flag(at: number, bits: number): NonNullable<Behaviour['octets']> {
  return (bytes) => {
    const out = bytes.slice()
    out[at] = out[at]! | bits
    return out
  }
}
