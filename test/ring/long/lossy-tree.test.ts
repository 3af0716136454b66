/** A large ring that loses messages: what the tree did not bring, comparing tables does. */
import { describe, expect, it } from 'vitest'
import { idealWorld, type World } from '../../../bench/models/machines.ts'
import { limits } from '../../../src/ring/limits.ts'

function ring(loss: number): World {
  const options = { stabiliseMs: 1_000, auditMs: 10_000, graceMs: 20_000, pingTimeoutMs: 1_000 }
  const world = idealWorld({ size: limits.TREE_FROM + 8, seed: 3, meanDelayMs: 25, ring: options, running: true })
  for (const { state } of world.nodes) state.gathered = { at: world.now, vain: 0, wanted: false }
  world.loss = loss
  world.run(2_000)
  return world
}

describe('a ring of more than 512 that loses messages', () => {
  it('brings by the exchange what messages lost', () => {
    const world = ring(0.05)
    const leavers = world.nodes.slice(20, 26)
    for (const node of leavers) world.leave(node)
    world.run(10_000)
    const lacking = () => world.up().filter(({ state }) => leavers.some(({ id }) => state.table.isAlive(id))).length
    world.loss = 0.01
    expect(world.runUntil(() => lacking() === 0, limits.SETTLE_MS + 60_000, 5_000)).toBeDefined()
  })
})
