/** Replicas that pull what they lack, and those who would make a pull useless. */
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { ALWAYS_FREE, asChunkId, ChordnsError } from '../../../src/base/index.ts'
import { EntryStore } from '../../../src/chunks/entries/entry-store.ts'
import { rowOf } from '../../../src/chunks/entries/rows.ts'
import { lacksEntry, lacksProof } from '../../../src/chunks/handover/lacking.ts'
import { createPull } from '../../../src/chunks/handover/pull.ts'
import { limits } from '../../../src/chunks/limits.ts'
import type { Run } from '../../../src/chunks/seats/runs.ts'
import type { Seats } from '../../../src/chunks/seats/seats.ts'
import { Faults } from '../../../src/chunks/wire/faults.ts'
import {
  decodePull,
  decodePullFrame,
  encodePull,
  pullFrames,
  pullMark,
  readMarks,
} from '../../../src/chunks/wire/pull-messages.ts'
import type { Question } from '../../../src/dns/index.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { answer, ask, createWorld, type Node, paper, quiet, type World } from '../world.ts'

describe('messages of a pull', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 900 })

  it('come back as they were', () => {
    const key = fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' })
    const note = fc.tuple(key, fc.nat(2 ** 31 - 1), fc.nat(0xffff))
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(5_000), fc.array(note, { maxLength: 50 }), (first, more, notes) => {
        const have = notes.map(([key, seen, tag]) => pullMark(key, seen * 1_000, tag))
        const request = { first: asChunkId(first), last: asChunkId(first + more), have }
        expect(decodePull(encodePull(request))).toEqual(request)
      }),
    )
  })

  it('hold each row once, in order, in frames that fit', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 300 }), (rows) => {
        const frames = [...pullFrames(rows)]
        expect(frames.flatMap((frame) => [...decodePullFrame(frame)])).toEqual(rows)
        for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(limits.PULL_FRAME_BYTES)
      }),
      { numRuns: 30 },
    )
  })

  it('that are nonsense are refused', () => {
    fc.assert(
      fc.property(bytes, (nonsense) => {
        for (const decode of [decodePull, decodePullFrame])
          expect(() => decode(nonsense)).toThrow(expect.objectContaining({ code: 'CHUNK_MALFORMED' }))
      }),
    )
    const all = { first: asChunkId(5), last: asChunkId(4), have: [] }
    expect(() => decodePull(encodePull(all))).toThrow('run of chunks')
    const have = Array.from({ length: limits.MAX_PULL_MARKS + 1 }, (_, i) => pullMark(`a${i}`, 1, 1))
    expect(() => decodePull(encodePull({ first: asChunkId(0), last: asChunkId(9), have }))).toThrow('too many')
  })

  it('name what is known: the same or a later one, not an earlier one', () => {
    const at = 1_800_000_000_000
    const theirs = readMarks([pullMark('a', at, 7)])
    const lacks = (key: string, seen: number, tag = 7) => lacksEntry(theirs(key), { seen, tag })
    expect(lacks('a', at)).toBe(false)
    expect(lacks('a', at - 1)).toBe(false)
    expect(lacks('a', at + limits.SAME_ROUND_MS)).toBe(true)
    // Who counts another set of signers sees the same round at another time.
    expect(lacks('a', at + limits.SAME_ROUND_MS - 1)).toBe(false)
    expect(lacks('b', at)).toBe(true)
    // Of another content that is dated about as late, both sides see both.
    expect(lacks('a', at, 8)).toBe(true)
    expect(lacks('a', at - limits.SAME_ROUND_MS, 8)).toBe(true)
    expect(lacks('a', at - limits.SAME_ROUND_MS - 1, 8)).toBe(false)
  })

  it('of an earlier release have no tag, and are read as that release reads them', () => {
    const at = 1_800_000_000_123
    const mark = pullMark('a', 0, 0)
    new DataView(mark.buffer).setUint16(6, Math.floor(at / 2 ** 32))
    new DataView(mark.buffer).setUint32(8, at >>> 0)
    const request = { first: asChunkId(1), last: asChunkId(2), have: [mark], isUntagged: true }
    expect(decodePull(encodePull(request))).toEqual(request)
    const theirs = readMarks([mark], true)('a')
    expect(theirs).toEqual({ at, tag: undefined })
    expect(lacksEntry(theirs, { seen: at + limits.SAME_ROUND_MS - 1, tag: 9 })).toBe(false)
    expect(lacksEntry(theirs, { seen: at + limits.SAME_ROUND_MS, tag: 9 })).toBe(true)
    expect(lacksProof(theirs, { expires: at, tag: 9 }, at - 1_000)).toBe(false)
    expect(lacksProof(theirs, { expires: at + limits.SAME_ROUND_MS, tag: 9 }, at - 1_000)).toBe(true)
  })
})

