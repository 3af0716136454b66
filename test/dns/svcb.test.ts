/** RFC 9460: the test vectors of appendix D, and what sections 2.2, 7 and 8 call malformed. */
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import { rdataFromText, rdataToText, SvcKey, Type, viewRdata } from '../../src/dns/index.ts'
import { malformedBy, thrownBy } from './malformed.ts'

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''))
const FOO_COM = '03666f6f 076578616d706c65 03636f6d 00'
const FOO_ORG = '03666f6f 076578616d706c65 036f7267 00'
const COM = '076578616d706c65 03636f6d 00'

const vectors: readonly (readonly [figure: string, text: string, wire: string, shown: string])[] = [
  ['2, AliasMode', '0 foo.example.com.', `0000 ${FOO_COM}`, '0 foo.example.com.'],
  ['3, the root as target', '1 .', '0001 00', '1 .'],
  ['4, a port', '16 foo.example.com. port=53', `0010 ${FOO_COM} 0003 0002 0035`, '16 foo.example.com. port=53'],
  [
    '5, a generic key, unquoted',
    '1 foo.example.com. key667=hello',
    `0001 ${FOO_COM} 029b 0005 68656c6c6f`,
    '1 foo.example.com. key667="hello"',
  ],
  [
    '6, a generic key, quoted with an escape',
    '1 foo.example.com. key667="hello\\210qoo"',
    `0001 ${FOO_COM} 029b 0009 68656c6c6f d2 716f6f`,
    '1 foo.example.com. key667="hello\\210qoo"',
  ],
  [
    '7, two IPv6 hints, quoted',
    '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
    `0001 ${FOO_COM} 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001`,
    '1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1',
  ],
  [
    '8, an IPv6 hint with IPv4 inside',
    '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
    `0001 ${COM} 0006 0010 20010db80122034400000000c0000221`,
    '1 example.com. ipv6hint=2001:db8:122:344::c000:221',
  ],
  [
    '9, keys and mandatory keys in any order',
    '16 foo.example.org. ( alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1 )',
    `0010 ${FOO_ORG} 0000 0004 0001 0004 0001 0009 02 6832 05 68332d3139 0004 0004 c0000201`,
    '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
  ],
  [
    '10, a comma and a backslash in an ALPN id, quoted',
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    `0010 ${FOO_ORG} 0001 000c 08 665c6f6f2c626172 02 6832`,
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
  [
    '10, the same unquoted',
    '16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
    `0010 ${FOO_ORG} 0001 000c 08 665c6f6f2c626172 02 6832`,
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
]

describe('SVCB and HTTPS text', () => {
  it.each(vectors)('figure %s', (_, text, wire, shown) => {
    for (const type of [Type.SVCB, Type.HTTPS]) {
      expect(toHex(rdataFromText(type, text))).toBe(toHex(hex(wire)))
      expect(rdataToText(type, hex(wire))).toBe(shown)
      expect(rdataFromText(type, shown)).toEqual(hex(wire))
    }
  })

  it.each([
    // Appendix D.3.
    'key123=abc key123=def',
    'mandatory',
    'alpn',
    'port',
    'ipv4hint',
    'ipv6hint',
    'no-default-alpn=abc',
    'mandatory=key123',
    'mandatory=mandatory',
    'mandatory=key123,key123 key123=abc',
    // Others.
    'no-default-alpn',
    'alpn=h2,,h3',
    'alpn=""',
    'port=65536',
    'port=-1',
    'ech',
    'ech=!',
    'ipv4hint=::1',
    'ohttp=1',
    'dohpath',
    'key65535=a',
    'key65536=a',
    'key01=a',
    'nosuchkey=a',
    '=a',
  ])('refuses %s', (params) => {
    thrownBy(() => rdataFromText(Type.SVCB, `1 foo.example.com. ${params}`), 'DNS_BAD_TEXT')
  })

  it('spells a known key by number as the key it is', () => {
    expect(rdataToText(Type.HTTPS, rdataFromText(Type.HTTPS, '1 . key3=53'))).toBe('1 . port=53')
    expect(rdataToText(Type.HTTPS, rdataFromText(Type.HTTPS, '1 . alpn=h2 no-default-alpn ech=3q0='))).toBe(
      '1 . alpn="h2" no-default-alpn ech=3q0=',
    )
    expect(rdataToText(Type.SVCB, rdataFromText(Type.SVCB, '1 . dohpath=/dns-query{?dns} ohttp key9'))).toBe(
      '1 . dohpath="/dns-query{?dns}" ohttp key9',
    )
  })
})

describe('SVCB and HTTPS on the wire', () => {
  it('are seen as keys and their octets', () => {
    const { priority, params } = viewRdata(Type.HTTPS, hex('0001 00 0003 0002 01bb fffe 0000'))
    expect(priority).toBe(1)
    expect(params).toEqual([
      { key: SvcKey.PORT, value: hex('01bb') },
      { key: 65_534, value: new Uint8Array() },
    ])
  })

  it.each([
    ['keys that descend', '0003 0002 0035 0001 0003 026832'],
    ['a key twice', '0003 0002 0035 0003 0002 0035'],
    ['a value that runs over', '0003 0003 0035'],
    ['half a key', '00'],
    ['a port of three octets', '0003 0003 003500'],
    ['an alpn id that runs over', '0001 0003 036832'],
    ['an empty alpn id', '0001 0004 00 026832'],
    ['no alpn ids', '0001 0000'],
    ['no-default-alpn without alpn', '0002 0000'],
    ['a value for no-default-alpn', '0001 0003 026832 0002 0001 00'],
    ['an IPv4 hint of 5 octets', '0004 0005 0102030405'],
    ['no IPv4 hints', '0004 0000'],
    ['an IPv6 hint of 4 octets', '0006 0004 01020304'],
    ['an empty mandatory', '0000 0000'],
    ['a mandatory of odd length', '0000 0003 000300 0003 0002 0035'],
    ['mandatory that names itself', '0000 0002 0000'],
    ['mandatory keys that descend', '0000 0004 0004 0003 0003 0002 0035 0004 0004 01020304'],
    ['a mandatory key that is missing', '0000 0002 0003'],
    ['the reserved key', 'ffff 0000'],
  ])('refuse %s', (_, params) => {
    malformedBy(() => viewRdata(Type.SVCB, hex(`0001 00 ${params}`)))
  })
})
