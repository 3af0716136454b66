import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import {
  canonicalRdata,
  canonicalRRset,
  groupRRsets,
  parseName,
  parseZone,
  rdataFromText,
  rdataToText,
  Type,
  typeFromText,
} from '../../src/dns/index.ts'
import { malformedBy } from './malformed.ts'

const ORIGIN = parseName('Example.COM')
const canonical = (type: string, text: string) => {
  const number = typeFromText(type)!
  return rdataToText(number, canonicalRdata(number, rdataFromText(number, text, ORIGIN)))
}

describe('canonical rdata (RFC 4034 section 6.2, RFC 6840 section 5.1)', () => {
  it.each([
    ['NS', 'NS1', 'ns1.example.com.'],
    ['MD', 'A', 'a.example.com.'],
    ['MF', 'A', 'a.example.com.'],
    ['CNAME', 'A', 'a.example.com.'],
    ['SOA', 'A B 1 2 3 4 5', 'a.example.com. b.example.com. 1 2 3 4 5'],
    ['MB', 'A', 'a.example.com.'],
    ['MG', 'A', 'a.example.com.'],
    ['MR', 'A', 'a.example.com.'],
    ['PTR', 'A', 'a.example.com.'],
    ['MINFO', 'A B', 'a.example.com. b.example.com.'],
    ['MX', '1 A', '1 a.example.com.'],
    ['RP', 'A B', 'a.example.com. b.example.com.'],
    ['AFSDB', '1 A', '1 a.example.com.'],
    ['RT', '1 A', '1 a.example.com.'],
    ['PX', '1 A B', '1 a.example.com. b.example.com.'],
    ['NAPTR', '1 2 "S" "Http" "R" A', '1 2 "S" "Http" "R" a.example.com.'],
    ['KX', '1 A', '1 a.example.com.'],
    ['SRV', '1 2 3 A', '1 2 3 a.example.com.'],
    ['DNAME', 'A', 'a.example.com.'],
    ['RRSIG', 'A 8 2 60 1 1 1 A 3q2+7w==', 'A 8 2 60 19700101000001 19700101000001 1 a.example.com. 3q2+7w=='],
    ['SIG', 'A 8 2 60 1 1 1 A 3q2+7w==', 'A 8 2 60 19700101000001 19700101000001 1 a.example.com. 3q2+7w=='],
  ])('lowers the names of %s', (type, text, expected) => {
    expect(canonical(type, text)).toBe(expected)
  })

  it.each([
    ['NSEC', 'A.Example.COM. A'],
    ['SVCB', '1 A.Example.COM.'],
    ['HTTPS', '1 A.Example.COM.'],
    ['HINFO', '"INTEL" "Linux"'],
    ['TXT', '"Abc"'],
    ['CAA', '0 Issue "Ca"'],
  ])('leaves %s as it is', (type, text) => {
    expect(canonical(type, text)).toBe(text)
  })

  it('lowers the name of A6 and of NXT, and nothing before or after it', () => {
    // Prefix of 120 bits: one octet of suffix.
    expect(toHex(canonicalRdata(38, fromHex('7841014100')))).toBe('7841016100')
    // Prefix of 64 bits: 8 octets of suffix, which look like letters, then the name.
    expect(toHex(canonicalRdata(38, fromHex(`40${'41'.repeat(8)}014100`)))).toBe(`40${'41'.repeat(8)}016100`)
    expect(toHex(canonicalRdata(38, fromHex(`00${'41'.repeat(16)}`)))).toBe(`00${'41'.repeat(16)}`)
    expect(toHex(canonicalRdata(Type.NXT, fromHex('01410041')))).toBe('01610041')
  })

  it('gives the same array when there is nothing to lower', () => {
    const rdata = rdataFromText(Type.MX, '1 a.')
    expect(canonicalRdata(Type.MX, rdata)).toBe(rdata)
    expect(canonicalRdata(65_280, rdata)).toBe(rdata)
  })

  it('leaves its argument alone', () => {
    const rdata = rdataFromText(Type.NS, 'ABC.')
    canonicalRdata(Type.NS, rdata)
    expect(rdataToText(Type.NS, rdata)).toBe('ABC.')
  })

  it('refuses rdata whose names cannot be found', () => {
    malformedBy(() => canonicalRdata(Type.MX, fromHex('00')))
    malformedBy(() => canonicalRdata(Type.RRSIG, fromHex('00'.repeat(18))))
    malformedBy(() => canonicalRdata(Type.NAPTR, fromHex('0001000205')))
  })
})

describe('canonicalRRset (RFC 4034 section 6.3)', () => {
  it('is lowered, sorted as unsigned octets, and without duplicates', () => {
    const text = '@ 1 NS b\n@ 1 NS A\n@ 1 NS B\n@ 1 NS a\n@ 1 NS \\200\n@ 1 NS aa'
    const [rrset] = groupRRsets(parseZone(text, { origin: parseName('.') }))
    expect(canonicalRRset(rrset!).map((rdata) => rdataToText(Type.NS, rdata))).toEqual(['a.', 'b.', '\\200.', 'aa.'])
  })
})
