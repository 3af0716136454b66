import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { distance, idFromBytes, successorIndex } from '../../../src/ring/chord/ids.ts'
import { limits } from '../../../src/ring/limits.ts'
import { examineList, isSparse, membersByDensity, signList } from '../../../src/ring/members/list.ts'
import { memberId } from '../../../src/ring/members/member.ts'
import type { LookupResult } from '../../../src/ring/types.ts'
import { decodeReply, decodeRequest } from '../../../src/ring/wire/decode.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { keyOf, type Node, scheme, World } from '../world.ts'

const NOW = 1_700_000_000_000
const context = { ringId: 'test', scheme }
const keyAt = (i: number): RingId => idFromBytes(keyOf(`key ${i}`))

/** Sorted ids of a ring, and the 16 following each place among those of `shown`. */
function ringOf(seed: number, size: number) {
  const ids = Array.from({ length: size }, (_, i) => idFromBytes(keyOf(`${seed}/${i}`))).sort()
  const following = (from: RingId, shown: readonly RingId[]) => {
    const start = successorIndex(shown, from) + (shown.includes(from) ? 1 : 0)
    return Array.from({ length: Math.min(16, shown.length - 1) }, (_, i) => shown[(start + i) % shown.length]!)
  }
  return { ids, following }
}

