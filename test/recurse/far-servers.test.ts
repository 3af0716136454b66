/** Servers that are far away, lossy lines, families without a route: times are those of virtual time. */
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../world/index.ts'
import { type ScenarioZone, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const SIGNED = 'NOERROR AD: A 192.0.2.1'
const zones = (signed: boolean): Record<string, ScenarioZone> => ({
  'com.': { signed, servers: 2 },
  'net.': { signed },
  'pilot.net.': { signed },
  'a.com.': { text: '* 60 A 192.0.2.1', signed, servers: 2 },
  'b.com.': { text: 'www 60 A 192.0.2.1', signed, servers: ['ns1.pilot.net.'] },
})

/** Cold names: one with glue, and one whose name server has to be looked up; ms beyond the round trips that are needed. */
async function cold(rttMs: number, signed: boolean) {
  const s = await scenario({ zones: zones(signed), rttMs })
  const time = async (name: string, roundTrips: number) => {
    const before = s.clock.monotonic()
    expect(await s.ask(name)).toBe(signed ? SIGNED : A)
    return s.clock.monotonic() - before - roundTrips * rttMs
  }
  return { s, first: await time('x.a.com', signed ? 5 : 4), glueless: await time('www.b.com', 5) }
}

describe('a cold name when every server is', () => {
  const isQuick = async (rttMs: number, signed: boolean) => {
    const { s, first, glueless } = await cold(rttMs, signed)
    expect(first).toBeLessThan(1_000)
    expect(glueless).toBeLessThan(1_000)
    // Ten (signed: thirteen) are needed; some are sent again before it is known how far the servers are.
    expect(s.world.count()).toBeLessThan(17)
  }

  it.each([150, 300])('%i ms away takes its round trips and little more', (rttMs) => isQuick(rttMs, false))
  it.each([150, 300])('%i ms away, and signed, takes its round trips and little more', (rttMs) => isQuick(rttMs, true))
  it.each([420, 600])('%i ms away takes its round trips and less than a second more', (rttMs) => isQuick(rttMs, false))
  it.each([420, 600])('%i ms away, and signed, takes its round trips and less than a second more', (rttMs) =>
    isQuick(rttMs, true),
  )
})

describe('a server 600 ms away', () => {
  it('is asked once a question, not again at each time-out', async () => {
    const { s } = await cold(600, false)
    s.world.clearLog()
    expect(await s.ask('x.a.com')).toBe(A)
    expect(s.world.count()).toBeLessThanOrEqual(2)
  })

  it('is known to be far after its first reply: the next name takes little more than a round trip', async () => {
    const { s } = await cold(600, false)
    const before = s.clock.monotonic()
    expect(await s.ask('x.a.com')).toBe(A)
    expect(s.clock.monotonic() - before).toBeLessThan(1_000)
  })

  it('may answer after the first time-out: the late reply is taken', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': '* 60 A 192.0.2.1' },
      rttMs: { 'ns1.a.com': 1_500 },
    })
    const before = s.clock.monotonic()
    expect(await s.ask('x.a.com')).toBe(A)
    expect(s.clock.monotonic() - before).toBeLessThan(2_500)
  })

  it('whose reply is late is not slower for its forged twin: a reply to an older id of the same question counts, another does not', async () => {
    const forged: Behaviour = {
      tamper: (reply) => [{ reply: { ...reply, id: (reply.id + 1) & 0xffff, answers: [] } }, { reply, afterMs: 900 }],
    }
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' },
      servers: { 'ns1.a.com': forged },
    })
    expect(await s.ask('www.a.com')).toBe(A)
  })
})

describe('a line that loses packets', () => {
  it.each([0.02, 0.1])('(%s of them in each direction) fails no name', async (share) => {
    const s = await scenario({ zones: zones(false), rttMs: 100 })
    s.world.network.setLoss(share)
    for (let i = 0; i < 40; i++) expect(await s.ask(`n${i}.a.com`)).toBe(A)
  })

  it('and is 300 ms long fails no name', async () => {
    const s = await scenario({ zones: zones(true), rttMs: 300 })
    s.world.network.setLoss(0.02)
    for (let i = 0; i < 40; i++) expect(await s.ask(`n${i}.a.com`)).toBe(SIGNED)
  })
})

describe('one far server', () => {
  it('beside a near one costs nothing once both are known', async () => {
    const s = await scenario({ zones: zones(false), rttMs: { 'ns1.a.com': 600 } })
    for (let i = 0; i < 10; i++) await s.ask(`n${i}.a.com`)
    const before = s.clock.monotonic()
    for (let i = 0; i < 20; i++) expect(await s.ask(`m${i}.a.com`)).toBe(A)
    expect((s.clock.monotonic() - before) / 20).toBeLessThan(100)
  })
})

describe('IPv6 that has a route and reaches nobody', () => {
  /** Each server has an address of either family. */
  const dual = (how: 'lost' | 'no-route') => async () => {
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': '* 1 A 192.0.2.1' },
      hosts: {
        'a.root.': ['127.54.0.1', '2001:db8::a'],
        'ns1.com.': ['127.54.1.1', '2001:db8::b'],
        'ns1.a.com.': ['127.54.2.1', '2001:db8::c'],
      },
      config: { 'iterator.ipv6': 'auto' },
    })
    s.world.network.breakFamily('ipv6', { how })
    return s
  }

  it.each(['lost', 'no-route'] as const)('(%s) fails no name, and soon costs nothing', async (how) => {
    const s = await dual(how)()
    for (let i = 0; i < 20; i++) {
      expect(await s.ask(`n${i}.a.com`)).toBe(A)
      await s.wait(5)
    }
    let worst = 0
    for (let i = 0; i < 20; i++) {
      const before = s.clock.monotonic()
      expect(await s.ask(`m${i}.a.com`)).toBe(A)
      worst = Math.max(worst, s.clock.monotonic() - before)
    }
    expect(worst).toBeLessThan(100)
  })

  it('is tried ever more seldom: not once a minute for ever', async () => {
    const s = await dual('lost')()
    const slow: number[] = []
    for (let i = 0; i < 360; i++) {
      const before = s.clock.monotonic()
      expect(await s.ask(`n${i}.a.com`)).toBe(A)
      if (s.clock.monotonic() - before > 100) slow.push(i)
      await s.wait(20)
    }
    // Two hours: the second one is quieter than the first.
    expect(slow.filter((i) => i >= 180).length).toBeLessThan(30)
  })
})
