import { describe, expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { edes, odd, scenario } from './scenario.ts'
import { steppingClock } from './step-clock.ts'

const SIGNED = { 'com.': { signed: true } }
const RIGHT = 'NOERROR AD: A 192.0.2.1'

describe('a scenario', () => {
  it('is a whole resolver over a signed world in virtual time', async () => {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www A 192.0.2.1', signed: true }, 'b.com.': 'www A 192.0.2.2' },
      servers: { 'ns1.b.com': odd.fromCache(({ type }) => type === 'TXT') },
    })
    expect(await s.ask('www.a.com')).toBe(RIGHT)
    expect(await s.ask('no.a.com')).toBe('NXDOMAIN AD')
    expect(await s.ask('www.b.com')).toBe('NOERROR: A 192.0.2.2')
    expect(s.asked('ns1.b.com').at(-1)).toBe('ns1.b.com www.b.com. A')
    expect(s.clock.monotonic()).toBeGreaterThan(100)
    expect(s.stack.faults).toEqual([])
  })

  it('has zones whose servers are in other zones, without glue', async () => {
    const s = await scenario({
      zones: {
        'com.': '',
        'net.': '',
        'pilot.net.': '',
        'a.com.': { text: 'www A 192.0.2.1', servers: ['ns1.pilot.net.'] },
      },
    })
    expect(await s.ask('www.a.com')).toBe('NOERROR: A 192.0.2.1')
    expect(s.asked('ns1.pilot.net')).toContain('ns1.pilot.net www.a.com. A')
  })

  it('changes while time passes: new keys, other data, no longer signed', async () => {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www 60 A 192.0.2.1', signed: true, nsTtl: 60 } },
    })
    expect(await s.ask('www.a.com')).toBe(RIGHT)
    s.change({ 'a.com.': { keys: 'new', text: 'www 60 A 192.0.2.2' } })
    expect(await s.fresh(2).ask('www.a.com')).toMatchObject({ rcode: 0, answers: { length: 1 } })
    await s.wait(3_601)
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.2')
    s.change({ 'a.com.': { signed: false } })
    await s.wait(3_601)
    expect(await s.ask('www.a.com')).toBe('NOERROR: A 192.0.2.2')
  })
})

describe('a copy of a zone on one server', () => {
  it.each([
    ['expired signatures', { expired: ['*'] }, 'SERVFAIL', [7]],
    ['other keys', { keys: 'other' }, 'SERVFAIL', [9]],
    ['a broken signature', { corrupt: ['www.a.com. A'] }, 'SERVFAIL', [6]],
    ['no signatures', { signed: false }, 'SERVFAIL', [9]],
    ['old data', { records: 'www A 192.0.2.9' }, 'NOERROR AD: A 192.0.2.9', []],
    ['a set that is missing', { without: ['www.a.com. A'] }, 'NXDOMAIN AD', []],
  ] as const)('has %s', async (_, copy, answer, errors) => {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www A 192.0.2.1', signed: true, copies: { 'ns1.a.com': copy } } },
    })
    expect(await s.ask('www.a.com')).toBe(answer)
    expect(edes(await s.reply('www.a.com'))).toEqual(errors)
  })

  it('is of the parent: the DS set of a zone is another one, or its signature is broken', async () => {
    const zones = { 'a.com.': { text: 'www A 192.0.2.1', signed: true } }
    const of = (copy: object) =>
      scenario({ zones: { 'com.': { signed: true, copies: { 'ns1.com': copy } }, ...zones } })
    expect(await (await of({ corrupt: ['a.com. DS'] })).ask('www.a.com')).toBe('SERVFAIL')
    expect(await (await of({ without: ['a.com. DS'] })).ask('www.a.com')).toBe('NOERROR: A 192.0.2.1')
    const wrong = await of({ records: `a.com. DS 1 13 2 ${'00'.repeat(32)}` })
    expect(await wrong.ask('www.a.com')).toBe('SERVFAIL')
  })
})

describe('the network of a scenario', () => {
  const zones = { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' }

  it('goes away and comes back', async () => {
    const s = await scenario({ zones })
    s.world.network.cut('no-route')
    expect(s.world.network.families()).toEqual({ ipv4: false, ipv6: false })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    s.world.network.restore()
    s.world.network.cut('lost', ['ipv6'])
    expect(await s.fresh(2).ask('www.a.com')).toMatchObject({ rcode: 0 })
  })

  it('is as far as it is told to be, in all or for one server', async () => {
    const far = await scenario({ zones, rttMs: 300 })
    await far.ask('www.a.com')
    const near = await scenario({ zones, rttMs: { 'ns1.a.com': 300 } })
    await near.ask('www.a.com')
    expect(far.clock.monotonic()).toBeGreaterThan(900)
    expect(near.clock.monotonic()).toBeLessThan(900)
  })

  it('loses packets', async () => {
    const s = await scenario({ zones })
    s.world.network.setLoss(1)
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    expect(s.world.count()).toBe(0)
  })

  it('tells of its changes', async () => {
    const s = await scenario({ zones })
    let changes = 0
    const stop = s.world.network.onChange(() => changes++)
    s.world.network.cut()
    s.world.network.restore()
    stop()
    s.world.network.cut()
    expect(changes).toBe(2)
  })
})

describe('the clock of a scenario', () => {
  it('is set while monotonic time goes on', async () => {
    const s = await scenario({ zones: { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' }, clockAheadMs: 1_000 })
    const before = [s.clock.now(), s.clock.monotonic()]
    s.clock.stepAfter(5_000, -86_400_000)
    await s.wait(10)
    expect([s.clock.now() - before[0]!, s.clock.monotonic() - before[1]!]).toEqual([10_000 - 86_400_000, 10_000])
    expect(s.clock.ahead).toBe(1_000 - 86_400_000)
  })

  it('can be a real one, too', () => {
    const clock = steppingClock(systemClock, 3_600_000)
    expect(clock.now() - Date.now()).toBeGreaterThan(3_500_000)
  })

  it('fails signed names when it is a year ahead at the start', async () => {
    const spec = { zones: { ...SIGNED, 'a.com.': { text: 'www A 192.0.2.1', signed: true } } }
    const s = await scenario({ ...spec, clockAheadMs: 365 * 86_400_000 })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })
})
