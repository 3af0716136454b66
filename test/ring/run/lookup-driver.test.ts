import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { distance, idFromBytes, successorIndex } from '../../../src/ring/chord/ids.ts'
import { limits } from '../../../src/ring/limits.ts'
import type { LookupMode, LookupResult } from '../../../src/ring/types.ts'
import { decodeReply, decodeRequest } from '../../../src/ring/wire/decode.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { effort } from '../../setup/effort.ts'
import { type Box, Hub } from '../hub.ts'
import { keyOf, type Node, World } from '../world.ts'

const SIZE = effort(24, 40)
/** Among messages of which two in a hundred are lost. */
const LOOKUPS = effort(150, 300)
const MODES: readonly LookupMode[] = ['table', 'chord', 'chord+list']

const keyAt = (i: number): RingId => idFromBytes(keyOf(`key ${i}`))

async function ringOf(hub: Hub, size: number): Promise<Box[]> {
  const boxes = Array.from({ length: size }, (_, i) => hub.box(`n${i}`, i === 0 ? [] : ['/memory/n0']))
  for (const { ring } of boxes) {
    await ring.start()
    await hub.clock.advanceAsync(200)
  }
  await hub.clock.advanceAsync(10_000)
  return boxes
}

async function ended<T>(hub: Hub, promise: Promise<T>): Promise<T> {
  let done = false
  void promise.then(() => {
    done = true
  })
  for (let i = 0; i < 200 && !done; i++) await hub.clock.advanceAsync(100)
  return promise
}

const ownerOf = (boxes: readonly Box[], key: RingId): RingId => {
  const ids = boxes.map(({ ring }) => ring.self.id).sort()
  return ids[successorIndex(ids, key)]!
}

/** A settled ring in the network of machines. */
function settled(size: number, options: { loss?: number; wire?: boolean } = {}): World {
  const world = new World({ seed: 7, ...options })
  const first = world.add([])
  world.run(2_000)
  for (let i = 1; i < size; i++) world.add([first])
  world.run(20_000)
  return world
}

function lookUp(world: World, node: Node, key: RingId, mode: LookupMode): LookupResult {
  const results: LookupResult[] = []
  world.lookedUp = (_, __, result) => void results.push(result)
  world.feed(node, { kind: 'lookup', reference: 1, key, mode })
  world.runUntil(() => results.length > 0, 30_000, 50)
  expect(results).toHaveLength(1)
  return results[0]!
}

