/** Signed answers that replicas hold are recorded in the chain of their chunk, with their proof; who missed one takes it from there. */
import { afterEach, describe, expect, it } from 'vitest'
import type { RecordedClaim, SignedEntry } from '../../../src/chunks/index.ts'
import { questionKey } from '../../../src/chunks/wire/question-key.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { answer } from '../../chunks/world.ts'
import { type SignedWorld, signedNames, signedWorld } from '../signed-world.ts'
import { type ChainsWorld, createChainsWorld, type Replica } from '../world.ts'

let world: ChainsWorld
afterEach(() => world.stop())

const [question, other] = signedNames as [(typeof signedNames)[0], (typeof signedNames)[0]]
const HOUR = 3_600_000

/** The zones are signed since the day before the world's clock begins. */
function start(count: number, trusting: (index: number) => boolean = () => true): SignedWorld {
  const zones: { current?: SignedWorld } = {}
  world = createChainsWorld(count, count, 24, (index) => (trusting(index) ? (zones.current?.anchors ?? []) : []))
  zones.current = signedWorld(1, Math.floor(world.clock.now() / 1_000) - 86_400)
  return zones.current
}

/** These replicas hold it from now on. */
function told(entry: SignedEntry, to: readonly Replica[]): void {
  for (const { chains } of to) chains.kept(entry)
}

const entryOf = (zones: SignedWorld, of = question) => zones.entry(of, world.clock.now() + 300_000)
const blockOf = (replica: Replica, entry: SignedEntry) => replica.chains.recorded(entry)

describe('a signed answer that is held', () => {
  it.each([2, 3, 4, 5])('is recorded once by %i replicas, and each shows it', async (count) => {
    const zones = start(count)
    const entry = entryOf(zones)
    told(entry, world.replicas)
    await world.pass(20_000)
    const blocks = world.replicas.map((replica) => blockOf(replica, entry))
    expect(blocks[0]).toMatchObject({ class: 'signed', height: 1 })
    for (const block of blocks) expect(block).toEqual(blocks[0])
    for (const { chains } of world.replicas)
      expect(chains.view(entry.chunk).blocks.flatMap(({ transactions }) => transactions)).toEqual([
        { kind: 'sign', question: expect.anything() },
      ])
    for (const replica of world.replicas) expect(world.faults(replica)).toEqual([])
    expect(world.errors).toEqual([])
  })

  it('is taken from the chain by a replica that missed it, with what it takes to verify it', async () => {
    const zones = start(4)
    const entry = entryOf(zones)
    const heard: RecordedClaim[] = []
    world.onRecorded = ({ index }, claim) => {
      if (index === 3) heard.push(claim)
    }
    told(entry, world.replicas.slice(0, 3))
    await world.pass(30_000)
    expect(heard).toHaveLength(1)
    const claim = heard[0] as Omit<SignedEntry, 'chunk'>
    expect(claim).toMatchObject({ class: 'signed', expires: entry.expires })
    expect(claim.links).toHaveLength(5)
    expect(claim.outcome).toEqual(entry.outcome)
  })

  it('survives a restart of all, and the next one of the zone names the keys that are there', async () => {
    const zones = start(3)
    const entry = entryOf(zones)
    told(entry, world.replicas)
    await world.pass(20_000)
    for (const replica of world.replicas) world.crash(replica, 'process')
    for (const replica of world.replicas) world.restart(replica)
    await world.pass(5_000)
    for (const replica of world.replicas) expect(blockOf(replica, entry)).toMatchObject({ height: 1 })
    const next = entryOf(zones, other)
    told(next, world.replicas)
    await world.pass(60_000)
    for (const replica of world.replicas) expect(blockOf(replica, next)).toMatchObject({ height: 2 })
    for (const replica of world.replicas) expect(world.faults(replica)).toEqual([])
  })

  it('is not recorded again when it is told again, though it was signed anew', async () => {
    const zones = start(3)
    told(entryOf(zones), world.replicas)
    await world.pass(20_000)
    for (let hour = 0; hour < 3; hour++) {
      await world.pass(HOUR)
      told(entryOf(zones), world.replicas)
      await world.pass(20_000)
    }
    expect(world.replicas[0]!.chains.view(entryOf(zones).chunk).height).toBe(1)
  })

  it('is recorded by those who trust its anchor, and holds up nothing else at those who do not', async () => {
    const zones = start(4, (index) => index !== 3)
    const entry = entryOf(zones)
    told(entry, world.replicas)
    const agreed = world.agree(other, answer(other, [7]) as Outcome)
    await world.pass(60_000)
    for (const replica of world.replicas) {
      expect(blockOf(replica, entry)).toMatchObject({ class: 'signed' })
      expect(replica.chains.recorded(agreed)).toMatchObject({ class: 'agreed' })
      expect(world.faults(replica)).toEqual([])
    }
    expect(world.contradictions).toEqual([])
  })

  it('whose anchor a quorum does not trust is not recorded, and what is agreed on still is', async () => {
    const zones = start(4, (index) => index === 0)
    const entry = entryOf(zones)
    told(entry, world.replicas)
    const agreed = world.agree(other, answer(other, [7]) as Outcome)
    await world.pass(120_000)
    for (const replica of world.replicas) {
      expect(blockOf(replica, entry)).toBeUndefined()
      expect(replica.chains.recorded(agreed)).toMatchObject({ class: 'agreed' })
    }
  })

  it('that is forged is proposed by nobody', async () => {
    const zones = start(3)
    const entry = { ...entryOf(zones), outcome: answer(question, [66]) }
    told(entry, world.replicas)
    await world.pass(20_000)
    expect(world.replicas.map(({ chains }) => chains.stats().unrecordable)).toEqual([1, 1, 1])
    expect(world.replicas[0]!.chains.view(entry.chunk).height).toBe(0)
  })
})

describe('a chain with a validator of an earlier release', () => {
  it('gets no signed answer, and all else, until that one says that it knows such transactions', async () => {
    const zones = start(3)
    const [first, second, old] = world.replicas as [Replica, Replica, Replica]
    old.knowsSigned = false
    const entry = entryOf(zones)
    told(entry, [first, second])
    for (const { held } of [first, second]) held.set(questionKey(entry.question), entry)
    const agreed = world.agree(other, answer(other, [7]) as Outcome)
    await world.pass(60_000)
    for (const replica of world.replicas) {
      expect(blockOf(replica, entry)).toBeUndefined()
      expect(replica.chains.recorded(agreed)).toMatchObject({ class: 'agreed' })
    }
    expect([first, second].map(({ chains }) => chains.stats().waiting)).toEqual([0, 0])
    old.knowsSigned = true
    first.chains.peerKnowsMore()
    await world.pass(60_000)
    for (const replica of world.replicas) expect(blockOf(replica, entry)).toMatchObject({ class: 'signed' })
    for (const replica of world.replicas) expect(world.faults(replica)).toEqual([])
  })
})
