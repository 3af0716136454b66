/** A ring that is large enough to be told by trees: what everybody learns, how soon, and what it costs. */
import { describe, expect, it } from 'vitest'
import { idealWorld, type World } from '../../../bench/models/machines.ts'
import { limits } from '../../../src/ring/limits.ts'

const SIZE = limits.TREE_FROM + 48

function ring(loss = 0): World {
  const options = { stabiliseMs: 1_000, auditMs: 10_000, graceMs: 20_000, pingTimeoutMs: 1_000 }
  const world = idealWorld({ size: SIZE, seed: 3, meanDelayMs: 25, ring: options, running: true, weigh: true })
  world.loss = loss
  // They have their welcomes: who has none asks for them on its first audit, and tells everybody.
  for (const { state } of world.nodes) state.gathered = { at: world.now, vain: 0, wanted: false }
  // Each has stabilised once: its successor's list comes whole the first time.
  world.run(15_000)
  return world
}

const bytesOf = (world: World, seconds: number) => {
  const before = world.bytes
  world.run(1_000 * seconds)
  return (world.bytes - before) / seconds / SIZE
}

describe('a ring of more than 512', () => {
  it('tells joins, leaves and deaths to everybody, for less than two messages a member', () => {
    const world = ring()
    const idle = bytesOf(world, 10)
    // Pings of twelve neighbours, a comparison in eleven seconds, and "unchanged".
    expect(idle).toBeLessThan(40)
    const [left, died] = [world.nodes[5]!, world.nodes[300]!]
    const before = { bytes: world.bytes, at: world.now }
    const joiner = world.add([world.nodes[7]!])
    const other = world.add([world.nodes[90]!])
    // While the two read their tables.
    world.run(200)
    world.leave(left)
    const others = () => world.up().filter((node) => node !== joiner)
    const knows = (share: number) =>
      others().filter(({ state }) => !state.table.isAlive(left.id) && state.table.isAlive(joiner.id)).length >=
      share * others().length
    expect(world.runUntil(() => knows(1), 20_000)).toBeDefined()
    const { table } = joiner.state
    expect([table.isAlive(left.id), table.isAlive(other.id), table.aliveCount]).toEqual([false, true, SIZE + 1])
    const spent = world.bytes - before.bytes - (idle * SIZE * (world.now - before.at)) / 1_000
    // A row of 90 bytes and two of 800 to each; the joiners read a table of 560 rows.
    expect(spent / SIZE).toBeLessThan(3_000)
    world.crash(died)
    const dead = () => others().filter(({ state }) => !state.table.isAlive(died.id)).length
    expect(world.runUntil(() => dead() === others().length, 60_000)).toBeDefined()
  })
})
