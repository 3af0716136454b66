/** Own trouble is nobody's failure: it is not remembered against a name or a server, and is over when it is over. */
import { describe, expect, it } from 'vitest'
import { ChordnsError, type Exchange, type UpstreamQuery } from '../../src/base/index.ts'
import { makeStack } from '../attacks/stack.ts'
import { edes, odd, type Scenario, type ScenarioZone, scenario, told } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const zones: Record<string, ScenarioZone> = {
  'com.': { servers: 2 },
  'a.com.': { text: '* 60 A 192.0.2.1\nzero 0 A 192.0.2.1', servers: 2 },
}

/** Seconds from now until the name answers, asked once a second. */
async function healed(s: Scenario, name: string, mostSeconds = 600): Promise<number> {
  const from = s.clock.monotonic()
  for (;;) {
    const answer = await s.ask(name)
    const seconds = (s.clock.monotonic() - from) / 1_000
    if (answer === A || seconds > mostSeconds) return seconds
    await s.wait(1)
  }
}

describe('after a network that was away', () => {
  it.each([
    [10, 'no-route'],
    [10, 'lost'],
    [600, 'no-route'],
    [600, 'lost'],
  ] as const)('for %i s (%s) every name answers within 5 s', async (seconds, how) => {
    const s = await scenario({ zones })
    expect(await s.ask('www.a.com')).toBe(A)
    s.world.network.cut(how)
    // A household keeps asking, for the same names and for new ones.
    for (const end = s.clock.monotonic() + seconds * 1_000; s.clock.monotonic() < end; ) {
      await s.ask('www.a.com')
      await s.ask(`n${Math.round(s.clock.monotonic())}.a.com`)
      await s.wait(5)
    }
    s.world.network.restore()
    expect(await healed(s, 'www.a.com')).toBeLessThan(5)
    expect(await healed(s, 'new.a.com')).toBeLessThan(5)
  })

  const isAnsweredSoon = async (how: 'no-route' | 'lost') => {
    const s = await scenario({ zones: { ...zones, 'b.com.': 'www 60 A 192.0.2.1' } })
    expect(await s.ask('www.a.com')).toBe(A)
    s.world.network.cut(how)
    for (let i = 0; i < 120; i++) {
      await s.ask('x.a.com')
      await s.ask('www.b.com')
      await s.wait(5)
    }
    s.world.network.restore()
    expect(await healed(s, 'x.a.com')).toBeLessThan(5)
    expect(await healed(s, 'www.b.com')).toBeLessThan(5)
  }

  it('(lost) a name that was first asked for meanwhile answers within 5 s', () => isAnsweredSoon('lost'))
  it('(no-route) a name that was first asked for meanwhile answers within 5 s', () => isAnsweredSoon('no-route'))

  it.each(['no-route', 'lost'] as const)('(%s) since before the start every name answers within 5 s', async (how) => {
    const s = await scenario({ zones })
    s.world.network.cut(how)
    for (let i = 0; i < 60; i++) {
      await s.ask('www.a.com')
      await s.wait(5)
    }
    s.world.network.restore()
    expect(await healed(s, 'www.a.com')).toBeLessThan(5)
  })

  it('a server that was down for ten minutes is asked again soon', async () => {
    const s = await scenario({ zones: { 'com.': '', 'a.com.': '* 60 A 192.0.2.1' } })
    expect(await s.ask('www.a.com')).toBe(A)
    s.world.server('ns1.a.com').behave({ silent: true })
    for (let i = 0; i < 60; i++) {
      await s.ask(`n${i}.a.com`)
      await s.ask('www.a.com')
      await s.wait(5)
    }
    s.world.server('ns1.a.com').reset()
    expect(await healed(s, 'www.a.com')).toBeLessThan(6)
  })
})

describe('the rest of a name that failed', () => {
  it('does not grow by one failure an hour between good answers of TTL 0', async () => {
    const s = await scenario({ zones: { 'com.': '', 'a.com.': zones['a.com.']! } })
    for (let hour = 0; hour < 12; hour++) {
      for (let minute = 0; minute < 6; minute++) {
        expect(await s.ask('zero.a.com')).toBe(A)
        await s.wait(600)
      }
      for (const name of ['ns1.a.com', 'ns2.a.com']) s.world.server(name).behave({ rcode: 2 })
      expect(await s.ask('zero.a.com')).toBe('SERVFAIL')
      for (const name of ['ns1.a.com', 'ns2.a.com']) s.world.server(name).behave({ rcode: undefined })
      expect(await healed(s, 'zero.a.com'), `hour ${hour}`).toBeLessThan(6.5)
    }
  })

  it('stays near 5 s for a name that is asked for all the time', async () => {
    const s = await scenario({ zones })
    for (const name of ['ns1.a.com', 'ns2.a.com']) s.world.server(name).behave({ rcode: 2 })
    for (let i = 0; i < 300; i++) {
      expect(await s.ask('www.a.com')).toBe('SERVFAIL')
      await s.wait(2)
    }
    for (const name of ['ns1.a.com', 'ns2.a.com']) s.world.server(name).reset()
    for (const name of ['ns1.a.com', 'ns2.a.com']) s.world.server(name).behave({ rcode: undefined })
    expect(await healed(s, 'www.a.com')).toBeLessThan(10)
  })
})

