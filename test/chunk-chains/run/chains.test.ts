import { afterEach, describe, expect, it } from 'vitest'
import { asChunkId, ChordnsError, fromHex, scopedStore, toHex } from '../../../src/base/index.ts'
import { encodeMessage, storedBlocks, storedChains } from '../../../src/chain/index.ts'
import { ChainBook } from '../../../src/chunk-chains/disk/book.ts'
import { dataSections } from '../../../src/chunk-chains/disk/sections.ts'
import { limits } from '../../../src/chunk-chains/limits.ts'
import { decodeChainsReply, encodeChainsRequest } from '../../../src/chunk-chains/run/messages.ts'
import { replicaGroup } from '../../../src/chunk-chains/state/descriptor.ts'
import { questionKey } from '../../../src/chunks/wire/question-key.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { answer, ask } from '../../chunks/world.ts'
import { CHUNK, type ChainsWorld, createChainsWorld, namesOf, type Replica } from '../world.ts'

let world: ChainsWorld

function storedBlocksOf(one: ChainsWorld, replica: number) {
  const { store } = one.replicas[replica]!
  const places = dataSections(store)
  const [known] = new ChainBook(places.book, places.blocks).all()
  return [...storedBlocks(known!.chainId, places.blocks, 1)].map(({ decided }) => decided!)
}

/** Ids of those whose votes stand behind the last block that a replica has. */
function signersOf(one: ChainsWorld, replica: number) {
  const ids = one.replicas.map(({ member }) => member.id).sort()
  return storedBlocksOf(one, replica)
    .at(-1)!
    .certificate.signatures.map(({ index }) => ids[index])
}

afterEach(() => {
  world.stop()
  expect(world.contradictions).toEqual([])
})

const heights = () => world.replicas.map(({ chains }) => chains.view(CHUNK).height)
const ids = () => new Set(world.replicas.map(({ chains }) => chains.view(CHUNK).chain))

describe('the chain of a chunk', () => {
  it('records an entry that its seven replicas agreed on, once, and every replica says where', async () => {
    world = createChainsWorld(7, 7, 24, () => [], 0, 'real')
    const [question] = namesOf(CHUNK, 1)
    const entry = world.agree(question!)
    await world.pass(10_000)
    expect(ids().size).toBe(1)
    expect(heights()).toEqual([1, 1, 1, 1, 1, 1, 1])
    for (const { chains } of world.replicas) {
      const chain = chains.view(CHUNK).chain
      expect(chains.recorded(entry)).toMatchObject({ chain, height: 1, class: 'agreed' })
      expect(chains.view(CHUNK).blocks[0]!.transactions.map(({ kind }) => kind)).toEqual(['add'])
    }
    expect(world.errors).toEqual([])
  })

  it('records entries that come within the time for gathering in few blocks, with few messages, and none of them late for its end', async () => {
    world = createChainsWorld(3, 3, 24, () => [], 300_000)
    const questions = namesOf(CHUNK, 8)
    const entries: ReturnType<typeof world.agree>[] = []
    for (const question of questions) {
      entries.push(world.agree(question))
      await world.pass(5_000)
    }
    expect(heights()).toEqual([0, 0, 0])
    // They live for five minutes: a quarter of that is what the first waits.
    await world.pass(300_000)
    for (const { chains } of world.replicas) for (const entry of entries) expect(chains.recorded(entry)).toBeDefined()
    expect(Math.max(...heights())).toBeLessThanOrEqual(3)
    expect(world.sent.length / entries.length).toBeLessThan(12)
  })

  it('closes when idle: no timers and no messages, until something happens', async () => {
    world = createChainsWorld(3)
    const [first, second] = namesOf(CHUNK, 2)
    world.agree(first!)
    await world.pass(60_000)
    expect(world.replicas.map(({ chains }) => chains.stats().open)).toEqual([0, 0, 0])
    const { pending } = world.clock
    const before = world.sent.length
    await world.pass(600_000)
    expect(world.sent.length).toBe(before)
    expect(world.clock.pending).toBeLessThanOrEqual(pending)
    world.agree(second!)
    await world.pass(10_000)
    expect(heights()).toEqual([2, 2, 2])
  })

  it('records updates, renewals, and no history again', async () => {
    world = createChainsWorld(3)
    const [question] = namesOf(CHUNK, 1)
    world.agree(question!, answer(question!, [1]))
    await world.pass(5_000)
    world.agree(question!, answer(question!, [1]))
    await world.pass(5_000)
    const last = world.agree(question!, answer(question!, [2]))
    await world.pass(5_000)
    const { blocks } = world.replicas[0]!.chains.view(CHUNK)
    expect(blocks.map(({ transactions }) => transactions.map(({ kind }) => kind))).toEqual([
      ['update'],
      ['renew'],
      ['add'],
    ])
    expect(world.replicas[1]!.chains.recorded(last)?.height).toBe(3)
  })
})