describe('a pull', () => {
  /** When it begins, of a node that reads its own disk for that long. Ms. */
  async function beginsAfter(readingMs: number): Promise<number | undefined> {
    const clock = testClock()
    const start = clock.monotonic()
    let began: number | undefined
    const pull = createPull(
      {
        work: ALWAYS_FREE,
        clock,
        random: seededRandom(1),
        log: quiet,
        bulk: () => {
          throw new Error('there is nobody to ask')
        },
        store: new EntryStore(),
        proofs: { chunks: () => [], marksOf: () => [] },
        placement: {
          ownRuns() {
            began ??= clock.monotonic() - start
            return []
          },
        },
        faults: new Faults(),
        isSuspect: () => false,
      },
      {
        takeProof: async () => 'useless',
        isReading: () => clock.monotonic() - start < readingMs,
        takeIn: () => 'useless',
      },
    )
    pull.start()
    await clock.advanceAsync(2 * limits.PULL_WAITS_MS)
    await pull.stop()
    return began
  }

  it('waits for what this node reads from its own disk, but not for ever', async () => {
    expect(await beginsAfter(0)).toBeLessThan(2_000)
    const waited = await beginsAfter(30_000)
    expect(waited).toBeGreaterThanOrEqual(30_000)
    expect(waited).toBeLessThan(32_000)
    const never = await beginsAfter(Number.POSITIVE_INFINITY)
    expect(never).toBeGreaterThanOrEqual(limits.PULL_WAITS_MS)
    expect(never).toBeLessThan(limits.PULL_WAITS_MS + 3_000)
  })
})

describe('a change of the ring', () => {
  const seats = (...names: string[]) => {
    const others = names.map((name) => ({ id: name, peer: name }) as unknown as Seats['others'][number])
    return { n: 3, mine: true, others, members: others } as unknown as Seats
  }
  const run = (first: number, last: number, ...names: string[]): Run => ({
    first: asChunkId(first),
    last: asChunkId(last),
    seats: seats(...names),
  })

  /** A node with these runs, and the first chunks of the runs that it asks for. */
  function puller(runs: Run[], fails: (first: number) => boolean = () => false) {
    const clock = testClock()
    const state = { runs, asked: [] as number[] }
    const pull = createPull(
      {
        work: ALWAYS_FREE,
        clock,
        log: quiet,
        random: seededRandom('repair'),
        store: new EntryStore(),
        proofs: { chunks: () => [], marksOf: () => [] },
        placement: { ownRuns: () => state.runs },
        faults: new Faults(),
        isSuspect: () => false,
        // biome-ignore lint/correctness/useYield: a replica that has nothing
        async *bulk(_, body) {
          const { first } = decodePull(body)
          state.asked.push(first)
          if (fails(first)) throw new ChordnsError('PEER_TIMEOUT', 'no answer', {})
        },
      },
      { isReading: () => false, takeIn: () => 'useless', takeProof: async () => 'useless' },
    )
    pull.start()
    return { clock, state, pull }
  }

  it('far away makes a replica pull nothing, however often there is one', async () => {
    const { clock, state, pull } = puller([run(0, 9, 'a', 'b'), run(10, 19, 'b', 'c')])
    await clock.advanceAsync(limits.HANDOVER_DELAY_MS)
    expect(state.asked).toEqual([0, 10])
    for (let i = 0; i < 15; i++) {
      pull.changed()
      await clock.advanceAsync(2_000)
    }
    expect(state.asked).toEqual([0, 10])
  })

  it('makes it pull the runs whose replicas are others, and no more', async () => {
    const { clock, state, pull } = puller([run(0, 9, 'a', 'b'), run(10, 19, 'b', 'c')])
    await clock.advanceAsync(limits.HANDOVER_DELAY_MS)
    state.runs = [run(0, 4, 'a', 'b'), run(5, 9, 'b', 'd'), run(10, 19, 'b', 'c')]
    pull.changed()
    await clock.advanceAsync(limits.HANDOVER_DELAY_MS)
    expect(state.asked).toEqual([0, 10, 5])
  })

  it('puts no repair off, and a pull that failed is made up for at the next change', async () => {
    let isDown = true
    const { clock, state, pull } = puller([run(0, 9, 'a'), run(10, 19, 'b')], (first) => first === 0 && isDown)
    await clock.advanceAsync(limits.HANDOVER_DELAY_MS)
    isDown = false
    pull.changed()
    await clock.advanceAsync(limits.HANDOVER_DELAY_MS)
    expect(state.asked).toEqual([0, 10, 0])
    for (let i = 0; i < limits.REPAIR_MS / 1_000; i++) {
      pull.changed()
      await clock.advanceAsync(1_000)
    }
    expect(state.asked).toEqual([0, 10, 0, 0, 10])
  })
})

