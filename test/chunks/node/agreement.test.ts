import { afterEach, describe, expect, it } from 'vitest'
import type { RingRead } from '../../../src/chunks/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import {
  answer,
  ask,
  createWorld as chunksWorld,
  nothing,
  paper,
  realKeys,
  type World,
  type WorldOptions,
} from '../world.ts'

/** Here with the signatures that members make. */
const createWorld = (options: WorldOptions) => chunksWorld({ ...realKeys, ...options })

let world: World
afterEach(() => world.stop())

const accepted = (read: RingRead) => {
  if (read.kind !== 'accepted') throw new Error(`not accepted: ${read.kind} ${JSON.stringify(read.replies)}`)
  return read.finding
}
const last = (outcome: Outcome) =>
  outcome.kind === 'rrset' ? outcome.rrset.rdatas.map((rdata) => rdata[3]) : outcome.rcode

describe('from a tell to an agreed answer', () => {
  it('a peer that is no replica reads what the replicas agreed on, though the authorities are gone', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question, [1, 2]))
    const [outsider, other] = world.outsiders(question)
    await world.told(question, [outsider!])
    world.withdraw()
    const read = await world.read(other!, question)
    const finding = accepted(read)
    expect(last(finding.outcome)).toEqual([1, 2])
    expect(finding.evidence.provenance).toBe('agreed')
    expect([...finding.evidence.observers].sort()).toEqual(
      world
        .replicas(question)
        .map((node) => node.member.peer)
        .sort(),
    )
    expect(read.replies.some(({ word }) => word.kind === 'certificate' && word.signers === 3)).toBe(true)
    expect(finding.expires - world.clock.now()).toBeGreaterThan(280_000)
    expect(finding.expires - world.clock.now()).toBeLessThan(300_000)
  })

  it('costs one own fetch a replica, and each signs only what it fetched itself', async () => {
    world = createWorld({ nodes: 7, n: 5 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    await world.told(question, [world.outsiders(question)[0]!])
    expect(world.replicas(question).map((node) => node.fetches)).toEqual([1, 1, 1, 1, 1])
    expect(world.outsiders(question).map((node) => node.fetches)).toEqual([0, 0])
    for (const replica of world.replicas(question))
      expect(replica.chunks.entry(question)?.certificate.observations).toHaveLength(5)
  })

  it('a replica answers from what it holds itself, without asking anybody', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    await world.told(question, [world.outsiders(question)[0]!])
    const before = world.requests.length
    const replica = world.replicas(question)[1]!
    expect(accepted(await world.read(replica, question)).evidence.provenance).toBe('agreed')
    expect(world.requests.length).toBe(before)
  })

  it('the question travels, never the answer or the asker', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    const asker = world.outsiders(question)[0]!
    asker.chunks.tell(question, answer(question))
    const sent = world.requests.filter((one) => one.from === asker.index)
    expect(sent.map((one) => one.request)).toEqual(sent.map(() => ({ kind: 'tell', question })))
  })

  it('the case in which a name is asked makes no difference', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('WWW.example.com')
    world.publish(question, answer(question))
    await world.told(question, [world.outsiders(question)[0]!])
    expect(accepted(await world.read(world.outsiders(question)[1]!, ask('www.EXAMPLE.com'))).evidence.provenance).toBe(
      'agreed',
    )
  })

  it('an entry ends when its certificate does, and is agreed anew when somebody asks again', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question, [1], 60))
    const [asker, other] = world.outsiders(question)
    await world.told(question, [asker!])
    await world.clock.advanceAsync(60_000)
    world.publish(question, answer(question, [9], 60))
    expect(await world.read(other!, question)).toMatchObject({ kind: 'insufficient', reason: 'unknown' })
    await world.told(question, [asker!])
    expect(last(accepted(await world.read(other!, question)).outcome)).toEqual([9])
  })

  it('absence is agreed once as many members asked as the operator says, whatever the SOA serial', async () => {
    world = createWorld({ nodes: 6, n: 3, options: { admitAfter: 2 } })
    const question = ask('no.example.com')
    for (const [i, node] of world.replicas(question).entries()) node.sees = () => nothing(3, i)
    const [one, two, three] = world.outsiders(question)
    await world.told(question, [one!])
    expect((await world.read(three!, question)).kind).toBe('insufficient')
    await world.told(question, [two!])
    const finding = accepted(await world.read(three!, question))
    expect(finding.outcome).toMatchObject({ kind: 'absent', rcode: 3 })
  })

  it('of what lives under 30 s only that is stored, not the answer', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('short.example.com')
    world.publish(question, answer(question, [1], 29))
    await world.told(question, [world.outsiders(question)[0]!])
    expect(world.replicas(question)[1]!.chunks.entry(question)).toMatchObject({
      class: 'divergent',
      outcome: { kind: 'divergent' },
    })
    expect((await world.read(world.outsiders(question)[1]!, question)).kind).toBe('divergent')
  })

  it('empty seats count: of three seats two members suffice, of five they do not', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const seats = world.replicas(question)
    world.remove(...world.nodes.filter((node) => node !== seats[0] && node !== seats[1]))
    await world.told(question, [seats[0]!])
    expect(seats[1]!.chunks.entry(question)?.certificate.observations).toHaveLength(2)
    await world.stop()

    world = createWorld({ nodes: 5, n: 5 })
    world.publish(question, answer(question))
    world.remove(...world.nodes.slice(2))
    await world.told(question, [world.nodes[0]!])
    expect(world.nodes[0]!.chunks.entry(question)).toBeUndefined()
    expect(world.nodes[1]!.chunks.entry(question)).toBeUndefined()
  })

  it('a ring of one is alone at once', async () => {
    world = createWorld({ nodes: 1, n: 3 })
    expect(await world.read(world.nodes[0]!, ask('www.example.com'))).toEqual({
      kind: 'insufficient',
      reason: 'alone',
      replies: [],
    })
  })
})

