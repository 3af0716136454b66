/**
 * 1,100 members with 64 connections each. Nearly all start at once with the table of the last run, as after a power cut; the rest
 * come from nothing. Welcomes are left out: they have their own tests, and rows of a table that was never told have none.
 */
import { expect, it } from 'vitest'
import type { MemberEntry } from '../../../src/ring/index.ts'
import { expectPlaces, joined, know, lookUp, most } from '../growth.ts'
import { scheme, World, type WorldOptions } from '../world.ts'

const OLD = 1_080
const NEW = 19
const MOST = 64

/** Each signature is checked once in this process, not once by each of the 1,100. */
function remembering(): typeof scheme {
  const known = new Map<string, boolean>()
  return {
    ...scheme,
    verify(publicKey, message, signature) {
      const key = Buffer.concat([publicKey, message, signature]).toString('latin1')
      const before = known.get(key)
      if (before !== undefined) return before
      const holds = scheme.verify(publicKey, message, signature)
      known.set(key, holds)
      return holds
    },
  }
}

/** The rows that so many nodes of this seed begin with. */
function rowsOf(options: WorldOptions, count: number): MemberEntry[] {
  const world = new World(options)
  const rows: MemberEntry[] = []
  for (let i = 0; i < count; i++) {
    world.add([], (node) => {
      rows.push(node.state.self)
      // It only gives its row.
      node.up = false
    })
  }
  return rows
}

it('1,100 members with 64 connections: all join, all look-ups end at the owner, a late one joins within five seconds', () => {
  const options: WorldOptions = {
    seed: 1,
    maxPeers: MOST,
    scheme: remembering(),
    seats: 'signed',
    options: { graceMs: 20_000 },
  }
  const rows = rowsOf(options, OLD)
  const world = new World(options)
  for (let i = 0; i < OLD; i++)
    world.add(i === 0 ? [] : [world.nodes[0]!], ({ state }) => {
      for (const row of rows) state.table.put(row, world.now)
    })
  world.run(8_000)
  expect([joined(world), know(world, OLD)]).toEqual([OLD, OLD])
  const contacts = world.nodes.slice(0, 2)
  for (let i = 0; i < NEW; i++) world.at(world.below(2_000), () => void world.add(contacts))
  world.run(6_000)
  expect(joined(world)).toBe(OLD + NEW)
  const late = world.add(contacts)
  world.run(5_000)
  expect(world.status(late).joined).toBe(true)
  expect(lookUp(world, 500)).toBe(500)
  expect(know(world, OLD + NEW + 1)).toBe(OLD + NEW + 1)
  expect(most(world)).toBeLessThanOrEqual(MOST)
}, 900_000)

it('60 members with 48 connections: all join, with welcomes, and a late one within five seconds', () => {
  const world = new World({ seed: 3, maxPeers: 48, options: { graceMs: 20_000 } })
  const first = world.add([])
  for (let i = 1; i < 60; i++) world.at(i * 100, () => void world.add([first]))
  world.runUntil(() => world.nodes.length === 60 && know(world, 60) === 60, 60_000)
  expect(know(world, 60)).toBe(60)
  const late = world.add([first])
  world.run(5_000)
  expect(world.status(late).joined).toBe(true)
  expect(world.status(late).members).toHaveLength(61)
  expect(lookUp(world, 100)).toBe(100)
})

it.each([
  [24, 12],
  [30, 16],
  [40, 12],
])('lets all of %i join where each may have %i, and then dials hardly anybody', (count, places) =>
  expectPlaces(count, places, 120_000),
)
