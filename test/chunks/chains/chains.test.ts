import { afterEach, describe, expect, it } from 'vitest'
import { answer } from '../world.ts'
import { CHUNK, type ChainsWorld, createChainsWorld, namesOf } from './world.ts'

let world: ChainsWorld
afterEach(() => world.stop())

const heights = () => world.keepers.map(({ chains }) => chains.view(CHUNK).height)
const ids = () => new Set(world.keepers.map(({ chains }) => chains.view(CHUNK).chain))

describe('the chain of a chunk', () => {
  it('records an entry that its seven replicas agreed on, once, and every replica says where', async () => {
    world = createChainsWorld(7)
    const [question] = namesOf(CHUNK, 1)
    const entry = world.agree(question!)
    await world.pass(10_000)
    expect(ids().size).toBe(1)
    expect(heights()).toEqual([1, 1, 1, 1, 1, 1, 1])
    for (const { chains } of world.keepers) {
      const chain = chains.view(CHUNK).chain
      expect(chains.recorded(entry)).toMatchObject({ chain, height: 1, class: 'agreed' })
      expect(chains.view(CHUNK).blocks[0]!.transactions.map(({ kind }) => kind)).toEqual(['add'])
    }
    expect(world.errors).toEqual([])
  })

  it('closes when idle: no timers and no messages, until something happens', async () => {
    world = createChainsWorld(3)
    const [first, second] = namesOf(CHUNK, 2)
    world.agree(first!)
    await world.pass(60_000)
    expect(world.keepers.map(({ chains }) => chains.stats().open)).toEqual([0, 0, 0])
    const { pending } = world.clock
    const before = world.sent.length
    await world.pass(600_000)
    expect(world.sent.length).toBe(before)
    expect(world.clock.pending).toBeLessThanOrEqual(pending)
    world.agree(second!)
    await world.pass(10_000)
    expect(heights()).toEqual([2, 2, 2])
  })

  it('records updates, renewals, and no history again', async () => {
    world = createChainsWorld(3)
    const [question] = namesOf(CHUNK, 1)
    world.agree(question!, answer(question!, [1]))
    await world.pass(5_000)
    world.agree(question!, answer(question!, [1]))
    await world.pass(5_000)
    const last = world.agree(question!, answer(question!, [2]))
    await world.pass(5_000)
    const { blocks } = world.keepers[0]!.chains.view(CHUNK)
    expect(blocks.map(({ transactions }) => transactions.map(({ kind }) => kind))).toEqual([
      ['update'],
      ['renew'],
      ['add'],
    ])
    expect(world.keepers[1]!.chains.recorded(last)?.height).toBe(3)
  })
})
