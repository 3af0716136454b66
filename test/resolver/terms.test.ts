/** How long things hold: what an authority gave with a term keeps it, is renewed when it is fetched again, and only then. */
import { describe, expect, it } from 'vitest'
import { recordToText } from '../../src/dns/index.ts'
import { odd, scenario, told } from '../world/scenario.ts'

const SIGNED = { '.': { signed: true }, 'com.': { signed: true } }

describe('prefetch', () => {
  /** A client that asks every five seconds for an hour: queries for the name itself. */
  async function anHourOf(signed: boolean): Promise<number> {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www 300 A 192.0.2.1', signed } },
      config: { 'cache.prefetch': true },
    })
    for (let i = 0; i < 720; i++) {
      expect(await s.ask('www.a.com')).toBe(signed ? 'NOERROR AD: A 192.0.2.1' : 'NOERROR: A 192.0.2.1')
      await s.wait(5)
    }
    return s.asked('ns1.a.com').filter((line) => line.endsWith('www.a.com. A')).length
  }

  it('costs a signed name about as many queries an hour as an unsigned one', async () => {
    const [signed, unsigned] = [await anHourOf(true), await anHourOf(false)]
    expect(unsigned).toBeLessThanOrEqual(15)
    expect(signed).toBeLessThanOrEqual(unsigned + 2)
  })

  it('that comes back bogus leaves the valid entry until its term is over', async () => {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www 3600 A 192.0.2.1', signed: true } },
      config: { 'cache.prefetch': true },
    })
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
    s.world.server('ns1.a.com').behave(odd.badSignatures('A'))
    await s.wait(3_300)
    for (let i = 0; i < 29; i++) {
      expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
      await s.wait(10)
    }
    await s.wait(20)
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })

  it('that comes back bogus asks no more often than the failure may be asked for', async () => {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www 3600 A 192.0.2.1', signed: true } },
      config: { 'cache.prefetch': true },
    })
    await s.ask('www.a.com')
    s.world.server('ns1.a.com').behave(odd.badSignatures('A'))
    await s.wait(3_300)
    s.world.clearLog()
    for (let i = 0; i < 50; i++) {
      await s.ask('www.a.com')
      await s.wait(1)
    }
    // Twice for one prefetch: another server of the zone might have had the true copy.
    expect(s.asked('ns1.a.com').length).toBeLessThanOrEqual(2)
  })

  it('of a name whose servers fail obeys the failure cache (RFC 9520)', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': 'www 3600 A 192.0.2.1' },
      config: { 'cache.prefetch': true },
    })
    await s.ask('www.a.com')
    s.world.server('ns1.a.com').behave(odd.rcodeFor('A'))
    await s.wait(3_300)
    s.world.clearLog()
    for (let i = 0; i < 60; i++) {
      expect(await s.ask('www.a.com')).toBe('NOERROR: A 192.0.2.1')
      await s.wait(1)
    }
    // Two queries a fetch; at least two seconds between them, doubled with each failure.
    expect(s.asked('ns1.a.com').length).toBeLessThanOrEqual(30)
  })
})

describe('bad data that is fetched afresh', () => {
  it('does not take the place of valid data, however it was asked for', async () => {
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www 600 A 192.0.2.1', signed: true } },
    })
    await s.ask('www.a.com')
    s.world.server('ns1.a.com').behave({ ...odd.badSignatures('A'), lie: 'www.a.com. 600 A 192.0.2.66' })
    // Poison must not get in by way of those who do not validate.
    expect(await s.ask('www.a.com', 'A', { cd: true })).toContain('192.0.2.1')
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
    await s.wait(601)
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    expect(await s.ask('www.a.com', 'A', { cd: true })).toBe('NOERROR: A 192.0.2.66')
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })
})

describe('a TTL with the top bit set', () => {
  it.each([0x8000_0000, 0x8000_0001, 0xffff_ffff])('is positive, and capped (RFC 8767 section 4): %i', async (ttl) => {
    const s = await scenario({
      zones: { 'com.': '', 'a.com.': 'www A 192.0.2.1' },
      servers: { 'ns1.a.com': odd.ttl(ttl) },
    })
    expect((await s.reply('www.a.com')).answers[0]!.ttl).toBe(604_800)
    await s.wait(3_600)
    s.world.clearLog()
    expect((await s.reply('www.a.com')).answers[0]!.ttl).toBe(82_800)
    expect(s.asked()).toEqual([])
    // Capped: a lie or a mistake dies within a day.
    await s.wait(82_801)
    await s.ask('www.a.com')
    expect(s.asked('ns1.a.com')).toHaveLength(1)
  })
})

describe('cache.minTtl', () => {
  const asksOf = async (text: string, config: Record<string, unknown> = {}, apart = 200) => {
    const s = await scenario({ zones: { 'com.': '', 'a.com.': text }, config: { 'cache.minTtl': 300, ...config } })
    await s.ask('www.a.com')
    await s.wait(apart)
    await s.ask('www.a.com')
    return s.asked('ns1.a.com').filter((line) => line.endsWith('www.a.com. A')).length
  }

  it('holds for records with TTL 0, too', async () => {
    expect(await asksOf('www 0 A 192.0.2.18')).toBe(1)
    expect(await asksOf('www 0 A 192.0.2.18', {}, 301)).toBe(2)
  })

  it('of 0 leaves TTL 0 what it is: not to be kept', async () => {
    expect(await asksOf('www 0 A 192.0.2.18', { 'cache.minTtl': 0 }, 0)).toBe(2)
  })

  it('never keeps data beyond its signatures', async () => {
    const s = await scenario({
      zones: {
        ...SIGNED,
        'a.com.': { text: 'www 60 A 192.0.2.1', signed: { expiration: Date.UTC(2026, 2, 1, 12) / 1000 + 100 } },
      },
      config: { 'cache.minTtl': 300 },
    })
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
    await s.wait(90)
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
    await s.wait(20)
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })
})

describe('a DS set', () => {
  const junk = (count: number) =>
    Array.from({ length: count }, (_, i) => `a.com. 3600 DS ${i + 1} 253 2 ${'ab'.repeat(32)}`).join('\n')

  it('of many records is taken whole: a part of it would not be what was signed', async () => {
    // Nine records of an algorithm that nobody has, in front of the one that counts.
    const s = await scenario({
      zones: { ...SIGNED, 'a.com.': { text: 'www A 192.0.2.1', signed: true } },
      servers: {},
    })
    const [own] = (await s.reply('a.com', 'DS', { do: true })).answers.filter(({ type }) => type === 43)
    s.change({ 'com.': { records: `${junk(9)}\n${recordToText(own!)}` } })
    const fresh = s.fresh(7)
    expect(told(await fresh.ask('www.a.com', 'A', { ad: true }))).toBe('NOERROR AD: A 192.0.2.1')
  })

  it('of unknown algorithms only leaves a zone insecure, however many there are', async () => {
    const s = await scenario({ zones: { ...SIGNED, 'a.com.': { text: 'www A 192.0.2.1', signed: true } } })
    s.change({ 'com.': { records: junk(40) } })
    expect(told(await s.fresh(7).ask('www.a.com', 'A', { ad: true }))).toBe('NOERROR: A 192.0.2.1')
  })
})
