import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import { addressRdata, addressText, Type } from '../../src/dns/index.ts'
import { malformedBy, thrownBy } from './malformed.ts'

describe('addresses', () => {
  it.each([
    // RFC 5952 section 4.
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['00010000000000000000000000000000', '1::'],
    ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['0064ff9b0000000000000000c0000201', '64:ff9b::c000:201'],
    ['c0000201', '192.0.2.1'],
    ['00000000', '0.0.0.0'],
  ])('%s is %s', (wire, text) => {
    expect(addressText(fromHex(wire))).toBe(text)
    expect(toHex(addressRdata(text).rdata)).toBe(wire)
  })

  it('come back from text, and the text is what the platform calls an address', () => {
    const octet = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(255))
    fc.assert(
      fc.property(fc.array(octet, { minLength: 16, maxLength: 16 }), (octets) => {
        const rdata = Uint8Array.from(octets)
        const text = addressText(rdata)
        expect(isIPv6(text)).toBe(true)
        expect(addressRdata(text)).toEqual({ type: Type.AAAA, rdata })
      }),
    )
  })

  it('are 4 or 16 octets', () => {
    malformedBy(() => addressText(new Uint8Array(5)))
    thrownBy(() => addressRdata('localhost'), 'DNS_BAD_TEXT')
    thrownBy(() => addressRdata('[::1]'), 'DNS_BAD_TEXT')
    thrownBy(() => addressRdata(':'), 'DNS_BAD_TEXT')
    thrownBy(() => addressRdata(':1::'), 'DNS_BAD_TEXT')
  })
})
