/** What an odd server sends, seen on the wire: everything else in the message is as it should be. */
import { describe, expect, it } from 'vitest'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  nameToText,
  OptionCode,
  Rcode,
  type ResourceRecord,
  typeToText,
} from '../../src/dns/index.ts'
import { type AskFlags, type Behaviour, createWorld, odd, queryFor, simpleSpec, texts } from './index.ts'

const SPEC = simpleSpec({
  'com.': '',
  'example.com.': `www 300 A 192.0.2.1\nd DNAME ${'t'.repeat(60)}.example.com.`,
  'other.com.': '',
})

/** The octets that the server sends for a question, after the manners are set. */
async function wire(server: string, behaviour: Behaviour, name: string, type = 'A', flags: AskFlags = {}) {
  const world = await createWorld(SPEC, { sockets: false })
  world.server(server).behave(behaviour)
  const packet = encodeMessage(queryFor({ name, type }, { rd: false, ...flags }))
  return world.server(server).receive(packet, '127.54.2.1', '127.0.0.1', 40_000, 'udp')[0]!.bytes
}

const LEAF = 'ns1.example.com'
const from = async (behaviour: Behaviour, name: string, type = 'A', flags: AskFlags = {}, server = LEAF) =>
  decodeMessage(await wire(server, behaviour, name, type, flags))
const owners = (records: readonly ResourceRecord[]) =>
  records.map(({ name, type }) => `${nameToText(name)} ${typeToText(type)}`)
const header = ({ rcode, aa, ra }: Message) => [rcode, aa ? 'AA' : '', ra ? 'RA' : ''].filter((x) => x !== '').join(' ')
const COOKIE = { options: [{ code: OptionCode.COOKIE, data: new Uint8Array(8) }] }

