/** What came with a term keeps it: each part of a delegation and each link of a chain of trust expires by itself. */
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/base/index.ts'
import { createCache, createWarmCache } from '../../src/cache/index.ts'
import { type Delegation, parseName, parseZone, ROOT } from '../../src/dns/index.ts'
import { createMemoryDisk, seededRandom } from '../../src/sim/index.ts'
import { createStack } from '../world/index.ts'
import { odd, type ScenarioZone, START, scenario, told } from '../world/scenario.ts'

const com: ScenarioZone = { signed: true }
const A = 'NOERROR AD: A 192.0.2.1'
const plain = 'NOERROR: A 192.0.2.1'

describe('the DS set of a delegation', () => {
  const anchor: ScenarioZone = { text: 'www 60 A 192.0.2.1', signed: true, nsTtl: 86_400 }

  it('is asked for again when its own TTL is over, so that a key rollover by the book is followed', async () => {
    const s = await scenario({ zones: { 'com.': com, 'anchor.com.': anchor } })
    expect(await s.ask('www.anchor.com')).toBe(A)
    s.change({ 'anchor.com.': { keys: 'new' } })
    await s.wait(7_300)
    expect(await s.ask('www.anchor.com')).toBe(A)
  })

  it('is asked for afresh before a zone is bogus: keys that were changed faster than the book says', async () => {
    const s = await scenario({ zones: { 'com.': com, 'anchor.com.': { ...anchor, signed: { dnskeyTtl: 60 } } } })
    expect(await s.ask('www.anchor.com')).toBe(A)
    s.change({ 'anchor.com.': { keys: 'new' } })
    await s.wait(120)
    expect(await s.ask('www.anchor.com')).toBe(A)
  })

  it('that is gone leaves the zone insecure, not bogus, once its TTL is over', async () => {
    const s = await scenario({ zones: { 'com.': com, 'anchor.com.': anchor } })
    expect(await s.ask('www.anchor.com')).toBe(A)
    s.change({ 'anchor.com.': { signed: false } })
    await s.wait(7_300)
    expect(await s.ask('www.anchor.com')).toBe(plain)
  })

  it('that is gone before its TTL is over, with the zone’s signatures, is asked for afresh: insecure, not bogus', async () => {
    const s = await scenario({ zones: { 'com.': com, 'anchor.com.': { ...anchor, signed: { dnskeyTtl: 60 } } } })
    expect(await s.ask('www.anchor.com')).toBe(A)
    s.change({ 'anchor.com.': { signed: false } })
    await s.wait(120)
    expect(await s.ask('www.anchor.com')).toBe(plain)
  })

  it.each([
    ['NSEC', {}],
    ['NSEC3', { nsec3: {} }],
    ['NSEC3 opt-out', { nsec3: { optOut: true } }],
  ])('that is new is seen when the %s proof of its absence has run out', async (_, how) => {
    const unsigned: ScenarioZone = { ...anchor, signed: false }
    const s = await scenario({ zones: { 'com.': { signed: how, negativeTtl: 300 }, 'anchor.com.': unsigned } })
    expect(await s.ask('www.anchor.com')).toBe(plain)
    s.change({ 'anchor.com.': { signed: true } })
    await s.wait(400)
    expect(await s.ask('www.anchor.com')).toBe(A)
  })

  it('below a link that was learned again is not renewed with it', async () => {
    const s = await scenario({
      zones: { 'com.': com, 'anchor.com.': { ...anchor, text: 'www 60 A 192.0.2.1\n$TTL 60\na A 192.0.2.1' } },
    })
    // Asked for all the time, so that whatever is renewed by use is renewed.
    for (let minute = 0; minute < 50; minute++) {
      expect(await s.ask('www.anchor.com')).toBe(A)
      await s.wait(61)
    }
    s.change({ 'anchor.com.': { keys: 'new' } })
    await s.wait(3_700)
    expect(await s.ask('a.anchor.com')).toBe(A)
  })
})

