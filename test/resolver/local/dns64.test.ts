/** RFC 6147, RFC 6052, RFC 7050, by section. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { addressRdata, addressText, Rcode, Type } from '../../../src/dns/index.ts'
import {
  compileLocal,
  type Dns64Options,
  localNames,
  parseDns64Prefix,
  parsePrefix,
} from '../../../src/resolver/index.ts'
import { embed, extract } from '../../../src/resolver/local/dns64.ts'
import {
  type AskFlags,
  createStack,
  createWorld,
  type Stack,
  signWorld,
  simpleSpec,
  texts,
  type World,
} from '../../world/index.ts'

const options = (prefix = '64:ff9b::/96'): Dns64Options => ({
  prefix: parseDns64Prefix(prefix),
  exclude: [parsePrefix('::ffff:0:0/96')],
})

const ZONES = {
  'example.': `
four 300 A 198.51.100.1
four 300 A 198.51.100.2
long 9000 A 198.51.100.3
six 300 AAAA 2001:db8::6
six 300 A 198.51.100.6
mapped 300 AAAA ::ffff:198.51.100.7
mapped 300 A 198.51.100.7
both 300 AAAA ::ffff:198.51.100.8
both 300 AAAA 2001:db8::8
text 300 TXT "no address"
alias 300 CNAME four
inside 300 A 192.168.1.5
`,
  'plain.': 'four 300 A 198.51.100.9',
}

const signed = signWorld(simpleSpec(ZONES), { '.': {}, 'example.': {} })

let world: World
beforeEach(async () => {
  world = await createWorld(signed.spec, { sockets: false })
})

function stackWith(dns64: Dns64Options = options(), records: readonly string[] = []): Stack {
  const { data } = compileLocal({ hosts: [], records, zones: {}, allow: [] }, new Uint8Array(8))
  const local = localNames({ data, dns64, configured: [] })
  return createStack(world, { anchors: signed.anchorText, resolver: { dns64 }, local })
}

async function aaaa(name: string, flags?: AskFlags, stack = stackWith()) {
  const reply = await stack.ask({ name, type: 'AAAA' }, flags)
  return { ...reply, texts: texts(reply.answers.filter((one) => one.type !== Type.RRSIG)) }
}

describe('addresses (RFC 6052 section 2.4)', () => {
  it.each([
    ['2001:db8::/32', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
    ['64:ff9b::/96', '64:ff9b::c000:221'],
  ])('192.0.2.33 in %s is %s', (prefix, address) => {
    const parsed = parseDns64Prefix(prefix)
    const ipv4 = addressRdata('192.0.2.33').rdata
    expect(embed(parsed, ipv4)).toEqual(addressRdata(address).rdata)
    expect(addressText(extract(parsed, embed(parsed, ipv4))!)).toBe('192.0.2.33')
  })

  it.each([
    '64:ff9b::/95',
    '::/0',
    '64:ff9b::',
    '64:ff9b::1/96',
    '10.0.0.0/32',
    '2001:db8:0:0:100::/96',
    'x',
    '64:ff9b::/96/1',
  ])('%s is no prefix', (text) => {
    expect(() => parseDns64Prefix(text)).toThrow()
  })

  it('go in and come out again (property)', () => {
    const bits = fc.constantFrom(32, 40, 48, 56, 64, 96)
    const octets = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(bits, octets, fc.uint8Array({ minLength: 4, maxLength: 4 }), (bits, octets, ipv4) => {
        const prefix = { bits, octets: octets.map((octet, i) => (i < bits / 8 && i !== 8 ? octet : 0)) }
        const address = embed(prefix, ipv4)
        expect(address[8]).toBe(0)
        expect(extract(prefix, address)).toEqual(ipv4)
        const other = address.slice()
        other[0]! ^= 1
        expect(extract(prefix, other)).toBeUndefined()
      }),
    )
  })
})

describe('synthesis', () => {
  it('5.1: makes AAAA of A where there is no AAAA', async () => {
    expect((await aaaa('four.example')).texts).toEqual(['AAAA 64:ff9b::c633:6401', 'AAAA 64:ff9b::c633:6402'])
    expect((await aaaa('four.example', {}, stackWith(options('2001:db8:64::/96')))).texts[0]).toBe(
      'AAAA 2001:db8:64::c633:6401',
    )
  })

  it('5.1.1: leaves true AAAA records alone', async () => {
    expect((await aaaa('six.example')).texts).toEqual(['AAAA 2001:db8::6'])
  })

  it('5.1.2: leaves NXDOMAIN alone, and goes on when the servers fail for AAAA', async () => {
    expect((await aaaa('none.plain')).rcode).toBe(Rcode.NXDOMAIN)
    world.server('ns1.plain').behave({ rcode: (asked) => (asked.type === 'AAAA' ? Rcode.SERVFAIL : undefined) })
    expect((await aaaa('four.plain')).texts).toEqual(['AAAA 64:ff9b::c633:6409'])
  })

  it('5.1.4: excluded addresses count as not there', async () => {
    expect((await aaaa('mapped.example')).texts).toEqual(['AAAA 64:ff9b::c633:6407'])
    expect((await aaaa('both.example')).texts).toEqual(['AAAA 2001:db8::8'])
  })

  it('5.1.5: keeps the aliases on the way', async () => {
    const reply = await aaaa('alias.example')
    expect(reply.texts).toEqual(['CNAME four.example.', 'AAAA 64:ff9b::c633:6401', 'AAAA 64:ff9b::c633:6402'])
  })

  it('5.1.6: says what there was when there is no A either', async () => {
    const reply = await aaaa('text.example')
    expect([reply.rcode, reply.texts, reply.authorities[0]?.type]).toEqual([Rcode.NOERROR, [], Type.SOA])
  })

  it('5.1.7: holds no longer than the word that there is no AAAA', async () => {
    const reply = await aaaa('long.example')
    expect(reply.answers[0]!.ttl).toBeLessThanOrEqual(300)
  })

  it('RFC 6052 3.1: the well-known prefix carries no private address; a prefix of the network does', async () => {
    expect((await aaaa('inside.example')).texts).toEqual([])
    expect((await aaaa('inside.example', {}, stackWith(options('2001:db8:64::/96')))).texts).toEqual([
      'AAAA 2001:db8:64::c0a8:105',
    ])
  })

  it('does nothing for other types, without recursion, and for local names', async () => {
    const stack = stackWith(options(), ['nas.lan A 198.51.100.77', 'ads.example A 0.0.0.0'])
    expect(texts((await stack.ask({ name: 'four.example' })).answers)).toEqual(['A 198.51.100.1', 'A 198.51.100.2'])
    expect((await aaaa('four.example', { rd: false }, stack)).texts).toEqual([])
    expect((await aaaa('nas.lan', {}, stack)).texts).toEqual([])
    expect((await aaaa('ads.example', {}, stack)).texts).toEqual([])
  })
})

describe('DNSSEC (section 5.5)', () => {
  it('CD and DO: whoever validates gets what was signed, excluded addresses included', async () => {
    const reply = await aaaa('four.example', { cd: true, do: true })
    expect(reply.texts).toEqual([])
    expect(reply.authorities.some((one) => one.type === Type.NSEC)).toBe(true)
    expect((await aaaa('mapped.example', { cd: true, do: true })).texts).toEqual(['AAAA ::ffff:198.51.100.7'])
  })

  it.each([
    ['neither', {}],
    ['DO', { do: true }],
    ['CD', { cd: true }],
  ])('%s: synthesised', async (_, flags) => {
    const reply = await aaaa('four.example', flags)
    expect(reply.texts).toHaveLength(2)
    expect(reply.answers.some((one) => one.type === Type.RRSIG)).toBe(false)
  })

  it('AD only when both the absence of AAAA and the A set are proven', async () => {
    expect((await aaaa('four.example', { ad: true })).ad).toBe(true)
    expect((await aaaa('four.plain', { ad: true })).ad).toBe(false)
    expect((await aaaa('mapped.example', { ad: true })).texts).toHaveLength(1)
  })

  it('a forged denial of AAAA does not bring an answer out of A', async () => {
    world.server('ns1.example').behave({
      tamper: (reply, asked) => [
        {
          reply:
            asked.type === 'AAAA'
              ? {
                  ...reply,
                  rcode: 0,
                  answers: [],
                  authorities: reply.authorities.filter((one) => one.type === Type.SOA),
                }
              : reply,
        },
      ],
    })
    expect((await aaaa('six.example')).rcode).toBe(Rcode.SERVFAIL)
  })
})

describe('names that tell of the prefix', () => {
  it('ipv4only.arpa is answered here (RFC 7050, RFC 8880)', async () => {
    const stack = stackWith()
    expect((await aaaa('ipv4only.arpa', {}, stack)).texts).toEqual(['AAAA 64:ff9b::c000:aa', 'AAAA 64:ff9b::c000:ab'])
    expect(texts((await stack.ask({ name: 'ipv4only.arpa' })).answers)).toEqual(['A 192.0.0.170', 'A 192.0.0.171'])
    expect((await stack.ask({ name: 'ipv4only.arpa', type: 'TXT' })).rcode).toBe(Rcode.NOERROR)
    expect((await stack.ask({ name: 'x.ipv4only.arpa' })).rcode).toBe(Rcode.NXDOMAIN)
    expect(texts((await stack.ask({ name: '170.0.0.192.in-addr.arpa', type: 'PTR' })).answers)).toEqual([
      'PTR ipv4only.arpa.',
    ])
    expect(world.count()).toBe(0)
  })

  it('5.3.1: PTR names of the prefix lead to those of the IPv4 address', async () => {
    const reverse = (address: string) =>
      `${[...Buffer.from(addressRdata(address).rdata).toString('hex')].reverse().join('.')}.ip6.arpa`
    const stack = stackWith(options(), ['33.2.0.192.in-addr.arpa PTR host.lan'])
    const pointer = async (address: string) => texts((await stack.ask({ name: reverse(address), type: 'PTR' })).answers)
    expect(await pointer('64:ff9b::c000:221')).toEqual(['CNAME 33.2.0.192.in-addr.arpa.', 'PTR host.lan.'])
    expect(await pointer('64:ff9b:1::c000:221')).toEqual([])
    expect(texts((await stack.ask({ name: `x.${reverse('64:ff9b::1')}`, type: 'PTR' })).answers)).toEqual([])
  })

  it("are the world's where there is no DNS64", async () => {
    const stack = createStack(world, {})
    expect((await stack.ask({ name: 'ipv4only.arpa' })).aa).toBe(false)
  })
})
