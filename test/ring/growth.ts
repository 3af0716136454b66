/** What is looked at in a ring that has grown. */
import type { World } from './world.ts'

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