describe('the DS set of a delegation that was not seen in a referral', () => {
  const anchor: ScenarioZone = { text: 'www 60 A 192.0.2.1', signed: true, nsTtl: 86_400 }
  const zones = { 'com.': com, 'anchor.com.': anchor }
  const log = { debug() {}, info() {}, warn() {}, error() {} }

  it('but agreed on in the ring is asked for again when its own TTL is over', async () => {
    const s = await scenario({ zones })
    const name = parseName('anchor.com')
    const budget = new Budget({ queries: 99, bytes: 1e6, timeMs: 60_000, signatures: 99, hashes: 99 }, () =>
      s.clock.monotonic(),
    )
    const { signal } = new AbortController()
    const { delegation } = await s.clock.run(s.stack.recursor.delegation(name, { budget, signal }))
    const expires = s.clock.now() + 86_400_000
    const find = async (asked: { readonly key: string }, above: number) =>
      asked.key.endsWith(name.key) && above < name.labels
        ? { delegation: delegation satisfies Delegation, parent: parseName('com'), expires }
        : undefined
    const stack = createStack(s.world, {
      anchors: s.anchorText,
      clock: s.clock,
      delegations: { find, keys: async () => undefined },
    })
    const ask = async () => told(await s.clock.run(stack.ask({ name: 'www.anchor.com', type: 'A' }, { ad: true })))
    expect(await ask()).toBe(A)
    s.change({ 'anchor.com.': { keys: 'new' } })
    await s.wait(7_300)
    expect(await ask()).toBe(A)
  })

  it('but read from disk at a start is asked for again when its own TTL is over', async () => {
    const s = await scenario({ zones })
    const store = createMemoryDisk({ random: seededRandom(1) }).open()
    const rules = Uint8Array.of(1)
    const before = createWarmCache({ cache: s.stack.cache, store, clock: s.clock, log, rules })
    before.start()
    await s.wait(1)
    expect(await s.ask('www.anchor.com')).toBe(A)
    before.stop()
    const cache = createCache({
      maxBytes: 4_194_304,
      minTtl: 0,
      maxTtl: 86_400,
      negativeMaxTtl: 3_600,
      staleSeconds: 0,
      seed: new Uint8Array(8),
    })
    const after = createWarmCache({ cache, store, clock: s.clock, log, rules })
    after.start()
    await s.wait(1)
    after.stop()
    const stack = s.fresh(2, {}, { cache })
    s.world.clearLog()
    expect(told(await stack.ask('a.anchor.com'))).toBe('NXDOMAIN')
    // The delegation came back from disk.
    expect(s.asked('ns1.com').filter((line) => line.endsWith(' a.anchor.com. A') || line.endsWith(' NS'))).toEqual([])
    s.change({ 'anchor.com.': { keys: 'new' } })
    await s.wait(7_300)
    expect(told(await stack.ask('www.anchor.com', 'A', { ad: true }))).toBe(A)
  })
})

/** From now on the root refers straight to the zone, past the TLD. */
function referStraight(s: Awaited<ReturnType<typeof scenario>>, zone: string): void {
  const server = `ns1.${zone.slice(0, -1)}`
  const records = (text: string) => parseZone(text, { origin: ROOT })
  const authorities = records(`${zone} 86400 NS ${server}.`)
  const additionals = records(`${server}. 86400 A ${s.world.server(server).addresses[0]}`)
  s.world.server('a.root').behave({
    tamper: (reply, { name }) =>
      name.toLowerCase().endsWith(zone)
        ? [{ reply: { ...reply, aa: false, answers: [], authorities, additionals } }]
        : [{ reply }],
  })
}