describe('proposing', () => {
  it('of three replicas goes on without any one of them, which catches up; and not without two', async () => {
    world = createChainsWorld(3)
    const names = namesOf(CHUNK, 5)
    for (const [i, silent] of world.replicas.entries()) {
      world.crash(silent, 'process')
      world.agree(names[i]!)
      await world.pass(60_000)
      world.restart(silent)
      await world.pass(20_000)
    }
    world.agree(names[3]!)
    await world.pass(60_000)
    expect(heights()).toEqual([4, 4, 4])
    for (const replica of world.replicas) expect(world.faults(replica)).toEqual([])
    world.crash(world.replicas[0]!, 'process')
    world.crash(world.replicas[1]!, 'process')
    world.agree(names[4]!)
    await world.pass(60_000)
    expect(world.replicas[2]!.chains.view(CHUNK).height).toBe(4)
  })

  it('goes on without the replica whose turn it is, whichever that is', async () => {
    world = createChainsWorld(4)
    world.crash(world.replicas[1]!, 'process')
    const entries = namesOf(CHUNK, 6).map((name, i) => world.agree(name, answer(name, [i])))
    await world.pass(15_000)
    for (const entry of entries) expect(world.replicas[0]!.chains.recorded(entry)).toBeDefined()
  })

  it('reaches a replica that was told of neither entry nor chain', async () => {
    world = createChainsWorld(4)
    const last = world.replicas[3]!
    last.down = true
    const entry = world.agree(namesOf(CHUNK, 1)[0]!)
    last.down = false
    await world.pass(10_000)
    expect(last.chains.recorded(entry)).toMatchObject({ height: 1 })
  })
})

describe('a chain that is full', () => {
  it('is followed by another one that goes on from its last block, and is pruned when it is old', async () => {
    world = createChainsWorld(4, 4, 48)
    const [name] = namesOf(CHUNK, 1)
    world.agree(name!)
    await world.pass(60_000)
    const { chains } = world.replicas[0]!
    const first = chains.view(CHUNK)
    await world.pass(25 * 3_600_000)
    const entry = world.agree(name!)
    await world.pass(30_000)
    const second = chains.view(CHUNK)
    expect(second).toMatchObject({ height: 1, previous: first.chain })
    expect(ids().size).toBe(1)
    expect(chains.recorded(entry)).toMatchObject({ chain: second.chain })
    expect(chains.stats()).toMatchObject({ known: 2, pruned: 0 })
    expect(world.faults(world.replicas[0]!)).toEqual([])
    await world.pass(24 * 3_600_000)
    expect(chains.stats()).toMatchObject({ known: 1, pruned: 1 })
    expect(world.faults(world.replicas[0]!)).toEqual([])
    // What was signed in it is not forgotten: nobody gets a vote in it again.
    const kept = world.replicas[0]!.guard
    expect([...kept.range(new Uint8Array())].some(([key]) => toHex(key).startsWith(first.chain!))).toBe(true)
  })
})

