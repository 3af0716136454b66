import { afterEach, describe, expect, it } from 'vitest'
import type { Question } from '../../../src/dns/index.ts'
import { answer, ask, createWorld, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

/** Names, each agreed on and told by somebody who keeps none of them. */
async function agreed(count: number, ttl = 300): Promise<Question[]> {
  const questions = Array.from({ length: count }, (_, i) => ask(`www.zone${i}.com`))
  for (const question of questions) {
    world.publish(question, { ...answer(question, [1], ttl), apex: question.name })
    await world.told(question, [world.outsiders(question)[0] ?? world.nodes[0]!], 700)
  }
  return questions
}

describe('when the members change', () => {
  it('a joiner gets the entries of the chunks it now keeps, by certificate, and serves them without a fetch', async () => {
    world = createWorld({ nodes: 6, n: 3 })
    const joiner = world.nodes[5]!
    world.remove(joiner)
    const questions = await agreed(30)
    world.withdraw()
    world.add(joiner)
    await world.clock.advanceAsync(10_000)
    const mine = questions.filter((question) => world.replicas(question).includes(joiner))
    expect(mine.length).toBeGreaterThan(5)
    for (const question of mine) expect(joiner.chunks.entry(question)).toBeDefined()
    expect(joiner.fetches).toBe(0)
    expect(joiner.chunks.stats().entries).toBe(mine.length)
  })

  it('a joiner that does not answer at first gets its entries with the next repair, without another change', async () => {
    world = createWorld({ nodes: 6, n: 3 })
    const joiner = world.nodes[5]!
    world.remove(joiner)
    const questions = await agreed(30)
    world.withdraw()
    joiner.down = true
    world.add(joiner)
    await world.clock.advanceAsync(10_000)
    joiner.down = false
    await world.clock.advanceAsync(80_000)
    const mine = questions.filter((question) => world.replicas(question).includes(joiner))
    expect(mine.length).toBeGreaterThan(5)
    expect(mine.filter((question) => joiner.chunks.entry(question) === undefined)).toEqual([])
    expect(joiner.fetches).toBe(0)
    for (const question of mine)
      expect(joiner.chunks.entry(question)!.expires).toBeLessThanOrEqual(
        Math.max(...world.nodes.slice(0, 5).map((node) => node.chunks.entry(question)?.expires ?? 0)),
      )
  })

  it('a replica that missed an agreement gets it with the next repair', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const [, , last] = world.replicas(question)
    last!.down = true
    await world.told(question, [world.outsiders(question)[0]!], 20_000)
    expect(world.replicas(question)[0]!.chunks.entry(question)).toBeDefined()
    last!.down = false
    world.withdraw()
    await world.clock.advanceAsync(80_000)
    expect(last!.chunks.entry(question)).toBeDefined()
    expect(last!.fetches).toBe(0)
  })

  it('what is owed to a peer that left is forgotten', async () => {
    world = createWorld({ nodes: 6, n: 3 })
    const joiner = world.nodes[5]!
    world.remove(joiner)
    await agreed(10)
    joiner.down = true
    world.add(joiner)
    await world.clock.advanceAsync(10_000)
    world.remove(joiner)
    const start = world.requests.length
    await world.clock.advanceAsync(200_000)
    expect(world.requests.slice(start).filter((one) => one.to === joiner.index)).toEqual([])
  })

  it('hand-over never stretches a TTL', async () => {
    world = createWorld({ nodes: 6, n: 3 })
    const joiner = world.nodes[5]!
    world.remove(joiner)
    const questions = await agreed(20)
    await world.clock.advanceAsync(200_000)
    world.add(joiner)
    await world.clock.advanceAsync(10_000)
    const before = new Map(
      questions.map((question) => [
        question,
        Math.max(...world.nodes.slice(0, 5).map((node) => node.chunks.entry(question)?.expires ?? 0)),
      ]),
    )
    for (const question of questions) {
      const entry = joiner.chunks.entry(question)
      if (entry !== undefined) expect(entry.expires).toBeLessThanOrEqual(before.get(question)!)
    }
    await world.clock.advanceAsync(100_000)
    expect(questions.every((question) => joiner.chunks.entry(question) === undefined)).toBe(true)
  })

  it('entries whose signers are no majority any more do not count, and are observed again when asked for', async () => {
    world = createWorld({ nodes: 8, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const before = world.replicas(question)
    await world.told(question, [world.outsiders(question)[0]!])
    // Two of the three signers leave: the last one alone is no majority of the new three.
    before[0]!.down = true
    before[1]!.down = true
    world.remove(before[0]!, before[1]!)
    const reader = world.outsiders(question).find((node) => !before.includes(node))!
    expect((await world.read(reader, question)).kind).toBe('insufficient')
    await world.clock.advanceAsync(12_000)
    const read = await world.read(reader, question)
    expect(read.kind).toBe('accepted')
    const now = new Set(world.replicas(question).map((node) => node.member.peer))
    expect(read.kind === 'accepted' && read.finding.evidence.observers.every((peer) => now.has(peer))).toBe(true)
  })

  it('a replica that is not in its own view of the set says so, and names whom it believes in', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    const [first] = world.replicas(question)
    const reader = world.outsiders(question)[0]!
    first!.table = first!.table.filter((member) => member.id !== first!.member.id)
    const read = await world.read(reader, question)
    const word = read.replies.find((reply) => reply.peer === first!.member.peer)?.word
    expect(word).toMatchObject({ kind: 'not-mine' })
    expect(word?.kind === 'not-mine' && word.believes).toHaveLength(3)
    expect(word?.kind === 'not-mine' && word.believes).not.toContain(first!.member.peer)
  })

  it('a suspect is asked last, and still asked', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    await world.told(question, [world.outsiders(question)[0]!])
    const reader = world.outsiders(question)[1]!
    const [suspect, ...others] = world.replicas(question)
    reader.suspects.add(suspect!.member.id)
    const start = world.requests.length
    await world.read(reader, question)
    expect(world.requests.slice(start).map((one) => one.to)).not.toContain(suspect!.index)
    for (const other of others) other.down = true
    expect((await world.read(reader, question)).kind).toBe('accepted')
  })
})

