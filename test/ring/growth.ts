/** What is looked at in a ring that has grown. */
import { expect } from 'vitest'
import { flaw, World } from './world.ts'

/** How many nodes are members. */
export const joined = (world: World) => world.nodes.filter((node) => world.status(node).joined).length
/** How many nodes believe in so many members. */
export const know = (world: World, count: number) =>
  world.nodes.filter((node) => world.status(node).members.length === count).length
/** The most connections that any node has. */
export const most = (world: World) => Math.max(...world.nodes.map(({ peers }) => peers?.size ?? 0))

/** Look-ups from everywhere for keys everywhere: how many of them ended at the owner. */
export function lookUp(world: World, count: number): number {
  const ids = world
    .up()
    .map(({ id }) => id)
    .sort()
  let right = 0
  const owners = new Map<number, string>()
  world.lookedUp = (_, reference, { owner }) => {
    if (owner === owners.get(reference)) right++
  }
  for (let i = 0; i < count; i++) {
    const key = world.pick(ids)
    owners.set(i, key)
    const from = world.pick(world.up())
    world.at(world.below(5_000), () => world.feed(from, { kind: 'lookup', reference: i, key, mode: 'table' }))
  }
  world.run(10_000)
  return right
}

/** So many join where each may have so many connections: all are let in, and then hardly anybody is dialled. */
export function expectPlaces(count: number, places: number, withinMs: number): void {
  const world = new World({ seed: 1, maxPeers: places, options: { graceMs: 20_000 } })
  const first = world.add([])
  for (let i = 1; i < count; i++) world.at(i * 200, () => void world.add([first]))
  world.runUntil(() => world.nodes.length === count && know(world, count) === count, withinMs)
  expect([joined(world), know(world, count)]).toEqual([count, count])
  world.run(180_000)
  world.dials = 0
  world.noPlace = 0
  world.run(120_000)
  expect(world.dials / count / 2).toBeLessThan(1)
  expect(world.noPlace).toBe(0)
  expect([know(world, count), flaw(world)]).toEqual([count, undefined])
  expect(most(world)).toBeLessThanOrEqual(places)
}