describe('sockets that are all in use', () => {
  /** No more than so many exchanges at once; further ones fail as the real port's do. */
  function limited(inner: Exchange, most: (query: UpstreamQuery) => number): Exchange {
    let open = 0
    return {
      families: () => inner.families(),
      async exchange(query) {
        if (open >= most(query)) throw new ChordnsError('UPSTREAM_BUSY', 'too many sockets are open', {})
        open++
        try {
          return await inner.exchange(query)
        } finally {
          open--
        }
      },
    }
  }

  it('are no failure of the name: it is answered as soon as there are some', async () => {
    const s = await scenario({ zones })
    let most = 0
    const stack = makeStack({
      world: s.world,
      clock: s.clock,
      exchange: (inner) => limited(inner, () => most),
    })
    const first = stack.ask('www.a.com')
    first.catch(() => {})
    most = 1_000
    await first
    expect(told(await stack.ask('www.a.com'))).toBe(A)
  })

  it('are no failure of servers and delegations: nothing rests when they are free again', async () => {
    const s = await scenario({ zones })
    let most = 1_000
    const stack = makeStack({ world: s.world, clock: s.clock, exchange: (inner) => limited(inner, () => most) })
    expect(told(await stack.ask('www.a.com'))).toBe(A)
    most = 0
    for (let i = 0; i < 40; i++) {
      await stack.ask(`n${i}.a.com`)
      await stack.ask('x.a.com')
      await s.wait(1)
    }
    most = 1_000
    s.world.clearLog()
    expect(told(await stack.ask('x.a.com'))).toBe(A)
    expect(s.asked('a.root')).toEqual([])
  })

  it('while the address of a name server is looked up are no failure of the name that waits for it', async () => {
    const s = await scenario({
      zones: {
        'com.': '',
        'net.': '',
        'pilot.net.': '',
        'a.com.': { text: 'www 60 A 192.0.2.1', servers: ['ns.pilot.net.'] },
      },
    })
    let most = 1_000
    const stack = makeStack({
      world: s.world,
      clock: s.clock,
      exchange: (inner) =>
        limited(inner, (query) => (s.world.server('ns1.net').addresses.includes(query.server.address) ? most : 1_000)),
    })
    most = 0
    expect(told(await stack.ask('www.a.com'))).toBe('SERVFAIL')
    most = 1_000
    expect(told(await stack.ask('www.a.com'))).toBe(A)
  })

  it('when the second copy of an answer is asked for do not make it bogus', async () => {
    const zones = {
      'com.': { signed: true },
      'a.com.': {
        text: 'www 60 A 192.0.2.1',
        signed: true,
        servers: 2,
        copies: { 'ns1.a.com': { expired: ['www.a.com. A'] } },
      },
    }
    const s = await scenario({ zones })
    const [good] = s.world.server('ns2.a.com').addresses
    let most = 1_000
    const seen = new Set<string>()
    for (let seed = 1; seed <= 8; seed++) {
      const stack = s.fresh(
        seed,
        {},
        { exchange: (inner) => limited(inner, ({ server }) => (server.address === good ? most : 1_000)) },
      )
      most = 0
      const first = await stack.ask('www.a.com')
      seen.add(`${told(first)} ${edes(first)}`)
      most = 1_000
      expect(told(await stack.ask('www.a.com', 'A', { ad: true }))).toBe('NOERROR AD: A 192.0.2.1')
    }
    // Not Ready; not "expired", which the other copy would disprove.
    for (const one of seen) expect(one).toMatch(/^SERVFAIL (9,)?14$/)
  })
})

describe('a network that tampers with signed names', () => {
  it('is forgotten with all that was bogus there when the machine has come to another one', async () => {
    const s = await scenario({
      zones: { 'com.': { signed: true }, 'a.com.': { text: 'www 60 A 192.0.2.1\nnew 60 A 192.0.2.1', signed: true } },
      servers: { 'ns1.com': odd.badSignatures('DNSKEY'), 'ns1.a.com': odd.lowerCaseQuestion('closed') },
    })
    let network = '10.0.0.7'
    const stack = s.fresh(
      2,
      {},
      {
        exchange: (inner) => ({
          exchange: (query) => inner.exchange(query),
          families: () => ({ ...inner.families(), network }),
        }),
      },
    )
    expect(told(await stack.ask('www.a.com'))).toBe('SERVFAIL')
    for (const name of ['ns1.com', 'ns1.a.com'])
      s.world.server(name).behave({ tamper: undefined, lowerCase: false, noTcp: false })
    expect(told(await stack.ask('www.a.com'))).toBe('SERVFAIL')
    network = '192.168.1.9'
    await s.wait(2)
    await stack.ask('any.net')
    for (const name of ['www.a.com', 'new.a.com'])
      expect(told(await stack.ask(name, 'A', { ad: true }))).toBe('NOERROR AD: A 192.0.2.1')
  })
})
