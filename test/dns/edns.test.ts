import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import {
  decodeMessage,
  dnsLimits,
  Ede,
  edeOption,
  encodeMessage,
  findOption,
  makeQuery,
  optionsOf,
  parseName,
  ROOT,
  readEde,
  Type,
} from '../../src/dns/index.ts'
import { thrownBy } from './malformed.ts'

describe('extended errors (RFC 8914)', () => {
  it('are a code and a text', () => {
    expect(edeOption({ code: Ede.DNSSEC_BOGUS, text: 'né' })).toEqual({ code: 15, data: fromHex('00066ec3a9') })
    expect(edeOption({ code: Ede.BLOCKED })).toEqual({ code: 15, data: fromHex('000f') })
    thrownBy(() => edeOption({ code: 65_536 }), 'DNS_TOO_LONG')
  })

  it('come back from a message in order', () => {
    const errors = [{ code: 3 }, { code: 22, text: 'no reachable authority' }, { code: 49_152, text: 'own' }]
    const edns = { udpSize: 1232, version: 0, do: false, options: errors.map(edeOption) }
    const query = makeQuery({ id: 1, name: ROOT, type: Type.NS, rd: true, edns })
    expect(readEde(optionsOf(decodeMessage(encodeMessage(query))))).toEqual(errors)
    expect(readEde(optionsOf(makeQuery({ id: 1, name: ROOT, type: Type.NS, rd: true })))).toEqual([])
  })

  it('pass over what is too short, take off a final NUL, and bear wrong UTF-8', () => {
    const read = (...data: string[]) => readEde(data.map((one) => ({ code: 15, data: fromHex(one) })))
    expect(read('', '00', '0003', '00036100', '0003ff')).toEqual([
      { code: 3 },
      { code: 3, text: 'a' },
      { code: 3, text: '\ufffd' },
    ])
  })

  it('are bounded in number', () => {
    const options = Array.from({ length: 60 }, () => edeOption({ code: 1 }))
    expect(readEde(options)).toHaveLength(dnsLimits.MAX_EXTENDED_ERRORS)
  })
})

describe('the OPT record (RFC 6891 section 6.1.2)', () => {
  it('has each field in its place', () => {
    const edns = { udpSize: 1232, version: 0, do: true, options: [{ code: 10, data: fromHex('0102') }] }
    const query = makeQuery({ id: 0x1234, name: parseName('a'), type: Type.A, rd: true, ad: true, cd: true, edns })
    expect(toHex(encodeMessage({ ...query, rcode: 0x123 }))).toBe(
      '1234 0133 0001 0000 0000 0001 016100 0001 0001 00 0029 04d0 12 00 8000 0006 000a 0002 0102'.replaceAll(' ', ''),
    )
    expect(findOption(edns.options, 10)).toBe(edns.options[0])
    expect(findOption(edns.options, 11)).toBeUndefined()
  })
})