describe('a chain whose line in the book a failing disk has lost', () => {
  it('has its blocks deleted at the next start, since nothing would ever name them again', async () => {
    world = createChainsWorld(4, 4, 48)
    const [name] = namesOf(CHUNK, 1)
    world.agree(name!)
    await world.pass(60_000)
    const replica = world.replicas[0]!
    const first = replica.chains.view(CHUNK).chain!
    // It is full, and no chain that others still go on with.
    await world.pass(25 * 3_600_000)
    world.agree(name!)
    await world.pass(30_000)
    const chains = () => [...storedChains(dataSections(replica.store).blocks)].map(toHex)
    world.crash(replica, 'process')
    const { book } = dataSections(replica.data.open())
    for (const [key] of book.range(new Uint8Array()))
      if (toHex(key).includes(first)) book.batch([{ kind: 'delete', key }], { durable: true })
    replica.data.crash('process')
    world.restart(replica)
    await world.pass(30_000)
    expect(world.faults(replica)).toEqual([])
    expect(chains()).not.toContain(first)
    expect(chains()).toContain(replica.chains.view(CHUNK).chain)
  })
})

describe('when the replicas change', () => {
  it('another chain begins where the last one ended, and entries go over by their certificates', async () => {
    world = createChainsWorld(6, 5)
    const [first, second, third] = namesOf(CHUNK, 3)
    const [leaver, joiner] = [world.replicas[4]!, world.replicas[5]!]
    world.setMembers(world.replicas.slice(0, 5))
    world.agree(first!, answer(first!), 3_000)
    await world.pass(5_000)
    world.agree(second!, answer(second!), 3_000)
    await world.pass(5_000)
    const before = world.replicas[0]!.chains.view(CHUNK)
    expect(before.height).toBe(2)
    const now = world.replicas.filter((replica) => replica !== leaver)
    world.setMembers(now)
    const entry = world.agree(third!, answer(third!), 3_000)
    await world.pass(30_000)
    for (const { chains } of now) {
      const view = chains.view(CHUNK)
      expect(view.chain).not.toBe(before.chain)
      expect(view.previous).toBe(before.chain)
      expect(chains.recorded(entry)).toMatchObject({ chain: view.chain })
    }
    expect(new Set(now.map(({ chains }) => chains.view(CHUNK).chain)).size).toBe(1)
    expect(leaver.chains.view(CHUNK).state).toBe('not-mine')
    expect(world.faults(joiner)).toEqual([])
    expect(world.faults(world.replicas[0]!)).toEqual([])
    // The set that comes back goes on with its own chain.
    world.setMembers(world.replicas.slice(0, 5))
    world.agree(third!, answer(third!, [2]), 3_000)
    await world.pass(10_000)
    expect(world.replicas[0]!.chains.view(CHUNK)).toMatchObject({ chain: before.chain, height: 3 })
  })

  it('one replica that remembers is enough to go on from the last block', async () => {
    world = createChainsWorld(3, 2)
    const [first, second] = namesOf(CHUNK, 2)
    world.setMembers(world.replicas.slice(0, 2))
    world.agree(first!)
    await world.pass(5_000)
    const before = world.replicas[0]!.chains.view(CHUNK).chain
    world.replicas[1]!.down = true
    const now = [world.replicas[0]!, world.replicas[2]!]
    world.setMembers(now)
    world.agree(second!)
    await world.pass(10_000)
    for (const { chains } of now) expect(chains.view(CHUNK)).toMatchObject({ height: 1, previous: before })
  })

  it('two that disagree on the set for a moment fork nothing, and go on when they agree', async () => {
    world = createChainsWorld(6, 5)
    const [old, late] = [world.replicas.slice(0, 5), world.replicas.slice(1, 6)]
    const [first, second] = namesOf(CHUNK, 2)
    world.setMembers(old, world.replicas.slice(0, 3))
    world.setMembers(late, world.replicas.slice(3))
    world.agree(first!)
    await world.pass(4_000)
    // Neither set finds a quorum.
    expect(world.replicas.map(({ chains }) => chains.stats().decided)).toEqual([0, 0, 0, 0, 0, 0])
    world.setMembers(late)
    world.agree(second!)
    await world.pass(60_000)
    expect(new Set(late.map(({ chains }) => chains.view(CHUNK).chain)).size).toBe(1)
    for (const replica of late) {
      expect(replica.chains.view(CHUNK).height).toBeGreaterThan(0)
      expect(world.faults(replica)).toEqual([])
    }
    expect(world.errors).toEqual([])
  })

  it('replicas that begin at once, each for itself, end on one chain', async () => {
    world = createChainsWorld(5)
    const [first, second] = namesOf(CHUNK, 2)
    // Nobody hears of anybody while they ask; and one of them knows of a former chain.
    world.setMembers(world.replicas.slice(0, 4))
    world.agree(first!)
    await world.pass(5_000)
    world.setMembers(world.replicas)
    world.cut = () => true
    world.agree(second!)
    await world.pass(1_300)
    world.cut = () => false
    await world.pass(20_000)
    expect(ids().size).toBe(1)
    expect(new Set(heights())).toEqual(new Set([heights()[0]]))
    expect(heights()[0]).toBeGreaterThan(0)
  })
})

