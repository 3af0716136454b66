/** The machines in work: what each is told, and when. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ALWAYS_FREE, type PeerId, type Work, type WorkKind, type WorkWait } from '../../../src/base/index.ts'
import type { LiveVote } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { Demand } from '../../../src/chunks/rounds/machine/demand.ts'
import type { Event } from '../../../src/chunks/rounds/machine/round-state.ts'
import type { Observing } from '../../../src/chunks/rounds/observing.ts'
import type { RoundRequests } from '../../../src/chunks/rounds/requests.ts'
import { createRounds, type RoundAgreed, type RoundsDeps } from '../../../src/chunks/rounds/rounds.ts'
import type { Placement } from '../../../src/chunks/seats/placement.ts'
import { questionKey } from '../../../src/chunks/wire/question-key.ts'
import { ed25519, peerIdFromPublicKey } from '../../../src/crypto/index.ts'
import { commitTo, roundNonce } from '../../../src/evidence/index.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { CHUNK, question as helpersQuestion, NOW, observe, presence, RING, signerOf } from '../../evidence/helpers.ts'
import { testClock } from '../../setup/clock.ts'
import { answer, ask, createWorld, quiet, type World } from '../world.ts'

const question = helpersQuestion()
const members = [0, 1, 2].map((i) => {
  const { publicKey } = signerOf(i)
  return { id: String(i), peer: peerIdFromPublicKey(publicKey), publicKey }
})
const seats = { chunk: CHUNK, n: 3, mine: true, members, others: members.slice(1), before: [] }
const contextOf = () => ({
  ringId: RING,
  chunk: CHUNK,
  question,
  n: 3,
  replicas: members,
  scheme: ed25519,
  policy: { acceptFrom: 'majority', admission: 'psk', strict: false, zoneSecurity: 'indeterminate' },
})

/** Rounds of the first of three replicas, which all see the same. */
function three(change: Partial<RoundsDeps> = {}, onAgreed: (agreed: RoundAgreed) => void = () => {}) {
  const clock = testClock(NOW)
  const demand = new Demand()
  demand.count(questionKey(question), 'a member' as PeerId, clock.monotonic())
  const vote = (i: number, nonce: Uint8Array): LiveVote => {
    const outcome = presence()
    return { observation: observe(i, outcome, { ttl: 300, nonce: roundNonce(nonce, 1) }), outcome }
  }
  const indexOf = (peer: PeerId) => members.findIndex((member) => member.peer === peer)
  const observing: Observing = {
    admit: () => true,
    admitted: () => {},
    observe: async (_question, { nonce }) => ({ kind: 'observed', vote: vote(0, nonce) }),
  }
  const requests: RoundRequests = {
    probe: async () => ({ kind: 'probed', discouraged: false }),
    commitment: async (_machine, from, { nonce }) => {
      const i = indexOf(from)
      return { kind: 'committed', from, commitment: commitTo(vote(i, nonce).observation, NOW, signerOf(i)) }
    },
    reveal: async (_machine, from, { nonce }) => ({ kind: 'voted', from, vote: vote(indexOf(from), nonce) }),
  }
  const witness = {
    commitOwn: (_question: unknown, _id: unknown, mine: LiveVote) => commitTo(mine.observation, NOW, signerOf(0)),
  }
  const deps = {
    clock,
    random: seededRandom(1),
    log: quiet,
    placement: { seatsOf: () => seats, contextOf, chunkOf: () => CHUNK } as unknown as Placement,
    demand,
    ring: { members: () => [], self: members[0] } as unknown as RoundsDeps['ring'],
    options: { admitAfter: 1, roundTimeoutMs: 5_000 },
    observing,
    witness: witness as unknown as RoundsDeps['witness'],
    requests,
    work: ALWAYS_FREE,
    scheme: ed25519,
    stopping: new AbortController().signal,
    ...change,
  }
  return { clock, rounds: createRounds(deps, { onAgreed }) }
}

