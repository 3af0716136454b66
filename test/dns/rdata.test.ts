import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex } from '../../src/base/index.ts'
import {
  buildRdata,
  cnameTarget,
  nameToText,
  nsName,
  parseName,
  type RdataView,
  rdataFromText,
  rdataToText,
  soaView,
  Type,
  typeFromText,
  typeToText,
  viewRdata,
} from '../../src/dns/index.ts'
import { KNOWN_TYPES, view } from './arbitrary.ts'
import { malformedBy, thrownBy } from './malformed.ts'

const hex = (text: string) => fromHex(text.replaceAll(/[\s|]/g, ''))
const ORIGIN = parseName('example.com')

describe.each(KNOWN_TYPES.map((type) => [typeToText(type), type] as const))('%s', (_, type) => {
  it('comes back from wire and from text as it was', () => {
    fc.assert(
      fc.property(view(type), (one) => {
        const rdata = buildRdata(one)
        expect(viewRdata(type, rdata)).toEqual(one)
        const text = rdataToText(type, rdata)
        expect(text).toMatch(/^[\x20-\x7e]*$/)
        expect(rdataFromText(type, text)).toEqual(rdata)
      }),
      { numRuns: 60 },
    )
  })

  it('has the same wire form in the generic notation of RFC 3597', () => {
    fc.assert(
      fc.property(view(type), (one) => {
        const rdata = buildRdata(one)
        expect(rdataFromText(type, `\\# ${rdata.length} ${toHex(rdata)}`)).toEqual(rdata)
      }),
      { numRuns: 10 },
    )
  })

  it('is malformed when it is cut short, unless the rest is of its form too', () => {
    fc.assert(
      fc.property(view(type), fc.nat(), (one, cut) => {
        const rdata = buildRdata(one)
        fc.pre(rdata.length > 0)
        const part = rdata.subarray(0, cut % rdata.length)
        let again: RdataView
        try {
          again = viewRdata(type, part)
        } catch {
          malformedBy(() => viewRdata(type, part))
          // Shown all the same, octet by octet.
          expect(rdataToText(type, part)).toMatch(/^\\# \d+/)
          return
        }
        expect(buildRdata(again)).toEqual(part)
      }),
      { numRuns: 30 },
    )
  })
})

/** From the RFCs named, or written down by hand from their diagrams. */
const vectors: readonly (readonly [type: string, text: string, wire: string])[] = [
  ['A', '192.0.2.1', 'c0000201'],
  ['AAAA', '2001:db8::1', '20010db8000000000000000000000001'],
  ['NS', 'ns1.example.com.', '036e7331 076578616d706c65 03636f6d 00'],
  ['SOA', 'a. b. 2147483648 1 2 3 4294967295', '016100 016200 80000000 00000001 00000002 00000003 ffffffff'],
  ['MX', '10 mail.example.com.', '000a 046d61696c 076578616d706c65 03636f6d 00'],
  ['TXT', '"a\\"b" "" "\\255\\\\"', '03612262 00 02ff5c'],
  ['HINFO', '"RFC8482" ""', '07 52464338343832 00'],
  ['SRV', '1 2 3 a.', '0001 0002 0003 016100'],
  [
    'NAPTR',
    '100 50 "s" "http+I2R" "" _http._tcp.a.',
    '0064 0032 0173 08 687474702b493252 00 055f68747470 045f746370 016100',
  ],
  ['CAA', '128 issue "ca.example"', '80 05 6973737565 63612e6578616d706c65'],
  ['URI', '10 1 "ftp://a.b/"', '000a 0001 6674703a2f2f612e622f'],
  ['SSHFP', '4 2 00FF', '04 02 00ff'],
  ['TLSA', '3 1 1 ABCD', '03 01 01 abcd'],
  ['ZONEMD', '2018031500 1 1 FEBE', '7848 b78c 01 01 febe'],
  ['CSYNC', '66 3 A NS AAAA', '00000042 0003 00 04 60000008'],
  ['OPENPGPKEY', '3q2+7w==', 'deadbeef'],
  ['CERT', '1 65535 254 3q0=', '0001 ffff fe dead'],
  ['EUI48', '00-00-5e-00-53-2a', '00005e00532a'],
  ['EUI64', '00-00-5e-ef-10-00-00-2a', '00005eef1000002a'],
  // RFC 4034 section 4.3, with its type number 1234.
  [
    'NSEC',
    'host.example.com. A MX RRSIG NSEC TYPE1234',
    `04686f7374 076578616d706c65 03636f6d 00 | 0006 400100000003 | 041b ${'00'.repeat(26)}20`,
  ],
  // RFC 4034 section 3.1: each field in its place.
  [
    'RRSIG',
    'A 5 3 86400 20030322173103 20030220173103 2642 example.com. 3q2+7w==',
    '0001 05 03 00015180 3e7c9dd7 3e5510d7 0a52 076578616d706c65 03636f6d 00 deadbeef',
  ],
  // RFC 5155 appendix A: the hash is of 2t7b4g4vsa5smi47k61mv5bv1a22bojr.
  [
    'NSEC3',
    '1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM',
    '01 01 000c 04aabbccdd 14 174eb2409fe28bcb4887a1836f957f0a8425e27b 0007 22010000000290',
  ],
  ['NSEC3PARAM', '1 0 12 AABBCCDD', '01 00 000c 04aabbccdd'],
  ['NSEC3PARAM', '1 0 0 -', '01 00 0000 00'],
  // RFC 1876 appendix A: 42 21 43.952 N is 2^31 + 152503952, 71 05 06.344 W is 2^31 - 255906344, -24 m is 9997600.
  ['LOC', '42 21 43.952 N 71 5 6.344 W -24.00m 1.00m 200.00m 10.00m', '00 12 24 13 89170690 70bf2dd8 00988d20'],
]

describe('rdata written down in RFCs', () => {
  it.each(vectors)('%s %s', (type, text, wire) => {
    const number = typeFromText(type)!
    expect(toHex(rdataFromText(number, text))).toBe(toHex(hex(wire)))
    expect(rdataToText(number, hex(wire))).toBe(text)
  })

  it('gives the DS of RFC 4034 section 5.4 for its DNSKEY', () => {
    const key = rdataFromText(
      Type.DNSKEY,
      `256 3 5 ( AQOeiiR0GOMYkDshWoSKz9Xz fwJr1AYtsmx3TGkJaNXVbfi/ 2pHm822aJ5iI9BMzNXxeYCmZ
         DRD99WYwYqUSdjMmmAphXdvx egXd/M5+X7OrzKBaMbCVdFLU Uh6DhweJBjEVv5f2wwjM9Xzc
         nOf+EPbtG9DMBmADjFDc2w/r ljwvFw== ) ;  key id = 60485`,
    )
    const digest = createHash('sha1')
      .update(concatBytes(parseName('dskey.example.com').wire, key))
      .digest()
    expect(rdataToText(Type.DS, concatBytes(hex('ec45 05 01'), digest))).toBe(
      '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
    )
  })

  it('gives the hash of RFC 5155 appendix A as the owner of its first record', () => {
    let digest = parseName('example').wire
    for (let i = 0; i <= 12; i++)
      digest = createHash('sha1')
        .update(concatBytes(digest, hex('aabbccdd')))
        .digest()
    const text = rdataToText(Type.NSEC3, concatBytes(hex('01 00 0000 00 14'), digest))
    expect(text).toBe('1 0 0 - 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM')
  })
})

describe('text of rdata', () => {
  const same = (type: number, a: string, b: string) =>
    expect(rdataFromText(type, a, ORIGIN)).toEqual(rdataFromText(type, b, ORIGIN))

  it('may be written in other ways', () => {
    same(Type.MX, '10 mail', '10 mail.example.com.')
    same(Type.NS, '@', 'example.com.')
    same(Type.TXT, 'a b', '"a" "b"')
    same(Type.TXT, '"\\097\\034"', '"a\\""')
    same(Type.TXT, '"ü"', '"\\195\\188"')
    same(Type.DS, '1 RSASHA256 2 AB CD ef', '1 8 2 ABCDEF')
    same(Type.CERT, 'PKIX 1 ED25519 3q0=', '1 1 15 3q0=')
    same(Type.SOA, 'a b 1 2h 1h30m 1W 5M', 'a b 1 7200 5400 604800 300')
    same(Type.RRSIG, 'A 8 2 60 1700000000 1600000000 1 . AAAA', 'A 8 2 60 20231114221320 20200913122640 1 . AAAA')
    same(Type.NSEC, '. MX A A', '. A MX')
    same(Type.LOC, '51 N 0 W 0m', '51 0 0.000 N 0 0 0.000 E 0.00m 1m 10000m 10m')
    same(Type.AAAA, '::ffff:192.0.2.1', '0:0:0:0:0:FFFF:c000:201')
    same(Type.A, '\\# 4 0A 000001', '10.0.0.1')
  })

  it.each([
    ['A', '1.2.3'],
    ['A', '1.2.3.256'],
    ['A', '1.2.3.04'],
    ['A', '1.2.3.4 5'],
    ['A', ''],
    ['AAAA', '1:2:3:4:5:6:7'],
    ['AAAA', '1::2::3'],
    ['AAAA', '1:2:3:4:5:6:7::8'],
    ['AAAA', '::12345'],
    ['AAAA', 'fe80::1%eth0'],
    ['AAAA', '1.2.3.4::'],
    ['MX', 'mail 10'],
    ['MX', '65536 mail'],
    ['MX', '10'],
    ['TXT', ''],
    ['TXT', `"${'a'.repeat(256)}"`],
    ['TXT', '"\\300"'],
    ['CAA', '0 is-sue "a"'],
    ['CAA', '256 issue "a"'],
    ['DS', '1 8 2 ABC'],
    ['DS', '1 8 2 XY'],
    ['DNSKEY', '257 3 8 AAA'],
    ['DNSKEY', '257 3 8 AB=='],
    ['DNSKEY', '257 3 8 A*AA'],
    ['NSEC3', '1 0 0 - 0 A'],
    ['NSEC3', '1 0 0 - W0 A'],
    ['NSEC', '. A NOSUCHTYPE'],
    ['RRSIG', 'A 8 2 60 20230231000000 20200101000000 1 . AAAA'],
    ['RRSIG', 'NOPE 8 2 60 1 1 1 . AAAA'],
    ['LOC', '91 N 0 E 0m'],
    ['LOC', '1 60 N 0 E 0m'],
    ['LOC', '1 N 0 E'],
    ['EUI48', '00-00-5e-00-53'],
    ['EUI48', '00:00:5e:00:53:2a'],
    ['A', '\\# 3 0A0000'],
    ['A', '\\# 4 0A0000'],
    ['NULL', 'abc'],
    ['TYPE65280', 'abc'],
    ['TYPE65280', '\\# 1'],
    ['TYPE65280', '\\# 1 0'],
    ['TYPE65280', '\\# x'],
  ])('is refused: %s %s', (type, text) => {
    thrownBy(() => rdataFromText(typeFromText(type)!, text, ORIGIN), 'DNS_BAD_TEXT')
  })

  it('of unknown types is generic both ways (RFC 3597 section 5)', () => {
    expect(rdataToText(731, hex('abcdef012345'))).toBe('\\# 6 ABCDEF012345')
    expect(toHex(rdataFromText(731, '\\# 6 abcd ( ef 01 23 45 )'))).toBe('abcdef012345')
    expect(rdataToText(62_347, new Uint8Array())).toBe('\\# 0')
    expect(rdataFromText(62_347, '\\# 0')).toEqual(new Uint8Array())
    expect(viewRdata(62_347, hex('0102'))).toEqual({ kind: 'opaque', bytes: hex('0102') })
    expect(buildRdata({ kind: 'opaque', bytes: hex('0102') })).toEqual(hex('0102'))
  })
})

describe('views', () => {
  it('tell types apart for the compiler and the reader', () => {
    const rdata = rdataFromText(Type.DS, '1 8 2 AB')
    expect(viewRdata(Type.DS, rdata).digest).toEqual(hex('ab'))
    const any: RdataView = viewRdata(Type.DS as number, rdata)
    expect(any.type === Type.DS && any.keyTag).toBe(1)
  })

  it('have short cuts for what is asked most', () => {
    expect(nameToText(nsName(hex('036e733100')))).toBe('ns1.')
    expect(nameToText(cnameTarget(hex('036e733100')))).toBe('ns1.')
    expect(soaView(rdataFromText(Type.SOA, 'a b 1 2 3 4 5')).minimum).toBe(5)
    malformedBy(() => nsName(hex('036e733100ff')))
  })

  it.each([
    ['NSEC with windows out of order', Type.NSEC, '00 0101 40 0001 40'],
    ['NSEC with the same window twice', Type.NSEC, '00 0001 40 0001 40'],
    ['NSEC with a window of 0 octets', Type.NSEC, '00 0000'],
    ['NSEC with a window of 33 octets', Type.NSEC, `00 0021 ${'ff'.repeat(33)}`],
    ['NSEC with a window that ends in zero', Type.NSEC, '00 0002 4000'],
    ['NSEC with a window cut short', Type.NSEC, '00 0006 40'],
    ['NSEC with a compressed name', Type.NSEC, 'c00c 0001 40'],
    ['RRSIG with a compressed signer', Type.RRSIG, `${'00'.repeat(18)} c00c 00`],
    ['RRSIG without a signer', Type.RRSIG, '00'.repeat(18)],
    ['TXT of no strings', Type.TXT, ''],
    ['TXT that runs over', Type.TXT, '0561'],
    ['CAA whose tag runs over', Type.CAA, '00 09 6973'],
    ['CAA without a tag', Type.CAA, '00 00 61'],
    ['CAA with a tag of other characters', Type.CAA, '00 01 2d 61'],
    ['DNSKEY of three octets', Type.DNSKEY, '010003'],
    ['DS of three octets', Type.DS, '000108'],
    ['NSEC3 with an empty hash', Type.NSEC3, '01 00 0000 00 00'],
    ['NSEC3 whose salt runs over', Type.NSEC3, '01 00 0000 05 00'],
    ['HINFO with one string', Type.HINFO, '0161'],
    ['HINFO with three strings', Type.HINFO, '00 00 00'],
    ['LOC of version 1', Type.LOC, `01 121613 ${'80000000'.repeat(2)} 00989680`],
    ['LOC with a digit of 10', Type.LOC, `00 a21613 ${'80000000'.repeat(2)} 00989680`],
    ['LOC with a size of zero times a power', Type.LOC, `00 021613 ${'80000000'.repeat(2)} 00989680`],
    ['LOC above the pole', Type.LOC, '00 121613 ffffffff 80000000 00989680'],
    ['EUI48 of 7 octets', Type.EUI48, '00'.repeat(7)],
  ])('refuse %s', (_, type, wire) => {
    malformedBy(() => viewRdata(type, hex(wire)))
  })

  it('refuse to build what does not fit', () => {
    thrownBy(() => buildRdata({ type: Type.TXT, strings: [new Uint8Array(256)] }), 'DNS_TOO_LONG')
    thrownBy(() => buildRdata({ type: Type.MX, preference: 65_536, exchange: ORIGIN }), 'DNS_TOO_LONG')
    thrownBy(() => buildRdata({ type: Type.MX, preference: -1, exchange: ORIGIN }), 'DNS_TOO_LONG')
    thrownBy(() => buildRdata({ type: Type.NULL, data: new Uint8Array(65_536) }), 'DNS_TOO_LONG')
  })
})