describe('chains of many chunks with something to decide', () => {
  const oneOfEach = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => world.agree(namesOf(asChunkId(from + i), 1)[0]!))
  const stats = () => world.replicas.map(({ chains }) => chains.stats())

  it('are few at once: what is to be recorded in the others waits, and is recorded', async () => {
    world = createChainsWorld(3)
    const entries = oneOfEach(20, 40)
    let most = 0
    for (let i = 0; i < 600; i++) {
      await world.pass(100)
      most = Math.max(most, ...stats().map(({ atWork }) => atWork))
    }
    expect(most).toBeGreaterThan(1)
    // Each of the three may begin so many, and hears of what the others began a moment later.
    expect(most).toBeLessThanOrEqual(2 * limits.MAX_AT_WORK)
    for (const { chains } of world.replicas) for (const entry of entries) expect(chains.recorded(entry)).toBeDefined()
  })

  it('hold no others up for long where they find no quorum', async () => {
    world = createChainsWorld(3)
    world.crash(world.replicas[1]!, 'process')
    world.crash(world.replicas[2]!, 'process')
    oneOfEach(20, limits.MAX_AT_WORK + 4)
    const [alone] = world.replicas
    await world.pass(limits.AT_WORK_MS - 500)
    expect(alone!.chains.stats()).toMatchObject({ open: limits.MAX_AT_WORK, atWork: limits.MAX_AT_WORK })
    await world.pass(8_000)
    expect(alone!.chains.stats().open).toBe(limits.MAX_AT_WORK + 4)
    await world.pass(limits.AT_WORK_MS + 2_000)
    expect(alone!.chains.stats().atWork).toBe(0)
  })
})

describe('a node without CPU to spare', () => {
  it('begins with no chain until it has some', async () => {
    world = createChainsWorld(3)
    world.isFree = () => false
    const entry = world.agree(namesOf(CHUNK, 1)[0]!)
    await world.pass(20_000)
    expect(heights()).toEqual([0, 0, 0])
    world.isFree = () => true
    await world.pass(2_000)
    for (const { chains } of world.replicas) expect(chains.recorded(entry)).toBeDefined()
  })
})

describe('a chain that finds no quorum', () => {
  it('rests, costs nothing, and goes on when the others are back', async () => {
    world = createChainsWorld(4)
    const [first, second, third] = namesOf(CHUNK, 3)
    world.agree(first!)
    await world.pass(5_000)
    for (const replica of world.replicas.slice(2)) world.crash(replica, 'process')
    world.agree(second!, answer(second!), 3_000)
    await world.pass(180_000)
    expect(world.replicas.slice(0, 2).map(({ chains }) => chains.stats().open)).toEqual([0, 0])
    const sent = world.sent.length
    await world.pass(600_000)
    expect(world.sent.length - sent).toBeLessThan(50)
    for (const replica of world.replicas.slice(2)) world.restart(replica)
    world.agree(third!, answer(third!), 3_000)
    await world.pass(60_000)
    expect(new Set(heights()).size).toBe(1)
    const held = world.replicas[0]!.chains
    expect(held.view(CHUNK).height).toBeGreaterThan(1)
  })

  it('is not woken by others for a while, so that two do not keep each other up', async () => {
    world = createChainsWorld(4)
    const [first, second] = namesOf(CHUNK, 2)
    world.agree(first!)
    await world.pass(30_000)
    for (const replica of world.replicas.slice(2)) world.crash(replica, 'process')
    world.agree(second!)
    await world.pass(60_000)
    const { chains } = world.replicas[0]!
    expect(chains.view(CHUNK).state).toBe('stalled')
    const chainId = fromHex(chains.view(CHUNK).chain!)
    const status = { type: 'status', height: 2, round: 0, hasProposal: false } as const
    const bytes = encodeMessage(chainId, { ...status, prevotes: new Uint8Array(), precommits: new Uint8Array() })
    const knock = () =>
      decodeChainsReply(
        chains.handle(world.replicas[1]!.member.peer, encodeChainsRequest({ kind: 'message', chainId, bytes })),
      )
    expect(knock()).toEqual({ kind: 'busy' })
    await world.pass(61_000)
    expect(knock()).toEqual({ kind: 'ack' })
  })
})