describe('lookup on a running ring', () => {
  it.each(MODES)('finds the same owner from every member (%s)', async (mode) => {
    const hub = new Hub()
    const boxes = await ringOf(hub, 6)
    for (let i = 0; i < 8; i++) {
      for (const { ring } of boxes) {
        const result = await ended(hub, ring.lookup(keyAt(i), mode))
        const owner = ownerOf(boxes, keyAt(i))
        expect(result).toMatchObject({ owner, timeouts: 0 })
        expect(result.hops).toBe(owner === ring.self.id ? 0 : mode === 'chord' ? result.hops : 1)
      }
    }
  })

  it('needs no hop in a ring of one', async () => {
    const hub = new Hub()
    const [box] = await ringOf(hub, 1)
    const result = await ended(hub, box!.ring.lookup(keyAt(0), 'chord'))
    expect(result).toEqual({ key: keyAt(0), owner: box!.ring.self.id, hops: 0, timeouts: 0 })
  })

  it('finds nobody before the node is a member, and after it has left', async () => {
    const hub = new Hub()
    const box = hub.box('a', [])
    const nobody = { key: keyAt(0), owner: undefined, hops: 0, timeouts: 0 }
    expect(await box.ring.lookup(keyAt(0), 'table')).toEqual(nobody)
    await box.ring.start()
    await hub.clock.advanceAsync(1_000)
    const leaving = box.ring.stop()
    await hub.clock.advanceAsync(2_000)
    await leaving
    expect(await box.ring.lookup(keyAt(0), 'table')).toEqual(nobody)
  })

  it('ends when the node leaves in the middle of it', async () => {
    const hub = new Hub()
    const boxes = await ringOf(hub, 4)
    const asker = boxes[0]!
    const key = keyAt(
      Array.from({ length: 50 }, (_, i) => i).find((i) => ownerOf(boxes, keyAt(i)) !== asker.ring.self.id)!,
    )
    const open = asker.ring.lookup(key, 'table')
    const leaving = asker.ring.stop()
    expect(await open).toMatchObject({ owner: undefined })
    await hub.clock.advanceAsync(5_000)
    await leaving
  })

  it('keeps no more look-ups at once than it may', () => {
    const world = settled(4)
    const results: LookupResult[] = []
    world.lookedUp = (_, __, result) => void results.push(result)
    const node = world.nodes[0]!
    const far = world.nodes[1]!.id
    for (let i = 0; i < limits.MAX_LOOKUPS + 5; i++) {
      world.feed(node, { kind: 'lookup', reference: i, key: far, mode: 'table' })
    }
    expect(results).toHaveLength(5)
    expect(results.every(({ owner }) => owner === undefined)).toBe(true)
    world.run(5_000)
    expect(results).toHaveLength(limits.MAX_LOOKUPS + 5)
    expect(node.state.lookups.size).toBe(0)
  })

  it('is lost by no single lost message', () => {
    const world = settled(20, { wire: true })
    world.loss = 0.02
    const results = new Map<number, LookupResult>()
    world.lookedUp = (_, reference, result) => void results.set(reference, result)
    for (let i = 0; i < LOOKUPS; i++) {
      const mode = MODES[i % 3]!
      world.feed(world.pick(world.nodes), { kind: 'lookup', reference: i, key: keyAt(i), mode })
      world.run(100)
    }
    world.loss = 0
    world.run(20_000)
    const ids = world.nodes.map((node) => node.id).sort()
    const wrong = [...results.values()].filter(({ key, owner }) => owner !== ids[successorIndex(ids, key)])
    expect(results.size).toBe(LOOKUPS)
    // Two in a row to one member are another matter: it is then passed over as dead.
    expect(wrong.filter(({ timeouts }) => timeouts < 2)).toEqual([])
    expect(wrong.length).toBeLessThanOrEqual(3)
    expect([...results.values()].some(({ timeouts }) => timeouts > 0)).toBe(true)
  })

  it.each(MODES)('goes around members that have just died (%s)', (mode) => {
    const world = settled(SIZE)
    for (let i = 0; i < effort(8, 12); i++) world.crash(world.pick(world.up()))
    const ids = world
      .up()
      .map((node) => node.id)
      .sort()
    let timeouts = 0
    for (let i = 0; i < 20; i++) {
      const result = lookUp(world, world.pick(world.up()), keyAt(i), mode)
      expect(result.owner).toBe(ids[successorIndex(ids, keyAt(i))])
      timeouts += result.timeouts
    }
    expect(timeouts).toBeGreaterThan(0)
  })

  it('learns of a member that it does not know from that one’s successor, who shows its row', () => {
    const world = settled(8)
    const [asker, hidden] = world.nodes as [Node, Node]
    // Its first welcomes are of those who were there when it came; a minute later it has those of its neighbours of today.
    world.run(70_000)
    asker.state.table.remove(hidden.id)
    expect(lookUp(world, asker, hidden.id, 'table').owner).toBe(hidden.id)
    expect(asker.state.table.isAlive(hidden.id)).toBe(true)
  })

  it('takes no row that is not signed, and dials nobody for it', () => {
    const world = settled(8)
    const [asker, hidden] = world.nodes as [Node, Node]
    const row = hidden.state.self
    const forged = { ...row, incarnation: row.incarnation + 1_000, addresses: ['/memory/evil'] }
    asker.state.table.remove(hidden.id)
    for (const node of world.nodes) if (node !== asker && node !== hidden) node.state.table.put(forged, world.now)
    const { refused } = world.status(asker).stats
    const { owner } = lookUp(world, asker, hidden.id, 'table')
    expect(owner).not.toBe(hidden.id)
    expect(asker.state.table.get(hidden.id)?.addresses).not.toEqual(forged.addresses)
    expect(world.status(asker).stats.refused).toBeGreaterThan(refused)
  })

  it('adds nothing to a member’s state on the side that answers', () => {
    const world = settled(8)
    const [asker, other] = world.nodes as [Node, Node]
    const { size } = other.state.pending
    for (let i = 0; i < 20; i++) {
      const request = decodeRequest(encodeMessage({ type: 'find', key: keyAt(i), shortCut: true }))
      world.feed(other, { kind: 'request', from: asker.peer, request })
    }
    expect(other.state.pending.size).toBe(size)
    expect(other.state.lookups.size).toBe(0)
  })
})

describe('the messages of a look-up', () => {
  it('survive their bytes', () => {
    const key = keyAt(1)
    const find = { type: 'find', key, shortCut: false } as const
    expect(decodeRequest(encodeMessage(find))).toEqual(find)
    const reply = {
      type: 'directions',
      way: [keyAt(2), keyAt(3)],
      owners: [],
      predecessor: undefined,
      entry: settled(1).nodes[0]!.state.self,
    } as const
    expect(decodeReply(encodeMessage(reply))).toEqual(reply)
    expect(decodeReply(encodeMessage({ ...reply, predecessor: key, entry: undefined }))).toMatchObject({
      predecessor: key,
    })
  })

  it('carry no longer lists than one answer may', () => {
    const many = Array.from({ length: limits.LOOKUP_IDS + 1 }, (_, i) => keyAt(i))
    const long = encodeMessage({ type: 'directions', way: many, owners: [], predecessor: undefined, entry: undefined })
    expect(() => decodeReply(long)).toThrow(expect.objectContaining({ code: 'RING_MALFORMED' }))
  })
})

describe('fingers of a running node', () => {
  it('follow the table: a look-up by fingers halves the way', () => {
    const world = settled(SIZE)
    const node = world.nodes[0]!
    const ids = world.nodes.map(({ id }) => id).sort()
    const hops: number[] = []
    for (let i = 0; i < 30; i++) hops.push(lookUp(world, node, keyAt(i), 'chord').hops)
    const fingers = node.state.fingers.ids
    expect(fingers.map((finger) => distance(node.id, finger))).toEqual(
      fingers.map((finger) => distance(node.id, finger)).sort((a, b) => (a < b ? -1 : 1)),
    )
    expect(fingers.every((finger) => ids.includes(finger))).toBe(true)
    expect(Math.max(...hops)).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(SIZE)))
  })
})