describe('the density of a successor list', () => {
  it('of an honest member is never refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 2, max: 400 }), (seed, size) => {
        const { ids, following } = ringOf(seed, size)
        for (const id of ids.slice(0, 20)) expect(isSparse(id, following(id, ids), size)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  it('shows that four fifths of the ring are hidden', () => {
    const { ids, following } = ringOf(1, 1_000)
    const shown = ids.filter((_, i) => i % 5 === 0)
    const seen = shown.filter((id) => isSparse(id, following(id, shown), 1_000))
    expect(seen.length).toBeGreaterThan(0.95 * shown.length)
  })

  it('a short list of a large ring is refused: what is not shown cannot be wide', () => {
    const { ids, following } = ringOf(2, 200)
    const list = following(ids[0]!, ids)
    expect(isSparse(ids[0]!, list.slice(0, 15), 200)).toBe(false)
    expect(isSparse(ids[0]!, list.slice(0, 12), 200)).toBe(false)
    expect(isSparse(ids[0]!, list.slice(0, 11), 200)).toBe(true)
    expect(isSparse(ids[0]!, [], 200)).toBe(true)
  })

  it('tells about how many members there are', () => {
    const { ids, following } = ringOf(3, 2_000)
    const guesses = ids.slice(0, 200).map((id) => membersByDensity(id, following(id, ids)))
    const sorted = guesses.sort((a, b) => a - b)
    expect(sorted[100]).toBeGreaterThan(1_500)
    expect(sorted[100]).toBeLessThan(2_700)
  })
})

describe('a signed successor list', () => {
  const publicKey = keyOf('owner')
  const member = { id: memberId(publicKey, new Uint8Array()), publicKey }
  const { ids, following } = ringOf(4, 100)
  const successors = following(member.id, ids)
  const list = signList('test', scheme.signer(publicKey), member.id, successors, NOW)

  it('is sound for the member that signed it, in its ring, at its time', () => {
    expect(examineList(context, member, list, 100, NOW + 1_000)).toBe('sound')
  })

  it('is nobody else’s word', () => {
    const other = { id: memberId(keyOf('other'), new Uint8Array()), publicKey: keyOf('other') }
    expect(examineList(context, other, list, 100, NOW)).toBe('unsigned')
    expect(examineList({ ...context, ringId: 'elsewhere' }, member, list, 100, NOW)).toBe('unsigned')
    expect(examineList(context, member, { ...list, at: NOW + 1 }, 100, NOW)).toBe('unsigned')
    const swapped = [successors[1]!, successors[0]!, ...successors.slice(2)]
    expect(examineList(context, member, { ...list, successors: swapped }, 100, NOW)).toBe('unsigned')
    expect(examineList(context, member, { ...list, successors: successors.slice(1) }, 100, NOW)).toBe('unsigned')
  })

  it('cannot be played again later', () => {
    expect(examineList(context, member, list, 100, NOW + limits.MAX_LIST_AGE_MS + 1)).toBe('unsigned')
    expect(examineList(context, member, list, 100, NOW - limits.MAX_LIST_AGE_MS - 1)).toBe('unsigned')
  })

  it('is refused out of order even when it is signed', () => {
    const crooked = signList('test', scheme.signer(publicKey), member.id, [...successors].reverse(), NOW)
    expect(examineList(context, member, crooked, 100, NOW)).toBe('unsigned')
  })

  it('keeps its meaning over the wire', () => {
    const find = { type: 'find', key: keyAt(1), shortCut: true, proof: true } as const
    expect(decodeRequest(encodeMessage(find))).toEqual(find)
    const reply = { type: 'directions', way: [], owners: [], predecessor: undefined, entry: undefined, list } as const
    expect(decodeReply(encodeMessage(reply))).toEqual(reply)
  })
})

describe('a look-up without the member table', () => {
  function settled(size: number): World {
    const world = new World({ seed: 11 })
    const first = world.add([])
    world.run(2_000)
    for (let i = 1; i < size; i++) world.add([first])
    world.run(20_000)
    return world
  }

  function lookUp(world: World, node: Node, key: RingId): LookupResult {
    let result: LookupResult | undefined
    world.lookedUp = (_, __, ended) => {
      result = ended
    }
    world.feed(node, { kind: 'lookup', reference: 1, key, mode: 'chord' })
    world.runUntil(() => result !== undefined, 30_000, 50)
    return result!
  }

  it('passes over an owner whose list shows only the members of his own', () => {
    const world = settled(30)
    const ids = world.nodes.map(({ id }) => id).sort()
    const liar = world.nodes[5]!
    const before = ids[(ids.indexOf(liar.id) - 1 + 30) % 30]!
    const asker = world.nodes.find(({ id }) => id !== liar.id && id !== before)!
    // A key that is the liar's: he answers for it, and has all he shows from his own people.
    const honest = lookUp(world, asker, liar.id)
    expect(honest).toMatchObject({ owner: liar.id })
    expect(asker.state.stats.sparseLists).toBe(0)
    const own = ids.filter((_, i) => i % 6 === 0 && ids[i] !== liar.id)
    own.sort((a, b) => (distance(liar.id, a) < distance(liar.id, b) ? -1 : 1))
    const pointers = { ...liar.state.pointers, successors: own.slice(0, 16) }
    Object.defineProperty(liar.state, 'pointers', { get: () => pointers, set: () => {} })
    liar.state.signedList = undefined
    expect(lookUp(world, asker, liar.id).owner).not.toBe(liar.id)
    expect(asker.state.stats.sparseLists).toBeGreaterThan(0)
  })

  it('signs the list once as long as it stays the same', () => {
    const world = settled(20)
    const [a, b] = world.nodes
    lookUp(world, a!, b!.id)
    const first = b!.state.signedList
    expect(first).toBeDefined()
    lookUp(world, world.nodes[2]!, b!.id)
    expect(b!.state.signedList).toBe(first)
  })
})

describe('an owner that its neighbour vouches for', () => {
  it('gets twice the longest wait at the second time', () => {
    const world = new World({ seed: 12 })
    const first = world.add([])
    world.run(2_000)
    for (let i = 1; i < 12; i++) world.add([first])
    world.run(20_000)
    const ids = world.nodes.map(({ id }) => id).sort()
    const asker = world.nodes[0]!
    const at = ids.indexOf(asker.id)
    // Neither the asker nor next to it, so that only its successor can vouch for it.
    const owner = world.nodes.find(({ id }) => id === ids[(at + 5) % 12])!
    const following = world.nodes.find(({ id }) => id === ids[(at + 6) % 12])!
    const { pingTimeoutMs } = asker.context.options
    let results = 0
    const waits: number[] = []
    world.lookedUp = () => {
      results += 1
    }
    // What the asker sends to the owner is lost; its neighbours reach it.
    world.link = (from, to) => !(from === asker && to === owner)
    world.feed(asker, { kind: 'lookup', reference: 1, key: owner.id, mode: 'table' })
    const open = () => [...asker.state.pending.values()].find(({ purpose }) => purpose.kind === 'lookup')?.peer
    let [peer, since] = [open(), world.now]
    while (results === 0) {
      world.run(5)
      if (open() === peer) continue
      if (peer === owner.peer) waits.push(world.now - since)
      peer = open()
      since = world.now
    }
    expect(waits).toHaveLength(2)
    const [once, second] = waits
    expect(following.state.pointers.predecessor).toBe(owner.id)
    expect(once).toBeLessThanOrEqual(pingTimeoutMs + 10)
    expect(second).toBeGreaterThanOrEqual(2 * pingTimeoutMs)
  })
})
