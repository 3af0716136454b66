/** Servers that are slow, fail, are lame, or do not speak all of the protocol. */
import { Rcode, typeToText } from '../../src/dns/index.ts'
import { shortContent } from './content.ts'
import { good, type Odd, twice } from './odd-zone.ts'

export const MANNERS: readonly Odd[] = [
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
