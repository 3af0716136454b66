/** The race, with digests of real replicas in virtual time: who is asked when, and what a digest that lies or is behind costs. */
import { afterEach, describe, expect, it } from 'vitest'
import { createCache } from '../../../src/cache/index.ts'
import { chunkOf } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import type { Recursor } from '../../../src/recurse/index.ts'
import { createResolver, type ResolverOptions } from '../../../src/resolver/index.ts'
import { answer, ask, createWorld, type Node, ownFinding, quiet, type World } from '../../chunks/world.ts'

let world: World
afterEach(() => world.stop())

const held = ask('www.example.com')
const lacked = Array.from({ length: 5_000 }, (_, i) => ask(`host${i}.example.com`)).find(
  ({ name }) => chunkOf(name, 8) === chunkOf(held.name, 8),
)!

function resolverAt(node: Node, delayMs: number, options: Partial<ResolverOptions> = {}) {
  const own = { asked: 0 }
  const recursor: Partial<Recursor> = {
    validates: false,
    infer: () => undefined,
    validate: async (finding) => finding,
    resolve: async ({ question }) => {
      own.asked++
      await new Promise<void>((resolve) => void world.clock.after(delayMs, resolve))
      return ownFinding(question, answer(question, [9]), world.clock.now())
    },
  }
  const cache = createCache({
    maxBytes: 1 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 0,
    seed: new Uint8Array(8),
  })
  const resolver = createResolver(
    {
      cache,
      recursor: recursor as Recursor,
      chunks: node.chunks,
      clock: world.clock,
      log: quiet,
      contextOf: () => 'main',
    },
    { order: 'race', hedgeMs: 5_000, strict: false, serveStale: false, prefetch: false, ...options },
  )
  const resolve = async (question: typeof held) => {
    const started = world.clock.now()
    const steps: { kind: string; outcome?: string; by?: string }[] = []
    const work = resolver.resolve({
      question,
      recursionDesired: true,
      checkingDisabled: false,
      dnssecOk: false,
      authenticData: true,
      client: 'test',
      signal: new AbortController().signal,
      onStep: (step) => steps.push(step),
    })
    const resolution = await world.clock.run(work)
    return {
      provenance: resolution.provenance,
      by: steps.findLast(({ kind }) => kind === 'winner')?.by,
      said: steps.filter(({ kind }) => kind === 'ring').map(({ outcome }) => outcome),
      ms: world.clock.now() - started,
    }
  }
  return { resolve, own }
}

async function taught() {
  world = createWorld({ nodes: 5, n: 3 })
  world.publish(held, answer(held, [1]))
  const [teller, asker] = world.outsiders(held) as [Node, Node]
  await world.told(held, [teller], 10_000)
  for (const node of world.nodes) node.delayMs = 40
  asker.chunks.expects(lacked)
  await world.clock.advanceAsync(1_000)
  world.requests.length = 0
  return asker
}

const reads = () => world.requests.filter(({ request }) => request.kind === 'read').length

describe('a question, with digests of all replicas', () => {
  it('that none of them names is iterated at once, and no replica is asked for it', async () => {
    const { resolve } = resolverAt(await taught(), 20)
    expect(await resolve(lacked)).toEqual({
      provenance: 'solo',
      by: 'iteration',
      said: ['not asked: no digest names it'],
      ms: 20,
    })
    expect(reads()).toBe(0)
    // They are told, as ever.
    expect(world.requests.some(({ request }) => request.kind === 'tell')).toBe(true)
  })

  it('that one of them names is answered by the ring before the hedge', async () => {
    const { resolve, own } = resolverAt(await taught(), 20)
    expect(await resolve(held)).toEqual({ provenance: 'agreed', by: 'ring', said: ['agreed'], ms: 40 })
    expect(own.asked).toBe(0)
  })

  it('that one names falsely costs the hedge at most', async () => {
    const { resolve } = resolverAt(await taught(), 20, { hedgeMs: 10 })
    world.nodes.forEach((node) => {
      node.liar = async () => ({ kind: 'unknown' })
    })
    expect(await resolve(held)).toMatchObject({ provenance: 'solo', by: 'iteration', ms: 30 })
  })

  it('that they say nothing about is asked of the ring, which may still win', async () => {
    const asker = await taught()
    await world.clock.advanceAsync(limits.DIGEST_OLD_MS + 1)
    const { resolve, own } = resolverAt(asker, 20)
    expect(await resolve(held)).toMatchObject({ provenance: 'agreed', by: 'ring', ms: 40 })
    expect(own.asked).toBe(0)
  })

  it('that was agreed since the digests came costs one iteration, until newer ones have come', async () => {
    const asker = await taught()
    world.publish(lacked, answer(lacked, [2]))
    await world.told(lacked, [world.outsiders(held)[0]!], 3_000)
    const first = resolverAt(asker, 20)
    expect(await first.resolve(lacked)).toMatchObject({ provenance: 'solo', by: 'iteration', ms: 20 })
    await world.clock.advanceAsync(limits.DIGEST_REFRESH_MS)
    // With a cache of its own, so that the ring is needed again.
    const second = resolverAt(asker, 20)
    expect(await second.resolve(lacked)).toMatchObject({ provenance: 'agreed', by: 'ring' })
  })

  it('is asked of the ring where nothing but agreement may be served', async () => {
    const { resolve } = resolverAt(await taught(), 20, { strict: true })
    expect(await resolve(lacked)).toMatchObject({ provenance: undefined })
    expect(reads()).toBe(3)
  })
})