describe('the rounds of a node', () => {
  it('end with a certificate, which is told when the step has ended', async () => {
    const heard: RoundAgreed[] = []
    const { clock, rounds } = three({}, (agreed) => {
      // It may tell the same question's round, and others', what it likes.
      rounds.settled(agreed.question)
      if (heard.push(agreed) < 3) rounds.want(agreed.question, false)
    })
    rounds.want(question, false)
    await clock.advanceAsync(1_000)
    expect(heard).toHaveLength(3)
    expect(heard[0]).toMatchObject({ question, seats, dissenters: [], certificate: { kind: 'agreed' } })
    expect(rounds.stats()).toMatchObject({ outOfPhase: 0 })
  })

  it('are never told anything from inside the effects of a step', () => {
    const { rounds } = three({
      observing: {
        admit: () => true,
        admitted: () => {},
        observe() {
          rounds.settled(question)
          return new Promise<Event<'observed'>>(() => {})
        },
      },
    })
    expect(() => rounds.want(question, false)).toThrow("a round was told 'settled' from inside the effects of a step")
  })

  it('are put off where too much is in work, and leave no timer behind', async () => {
    const { clock, rounds } = three({
      observing: { admit: () => false, admitted: () => {}, observe: async () => ({ kind: 'put-off' }) },
    })
    rounds.want(question, false)
    await clock.advanceAsync(1)
    expect(clock.pending).toBe(0)
    expect(rounds.stats()).toEqual({ rounds: 0, outOfPhase: 0 })
  })

  describe('where there is no CPU to spare', () => {
    let free: Partial<Record<WorkKind, boolean>>
    let inWork: WorkKind[]
    let entered: WorkKind[]
    let waiting: { readonly begin: () => void; readonly wait: WorkWait | undefined }[]
    const work: Work = {
      isFree: (kind) => free[kind] === true,
      whenFree(_kind, begin, wait) {
        const one = { begin, wait }
        waiting.push(one)
        return () => void waiting.splice(waiting.indexOf(one), 1)
      },
      enter(kind) {
        entered.push(kind)
        inWork.push(kind)
        return () => inWork.splice(inWork.indexOf(kind), 1)
      },
      slower() {},
      stop() {},
    }

    beforeEach(() => {
      free = {}
      inWork = []
      entered = []
      waiting = []
    })

    it('wait for it, and hold a place as long as they are in work', async () => {
      const heard: RoundAgreed[] = []
      const { clock, rounds } = three({ work }, (agreed) => void heard.push(agreed))
      rounds.want(question, false)
      await clock.advanceAsync(10_000)
      expect([waiting.length, inWork]).toEqual([1, []])
      waiting[0]!.begin()
      await clock.advanceAsync(1_000)
      expect([heard.length, entered, inWork]).toEqual([1, ['round'], []])
    })

    it('begin at once where a stub waits, though they were in the queue before', async () => {
      const heard: RoundAgreed[] = []
      const { clock, rounds } = three({ work }, (agreed) => void heard.push(agreed))
      free = { awaited: true }
      rounds.want(question, false)
      expect(inWork).toEqual([])
      rounds.want(question, false, 'known', true)
      expect(inWork).toEqual(['awaited'])
      await clock.advanceAsync(1_000)
      expect([heard.length, inWork]).toEqual([1, []])
      expect(waiting).toEqual([])
    })

    it('are given up when they have waited for too long, and begin with the next demand', async () => {
      const { clock, rounds } = three({ work })
      rounds.want(question, false)
      waiting[0]!.wait?.onRefused?.()
      await clock.advanceAsync(0)
      free = { round: true }
      rounds.want(question, false)
      expect(inWork).toEqual(['round'])
    })

    it('are not opened when another replica has brought the answer meanwhile', async () => {
      const { clock, rounds } = three({ work })
      rounds.want(question, false)
      rounds.settled(question)
      await clock.advanceAsync(1_000)
      expect([waiting.length, inWork]).toEqual([0, []])
      expect(rounds.stats()).toEqual({ rounds: 0, outOfPhase: 0 })
    })
  })

  it('count what comes when it is too late', async () => {
    let end: (event: Event<'observed'>) => void = () => {}
    const observing: Observing = {
      admit: () => true,
      admitted: () => {},
      observe: () => new Promise((resolve) => (end = resolve)),
    }
    const { clock, rounds } = three({ observing })
    rounds.want(question, false)
    rounds.settled(question)
    end({ kind: 'observed', vote: undefined })
    await clock.advanceAsync(1)
    expect(rounds.stats()).toEqual({ rounds: 0, outOfPhase: 1 })
  })
})

describe('a round in a ring', () => {
  let world: World
  afterEach(() => world.stop())

  it('counts the commitment of a replica that is slower than the round', async () => {
    world = createWorld({ nodes: 5, n: 5, options: { requestTimeoutMs: 60_000 } })
    const name = ask('www.example.com')
    world.publish(name, answer(name, [1]))
    const [opener, slow] = world.replicas(name) as [World['nodes'][number], World['nodes'][number]]
    slow.delayMs = limits.COMMIT_MS - 100
    await world.told(name, world.outsiders(name).slice(0, 1).concat(opener), 2 * limits.COMMIT_MS)
    expect(opener.chunks.stats()).toMatchObject({ agreed: 1, outOfPhase: 1 })
  })
})
