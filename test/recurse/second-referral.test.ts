/** The first source is not the only one: a referral that leads nowhere, an address that is dead. */
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../world/index.ts'
import { type ScenarioZone, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
/** One server of com. is behind: it refers to servers that are no more. */
const old = { records: 'a.com. NS old.a.com.\nold.a.com. A 127.99.9.9', without: ['ns1.a.com. A'] }
const zones: Record<string, ScenarioZone> = {
  'com.': { servers: 2, copies: { 'ns1.com': old } },
  'a.com.': { text: 'www 60 A 192.0.2.1\nother 60 A 192.0.2.1' },
}

describe('a referral that leads nowhere', () => {
  it("is one server's: the parent's others are asked", async () => {
    expect(await (await scenario({ zones })).askFresh(10, 'www.a.com')).toEqual([A])
  })

  it('does not stay in the place of the good one', async () => {
    const s = await scenario({ zones })
    for (let seed = 1; seed <= 6; seed++) {
      const stack = s.fresh(seed)
      await stack.ask('www.a.com')
      s.world.clearLog()
      await stack.ask('other.a.com')
      expect(s.asked()).toEqual(['ns1.a.com other.a.com. A'])
    }
  })

  it('of a signed parent is not believed any sooner', async () => {
    const signed: Record<string, ScenarioZone> = {
      'com.': { signed: true, servers: 2, copies: { 'ns1.com': { ...old, corrupt: ['a.com. DS'] } } },
      'a.com.': { text: 'www 60 A 192.0.2.1', signed: true },
    }
    expect(await (await scenario({ zones: signed })).askFresh(10, 'www.a.com')).toEqual(['NOERROR AD: A 192.0.2.1'])
  })

  it('ends the question when all say the same: the dead servers are not asked again', async () => {
    const dead: Record<string, ScenarioZone> = { 'com.': { servers: 2 }, 'a.com.': { text: '' } }
    const s = await scenario({ zones: dead, servers: { 'ns1.a.com': { rcode: 5 } } })
    const from = s.clock.monotonic()
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    expect(s.clock.monotonic() - from).toBeLessThan(500)
    expect([...s.asked('ns1.com'), ...s.asked('ns2.com')]).toHaveLength(2)
    expect(s.asked('ns1.a.com')).toHaveLength(2)
  })
})

describe('a name server without glue', () => {
  const pilot = (address: string): Parameters<typeof scenario>[0] => ({
    zones: {
      'com.': '',
      'net.': '',
      'pilot.net.': { records: address },
      'a.com.': { text: 'www 60 A 192.0.2.1', servers: ['ns.pilot.net.'] },
    },
    hosts: { 'ns.pilot.net.': ['2001:db8::53', '127.54.7.7'] },
    config: { 'iterator.ipv6': true },
  })

  it.each([
    ['IPv4', 'ns.pilot.net. A 127.99.9.9'],
    ['IPv6', 'ns.pilot.net. AAAA 2001:db8::99'],
  ])('whose %s address is dead is asked at the other one', async (_, address) => {
    const s = await scenario(pilot(address))
    expect(await s.ask('www.a.com')).toBe(A)
  })
})

describe('the root', () => {
  it('whose servers are not where its own reply says is asked at the addresses of the hints', async () => {
    const elsewhere: Behaviour = {
      tamper: (reply, { name }) => {
        const moved = reply.additionals.map((record) => ({ ...record, rdata: Uint8Array.of(127, 99, 9, 9) }))
        return [{ reply: name === '.' ? { ...reply, additionals: moved } : reply }]
      },
    }
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' },
      servers: { 'a.root': elsewhere },
    })
    expect(await s.ask('www.a.com')).toBe(A)
  })
})
