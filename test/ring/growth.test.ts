/**
 * Rings of more members than a node may have connections: the machine with its tables and kept members, and the bookkeeping of
 * connections, on a network that counts them.
 */
import { describe, expect, it } from 'vitest'
import { reach } from '../../src/ring/machine/connections.ts'
import { keptPeers } from '../../src/ring/run/kept.ts'
import { expectPlaces, joined, know, lookUp, most } from './growth.ts'
import { World } from './world.ts'

describe('a ring of more members than connections', () => {
  it('lets all of 44 join where each may have 36, and takes nobody for dead for want of a place', () => {
    const world = new World({ seed: 1, maxPeers: 36, options: { graceMs: 20_000 } })
    const first = world.add([])
    for (let i = 1; i < 44; i++) world.at(i * 100, () => void world.add([first]))
    world.runUntil(() => world.nodes.length === 44 && know(world, 44) === 44, 40_000)
    expect([joined(world), know(world, 44)]).toEqual([44, 44])
    expect(most(world)).toBeLessThanOrEqual(36)
    world.run(40_000)
    expect(know(world, 44)).toBe(44)
    expect(lookUp(world, 200)).toBe(200)
  }, 60_000)

  it.each([
    [14, 12],
    [24, 20],
  ])(
    'lets all of %i join where each may have %i, and then dials hardly anybody',
    (count, places) => expectPlaces(count, places, 60_000),
    60_000,
  )

  it('has members that choose each other: whoever is near stays connected on both sides', () => {
    const world = new World({ seed: 2, maxPeers: 16 })
    const first = world.add([])
    for (let i = 1; i < 40; i++) world.at(i * 200, () => void world.add([first]))
    world.runUntil(() => world.nodes.length === 40 && know(world, 40) === 40, 60_000)
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