describe('an odd server', () => {
  it('sends octets after the message, or a second OPT', async () => {
    const plain = await wire(LEAF, {}, 'www.example.com')
    const longer = await wire(LEAF, odd.trailingOctets(Uint8Array.of(1, 2, 3)), 'www.example.com')
    expect([...longer.subarray(plain.length)]).toEqual([1, 2, 3])
    const twice = await wire(LEAF, odd.secondOpt(), 'www.example.com')
    expect([twice.length - plain.length, twice[11]! - plain[11]!]).toEqual([11, 1])
  })

  it('breaks 0x20, with TCP that works, is closed, or is silent', async () => {
    const lower = await from(odd.lowerCaseQuestion(), 'wWw.eXample.com')
    expect(owners(lower.questions as never)).toEqual(['www.example.com. A'])
    expect(odd.lowerCaseQuestion('closed')).toMatchObject({ noTcp: true })
    expect(odd.lowerCaseQuestion('silent').silent).toBeTypeOf('function')
  })

  it('does not like a cookie, or EDNS, and says so with OPT', async () => {
    const cookie = await from(odd.rcodeForCookie(), 'www.example.com', 'A', COOKIE)
    expect([cookie.rcode, cookie.edns === undefined]).toEqual([Rcode.FORMERR, false])
    expect((await from(odd.rcodeForCookie(Rcode.REFUSED), 'www.example.com')).rcode).toBe(Rcode.NOERROR)
    const edns = await from(odd.rcodeForEdns(), 'www.example.com')
    expect([edns.rcode, edns.edns === undefined]).toEqual([Rcode.NOTIMP, false])
    expect((await from(odd.rcodeForEdns(), 'www.example.com', 'A', { edns: false })).rcode).toBe(Rcode.NOERROR)
  })

  it('fails for one type only', async () => {
    expect((await from(odd.rcodeFor('DS'), 'www.example.com', 'DS')).rcode).toBe(Rcode.SERVFAIL)
    expect((await from(odd.rcodeFor('DS'), 'www.example.com')).rcode).toBe(Rcode.NOERROR)
    const rule = odd.asksFor(['A', 'AAAA'], 'www.example.com')
    expect((await from(odd.rcodeFor(rule, Rcode.REFUSED), 'WWW.example.com')).rcode).toBe(Rcode.REFUSED)
    expect((await from(odd.rcodeFor(rule, Rcode.REFUSED), 'example.com')).rcode).toBe(Rcode.NOERROR)
  })

  it('answers from a cache: AA clear, RA set', async () => {
    const reply = await from(odd.fromCache(), 'www.example.com')
    expect([header(reply), texts(reply.answers)]).toEqual(['0 RA', ['A 192.0.2.1']])
  })

  it('says nothing at all in place of NODATA', async () => {
    const empty = await from(odd.emptyWithoutAa(), 'www.example.com', 'AAAA')
    expect([header(empty), empty.authorities]).toEqual(['0', []])
    expect(header(await from(odd.emptyWithAa(), 'www.example.com', 'AAAA'))).toBe('0 AA')
    expect((await from(odd.emptyWithoutAa(), 'www.example.com')).answers).toHaveLength(1)
    expect(
      (
        await from(
          odd.emptyWithoutAa(() => true),
          'www.example.com',
        )
      ).answers,
    ).toEqual([])
  })

  it('shows an absence by nothing, by the SOA of another zone, or by its own NS set', async () => {
    const without = await from(odd.withoutSoa(), 'no.example.com')
    expect([without.rcode, without.authorities]).toEqual([Rcode.NXDOMAIN, []])
    expect(owners((await from(odd.soaOf('other.com.'), 'no.example.com')).authorities)).toEqual(['other.com. SOA'])
    expect(owners((await from(odd.soaInAnswer(), 'no.example.com')).answers)).toEqual(['example.com. SOA'])
    const own = await from(odd.ownNsForNodata('example.com.'), 'www.example.com', 'AAAA')
    expect([header(own), owners(own.authorities), owners(own.additionals)]).toEqual([
      '0 AA',
      ['example.com. NS'],
      ['ns1.example.com. A'],
    ])
  })

  it('refers to the root, with AA too', async () => {
    const reply = await from(odd.upwardReferral({ aa: true }), 'www.example.com')
    expect([header(reply), owners(reply.authorities), owners(reply.additionals)]).toEqual([
      '0 AA',
      ['. NS'],
      ['a.root. A'],
    ])
  })

  it('gives an A record for AAAA', async () => {
    expect(texts((await from(odd.wrongType('AAAA', 'A'), 'www.example.com', 'AAAA')).answers)).toEqual(['A 192.0.2.1'])
  })

  it('leaves the glue out, unless it is asked for', async () => {
    const at = (name: string) => from(odd.withoutGlue(), name, 'A', {}, 'ns1.com')
    expect((await at('www.example.com')).additionals).toEqual([])
    expect(owners((await at('ns1.example.com')).additionals)).toEqual(['ns1.example.com. A'])
  })

  it('has a TTL with the top bit set', async () => {
    const bytes = await wire(LEAF, odd.ttl(0x8000_0001), 'www.example.com')
    expect(Buffer.from(bytes).includes(Buffer.from('00010001800000010004c0000201', 'hex'))).toBe(true)
  })

  it('says YXDOMAIN as all do when a DNAME makes a name too long', async () => {
    const label = 'l'.repeat(60)
    const long = `${[label, label, label, 'm'.repeat(45)].join('.')}.d.example.com`
    const reply = await from({}, long)
    expect([reply.rcode, owners(reply.answers)]).toEqual([Rcode.YXDOMAIN, ['d.example.com. DNAME']])
  })

  it('can be odd in several ways', async () => {
    const both = odd.combined(odd.fromCache(), odd.ttl(7), odd.rcodeFor('DS'), odd.rcodeFor('MX', Rcode.REFUSED))
    const reply = await from(both, 'www.example.com')
    expect([header(reply), reply.answers[0]!.ttl]).toEqual(['0 RA', 7])
    expect((await from(both, 'www.example.com', 'MX')).rcode).toBe(Rcode.REFUSED)
  })
})