describe('after a crash', () => {
  it.each(['process', 'power'] as const)(
    'of all replicas at once (%s), chains go on and no vote is cast twice',
    async (how) => {
      world = createChainsWorld(4)
      const names = namesOf(CHUNK, 12)
      for (const [i, name] of names.entries()) {
        world.agree(name, answer(name, [i + 1]), 3_000)
        // 200 ms for company, then proposal, prevotes, precommits, 5 ms each: in the middle of it.
        await world.pass(i === 0 ? 5_000 : 194 + 3 * i)
        for (const replica of world.replicas) world.crash(replica, how)
        for (const replica of world.replicas) world.restart(replica)
      }
      const last = names.at(-1)!
      world.agree(last, answer(last, [99]), 3_000)
      await world.pass(60_000)
      expect(ids().size).toBe(1)
      expect(new Set(heights()).size).toBe(1)
      for (const replica of world.replicas) {
        expect(world.faults(replica)).toEqual([])
        // What had not been recorded was found again.
        for (const entry of replica.held.values()) expect(replica.chains.recorded(entry)).toBeDefined()
      }
    },
  )

  it('a replica that got what others agreed on records nothing of it anew, and its own when it was not recorded', async () => {
    world = createChainsWorld(5, 4)
    const [carried, own, later] = namesOf(CHUNK, 3)
    const [, , , gone, joiner] = world.replicas
    world.setMembers(world.replicas.slice(0, 4))
    const entry = world.agree(carried!, answer(carried!), 3_000)
    await world.pass(20_000)
    expect(world.replicas[0]!.chains.recorded(entry)).toMatchObject({ height: 1 })
    // No quorum: what is agreed on now is nowhere recorded.
    for (const replica of world.replicas.slice(1, 4)) world.crash(replica, 'process')
    const unrecorded = world.agree(own!, answer(own!), 3_000)
    await world.pass(60_000)
    for (const replica of world.replicas.slice(1, 3)) world.restart(replica)
    for (const one of [entry, unrecorded]) joiner!.held.set(questionKey(one.question), one)
    world.setMembers(world.replicas.filter((replica) => replica !== gone))
    await world.pass(60_000)
    const { chain } = world.replicas[0]!.chains.view(CHUNK)
    expect(joiner!.chains.view(CHUNK)).toMatchObject({ chain, height: 1 })
    for (const one of [world.replicas[0]!, joiner!]) {
      expect(one.chains.recorded(unrecorded)).toMatchObject({ chain, height: 1 })
      expect(one.chains.recorded(entry)?.chain).not.toBe(chain)
    }
    const news = world.agree(later!, answer(later!), 3_000)
    await world.pass(20_000)
    expect(joiner!.chains.recorded(news)).toMatchObject({ chain, height: 2 })
  })

  it('a replica that was away for long catches up, and shows how far it is', async () => {
    world = createChainsWorld(4)
    const names = namesOf(CHUNK, 40)
    world.agree(names[0]!, answer(names[0]!), 3_000)
    await world.pass(5_000)
    const late = world.replicas[3]!
    world.crash(late, 'power')
    for (const name of names.slice(1)) {
      world.agree(name, answer(name), 3_000)
      await world.pass(2_500)
    }
    const { height } = world.replicas[0]!.chains.view(CHUNK)
    expect(height).toBeGreaterThan(35)
    world.restart(late)
    // Each block takes the time of a page over a slow line.
    world.cut = (_, to) => to === late && world.clock.now() % 40 < 20
    world.agree(names[1]!, answer(names[1]!, [2]), 3_000)
    const seen: string[] = []
    for (let i = 0; i < 4_000 && late.chains.view(CHUNK).height <= height; i++) {
      await world.pass(5)
      const view = late.chains.view(CHUNK)
      if (view.target > view.height) seen.push(`${view.height} of ${view.target}`)
    }
    expect(late.chains.view(CHUNK).height).toBeGreaterThan(height)
    expect(seen).toContain(`1 of ${height}`)
    expect(world.told).toContain('catching up with a chunk chain')
    expect(late.chains.stats().caughtUp).toBeGreaterThan(30)
    expect(world.faults(late)).toEqual([])
  })

  it('with the votes lost, a replica follows its chains and signs nothing in them', async () => {
    world = createChainsWorld(4)
    const [first, second] = namesOf(CHUNK, 2)
    world.agree(first!)
    await world.pass(20_000)
    const forgetful = world.replicas[3]!
    world.crash(forgetful, 'process')
    forgetful.votes = createMemoryDisk({ random: seededRandom('another') })
    world.restart(forgetful)
    expect(world.errors.join()).toContain('votes.db is not the one')
    world.agree(second!)
    await world.pass(20_000)
    expect(heights()).toEqual([2, 2, 2, 2])
    const [block] = storedBlocksOf(world, 3).slice(-1)
    const own = world.replicas[3]!.member.id
    const index = world.replicas
      .map(({ member }) => member.id)
      .sort()
      .indexOf(own)
    expect(block!.certificate.signatures.some((one) => one.index === index)).toBe(false)
  })

  it('with the votes lost and all else but its key, a replica signs nothing in what was there before, and votes a day later', async () => {
    world = createChainsWorld(4)
    const names = namesOf(CHUNK, 4)
    world.agree(names[0]!)
    await world.pass(20_000)
    const [before] = ids()
    const forgetful = world.replicas[3]!
    world.crash(forgetful, 'process')
    forgetful.votes = createMemoryDisk({ random: seededRandom('another') })
    forgetful.data = createMemoryDisk({ random: seededRandom('a third') })
    world.restart(forgetful)
    world.agree(names[1]!)
    await world.pass(20_000)
    expect(heights()).toEqual([2, 2, 2, 2])
    expect(signersOf(world, 0)).not.toContain(forgetful.member.id)
    // Nor when the others cannot do without it.
    const silent = world.replicas[2]!
    world.crash(silent, 'process')
    world.agree(names[2]!)
    await world.pass(60_000)
    expect(forgetful.chains.view(CHUNK).height).toBe(2)
    await world.pass(25 * 3_600_000)
    const entry = world.agree(names[3]!)
    await world.pass(60_000)
    expect(ids()).not.toContain(before)
    expect(forgetful.chains.recorded(entry)).toBeDefined()
    world.restart(silent)
    await world.pass(60_000)
  })
})