describe('who opens a round', () => {
  it('the first live replica does, at once', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    await world.told(question, [world.outsiders(question)[0]!], 500)
    const openers = new Set(world.requests.filter(({ request }) => request.kind === 'round').map((one) => one.from))
    expect([...openers]).toEqual([world.replicas(question)[0]!.index])
  })

  it('the next does after a second when the first is silent', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const [first, second] = world.replicas(question)
    first!.down = true
    await world.told(question, [world.outsiders(question)[0]!], 900)
    expect(world.requests.some(({ request }) => request.kind === 'round')).toBe(false)
    await world.clock.advanceAsync(8_000)
    expect(world.requests.find(({ request }) => request.kind === 'round')?.from).toBe(second!.index)
    expect(second!.chunks.entry(question)?.certificate.observations).toHaveLength(2)
  })

  it('a hint that is none does not keep the next from looking', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const [first, second, third] = world.replicas(question)
    // The first is deaf to tells, and answers the next, who asks whether it pays, that the name does not exist.
    first!.liar = async (request, _from, honest) => {
      if (request.kind === 'tell') return { kind: 'ack' }
      if (request.kind !== 'probe') return honest()
      const observation = paper(third!.signer, question, nothing(3), world.clock.now())
      return { kind: 'vote', observation, outcome: nothing(3) }
    }
    await world.told(question, [world.outsiders(question)[0]!])
    expect(second!.chunks.entry(question)).toBeDefined()
  })

  it('one that opens and never delivers is not waited for again', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    const [first, second] = world.replicas(question)
    const asker = world.outsiders(question)[0]!
    // It opens, hears all, and keeps the certificate to itself.
    for (const node of [second!, world.replicas(question)[2]!])
      node.liar = async (request, from, honest) =>
        request.kind === 'certify' && from === first!.member.peer ? { kind: 'busy' } : honest()
    await world.told(question, [asker], 30_000)
    expect(second!.chunks.entry(question)).toBeUndefined()
    // Nobody asks again.
    await world.clock.advanceAsync(25_000)
    expect(second!.chunks.entry(question)?.certificate.observations.length).toBeGreaterThanOrEqual(2)
  })
})

describe('a member that crashes', () => {
  it('leaves every name resolvable, before and after the table knows', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const questions = Array.from({ length: 12 }, (_, i) => ask(`host${i}.zone${i}.com`))
    for (const question of questions) {
      const outcome = answer(question)
      world.publish(question, { ...outcome, apex: question.name })
      await world.told(question, [world.outsiders(question)[0]!], 1_000)
    }
    world.withdraw()
    const gone = world.nodes[2]!
    gone.down = true
    for (const question of questions)
      for (const reader of world.nodes.filter((node) => node !== gone))
        expect(accepted(await world.read(reader, question)).evidence.provenance).toBe('agreed')
    world.remove(gone)
    await world.clock.advanceAsync(5_000)
    for (const question of questions) {
      for (const replica of world.replicas(question))
        expect(replica.chunks.entry(question), `${replica.index}`).toBeDefined()
      for (const reader of world.nodes.filter((node) => node !== gone))
        expect(accepted(await world.read(reader, question)).evidence.provenance).toBe('agreed')
    }
  })
})