describe('a delegation', () => {
  it('straight from a grandparent, just confirmed, does not hang on an expired one between', async () => {
    const s = await scenario({
      zones: { 'com.': { nsTtl: 10 }, 'hull.com.': { text: '* A 192.0.2.1', nsTtl: 86_400 } },
      config: { 'iterator.qnameMinimisation': 'off' },
    })
    expect(await s.ask('a.hull.com')).toBe(plain)
    await s.wait(20)
    referStraight(s, 'hull.com.')
    s.world.clearLog()
    for (const label of ['b', 'c', 'd', 'e', 'f']) expect(await s.ask(`${label}.hull.com`)).toBe(plain)
    expect(s.asked('a.root')).toHaveLength(1)
  })

  it('told by a grandparent wakes no sibling that the expired parent has told (phoenix domains)', async () => {
    const s = await scenario({
      zones: {
        'com.': { nsTtl: 10 },
        'hull.com.': { text: '* A 192.0.2.1', nsTtl: 86_400 },
        'ghost.com.': { text: '* A 192.0.2.1', nsTtl: 86_400 },
      },
      config: { 'iterator.qnameMinimisation': 'off' },
    })
    expect(await s.ask('a.ghost.com')).toBe(plain)
    await s.wait(20)
    s.change({ 'com.': { without: ['ghost.com. NS', 'ns1.ghost.com. A'] } })
    referStraight(s, 'hull.com.')
    expect(await s.ask('b.hull.com')).toBe(plain)
    expect(await s.ask('b.ghost.com')).toBe('NXDOMAIN')
  })

  it('is asked for again when its glue ends, if nobody else knows the addresses', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'hull.com.': { text: '* A 192.0.2.1', nsTtl: 86_400 } },
    })
    const { addresses } = s.world.server('ns1.hull.com')
    const glue = parseZone(`ns1.hull.com. 60 A ${addresses[0]}`, { origin: ROOT })
    s.world
      .server('ns1.com')
      .behave({ tamper: (reply) => [{ reply: reply.aa ? reply : { ...reply, additionals: glue } }] })
    expect(await s.ask('a.hull.com')).toBe(plain)
    await s.wait(30)
    s.world.clearLog()
    expect(await s.ask('b.hull.com')).toBe(plain)
    expect(s.asked('ns1.com')).toEqual([])
    await s.wait(40)
    expect(await s.ask('c.hull.com')).toBe(plain)
    expect(s.asked('ns1.com')).toHaveLength(1)
  })

  it('that the parent has taken back is gone when its TTL is over, however often it was used (ghost domains)', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'ghost.com.': { text: '* 30 A 192.0.2.1', nsTtl: 600 } },
      servers: { 'ns1.ghost.com': { fullAnswers: true } },
    })
    expect(await s.ask('a0.ghost.com')).toBe(plain)
    s.change({ 'com.': { without: ['ghost.com. NS', 'ns1.ghost.com. A'] } })
    for (let i = 1; i <= 11; i++) {
      await s.wait(50)
      expect(await s.ask(`a${i}.ghost.com`)).toBe(plain)
    }
    await s.wait(60)
    expect(await s.ask('last.ghost.com')).toBe('NXDOMAIN')
  })

  it('of the root outlives its TTL while the root cannot be reached: zones below are answered', async () => {
    const s = await scenario({
      zones: {
        '.': { nsTtl: 86_400 },
        'com.': { nsTtl: 172_800 },
        'a.com.': 'www 60 A 192.0.2.1',
        'b.com.': 'www 60 A 192.0.2.1',
      },
      // The delegation of com. must not be cut to a day with that of the root: it is what holds longer.
      config: { 'cache.maxTtl': 604_800 },
    })
    expect(await s.ask('www.a.com')).toBe(plain)
    await s.wait(86_395)
    s.world.server('a.root').behave({ silent: true })
    await s.wait(60)
    expect(await s.ask('www.b.com')).toBe(plain)
  })
})

describe('the TTL of a record', () => {
  it('of 0 is raised to cache.minTtl like any other', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'oar.com.': 'www 0 A 192.0.2.1' },
      config: { 'cache.minTtl': 300 },
    })
    expect(await s.ask('www.oar.com')).toBe(plain)
    await s.wait(200)
    s.world.clearLog()
    expect(await s.ask('www.oar.com')).toBe(plain)
    expect(s.asked('ns1.oar.com')).toEqual([])
  })

  const short: ScenarioZone = { text: 'www 60 A 192.0.2.1', signed: { expiration: START + 600 } }
  const renewed: ScenarioZone = { text: 'www 60 A 192.0.2.2', signed: { expiration: START + 86_400 } }

  it('of signed data is not raised by cache.minTtl beyond the end of its signature', async () => {
    const s = await scenario({ zones: { 'com.': com, 'oar.com.': short }, config: { 'cache.minTtl': 3_600 } })
    expect(await s.ask('www.oar.com')).toBe(A)
    s.change({ 'oar.com.': renewed })
    await s.wait(500)
    expect(await s.ask('www.oar.com')).toBe(A)
    await s.wait(110)
    expect(await s.ask('www.oar.com')).toBe('NOERROR AD: A 192.0.2.2')
  })

  it('of signed data is not raised either when the clock is stepped towards that end', async () => {
    const s = await scenario({ zones: { 'com.': com, 'oar.com.': short }, config: { 'cache.minTtl': 3_600 } })
    expect(await s.ask('www.oar.com')).toBe(A)
    s.change({ 'oar.com.': renewed })
    s.clock.step(400_000)
    expect(await s.ask('www.oar.com')).toBe(A)
    await s.wait(210)
    expect(await s.ask('www.oar.com')).toBe('NOERROR AD: A 192.0.2.2')
    s.world.clearLog()
    await s.wait(60)
    expect(await s.ask('www.oar.com')).toBe('NOERROR AD: A 192.0.2.2')
    expect(s.asked('ns1.oar.com')).toEqual([])
  })

  it('with the top bit set is a long one, not 0 (RFC 8767 section 4)', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'oar.com.': 'www A 192.0.2.1' },
      servers: { 'ns1.oar.com': odd.ttl(0x8000_0001) },
    })
    expect(await s.ask('www.oar.com')).toBe(plain)
    await s.wait(3_000)
    s.world.clearLog()
    expect(await s.ask('www.oar.com')).toBe(plain)
    expect(s.asked('ns1.oar.com')).toEqual([])
  })
})

