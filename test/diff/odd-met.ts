/** Servers that are odd in one way that is met among real ones, and are answered all the same by some resolvers. */
import { Rcode } from '../../src/dns/index.ts'
import * as ways from '../world/odd.ts'
import { shortContent } from './content.ts'
import { good, type Odd, twice } from './odd-zone.ts'

export const MET: readonly Odd[] = [
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

function many(count: number): string {
  return Array.from({ length: count }, (_, i) => `big TXT "record ${i}"\n`).join('')
}