describe('many chunks at rest', () => {
  it('cost no message and no timer', async () => {
    world = createChainsWorld(3)
    const questions = Array.from({ length: 80 }, (_, i) => ask(`n${i}.example.com`))
    for (const question of questions) world.agree(question, answer(question), 3_000)
    await world.pass(120_000)
    for (const { chains } of world.replicas) {
      const stats = chains.stats()
      expect(stats.known).toBeGreaterThan(60)
      expect(stats.waiting).toBe(0)
      expect(stats.open).toBe(0)
    }
    for (const replica of world.replicas)
      for (const entry of replica.held.values()) expect(replica.chains.recorded(entry)).toBeDefined()
    const { length } = world.sent
    await world.pass(500_000)
    expect(world.sent.length).toBe(length)
    // Pruning, once each; and the chunks' own entries are nobody's timers.
    expect(world.clock.pending).toBeLessThanOrEqual(3)
    // 22 of the engine for three replicas, and what it takes to find and open so many chains.
    expect(length / questions.length).toBeLessThan(60)
  })
})

describe('damage on the disk', () => {
  async function grown(): Promise<Replica> {
    world = createChainsWorld(4)
    for (const [i, name] of namesOf(CHUNK, 8).entries()) {
      world.agree(name, answer(name, [i + 1]), 3_000)
      await world.pass(3_000)
    }
    await world.pass(30_000)
    const replica = world.replicas[2]!
    expect(replica.chains.view(CHUNK).height).toBe(8)
    expect(world.faults(replica)).toEqual([])
    return replica
  }

  it.each([
    ['block', 4],
    ['line of the book', 1],
  ] as const)('is found by verify wherever a bit of a %s has turned', async (_, part) => {
    const replica = await grown()
    const store = scopedStore(replica.store, Uint8Array.of(part))
    const rows = [...store.range(new Uint8Array())]
    let missed = 0
    let tried = 0
    for (const [key, value] of rows) {
      for (let at = 5; at < value.length; at += part === 4 ? 191 : 23) {
        const damaged = value.slice()
        damaged[at]! ^= 1 << (at % 8)
        store.batch([{ kind: 'put', key, value: damaged }], { durable: true })
        tried++
        if (world.faults(replica).length === 0) missed++
      }
      store.batch([{ kind: 'put', key, value }], { durable: true })
    }
    expect(tried).toBeGreaterThan(part === 4 ? 50 : 10)
    expect(missed).toBe(0)
    expect(world.faults(replica)).toEqual([])
  })

  it('of one block is told with its place, and does not end the node', async () => {
    const replica = await grown()
    const blocks = dataSections(replica.store).blocks
    const rows = [...blocks.range(new Uint8Array())]
    blocks.batch([{ kind: 'delete', key: rows[4]![0] }], { durable: true })
    expect(world.faults(replica)).toMatchObject([{ height: 5, reason: expect.stringContaining('missing') }])
    world.crash(replica, 'process')
    world.restart(replica)
    const [name] = namesOf(CHUNK, 1)
    const entry = world.agree(name!, answer(name!, [77]), 3_000)
    await world.pass(20_000)
    // It is passed over: what the others have is taken, and it goes on as a validator that remembers what it signed.
    expect(world.errors.join()).toContain('taken anew')
    expect(replica.chains.view(CHUNK).height).toBe(9)
    expect(replica.chains.recorded(entry)).toMatchObject({ height: 9 })
    expect(world.replicas[0]!.chains.recorded(entry)).toMatchObject({ height: 9 })
    expect(world.faults(replica)).toEqual([])
    // Without one of the others, its vote is needed.
    world.crash(world.replicas[0]!, 'process')
    const another = namesOf(CHUNK, 10)[9]!
    world.agree(another, answer(another, [78]), 3_000)
    await world.pass(30_000)
    expect(replica.chains.view(CHUNK).height).toBe(10)
    expect(signersOf(world, 1)).toContain(replica.member.id)
    expect(world.contradictions).toEqual([])
  })

  it('of the record of the votes: the chain is followed, and nothing is signed in it any more', async () => {
    const replica = await grown()
    const rows = [...replica.guard.range(new Uint8Array())].filter(([key]) => key.length > 1)
    replica.guard.batch([{ kind: 'put', key: rows[0]![0], value: rows[0]![1].slice(0, 40) }], { durable: true })
    world.crash(replica, 'process')
    world.restart(replica)
    const [name] = namesOf(CHUNK, 1)
    const entry = world.agree(name!, answer(name!, [77]), 3_000)
    await world.pass(20_000)
    expect(replica.chains.recorded(entry)).toMatchObject({ height: 9 })
    expect(world.faults(replica)).toEqual([])
    expect(signersOf(world, 0)).not.toContain(replica.member.id)
    expect(world.contradictions).toEqual([])
  })

  it('of the votes is found, too', async () => {
    const replica = await grown()
    const rows = [...replica.guard.range(new Uint8Array())].filter(([key]) => key.length > 1)
    expect(rows.length).toBe(1)
    replica.guard.batch([{ kind: 'put', key: rows[0]![0], value: rows[0]![1].slice(0, 40) }], { durable: true })
    expect(world.faults(replica)).toMatchObject([{ reason: expect.stringContaining('votes.db') }])
  })
})

