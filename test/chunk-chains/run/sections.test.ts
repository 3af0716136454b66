/** Chunks are many; the chains of a small ring are not: those whose replicas are the same share one. */
import { afterEach, describe, expect, it } from 'vitest'
import { chunkOf, keyOfChunk } from '../../../src/chunks/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import { ask } from '../../chunks/world.ts'
import { type ChainsWorld, createChainsWorld } from '../world.ts'

let world: ChainsWorld
afterEach(() => world.stop())

const BITS = 16
const chunkOfName = ({ name }: Question) => chunkOf(name, BITS)

/** Names of as many chunks, all in one of 256 sections, by chunk. */
function neighbours(count: number): Question[] {
  const found = new Map<number, Question>()
  for (let i = 0; found.size < count; i++) {
    const question = ask(`w${i}.example.com`)
    if (chunkOfName(question) >> 8 === 7) found.set(chunkOfName(question), question)
  }
  return [...found].sort(([a], [b]) => a - b).map(([, question]) => question)
}

const begin = (gatherMs = 0, members = 3) => createChainsWorld(members, 3, 24, () => [], gatherMs, 'hashed', BITS)
const chainOf = (question: Question, replica = 0) => world.replicas[replica]!.chains.view(chunkOfName(question)).chain

describe('chunks of a section', () => {
  it('have one chain, and share its blocks', async () => {
    world = begin(300_000)
    const entries = neighbours(6).map((question) => world.agree(question))
    expect(world.replicas[0]!.chains.view(entries[5]!.chunk).waiting).toBe(6)
    await world.pass(300_000)
    for (const replica of world.replicas) {
      const places = entries.map((entry) => replica.chains.recorded(entry))
      expect(new Set(places.map((place) => place?.chain)).size).toBe(1)
      expect(places.every((place) => place !== undefined && place.height <= 2)).toBe(true)
      expect(replica.chains.stats().known).toBe(1)
      expect(world.faults(replica)).toEqual([])
    }
    expect(world.errors).toEqual([])
  })

  it('get chains of their own where the ring puts others among their replicas, which go on from the one before', async () => {
    world = begin(0, 4)
    const [a, b, c, d] = world.replicas.map(({ member }) => member)
    world.setMembers(world.replicas.slice(0, 3))
    const names = neighbours(8)
    world.agree(names[0]!)
    await world.pass(60_000)
    const before = chainOf(names[0]!)
    // A member comes, and is a replica of the first half.
    const border = keyOfChunk(chunkOfName(names[4]!), BITS)
    const lower = [{ ...d!, id: border }, a!, b!] as const
    for (const replica of world.replicas) {
      replica.tableOf = (key) => (key < border ? [...lower] : [a!, b!, c!])
      replica.changed()
    }
    await world.pass(60_000)
    world.agree(names[7]!)
    await world.pass(60_000)
    const after = world.replicas[0]!.chains.view(chunkOfName(names[7]!))
    expect(after.chain).toBeDefined()
    expect(after.chain).not.toBe(before)
    expect(after.previous).toBe(before)
    // Not one of the other half.
    expect(chainOf(names[0]!)).not.toBe(after.chain)
    for (const replica of world.replicas) expect(world.faults(replica)).toEqual([])
    expect(world.errors).toEqual([])
  })

  it('are told apart from chunks of another section by whoever checks a block', async () => {
    world = begin()
    const [inside] = neighbours(1)
    const outside = Array.from({ length: 9 }, (_, i) => ask(`w${i}.example.com`)).find(
      (question) => chunkOfName(question) >> 8 !== 7,
    )!
    const entry = world.agree(inside!)
    const other = world.agree(outside)
    await world.pass(60_000)
    const [first, second] = [entry, other].map((one) => world.replicas[0]!.chains.recorded(one)?.chain)
    expect(first).toBeDefined()
    expect(second).toBeDefined()
    expect(first).not.toBe(second)
  })
})
