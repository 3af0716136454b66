/** A denial counts for what it proves, and no longer than it says. */
import { describe, expect, it } from 'vitest'
import { odd, scenario } from '../world/scenario.ts'

const nxdomainForAaaa = odd.rcodeFor('AAAA', 3)
/** NXDOMAIN in place of NODATA, with the SOA of the zone. */
const nxdomainWithSoa = {
  tamper: (reply: never, asked: { type: string }) => [
    { reply: asked.type === 'AAAA' ? { ...(reply as object), rcode: 3 } : reply },
  ],
} as never

describe('NXDOMAIN for AAAA of a name that has an A record', () => {
  it.each([
    ['without a SOA', nxdomainForAaaa],
    ['with a SOA', nxdomainWithSoa],
  ])('%s leaves the A record what it is', async (_, behaviour) => {
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' },
      servers: { 'ns1.a.com': behaviour },
    })
    expect(await s.ask('www.a.com', 'AAAA')).toBe('NXDOMAIN')
    expect(await s.ask('www.a.com')).toBe('NOERROR: A 192.0.2.1')
    expect(await s.ask('www.a.com', 'AAAA')).toBe('NXDOMAIN')
    expect(await s.ask('www.a.com')).toBe('NOERROR: A 192.0.2.1')
  })

  it('without a SOA is not kept (RFC 2308 section 5)', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' },
      servers: { 'ns1.a.com': nxdomainForAaaa },
    })
    await s.ask('www.a.com', 'AAAA')
    s.world.server('ns1.a.com').behave({ rcode: undefined })
    expect(await s.ask('www.a.com', 'AAAA')).toBe('NOERROR')
  })

  it('with a SOA is kept for the question', async () => {
    const s = await scenario({ zones: { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' } })
    expect(await s.ask('no.a.com', 'AAAA')).toBe('NXDOMAIN')
    s.world.clearLog()
    expect(await s.ask('no.a.com', 'AAAA')).toBe('NXDOMAIN')
    expect(s.asked()).toEqual([])
  })
})

describe('a proven NXDOMAIN', () => {
  it('holds for every type of the name', async () => {
    const s = await scenario({
      zones: { 'com.': { signed: true }, 'a.com.': { text: 'www 60 A 192.0.2.1', signed: true } },
      config: { 'dnssec.aggressive': false },
    })
    expect(await s.ask('no.a.com', 'AAAA')).toBe('NXDOMAIN AD')
    s.world.clearLog()
    for (const type of ['A', 'AAAA', 'TXT', 'CNAME']) expect(await s.ask('no.a.com', type)).toBe('NXDOMAIN AD')
    expect(s.asked()).toEqual([])
  })

  it('that is a lie in a signed zone denies nothing', async () => {
    const s = await scenario({
      zones: { 'com.': { signed: true }, 'a.com.': { text: 'www 60 A 192.0.2.1', signed: true } },
      servers: { 'ns1.a.com': nxdomainForAaaa },
    })
    expect(await s.ask('www.a.com', 'AAAA')).toBe('SERVFAIL')
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
  })
})