describe('clocks that are off', () => {
  it("a replica that is far ahead is not counted, and the others' agreement stands", async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const ahead = world.replicas(question)[2]!
    ahead.skewMs = 40_000
    await world.told(question, [world.outsiders(question)[0]!])
    const read = await world.read(world.outsiders(question)[1]!, question)
    expect(read.kind === 'accepted' && read.finding.evidence.observers).toHaveLength(2)
    expect(read.kind === 'accepted' && read.finding.evidence.observers).not.toContain(ahead.member.peer)
  })

  it('an asker that is far behind believes nobody', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const behind = world.outsiders(question)[1]!
    behind.skewMs = -40_000
    await world.told(question, [world.outsiders(question)[0]!])
    expect((await world.read(behind, question)).kind).toBe('insufficient')
  })
})

describe('long TTLs', () => {
  it('are agreed for an hour at a time, each time from a new fetch: nobody dates an old one again', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    const published = answer(question, [1], 86_400)
    world.publish(question, published)
    const asker = world.outsiders(question)[0]!
    for (let hour = 0; hour < 3; hour++) {
      await world.told(question, [asker])
      const read = await world.read(asker, question)
      expect(read.kind).toBe('accepted')
      expect(read.kind === 'accepted' && read.finding.expires - world.clock.now()).toBeGreaterThan(3_580_000)
      await world.clock.advanceAsync(3_600_000)
      expect(world.replicas(question).map((node) => node.chunks.entry(question))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      // What each saw itself is valid by its TTL, and too old to be anybody's evidence.
      expect((await world.read(asker, question)).replies.map(({ word }) => word.kind)).not.toContain('vote')
    }
    expect(world.replicas(question).map((node) => node.fetches)).toEqual([3, 3, 3])
  })
})

describe('a fetch that is nearly over', () => {
  it('is not signed anew: there is a new one, dated when it was made', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question, [1], 7_200))
    const asker = world.outsiders(question)[0]!
    await world.told(question, [asker])
    await world.clock.advanceAsync(6_000_000)
    const again = world.clock.now()
    await world.told(question, [asker])
    const read = await world.read(asker, question)
    if (read.kind !== 'accepted') throw new Error(read.kind)
    expect(read.finding.expires).toBeGreaterThanOrEqual(again + 3_600_000)
    expect(read.finding.expires).toBeLessThan(again + 3_620_000)
    expect(world.replicas(question).map((node) => node.fetches)).toEqual([2, 2, 2])
  })
})

describe('two openers at once', () => {
  it('still come to one agreement', async () => {
    world = createWorld({ nodes: 7, n: 5 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const seats = world.replicas(question)
    // The second and third believe that nobody is before them, so all three open at once.
    for (const one of seats.slice(1, 3))
      for (const before of seats.slice(0, 2)) if (one !== before) one.suspects.add(before.member.id)
    await world.told(question, [world.outsiders(question)[0]!])
    for (const seat of seats)
      expect(seat.chunks.entry(question)?.certificate.observations.length).toBeGreaterThanOrEqual(3)
    expect(seats.map((seat) => seat.fetches)).toEqual([1, 1, 1, 1, 1])
  })
})
