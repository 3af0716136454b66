/** How a member gets its seat, and how it comes back to one: by the word of its neighbours, or by answering. */
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/ring/limits.ts'
import { initialState } from '../../../src/ring/machine/machine.ts'
import { hasWelcomes } from '../../../src/ring/machine/seats.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { flaw, keyOf, type Node, scheme, tableFlaw, World, type WorldOptions } from '../world.ts'

function ring(size: number, options: WorldOptions = { seed: 11 }): World {
  const world = new World(options)
  const first = world.add([])
  for (let i = 1; i < size; i++) world.at(100 * i, () => void world.add([first]))
  world.run(20_000)
  expect(tableFlaw(world)).toBeUndefined()
  return world
}

const workOf = (world: World, node: Node) => ({ context: node.context, state: node.state, now: world.now, effects: [] })

function stranger(world: World, name: string): MemberEntry {
  const row = { salt: new Uint8Array(), addresses: ['/memory/x'], status: 'alive' as const }
  return signEntry('test', scheme.signer(keyOf(name)), { ...row, incarnation: Math.floor(world.now) })
}

describe('a newcomer', { timeout: 60_000 }, () => {
  it('brings the welcomes of more than half of its neighbours when it is told of', () => {
    const world = ring(12)
    const late = world.add([world.nodes[0]!])
    world.run(3_000)
    for (const node of world.nodes) {
      const row = node.state.table.aliveMember(late.id)
      expect(row?.welcomes?.length ?? 0).toBeGreaterThan(limits.WITNESSES / 2)
      if (node === late) continue
      node.state.table.remove(late.id)
      expect(hasWelcomes(workOf(world, node), row!)).toBe(true)
    }
  })

  it('asks for welcomes once, and not again when all witnesses were quick', () => {
    const world = ring(5, { seed: 11, meanDelayMs: 2 })
    // Those who began the ring ask again once it has more members.
    world.run(130_000)
    const asked = () => world.nodes.map(({ state }) => Math.round(state.gathered.at))
    const before = asked()
    world.run(100_000)
    expect(asked()).toEqual(before)
  })

  it('is reached in a ring larger than one that is told by all, where most hear of it from others', () => {
    const world = ring(limits.GOSSIP_ALL + 20, { seed: 12 })
    const late = world.add([world.nodes[0]!])
    const took = world.runUntil(() => world.nodes.every((node) => node.state.table.isAlive(late.id)), 10_000, 100)
    expect(took).toBeLessThan(5_000)
  })

  it('is given a seat by who hears of it from an older version, once it answers', () => {
    const world = ring(5)
    const [node, bringer] = world.nodes as [Node, Node]
    const row = stranger(world, 'old version')
    world.hollow.add(row.peer)
    world.feed(node, {
      kind: 'request',
      from: bringer.peer,
      request: { type: 'push', entries: [row], accusations: [] },
    })
    expect(node.state.table.isAlive(row.id)).toBe(false)
    world.run(1_000)
    expect(node.state.table.isAlive(row.id)).toBe(true)
  })

  it('waits in vain when nobody answers, and is forgotten', () => {
    const world = ring(5)
    const [node, bringer] = world.nodes as [Node, Node]
    const row = stranger(world, 'nobody')
    world.feed(node, {
      kind: 'request',
      from: bringer.peer,
      request: { type: 'push', entries: [row], accusations: [] },
    })
    world.run(5_000)
    expect(world.status(node).stats).toMatchObject({ waiting: 0, unreached: 1 })
  })

  it('is welcomed by nobody for whom it does not speak itself', () => {
    const world = ring(5)
    const [node, bringer] = world.nodes as [Node, Node]
    const entry = stranger(world, 'somebody else')
    world.feed(node, { kind: 'request', from: bringer.peer, request: { type: 'ask-welcome', entry } })
    expect(node.state.table.get(entry.id)).toBeUndefined()
  })
})

describe('a ring that was founded before there were welcomes', { timeout: 60_000 }, () => {
  it('comes up after an upgrade: who was remembered has its seat, and gets welcomes', () => {
    const world = new World({ seed: 13 })
    const first = world.add([])
    for (let i = 1; i < 8; i++) world.at(100 * i, () => void world.add([first]))
    for (const node of world.nodes) node.context = { ...node.context, seats: 'signed' }
    world.run(20_000)
    const known = world.nodes.map((node) => node.state.table.alive().map(({ welcomes: _, ...row }) => row))
    for (const [i, node] of world.nodes.entries()) {
      world.crash(node)
      node.context = { ...node.context, seats: 'welcomed' }
      node.state = initialState(node.context, world.now, node.persisted)
      node.bootstrap = []
      node.up = true
      world.feed(node, { kind: 'start', known: known[i]! })
    }
    world.runUntil(() => flaw(world) === undefined && tableFlaw(world) === undefined, 60_000)
    expect(flaw(world) ?? tableFlaw(world)).toBeUndefined()
    world.run(60_000 + limits.WELCOME_RETRY_MS)
    for (const node of world.nodes) expect(node.state.self.welcomes?.length ?? 0).toBeGreaterThan(3)
  })
})

describe('a member that comes back', { timeout: 60_000 }, () => {
  it('has its seat again within seconds after a long absence', () => {
    const world = ring(12)
    const away = world.nodes[5]!
    world.crash(away)
    world.run(120_000)
    for (const node of world.up()) expect(node.state.table.isAlive(away.id)).toBe(false)
    world.restart(away, [world.nodes[0]!])
    const took = world.runUntil(() => world.nodes.every((node) => node.state.table.isAlive(away.id)), 20_000, 100)
    expect(took).toBeLessThan(5_000)
  })

  it('and its half of the ring, when a partition heals in which each half had declared the other dead', () => {
    const world = ring(24, { seed: 14 })
    const left = new Set<Node>(world.nodes.filter((_, i) => i % 2 === 0))
    world.link = (a, b) => left.has(a) === left.has(b)
    world.run(180_000)
    world.link = () => true
    const took = world.runUntil(() => tableFlaw(world) === undefined, 180_000)
    expect(took).toBeLessThan(120_000)
  })

  it('reads no table on one contact’s word when it remembers members itself', () => {
    const world = ring(8)
    const node = world.nodes[3]!
    const known = node.state.table.alive().filter(({ id }) => id !== node.id)
    const liar = world.nodes[1]!
    const rows = Array.from({ length: 100 }, (_, i) => stranger(world, `phantom ${i}`))
    for (const row of rows) liar.state.table.put(row, world.now)
    world.crash(node)
    node.state = initialState(node.context, world.now, node.persisted)
    node.bootstrap = [liar]
    node.up = true
    world.feed(node, { kind: 'start', known })
    world.run(10_000)
    expect(world.status(node).joined).toBe(true)
    for (const row of rows) expect(node.state.table.isAlive(row.id)).toBe(false)
  })
})
