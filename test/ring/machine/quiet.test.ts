/** What a ring costs in which nothing happens, and how soon it notices that somebody is gone all the same. */
import { describe, expect, it } from 'vitest'
import { type Node, OPTIONS, World } from '../world.ts'

const MINUTE_MS = 60_000

function ringOf(count: number): { world: World; nodes: readonly Node[] } {
  const world = new World({ seed: 3, options: { graceMs: 20_000, auditMs: 10_000 } })
  const first = world.add([])
  world.run(1_000)
  for (let i = 1; i < count; i++) world.add([first])
  world.run(2 * MINUTE_MS)
  return { world, nodes: world.up() }
}

describe('a ring of eight that stands still', () => {
  it('sends about one request a second from each member', () => {
    const { world, nodes } = ringOf(8)
    const before = world.messages
    world.run(MINUTE_MS)
    // Seven neighbours in six to ten seconds, the successor in four to five, and what the audits ask for.
    expect((world.messages - before) / nodes.length / 60).toBeLessThan(1.1)
  })

  it('pings nobody who answers other rooms', () => {
    const { world, nodes } = ringOf(8)
    const pings = () => {
      let count = 0
      for (const node of nodes) count += node.state.pinging.size
      return count
    }
    let seen = 0
    world.observe = (node) => {
      seen += node.state.pinging.size
    }
    for (let second = 0; second < 60; second++) {
      for (const node of nodes)
        for (const other of nodes)
          if (other !== node) world.feed(node, { kind: 'report', id: other.id, outcome: 'answered' })
      world.run(1_000)
    }
    expect(seen + pings()).toBe(0)
  })

  it('suspects one that falls silent within twelve seconds, and closes', () => {
    const { world, nodes } = ringOf(8)
    const gone = nodes[4]!
    world.crash(gone)
    const suspected = () =>
      world.up().every(({ state }) => state.detector.isSuspect(gone.id) || !state.table.isAlive(gone.id))
    expect(world.runUntil(suspected, 12 * OPTIONS.stabiliseMs)).toBeDefined()
    const closed = () => world.up().every(({ state }) => state.pointers.successors[0] !== gone.id)
    expect(world.runUntil(closed, 2_000)).toBeDefined()
  })

  it('lets a newcomer in as fast as before', () => {
    const { world, nodes } = ringOf(8)
    const newcomer = world.add([nodes[0]!])
    const known = () =>
      world
        .up()
        .filter(
          ({ state }) => state.pointers.successors[0] === newcomer.id || state.pointers.predecessor === newcomer.id,
        ).length === 2
    expect(world.runUntil(known, 3_000)).toBeDefined()
  })
})