describe('a disk that is full', () => {
  it.each(['data', 'votes'] as const)('(%s) stops the record on this node, and nothing else', async (which) => {
    world = createChainsWorld(4)
    const names = namesOf(CHUNK, 6)
    world.agree(names[0]!, answer(names[0]!), 3_000)
    await world.pass(20_000)
    const replica = world.replicas[1]!
    const store = which === 'data' ? replica.store : replica.guard
    const { batch } = store
    const full = () => {
      throw new ChordnsError('STORE_FULL', 'the store is full', {})
    }
    Object.assign(store, { batch: full })
    for (const name of names.slice(1, 5)) {
      world.agree(name, answer(name), 3_000)
      await world.pass(5_000)
    }
    expect(world.replicas[0]!.chains.view(CHUNK).height).toBe(5)
    expect(replica.chains.view(CHUNK).height).toBe(1)
    expect(world.errors.join()).toContain('STORE_FULL')
    expect(world.errors.length).toBeLessThan(5)
    Object.assign(store, { batch })
    await world.pass(60_000)
    world.agree(names[5]!, answer(names[5]!), 3_000)
    await world.pass(20_000)
    expect(replica.chains.view(CHUNK).height).toBe(6)
    expect(world.faults(replica)).toEqual([])
  })
})

describe('what strangers say', () => {
  it('is not answered by opening a chain, nor taken for another replica’s word', async () => {
    world = createChainsWorld(5, 4)
    const stranger = world.replicas[4]!
    world.setMembers(world.replicas.slice(0, 4))
    const [question] = namesOf(CHUNK, 1)
    world.agree(question!)
    await world.pass(60_000)
    const { chains } = world.replicas[0]!
    const chainId = fromHex(chains.view(CHUNK).chain!)
    const body = encodeChainsRequest({ kind: 'message', chainId, bytes: Uint8Array.of(1) })
    expect(decodeChainsReply(chains.handle(stranger.member.peer, body))).toEqual({ kind: 'refused' })
    expect(chains.stats().open).toBe(0)
    const forged = {
      ...replicaGroup(
        'world',
        { first: CHUNK, count: 1 },
        4,
        world.replicas.slice(1).map(({ member }) => member),
      ),
      previous: undefined,
    }
    const open = encodeChainsRequest({ kind: 'open', descriptor: forged, proof: undefined })
    expect(decodeChainsReply(chains.handle(stranger.member.peer, open))).toEqual({ kind: 'refused' })
    expect(chains.stats().known).toBe(1)
    expect(() => chains.handle(stranger.member.peer, Uint8Array.of(0x80))).toThrow(
      expect.objectContaining({ code: 'CHUNK_MALFORMED' }),
    )
  })

  it('cannot lead replicas from chain to chain', async () => {
    world = createChainsWorld(4)
    const [question, other] = namesOf(CHUNK, 2)
    world.agree(question!)
    await world.pass(20_000)
    const [victim, liar] = [world.replicas[0]!, world.replicas[3]!]
    const before = victim.chains.view(CHUNK).chain
    const group = replicaGroup(
      'world',
      { first: CHUNK, count: 1 },
      4,
      world.replicas.map(({ member }) => member),
    )
    for (let i = 0; i < 60; i++) {
      const previous = { chainId: new Uint8Array(32).fill(i), height: 1_000 + i, headId: new Uint8Array(32).fill(i) }
      const open = encodeChainsRequest({ kind: 'open', descriptor: { ...group, previous }, proof: undefined })
      victim.chains.handle(liar.member.peer, open)
    }
    expect(victim.chains.view(CHUNK).chain).toBe(before)
    expect(victim.chains.stats().known).toBeLessThan(20)
    const entry = world.agree(other!)
    await world.pass(20_000)
    expect(victim.chains.recorded(entry)).toMatchObject({ chain: before, height: 2 })
  })
})