describe('a joiner', () => {
  let world: World
  afterEach(() => world.stop())

  async function agreed(count: number, ttl = 3_000): Promise<Question[]> {
    const questions = Array.from({ length: count }, (_, i) => ask(`www.zone${i}.com`))
    for (const question of questions) {
      world.publish(question, { ...answer(question, [1], ttl), apex: question.name })
      await world.told(question, [world.outsiders(question)[0] ?? world.nodes[0]!], 700)
    }
    await world.clock.advanceAsync(5_000)
    return questions
  }

  /** Entries are there, the last node is not; `join` lets it in. Returns what it should hold then. */
  async function ready(): Promise<{ joiner: Node; join: () => Promise<Question[]> }> {
    world = createWorld({ nodes: 6, n: 3, bulk: true })
    const joiner = world.nodes[5]!
    world.remove(joiner)
    const questions = await agreed(24)
    world.withdraw()
    await world.clock.advanceAsync(100)
    world.pulls.length = 0
    return {
      joiner,
      join: async () => {
        world.add(joiner)
        await world.clock.advanceAsync(100)
        return questions.filter((question) => world.replicas(question).includes(joiner))
      },
    }
  }

  const missing = (node: Node, questions: readonly Question[]) =>
    questions.filter((question) => node.chunks.entry(question) === undefined)

  it('has all that it keeps after one pull, each entry sent once, and nothing is pushed beside it', async () => {
    const { joiner, join } = await ready()
    const start = world.requests.length
    let news = 0
    joiner.chunks.onAgreed(() => news++)
    const mine = await join()
    expect(mine.length).toBeGreaterThan(5)
    await world.clock.advanceAsync(5_000)
    expect(missing(joiner, mine)).toEqual([])
    // Carried over by their certificates: those who agreed on them have recorded them.
    expect(news).toBe(0)
    const notes = joiner.chunks.held().flatMap((chunk) => joiner.chunks.summariesOf(chunk))
    expect(notes.map(({ own }) => own)).toEqual(mine.map(() => false))
    expect(joiner.fetches).toBe(0)
    expect(joiner.chunks.stats()).toMatchObject({ entries: mine.length, pulled: mine.length })
    const pushed = world.requests.slice(start).filter(({ to, request }) => to === 5 && request.kind === 'certify')
    expect(pushed).toEqual([])
    // Nothing is sent again at the next repairs: the asker names what it has.
    const before = joiner.chunks.stats().pulledBytes
    await world.clock.advanceAsync(200_000)
    expect(joiner.chunks.stats().pulledBytes).toBe(before)
    for (const question of mine)
      expect(joiner.chunks.entry(question)!.expires).toBeLessThanOrEqual(
        Math.max(...world.nodes.slice(0, 5).map((node) => node.chunks.entry(question)?.expires ?? 0)),
      )
  })

  it('asks another replica when one stalls or streams rubbish', async () => {
    async function* stalled(frames: AsyncIterable<Uint8Array>) {
      for await (const frame of frames) {
        yield frame
        await new Promise<never>(() => {})
      }
      await new Promise<never>(() => {})
    }
    async function* rubbish() {
      yield Uint8Array.of(1, 2, 3)
    }
    async function* rubbishRows() {
      yield* pullFrames([Uint8Array.of(1, 2, 3)])
    }
    for (const wrong of [
      (_: unknown, __: unknown, honest: unknown) => stalled((honest as () => AsyncIterable<Uint8Array>)()),
      rubbish,
      rubbishRows,
    ] as ((..._: unknown[]) => AsyncIterable<Uint8Array>)[]) {
      const { joiner, join } = await ready()
      for (const node of world.nodes.slice(0, 5)) {
        // Each of them at first, so that whoever is asked first is wrong.
        let calls = 0
        node.supplies = (...all) => (all[0] === joiner.member.peer && calls++ === 0 ? wrong(...all) : all[2]())
      }
      const mine = await join()
      await world.clock.advanceAsync(40_000)
      expect(missing(joiner, mine)).toEqual([])
      expect(joiner.chunks.stats().pullsFailed).toBeGreaterThan(0)
      await world.stop()
    }
  })

  it('is not held by endless frames, nor takes what is forged, expired, or of other chunks', async () => {
    const { joiner, join } = await ready()
    const now = world.clock.now()
    const liar = world.nodes[0]!
    const forged = (name: string, ttl: number, when: number) => {
      const question = ask(name)
      const outcome = { ...answer(question, [66], ttl), apex: question.name }
      const observations = [liar.signer, joiner.signer].map((signer) =>
        paper(signer, question, outcome, when, { ttl, ringId: 'other' }),
      )
      const certificate = { kind: 'agreed' as const, contents: [], observations }
      const entry = { question, chunk: asChunkId(0), class: 'agreed' as const, outcome, certificate }
      return rowOf({ ...entry, expires: when + ttl * 1_000, seen: when })
    }
    for (const node of world.nodes.slice(0, 5))
      node.supplies = async function* () {
        for (;;) {
          yield* pullFrames(
            Array.from({ length: 20 }, (_, i) =>
              i % 2 === 0 ? forged(`www.zone${i}.com`, 3_000, now) : forged(`b${i}.example.com`, 60, now - 600_000),
            ),
          )
        }
      }
    await join()
    await world.clock.advanceAsync(30_000)
    expect(joiner.chunks.stats()).toMatchObject({ entries: 0, pulled: 0 })
    expect(joiner.chunks.stats().pullsFailed).toBeGreaterThan(0)
    expect(world.pulls.some(({ frames }) => frames > 3)).toBe(true)
    for (const pull of world.pulls) expect(pull.frames).toBeLessThanOrEqual(8)
  })

  it('gets what a replica left out from the other one, within two repairs', async () => {
    const { joiner, join } = await ready()
    world.nodes[0]!.supplies = async function* () {}
    world.nodes[1]!.supplies = async function* () {}
    const mine = await join()
    const bad = (question: Question) =>
      world.replicas(question).every((node) => node === joiner || node.supplies !== undefined)
    await world.clock.advanceAsync(130_000)
    expect(missing(joiner, mine).filter((question) => !bad(question))).toEqual([])
  })

  it('gets nothing of chunks that it does not keep, and waits when it asks again and again', async () => {
    const { joiner } = await ready()
    const source = world.nodes.slice(0, 5).sort((a, b) => b.chunks.stats().entries - a.chunks.stats().entries)[0]!
    const all = encodePull({ first: asChunkId(0), last: asChunkId(255), have: [] })
    const read = async (from: Node, stop: AbortSignal) => {
      let bytes = 0
      for await (const frame of source.chunks.supply(from.member.peer, all, stop)) bytes += frame.length
      return bytes
    }
    const control = new AbortController()
    expect(await world.clock.run(read(joiner, control.signal))).toBe(0)
    const other = world.nodes.find((node) => node !== source && node !== joiner)!
    const start = world.clock.now()
    let got = 0
    for (let i = 0; i < 3 * limits.PULLS_PER_SECOND; i++) got += await world.clock.run(read(other, control.signal))
    expect(got).toBeGreaterThan(0)
    expect(world.clock.now() - start).toBeGreaterThan(1_500)
  })
})
