import { describe, expect, it } from 'vitest'
import { sleep } from '../../../src/base/index.ts'
import { parseName } from '../../../src/dns/index.ts'
import { replyTo, zone } from '../fake-internet.ts'
import { failureOf, makeWorld, question, ROOT_ADDRESS, rootZone, shown, threeLevels, type World } from '../harness.ts'

/** example.test. on three servers. */
function threeServers(change = {}, seed = 1): World {
  const world = makeWorld(change, seed)
  threeLevels(world)
  const ns = [2, 3, 4].map((i) => `example NS ns${i}.example\nns${i}.example A 192.0.2.${i}`).join('\n')
  world.net.serve('192.0.2.1', [zone('test.', `@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1\n${ns}`)])
  const example = zone('example.test.', '@ SOA ns2 h. 1 2 3 4 60\n@ NS ns2\nns2 A 192.0.2.2\nwww A 203.0.113.80')
  for (const i of [2, 3, 4]) world.net.serve(`192.0.2.${i}`, [example])
  return world
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

describe('a server of no use', () => {
  const useless = {
    silent: () => 'silent',
    'port closed': () => 'port-closed',
    servfail: ({ query }) => replyTo(query, { aa: false, rcode: 2 }),
    refused: ({ query }) => replyTo(query, { aa: false, rcode: 5 }),
    'lame, empty': ({ query }) => replyTo(query, { aa: false }),
    'refers upwards': ({ query }) =>
      replyTo(query, {
        aa: false,
        authorities: [
          { name: parseName('.'), type: 2, class: 1, ttl: 60, rdata: parseName('a.root-servers.net.').wire },
        ],
      }),
    'refers sideways': ({ query }) =>
      replyTo(query, {
        aa: false,
        authorities: [
          { name: parseName('evil.test.'), type: 2, class: 1, ttl: 60, rdata: parseName('ns.evil.test.').wire },
        ],
      }),
    'other question': ({ query }) => replyTo(query, { questions: [question('www.example.org.')] }),
    malformed: ({ query }) =>
      Uint8Array.of(query.id >> 8, query.id & 255, 0x84, 0, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 1, 0, 1),
    'cached by another resolver': ({ query }) =>
      replyTo(query, {
        aa: false,
        ra: true,
        answers: [{ name: query.questions[0]!.name, type: 1, class: 1, ttl: 60, rdata: Uint8Array.of(6, 6, 6, 6) }],
      }),
  } satisfies Record<string, import('../fake-internet.ts').Behaviour>

  for (const [what, behave] of Object.entries(useless)) {
    it(`(${what}) only costs the time to ask the next one`, async () => {
      for (const seed of SEEDS) {
        const world = threeServers({}, seed)
        world.net.servers.get('192.0.2.2')!.behave = behave
        world.net.servers.get('192.0.2.3')!.behave = behave
        expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
      }
    })
  }

  it('is asked last for a while by other questions to its zone', async () => {
    const world = threeServers({ qnameMinimisation: 'off' })
    world.net.servers.get('192.0.2.2')!.behave = ({ query }) => replyTo(query, { aa: false })
    for (let i = 0; i < 30; i++) await world.ask(`n${i}.example.test.`)
    expect(world.net.askedOf('192.0.2.2')).toBe(1)
    world.clock.skip(60_000)
    for (let i = 30; i < 60; i++) await world.ask(`n${i}.example.test.`)
    expect(world.net.askedOf('192.0.2.2')).toBe(2)
  })

  it('is not asked again for the same question once it has answered uselessly', async () => {
    const world = threeServers({ qnameMinimisation: 'off' })
    for (const i of [2, 3, 4]) {
      world.net.servers.get(`192.0.2.${i}`)!.behave = ({ query }) => replyTo(query, { aa: false, rcode: 5 })
    }
    await failureOf(world.ask('www.example.test.'))
    // Once with a cookie, which it may not know, and once without.
    for (const i of [2, 3, 4]) expect(world.net.askedOf(`192.0.2.${i}`)).toBe(2)
    // Then without at once: as the cached delegation says, and once more as the parent says now.
    await failureOf(world.ask('other.example.test.'))
    for (const i of [2, 3, 4]) expect(world.net.askedOf(`192.0.2.${i}`)).toBe(4)
  })
})

describe('silence', () => {
  it('is answered by the next server, then by trying again with more patience, at last over TCP', async () => {
    const world = threeServers({ qnameMinimisation: 'off' })
    for (const i of [2, 3, 4]) world.net.servers.get(`192.0.2.${i}`)!.behave = () => 'silent'
    const error = await failureOf(world.ask('www.example.test.'))
    expect(error.detail).toMatchObject({ reason: 'all-servers-failed', ede: [{ code: 22 }] })
    expect(error.message).toMatch(/192\.0\.2\.\d timed out/)
    const asked = [2, 3, 4].map((i) => world.net.log.filter((log) => log.address === `192.0.2.${i}`))
    const protocols = asked.map((log) => log.map(({ protocol }) => protocol).join(' ')).sort()
    expect(protocols).toEqual(['udp udp', 'udp udp tcp', 'udp udp tcp'])
    expect(world.clock.monotonic()).toBeLessThan(10_000)
  })

  it('of UDP alone does not hide a zone', async () => {
    const world = threeServers()
    for (const i of [2, 3, 4]) {
      world.net.servers.get(`192.0.2.${i}`)!.behave = ({ protocol }, honest) =>
        protocol === 'udp' ? 'silent' : honest()
    }
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })

  it('of a once dead server does not make every question wait for it', async () => {
    const world = threeServers()
    world.net.servers.get('192.0.2.2')!.behave = () => 'silent'
    for (let i = 0; i < 20; i++)
      await failureOf(Promise.resolve(world.ask(`n${i}.example.test.`)).then(() => Promise.reject(new Error('fine'))))
    const waits = world.steps.filter((step) => step.kind === 'query' && step.result === 'timeout')
    expect(waits.length).toBeLessThanOrEqual(5)
  })
})

describe('a failure', () => {
  it('is remembered, longer each time, and forgotten after a success (RFC 9520)', async () => {
    const world = threeServers()
    for (const i of [2, 3, 4])
      world.net.servers.get(`192.0.2.${i}`)!.behave = ({ query }) => replyTo(query, { rcode: 2 })
    await failureOf(world.ask('www.example.test.'))
    const before = world.net.log.length
    const again = await failureOf(world.ask('www.example.test.'))
    expect(again.detail).toMatchObject({ reason: 'cached-failure', ede: [{ code: 13 }, { code: 22 }] })
    expect(world.net.log.length).toBe(before)
    world.clock.skip(2_001)
    await failureOf(world.ask('www.example.test.'))
    expect(world.net.log.length).toBeGreaterThan(before)
    world.clock.skip(2_001)
    expect((await failureOf(world.ask('www.example.test.'))).detail).toMatchObject({ reason: 'cached-failure' })
    world.clock.skip(2_001)
    for (const i of [2, 3, 4]) world.net.servers.get(`192.0.2.${i}`)!.behave = (_, honest) => honest()
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    expect(world.cache.stats().failures).toBe(0)
  })

  it('of a spent budget is not remembered: the question may not be to blame', async () => {
    const world = threeServers()
    const error = await failureOf(world.ask('www.example.test.', 'A', { budget: world.budget({ queries: 2 }) }))
    expect(error).toMatchObject({ code: 'BUDGET_SPENT', detail: { resource: 'queries' } })
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })

  it('names what each server did', async () => {
    const world = threeServers({ qnameMinimisation: 'off' })
    world.net.servers.get('192.0.2.2')!.behave = () => 'silent'
    world.net.servers.get('192.0.2.3')!.behave = ({ query }) => replyTo(query, { aa: false, rcode: 5 })
    world.net.servers.get('192.0.2.4')!.behave = () => 'port-closed'
    const error = await failureOf(world.ask('www.example.test.'))
    expect(error.message).toContain('192.0.2.2 timed out')
    expect(error.message).toContain('192.0.2.3 refused')
    expect(error.message).toContain('192.0.2.4 refused the connection')
    expect((error.detail as { ede: { code: number }[] }).ede.map(({ code }) => code)).toEqual([22, 23])
  })
})

describe('without a network', () => {
  it('fails at once when there is no route, and says that the root servers do not answer', async () => {
    const world = makeWorld()
    world.net.serve(ROOT_ADDRESS, [], () => 'unreachable')
    const error = await failureOf(world.ask('www.example.test.'))
    expect(error.message).toContain('root servers do not answer')
    expect(error).toMatchObject({
      code: 'RECURSE_FAILED',
      detail: { reason: 'no-servers', ede: [{ code: 22 }, { code: 23 }] },
    })
    expect(world.clock.monotonic()).toBeLessThan(10)
  })

  it('fails within seconds when everything is silent, and at once after that', async () => {
    const world = makeWorld()
    await failureOf(world.ask('www.example.test.'))
    const first = world.clock.monotonic()
    expect(first).toBeLessThan(6_000)
    const sent = world.net.log.length
    const error = await failureOf(world.ask('another.test.'))
    expect(error.message).toContain('root servers do not answer')
    expect(world.clock.monotonic() - first).toBeLessThan(10)
    expect(world.net.log.length).toBe(sent)
  })

  it('lets no later question wait long to find that nothing has changed, and says that the network is to blame', async () => {
    const world = makeWorld()
    await failureOf(world.ask('www.example.test.'))
    for (let i = 0; i < 5; i++) {
      await world.clock.run(sleep(world.clock, 30_000))
      const began = world.clock.monotonic()
      const error = await failureOf(world.ask(`n${i}.test.`))
      expect(world.clock.monotonic() - began).toBeLessThan(1_500)
      expect(error).toMatchObject({ detail: { ede: [{ code: 22 }, { code: 23 }] } })
    }
    threeLevels(world)
    await world.clock.run(sleep(world.clock, 30_000))
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })

  it('does not raise what nobody waits for any more', async () => {
    const world = makeWorld()
    const gone = new AbortController()
    const error = failureOf(world.ask('www.example.test.', 'A', { signal: gone.signal }))
    await Promise.resolve()
    gone.abort()
    expect((await error).code).toBe('ABORTED')
    await failureOf(world.clock.run(world.recursor.prime(AbortSignal.abort())))
    await world.clock.run(sleep(world.clock, 10_000))
    expect(world.recursor.stats().inFlight).toBe(0)
  })

  it('recovers as soon as the network is back', async () => {
    const world = makeWorld()
    world.net.serve(ROOT_ADDRESS, [], () => 'unreachable')
    await failureOf(world.ask('www.example.test.'))
    threeLevels(world)
    world.clock.skip(1_001)
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })
})

describe('a zone whose servers have moved', () => {
  it('is found again through its parent, although the old delegation is still in the cache', async () => {
    const world = makeWorld()
    threeLevels(world)
    await world.ask('www.example.test.')
    world.net.servers.get('192.0.2.2')!.behave = ({ query }) => replyTo(query, { aa: false, rcode: 5 })
    world.net.serve('192.0.2.1', [
      zone(
        'test.',
        '@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1\nexample NS new.example\nnew.example A 192.0.2.9',
      ),
    ])
    world.net.serve('192.0.2.9', [zone('example.test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nmoved A 203.0.113.90')])
    expect(shown(await world.ask('moved.example.test.'))).toBe('203.0.113.90')
  })
})

describe('IPv6 in auto', () => {
  function dual(): World {
    const world = makeWorld({ ipv6: 'auto' })
    world.net.ipv6 = true
    const dead = Array.from({ length: 12 }, (_, i) => `test. NS n${i}.test.\nn${i}.test. AAAA 2001:db8::${i + 1}`).join(
      '\n',
    )
    world.net.serve(ROOT_ADDRESS, [rootZone(`${dead}\ntest. NS ns.test.\nns.test. A 192.0.2.1`)])
    world.net.serve('192.0.2.1', [zone('test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nwww A 203.0.113.1')])
    return world
  }

  it('that leads nowhere costs no budget, and is switched off after eight time-outs', async () => {
    const world = dual()
    expect(shown(await world.ask('www.test.', 'A', { budget: world.budget({ queries: 6 }) }))).toBe('203.0.113.1')
    const overIpv6 = world.net.log.filter(({ address }) => address.includes(':')).length
    expect(overIpv6).toBeLessThanOrEqual(8)
    for (let i = 0; i < 10; i++) await world.ask(`n${i}x.test.`)
    expect(world.net.log.filter(({ address }) => address.includes(':')).length).toBeLessThanOrEqual(8)
  })

  it('is not used at all without a route', async () => {
    const world = dual()
    world.net.ipv6 = false
    await world.ask('www.test.')
    expect(world.net.log.every(({ address }) => !address.includes(':'))).toBe(true)
  })
})
