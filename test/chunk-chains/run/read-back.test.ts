/** What the chain of a chunk has decided is what its replicas hold. */
import { afterEach, describe, expect, it } from 'vitest'
import { EntryStore } from '../../../src/chunks/entries/entry-store.ts'
import { createIntake } from '../../../src/chunks/entries/intake.ts'
import { chunkOf, type ReadContext } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import type { Placement } from '../../../src/chunks/seats/placement.ts'
import type { Seats } from '../../../src/chunks/seats/seats.ts'
import { ed25519 } from '../../../src/crypto/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { answer, paper } from '../../chunks/world.ts'
import { CHUNK, CHUNK_BITS, type ChainsWorld, createChainsWorld, namesOf, type Replica } from '../world.ts'

let world: ChainsWorld
afterEach(() => world.stop())

/** Two repair intervals. */
const SOON = 2 * limits.REPAIR_MS

/** Replicas that hold entries as the chunks do, and hear of blocks. */
function start(count: number) {
  world = createChainsWorld(count, count, 24, () => [], 0, 'real')
  const members = world.replicas.map(({ member }) => member)
  const stores = world.replicas.map(() => new EntryStore())
  const intakes = world.replicas.map(({ member }, index) => {
    const seats: Seats = {
      chunk: CHUNK,
      n: count,
      members,
      mine: true,
      before: [],
      others: members.filter((one) => one !== member),
    } as unknown as Seats
    const contextOf = (question: Question): ReadContext => ({
      ringId: 'world',
      chunk: chunkOf(question.name, CHUNK_BITS),
      question,
      n: count,
      replicas: members,
      scheme: ed25519,
      policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
    })
    const placement = { seatsOf: () => seats, contextOf, mayShare: () => true } as unknown as Placement
    return createIntake({ clock: world.clock, store: stores[index]!, placement }, { confirms: () => true })
  })
  const taken: number[] = []
  world.onRecorded = ({ index }, claim) => {
    if (!('links' in claim) && intakes[index]!.recorded(claim).kind === 'taken') taken.push(index)
  }
  /** These replicas, and no others, get an entry that these saw. */
  const agree = (question: Question, outcome: Outcome, by: readonly Replica[], to: readonly Replica[], when = 0) => {
    const observations = by.map(({ signer }) =>
      paper(signer, question, outcome, world.clock.now() + when, { ttl: 3_000 }),
    )
    const claim = { question, outcome, certificate: { kind: 'agreed' as const, observations, contents: [] } }
    for (const { index, chains } of to) {
      const seats = { chunk: CHUNK, n: count, members, mine: true } as unknown as Seats
      const result = intakes[index]!.certified(claim, seats)
      if (result.kind === 'taken') chains.kept(result.taken.entry)
    }
  }
  const contents = (question: Question) =>
    stores.map((store) => {
      const outcome = store.get(question, world.clock.now())?.outcome
      return outcome?.kind === 'rrset' ? outcome.rrset.rdatas[0]![3] : undefined
    })
  return { agree, contents, taken }
}

describe('replicas of a chunk', () => {
  it('that missed an entry take it from the chain, and nobody else anything', async () => {
    const { agree, contents, taken } = start(4)
    const [name] = namesOf(CHUNK, 1)
    agree(name!, answer(name!, [1]), world.replicas, world.replicas.slice(0, 3))
    expect(contents(name!)).toEqual([1, 1, 1, undefined])
    await world.pass(SOON)
    expect(contents(name!)).toEqual([1, 1, 1, 1])
    expect(taken).toEqual([3])
  })

  it.each([0, 1, -1, 40, -40])(
    'with two entries of one question, %i ms apart, hold the same one soon',
    async (apart) => {
      const { agree, contents } = start(4)
      const [name] = namesOf(CHUNK, 1)
      const [a, b, c, d] = world.replicas as [Replica, Replica, Replica, Replica]
      // Each of the two has three signers: one of them is in both, with another content.
      agree(name!, answer(name!, [1]), [a, b, c], [a])
      agree(name!, answer(name!, [2]), [b, c, d], [b, c, d], apart)
      expect(new Set(contents(name!)).size).toBe(2)
      await world.pass(SOON)
      expect(new Set(contents(name!)).size).toBe(1)
    },
  )

  it('that were away take what the chain has decided meanwhile', async () => {
    const { agree, contents } = start(4)
    const [name, next] = namesOf(CHUNK, 2)
    const away = world.replicas[3]!
    agree(name!, answer(name!, [1]), world.replicas, world.replicas)
    await world.pass(20_000)
    world.crash(away, 'process')
    agree(name!, answer(name!, [2]), world.replicas.slice(0, 3), world.replicas.slice(0, 3), 1)
    await world.pass(20_000)
    expect(contents(name!)).toEqual([2, 2, 2, 1])
    world.restart(away)
    agree(next!, answer(next!, [3]), world.replicas, world.replicas.slice(0, 3))
    await world.pass(SOON)
    expect(contents(name!)).toEqual([2, 2, 2, 2])
    expect(contents(next!)).toEqual([3, 3, 3, 3])
  })
})