describe('prefetch', () => {
  const config = { 'cache.prefetch': true }

  const often = async (signed: boolean) => {
    const s = await scenario({
      zones: { 'com.': com, 'a.com.': { text: 'www 300 A 192.0.2.1', signed } },
      config,
    })
    for (let i = 0; i < 360; i++) {
      await s.ask('www.a.com')
      await s.wait(10)
    }
    return s.asked('ns1.a.com').filter((line) => line.endsWith(' www.a.com. A')).length
  }

  it('of an unsigned name happens once a TTL', async () => {
    expect(await often(false)).toBeLessThan(16)
  })

  it('of a signed name happens once a TTL, not at every hit after the first time', async () => {
    expect(await often(true)).toBeLessThan(16)
  })

  it('that comes back bogus leaves the valid entry in its place', async () => {
    const s = await scenario({
      zones: { 'com.': com, 'a.com.': { text: 'www 3600 A 192.0.2.1', signed: { dnskeyTtl: 86_400, dsTtl: 86_400 } } },
      config,
    })
    expect(await s.ask('www.a.com')).toBe(A)
    await s.wait(3_300)
    s.change({ 'a.com.': { copies: { 'ns1.a.com': { corrupt: ['www.a.com. A'] } } } })
    expect(await s.ask('www.a.com')).toBe(A)
    await s.wait(30)
    expect(s.asked('ns1.a.com').filter((line) => line.endsWith(' www.a.com. A')).length).toBeGreaterThan(1)
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('leaves a name alone while its failure is remembered (RFC 9520)', async () => {
    const s = await scenario({ zones: { 'com.': '', 'a.com.': 'www 300 A 192.0.2.1' }, config })
    expect(await s.ask('www.a.com')).toBe(plain)
    await s.wait(280)
    s.world.server('ns1.a.com').behave({ rcode: 2 })
    s.world.clearLog()
    for (let i = 0; i < 10; i++) {
      expect(await s.ask('www.a.com')).toBe(plain)
      await s.wait(0.1)
    }
    await s.wait(3)
    expect(s.asked('ns1.a.com').length).toBeLessThan(5)
  })
})

describe('a wall clock that is set', () => {
  const YEAR = 365 * 86_400_000
  const zones = {
    'com.': com,
    'a.com.': { text: 'www 60 A 192.0.2.1', signed: true },
    'b.com.': 'www 60 A 192.0.2.1',
  }

  it('back by a year leaves no entry beyond its TTL', async () => {
    const s = await scenario({ zones, clockAheadMs: YEAR, config: { 'dnssec.negativeTrustAnchors': ['b.com'] } })
    await s.reply('www.b.com', 'A', { cd: true })
    s.clock.step(-YEAR)
    s.change({ 'b.com.': { text: 'www 60 A 192.0.2.2' } })
    await s.wait(120)
    expect(await s.ask('www.b.com')).toBe('NOERROR: A 192.0.2.2')
  })

  it('back by a year heals signed names within a minute', async () => {
    const s = await scenario({ zones, clockAheadMs: YEAR })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    s.clock.step(-YEAR)
    await s.wait(61)
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('forward from 1970 heals signed names within a minute, and throws nothing valid away', async () => {
    const s = await scenario({ zones, clockAheadMs: -1_700_000_000_000 })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    s.clock.step(1_700_000_000_000)
    await s.wait(61)
    expect(await s.ask('www.a.com')).toBe(A)
    expect(await s.ask('www.b.com')).toBe(plain)
  })

  it('forward by an hour does not end what has half an hour left', async () => {
    const s = await scenario({ zones: { 'com.': '', 'b.com.': 'www 1800 A 192.0.2.1' } })
    expect(await s.ask('www.b.com')).toBe(plain)
    s.clock.step(3_600_000)
    s.world.clearLog()
    expect(await s.ask('www.b.com')).toBe(plain)
    expect(s.asked()).toEqual([])
  })
})

describe('the name of a time server', () => {
  const EVER = -1_700_000_000_000
  const zones = {
    'com.': com,
    'a.com.': { text: 'www 60 A 192.0.2.1\nntp 60 A 192.0.2.1', signed: true },
  }
  const config = { 'dnssec.ntpNames': ['ntp.a.com'] }

  it('is answered, without AD, while the clock stands at 1970; no other name is', async () => {
    const s = await scenario({ zones, clockAheadMs: EVER, config })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    expect(await s.ask('ntp.a.com')).toBe(plain)
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    s.clock.step(-EVER)
    await s.wait(61)
    expect(await s.ask('ntp.a.com')).toBe(A)
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it.each([
    ['a wrong signature', { corrupt: ['ntp.a.com. A'] }],
    ['no signature', { unsigned: ['ntp.a.com. A'] }],
    ['keys that no DS names', { keys: 'other' as const }],
  ])('with %s is not: only the times do not count', async (_, copy) => {
    const bad = { ...zones, 'a.com.': { ...zones['a.com.'], copies: { 'ns1.a.com': copy } } }
    const s = await scenario({ zones: bad, clockAheadMs: EVER, config })
    expect(await s.ask('ntp.a.com')).toBe('SERVFAIL')
  })

  describe('that is an alias', () => {
    const aliased = {
      'com.': com,
      'a.com.': { text: 'ntp 60 CNAME time.b.com.\nwww 60 CNAME ntp', signed: true },
      'b.com.': { text: 'time 60 A 192.0.2.1', signed: true },
    }

    it('is answered with what it leads to, which nobody is who asks for that alone', async () => {
      const s = await scenario({ zones: aliased, clockAheadMs: EVER, config })
      const both = await s.clock.run(Promise.all([s.stack.ask('ntp.a.com'), s.stack.ask('time.b.com')]))
      expect(both.map(told)).toEqual(['NOERROR: A 192.0.2.1, CNAME time.b.com.', 'SERVFAIL'])
      expect(await s.ask('time.b.com')).toBe('SERVFAIL')
      expect(await s.ask('ntp.a.com')).toBe('NOERROR: A 192.0.2.1, CNAME time.b.com.')
    })

    it('of a target with a wrong signature is not, nor is an alias of its own', async () => {
      const bad = {
        ...aliased,
        'b.com.': { ...aliased['b.com.'], copies: { 'ns1.b.com': { corrupt: ['time.b.com. A'] } } },
      }
      expect(await (await scenario({ zones: bad, clockAheadMs: EVER, config })).ask('ntp.a.com')).toBe('SERVFAIL')
      expect(await (await scenario({ zones: aliased, clockAheadMs: EVER, config })).ask('www.a.com')).toBe('SERVFAIL')
    })
  })

  it('is validated like any other while the clock is right: an old copy of its zone is bogus', async () => {
    const old = { ...zones, 'a.com.': { ...zones['a.com.'], copies: { 'ns1.a.com': { expired: ['ntp.a.com. A'] } } } }
    const s = await scenario({ zones: old, config })
    expect(await s.ask('ntp.a.com')).toBe('SERVFAIL')
    const keys = { ...zones, 'a.com.': { ...zones['a.com.'], copies: { 'ns1.a.com': { expired: ['DNSKEY'] } } } }
    expect(await (await scenario({ zones: keys, config })).ask('ntp.a.com')).toBe('SERVFAIL')
  })
})
