import { describe, expect, it } from 'vitest'
import { parseName, parseZone } from '../../../src/dns/index.ts'
import { checkZonemd } from '../../../src/dnssec/index.ts'

const apex = parseName('example')
/** RFC 8976 appendix A.1. */
const SIMPLE = `
example.      86400  IN  SOA     ns1 admin 2018031900 1800 900 604800 86400
              86400  IN  NS      ns1
              86400  IN  NS      ns2
              86400  IN  ZONEMD  2018031900 1 1 (
                                 c68090d90a7aed71 6bc459f9340e3d7c 1370d4d24b7e2fc3
                                 a1ddc0b9a87153b9 a9713b3c9ae5cc27 777f98b8e730044c )
ns1           3600   IN  A       203.0.113.63
ns2           3600   IN  AAAA    2001:db8::63
`
const check = (text: string) => checkZonemd(parseZone(text, { origin: apex }), apex)

describe('ZONEMD', () => {
  it('fits the simple zone of RFC 8976, in whatever order and case it comes', () => {
    expect(check(SIMPLE)).toEqual({ ok: true })
    const records = parseZone(SIMPLE.replaceAll('ns1 ', 'NS1 '), { origin: apex }).reverse()
    expect(checkZonemd(records, apex)).toEqual({ ok: true })
    expect(checkZonemd([...records, records[0]!], apex)).toEqual({ ok: true })
  })

  it.each([
    ['a changed address', SIMPLE.replace('203.0.113.63', '203.0.113.64'), 'does not fit'],
    ['a changed TTL', SIMPLE.replace('3600   IN  A ', '3601   IN  A '), 'does not fit'],
    ['a record more', `${SIMPLE}ns3 3600 IN A 203.0.113.65\n`, 'does not fit'],
    ['another serial', SIMPLE.replace('ZONEMD  2018031900', 'ZONEMD  2018031901'), 'serial'],
    ['no digest', SIMPLE.replace(/86400 {2}IN {2}ZONEMD[^)]*\)/, ''), 'no ZONEMD'],
    ['another scheme', SIMPLE.replace('2018031900 1 1 (', '2018031900 2 1 ('), 'no ZONEMD'],
    ['no SOA', SIMPLE.replace(/example\..*\n/, 'example. 86400 IN NS ns9\n'), 'no SOA'],
  ])('does not fit with %s', (_, text, reason) => {
    const result = check(text)
    expect(result.ok ? '' : result.reason).toContain(reason)
  })
})
