/** How long tells may wait for company: who must hear at once, and who has time. */
import { afterEach, describe, expect, it } from 'vitest'
import type { ProofSource } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const { TELL_PATIENCE_MS: soon, TELL_OTHERS_PATIENCE_MS: later } = limits

/** How patient each replica's tell was, in ring order. */
async function patience(teller: (replicas: readonly number[]) => number): Promise<(number | undefined)[]> {
  world = createWorld({ nodes: 6, n: 3, options: { admitAfter: 'auto' } })
  const question = ask('www.example.com')
  world.publish(question, answer(question))
  const replicas = world.replicas(question).map(({ index }) => index)
  const by = world.nodes[teller(replicas)]!
  await world.told(question, [by], 100)
  return replicas.map(
    (index) => world.requests.find(({ to, request }) => to === index && request.kind === 'tell')?.patienceMs,
  )
}

describe('a question that is told', () => {
  it('comes to the first replica soon, which counts the demand, and to the others when something goes to them', async () => {
    const outsider = (replicas: readonly number[]) => [0, 1, 2, 3, 4, 5].find((index) => !replicas.includes(index))!
    expect(await patience(outsider)).toEqual([soon, later, later])
  })

  it('by a replica that is not the first comes to the first soon', async () => {
    expect(await patience((replicas) => replicas[1]!)).toEqual([soon, undefined, later])
  })

  it('by the first replica itself is in no hurry', async () => {
    expect(await patience((replicas) => replicas[0]!)).toEqual([undefined, later, later])
  })
})

describe('a question of which a round is expected at once', () => {
  it('is told sooner', async () => {
    world = createWorld({ nodes: 6, n: 3, options: { admitAfter: 1 } })
    const question = ask('www.example.com')
    world.publish(question, answer(question))
    await world.told(question, [world.outsiders(question)[0]!], 100)
    const tells = world.requests.filter(({ request }) => request.kind === 'tell')
    expect(tells.map(({ patienceMs }) => patienceMs)).toEqual([limits.TELL_SOON_MS, soon, soon])
  })
})

describe('a signed answer', () => {
  const question = ask('www.example.com')
  const outcome = answer(question)
  const validates = (): ProofSource => ({
    verify: async (finding) => ({ ...finding, evidence: { ...finding.evidence, security: 'secure' } }),
    links: () => [],
    knownCut: () => 0,
  })

  function ring() {
    world = createWorld({ nodes: 6, n: 3, bulk: true, options: { admitAfter: 'auto' }, proofs: validates })
    world.publish(question, outcome)
    return { replicas: world.replicas(question), teller: world.outsiders(question)[0]! }
  }

  const holding = (nodes: readonly Node[]) => nodes.map((node) => node.chunks.stats().proofs)
  const told = () => world.requests.filter(({ request }) => request.kind === 'tell').map(({ to }) => to)

  it('goes to one replica, and the others repair theirs from it: nobody is told again', async () => {
    const { replicas, teller } = ring()
    teller.chunks.tell(question, outcome, 'secure')
    await world.clock.advanceAsync(100)
    expect(holding(replicas)).toEqual([1, 0, 0])
    await world.clock.advanceAsync(limits.REPAIR_MS + limits.TELL_AGAIN_MS)
    expect(holding(replicas)).toEqual([1, 1, 1])
    expect(told()).toEqual([replicas[0]!.index])
  })

  it('is told to all a while later where the first one does nothing with it, with what is left of its life', async () => {
    const { replicas, teller } = ring()
    replicas[0]!.liar = async () => ({ kind: 'ack' })
    teller.chunks.tell(question, outcome, 'secure')
    await world.clock.advanceAsync(limits.TELL_AGAIN_MS + limits.TELL_OTHERS_PATIENCE_MS + 1_000)
    expect(told()).toEqual([replicas[0]!.index, ...replicas.map(({ index }) => index)])
    expect(holding(replicas)).toEqual([0, 1, 1])
    const last = world.requests.findLast(({ request }) => request.kind === 'tell')?.request
    const ttl = last?.kind === 'tell' && last.proof?.kind === 'rrset' ? last.proof.rrset.ttl : undefined
    expect(ttl).toBe(300 - limits.TELL_AGAIN_MS / 1_000)
  })

  it('of a replica is told to nobody: the others repair theirs from it', async () => {
    const { replicas } = ring()
    replicas[1]!.chunks.tell(question, outcome, 'secure')
    await world.clock.advanceAsync(limits.REPAIR_MS + limits.TELL_AGAIN_MS)
    expect(holding(replicas)).toEqual([1, 1, 1])
    expect(told()).toEqual([])
  })
})
