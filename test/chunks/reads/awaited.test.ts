/** A strict node serves what its replicas agree on: what its stubs wait for must find them, at the pace of a busy household. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { suffixName } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

/** So long a strict answer waits, ms. */
const WAITS_MS = 3_500
const SECONDS = 20

/** Names asked of one member, one after the other, at so many a second; returns how many were agreed on while a stub waited. */
async function agreedOf(perSecond: number, nameOf: (i: number) => string): Promise<number> {
  const asker = world.nodes[0]!
  const waits: Promise<boolean>[] = []
  for (let i = 0; i < SECONDS * perSecond; i++) {
    const question = ask(nameOf(i))
    const apex = suffixName(question.name, 2)
    const outcome: Outcome = { ...answer(question, [1 + (i % 200)]), apex }
    world.publish(question, outcome)
    waits.push(asker.chunks.agreed(question, WAITS_MS, new AbortController().signal))
    asker.chunks.tell(question, outcome, 'insecure', { isAwaited: true })
    // Whole milliseconds: what is signed holds no fractions.
    await world.clock.advanceAsync(Math.floor(1_000 / perSecond))
  }
  await world.clock.advanceAsync(WAITS_MS)
  return (await Promise.all(waits)).filter(Boolean).length
}

describe('questions that stubs wait for', () => {
  it.each([3, 7])('all find the round of their %i replicas, fourteen names a second of one member', async (n) => {
    world = createWorld({ nodes: 7, n })
    expect(await agreedOf(14, (i) => `www.site${i}.com`)).toBe(SECONDS * 14)
  })

  it('find it too where they lie in one zone, as the names of a CDN do', async () => {
    world = createWorld({ nodes: 7, n: 7 })
    expect(await agreedOf(8, (i) => `m${i}.map.cdnedge.net`)).toBe(SECONDS * 8)
  })

  it('are told to two replicas, and not to all seven', async () => {
    world = createWorld({ nodes: 7, n: 7 })
    await agreedOf(1, (i) => `www.site${i}.com`)
    const told = world.requests.filter(({ request }) => request.kind === 'tell' && request.isAwaited === true)
    expect(told.length).toBeLessThanOrEqual(SECONDS * limits.AWAITED_TELLS)
    expect(told.length).toBeGreaterThan(SECONDS / 2)
  })

  it('find it where the first replica is silent and nobody knows that yet', async () => {
    world = createWorld({ nodes: 7, n: 7 })
    world.nodes[3]!.down = true
    expect(await agreedOf(2, (i) => `www.site${i}.com`)).toBe(SECONDS * 2)
  })
})
