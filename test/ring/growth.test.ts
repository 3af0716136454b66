/**
 * Rings of more members than a node may have connections: the machine with its tables and kept members, and the bookkeeping of
 * connections, on a network that counts them.
 */
import { describe, expect, it } from 'vitest'
import { reach } from '../../src/ring/machine/connections.ts'
import { keptPeers } from '../../src/ring/run/kept.ts'
import { effort } from '../setup/effort.ts'
import { expectPlaces, joined, know, lookUp, most } from './growth.ts'
import { World } from './world.ts'

describe('a ring of more members than connections', () => {
  const crowded = effort([24, 19] as const, [44, 36] as const)
  it(`lets all of ${crowded[0]} join where each may have ${crowded[1]}, and takes nobody for dead for want of a place`, () => {
    const [count, places] = crowded
    const world = new World({ seed: 1, maxPeers: places, options: { graceMs: 20_000 } })
    const first = world.add([])
    for (let i = 1; i < count; i++) world.at(i * 100, () => void world.add([first]))
    world.runUntil(() => world.nodes.length === count && know(world, count) === count, 40_000)
    expect([joined(world), know(world, count)]).toEqual([count, count])
    expect(most(world)).toBeLessThanOrEqual(places)
    world.run(40_000)
    expect(know(world, count)).toBe(count)
    expect(lookUp(world, 200)).toBe(200)
  })

  it.each(
    effort(
      [[14, 12]],
      [
        [14, 12],
        [24, 20],
      ],
    ),
  )(
    'lets all of %i join where each may have %i, and then dials hardly anybody',
    (count, places) => expectPlaces(count!, places!, 60_000),
    60_000,
  )

  it('has members that choose each other: whoever is near stays connected on both sides', () => {
    const world = new World({ seed: 2, maxPeers: 16 })
    const first = world.add([])
    const count = effort(26, 40)
    for (let i = 1; i < count; i++) world.at(i * 200, () => void world.add([first]))
    world.runUntil(() => world.nodes.length === count && know(world, count) === count, 60_000)
    world.run(10_000)
    const near = new Map(
      world.nodes.map(({ peer, state, context }) => [
        peer,
        new Set(keptPeers(state, context).slice(0, 2 * reach(state, context))),
      ]),
    )
    for (const [peer, others] of near) for (const other of others) expect(near.get(other)).toContain(peer)
  })
})
