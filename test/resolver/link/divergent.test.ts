/** Names whose answer depends on where one asks: the ring knows that it is so, and this node asks the authority itself. */
import { afterEach, describe, expect, it } from 'vitest'
import { createCache } from '../../../src/cache/index.ts'
import { Rcode } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { createResolver, type ResolverOptions } from '../../../src/resolver/index.ts'
import { answer, ask, createWorld, ownFinding, quiet, type World } from '../../chunks/world.ts'
import { recursorThat } from '../recursor.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')

/** 203.0.<network>.<last> */
function at(network: number, ttl = 300, last = 1): Outcome {
  const outcome = answer(question, [1], ttl)
  if (outcome.kind !== 'rrset') return outcome
  return { ...outcome, rrset: { ...outcome.rrset, rdatas: [Uint8Array.of(203, 0, network, last)] } }
}

/** An address that is not the operator's. */
const elsewhere = outside(at(1))

function outside(outcome: Outcome): Outcome {
  if (outcome.kind !== 'rrset') return outcome
  return { ...outcome, rrset: { ...outcome.rrset, rdatas: [Uint8Array.of(6, 6, 6, 6)] } }
}

/** Seven replicas in four regions; four see 203.0.10.0/24, each another address. */
async function regional(ttl = 300): Promise<void> {
  world = createWorld({ nodes: 9, n: 7 })
  for (const [place, replica] of world.replicas(question).entries())
    replica.sees = () => (place < 4 ? at(10, ttl, place + 1) : at(10 + place, ttl))
  await world.told(question, world.outsiders(question), 30_000)
}

function resolverThatSees(outcome: Outcome, options: Partial<ResolverOptions>, delayMs = 20) {
  const iterations = { count: 0 }
  const recursor = recursorThat(async () => {
    iterations.count++
    await new Promise<void>((resolve) => world.clock.after(delayMs, () => resolve()))
    return ownFinding(question, outcome, world.clock.now())
  })
  const bounds = { maxBytes: 1 << 20, minTtl: 0, maxTtl: 86_400, negativeMaxTtl: 3_600, staleSeconds: 0 }
  const resolver = createResolver(
    {
      cache: createCache({ ...bounds, seed: new Uint8Array(8) }),
      recursor,
      chunks: world.outsiders(question)[1]!.chunks,
      clock: world.clock,
      log: quiet,
      contextOf: () => 'main',
    },
    { order: 'race', hedgeMs: 'auto', strict: false, serveStale: false, prefetch: false, ...options },
  )
  const resolve = () =>
    world.clock.run(
      resolver.resolve({
        question,
        recursionDesired: true,
        checkingDisabled: false,
        dnssecOk: false,
        authenticData: false,
        client: 'test',
        signal: new AbortController().signal,
      }),
    )
  return { resolve, iterations }
}

describe('a divergent name', () => {
  it('is answered by this node’s own asking, and says so', async () => {
    await regional()
    const { resolve, iterations } = resolverThatSees(at(42), {})
    const answered = await resolve()
    expect(answered).toMatchObject({ rcode: Rcode.NOERROR, provenance: 'divergent' })
    expect(answered.findings[0]?.evidence.observers).toHaveLength(7)
    expect(iterations.count).toBe(1)
  })

  it.each(['race', 'ring', 'iterate'] as const)(
    'is served in strict mode within the agreed prefixes, by %s',
    async (order) => {
      await regional()
      const { resolve, iterations } = resolverThatSees(
        at(10),
        { strict: true, order, hedgeMs: 1 },
        order === 'race' ? 0 : 20,
      )
      expect(await resolve()).toMatchObject({ rcode: Rcode.NOERROR, provenance: 'divergent' })
      // The second time it is in the cache as what it is.
      expect(await resolve()).toMatchObject({ rcode: Rcode.NOERROR, provenance: 'divergent' })
      expect(iterations.count).toBe(1)
    },
  )

  it.each(['race', 'ring', 'iterate'] as const)('is refused in strict mode outside of them, by %s', async (order) => {
    await regional()
    const { resolve } = resolverThatSees(at(66), { strict: true, order, hedgeMs: 1 }, order === 'race' ? 0 : 20)
    expect(await resolve()).toMatchObject({ rcode: Rcode.SERVFAIL })
    expect(await resolve()).toMatchObject({ rcode: Rcode.SERVFAIL })
  })

  it('is refused in strict mode in a network that fewer than half of the replicas see', async () => {
    world = createWorld({ nodes: 9, n: 7 })
    for (const [place, replica] of world.replicas(question).entries())
      replica.sees = () => (place < 3 ? elsewhere : at(10 + place))
    await world.told(question, world.outsiders(question), 30_000)
    expect(await resolverThatSees(elsewhere, { strict: true }).resolve()).toMatchObject({ rcode: Rcode.SERVFAIL })
    expect(await resolverThatSees(elsewhere, {}).resolve()).toMatchObject({ provenance: 'divergent' })
  })

  it('that is another one in each region is served in strict mode within the network of its operator', async () => {
    world = createWorld({ nodes: 9, n: 7 })
    for (const [place, replica] of world.replicas(question).entries()) replica.sees = () => at(10 + place)
    await world.told(question, world.outsiders(question), 30_000)
    expect(await resolverThatSees(at(99), { strict: true }).resolve()).toMatchObject({ provenance: 'divergent' })
    expect(await resolverThatSees(elsewhere, { strict: true }).resolve()).toMatchObject({ rcode: Rcode.SERVFAIL })
  })

  it('that is short-lived is served in strict mode where all see it', async () => {
    world = createWorld({ nodes: 9, n: 7 })
    world.publish(question, at(10, 20))
    await world.told(question, world.outsiders(question), 30_000)
    expect(await resolverThatSees(at(10, 20), { strict: true }).resolve()).toMatchObject({ provenance: 'divergent' })
    expect(await resolverThatSees(at(11, 20), { strict: true }).resolve()).toMatchObject({ rcode: Rcode.SERVFAIL })
  })

  it('of an open ring is not even a hint', async () => {
    world = createWorld({ nodes: 9, n: 7, options: { admission: 'open' } })
    for (const [place, replica] of world.replicas(question).entries()) replica.sees = () => at(10 + (place % 6))
    await world.told(question, world.outsiders(question), 30_000)
    expect(await resolverThatSees(at(10), { strict: true }).resolve()).toMatchObject({ rcode: Rcode.SERVFAIL })
    expect(await resolverThatSees(at(10), {}).resolve()).toMatchObject({ provenance: 'solo' })
  })
})
