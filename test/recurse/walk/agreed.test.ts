/** Where the parent zones are silent: iteration from what the ring has agreed on, and what must never come of it. */
import { describe, expect, it } from 'vitest'
import { type CacheEntry, Rank } from '../../../src/cache/index.ts'
import { addressRdata, type Delegation, nameToText, parseName } from '../../../src/dns/index.ts'
import type { DelegationSource, OwnDelegation } from '../../../src/recurse/index.ts'
import { zone } from '../fake-internet.ts'
import { failureOf, makeWorld, question, ROOT_ADDRESS, shown, threeLevels, type World } from '../harness.ts'

function delegation(zoneText: string, server: string, address: string): Delegation {
  const name = parseName(server)
  return {
    zone: parseName(zoneText),
    nameServers: [name],
    addresses: new Map([[name.key, [address]]]),
    ds: undefined,
    proofs: [],
    ttl: 86_400,
  }
}

const TEST = delegation('test.', 'ns.test.', '192.0.2.1')
const EXAMPLE = delegation('example.test.', 'ns.example.test.', '192.0.2.2')

/** A ring that has agreed on these. */
function ring(...known: Delegation[]) {
  const asked: string[] = []
  const source: DelegationSource = {
    find: async (name, above) => {
      asked.push(nameToText(name))
      const fits = known.filter((one) => one.zone.labels > above && name.key.endsWith(one.zone.key))
      const deepest = fits.sort((a, b) => b.zone.labels - a.zone.labels)[0]
      const expires = Number.MAX_SAFE_INTEGER
      return deepest && { delegation: deepest, parent: parseName('.'), expires }
    },
    keys: async () => undefined,
  }
  return { source, asked }
}

function blocked(...known: Delegation[]) {
  const { source, asked } = ring(...known)
  const world = makeWorld({}, 1, source)
  threeLevels(world)
  world.net.serve(ROOT_ADDRESS, [], () => 'silent')
  return { world, asked }
}

const signal = new AbortController().signal
const own = (world: World, name: string): Promise<OwnDelegation> =>
  world.clock.run(world.recursor.delegation(parseName(name), { budget: world.budget(), signal }))

describe('when the root is silent', () => {
  it('a name is found from the deepest agreed delegation, and says how it began', async () => {
    const { world } = blocked(TEST, EXAMPLE)
    const finding = await world.ask('www.example.test.')
    expect(shown(finding)).toBe('203.0.113.80')
    expect(finding.start).toBe('agreed')
    expect(world.net.askedOf('192.0.2.1')).toBe(0)
  })

  it('the ring is not asked while the root answers', async () => {
    const { source, asked } = ring(TEST, EXAMPLE)
    const world = makeWorld({}, 1, source)
    threeLevels(world)
    const finding = await world.ask('www.example.test.')
    expect(finding.start).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('nothing of it lies among what this node found itself, and it stays when the root is back', async () => {
    const { world } = blocked(TEST, EXAMPLE)
    await world.ask('www.example.test.')
    const asked = question('www.example.test.')
    expect(world.cache.get('main', asked, world.clock.now(), { side: 'own' })).toBeUndefined()
    expect(world.cache.get('main', asked, world.clock.now(), { side: 'ring' })?.provenance).toBe('solo')
    expect(world.cache.delegation('main', asked.name, world.clock.now())).toBeUndefined()
    threeLevels(world)
    world.clock.skip(120_000)
    const again = await world.ask('www.example.test.', 'A', { origin: 'own' })
    expect(again.start).toBeUndefined()
    expect(world.net.askedOf('192.0.2.1')).toBeGreaterThan(0)
  })

  it('an observation may begin so, and says it', async () => {
    const { world } = blocked(TEST)
    const finding = await world.ask('www.example.test.', 'A', { origin: 'own' })
    expect([shown(finding), finding.start]).toEqual(['203.0.113.80', 'agreed'])
  })

  it('an agreed delegation does not confirm itself', async () => {
    const { world } = blocked(EXAMPLE)
    // The zone's own servers answer for its NS set: that is not the parent's word.
    expect(await failureOf(own(world, 'example.test.'))).toMatchObject({ code: 'RECURSE_FAILED' })
    await world.ask('www.example.test.')
    expect(await failureOf(own(world, 'example.test.'))).toMatchObject({ code: 'RECURSE_FAILED' })
  })

  it('what a parent says to which an agreed delegation led may be told on, marked', async () => {
    const { world } = blocked(TEST)
    const found = await own(world, 'example.test.')
    expect(found).toMatchObject({ start: 'agreed' })
    expect(nameToText(found.parent)).toBe('test.')
    expect(found.delegation.nameServers.map(nameToText)).toEqual(['ns.example.test.'])
    // And not what led there.
    expect(await failureOf(own(world, 'test.'))).toMatchObject({ code: 'RECURSE_FAILED' })
  })

  it('without an agreed delegation it fails as before', async () => {
    const { world } = blocked()
    expect(await failureOf(world.ask('www.example.test.'))).toMatchObject({ code: 'RECURSE_FAILED' })
  })

  it('when a remembered delegation leads to silent servers, too, the ring is asked for a deeper one', async () => {
    const known = [TEST]
    const { source } = ring(TEST, EXAMPLE)
    const other = makeWorld({}, 1, {
      ...source,
      find: (name, above, signal) => (known.length === 1 ? ring(TEST).source : source).find(name, above, signal),
    })
    threeLevels(other)
    other.net.serve(ROOT_ADDRESS, [], () => 'silent')
    expect((await other.ask('missing.test.')).start).toBe('agreed')
    known.push(EXAMPLE)
    other.net.serve('192.0.2.1', [], () => 'silent')
    expect(shown(await other.ask('www.example.test.'))).toBe('203.0.113.80')
  })

  it('the next question does not wait for the root again', async () => {
    const { world } = blocked(TEST)
    await world.ask('www.example.test.')
    const before = world.net.askedOf(ROOT_ADDRESS)
    await world.ask('alias.example.test.')
    expect(world.net.askedOf(ROOT_ADDRESS)).toBe(before)
  })
})

describe('what this node says of a delegation', () => {
  it('is its parent’s word, when it came by the root', async () => {
    const world = makeWorld()
    threeLevels(world)
    const found = await own(world, 'example.test.')
    expect(found).toMatchObject({ start: 'parent' })
    expect(nameToText(found.parent)).toBe('test.')
  })
})

describe('addresses that the ring gave', () => {
  it('are not where servers of zones are sought', async () => {
    const world = makeWorld()
    threeLevels(world)
    world.net.serve('192.0.2.1', [
      zone(
        'test.',
        `@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1\nexample NS dns.other\nother NS ns.other\nns.other A 192.0.2.3`,
      ),
    ])
    world.net.serve('192.0.2.3', [
      zone('other.test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.3\ndns A 192.0.2.2'),
    ])
    const server = question('dns.other.test.')
    const now = world.clock.now()
    const rrset = { name: server.name, type: 1, class: 1, ttl: 300, rdatas: [addressRdata('192.0.2.66').rdata] }
    const copy: CacheEntry = {
      question: server,
      outcome: { kind: 'rrset', rrset: { ...rrset, signatures: [] }, apex: parseName('other.test.'), proofs: [] },
      rank: Rank.AGREED,
      side: 'ring',
      security: 'indeterminate',
      provenance: 'agreed',
      stored: now,
      expires: now + 300_000,
    }
    world.cache.put('main', copy, now)
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    expect(world.net.askedOf('192.0.2.66')).toBe(0)
  })
})
