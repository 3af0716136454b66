import { afterEach, describe, expect, it } from 'vitest'
import type { ProofSource } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import type { Question } from '../../../src/dns/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

/** Three replicas of all that two tell of; nobody can ask the authorities any more. */
async function agreed(count: number, chunkBits = 8): Promise<Question[]> {
  world = createWorld({ nodes: 4, n: 3, options: { chunkBits } })
  const questions = Array.from({ length: count }, (_, i) => ask(`www.zone${i}.com`))
  for (const question of questions) {
    world.publish(question, { ...answer(question, [1], 3_000), apex: question.name })
    await world.told(question, world.nodes, 3_000)
  }
  world.withdraw()
  world.requests.length = 0
  return questions
}

const holds = (question: Question) => (node: Node) => node.chunks.entry(question) !== undefined
const leave = (node: Node) => world.clock.run(node.chunks.handOver())

describe('a node that leaves', () => {
  it('hands over what no other replica has, to one of them, with the end that it had', async () => {
    const questions = await agreed(12)
    const [leaver, ...others] = world.nodes
    const mine = questions.filter((question) => world.replicas(question).includes(leaver!))
    expect(mine.length).toBeGreaterThan(5)
    expect(mine.every((question) => holds(question)(leaver!))).toBe(true)
    const before = new Map(mine.map((question) => [question, leaver!.chunks.entry(question)!.expires]))
    // All others lose what they had.
    for (const node of others) world.restart(node)
    expect(others.some((node) => mine.some((question) => holds(question)(node)))).toBe(false)
    expect(await leave(leaver!)).toEqual({ alone: mine.length, taken: mine.length })
    for (const question of mine) {
      const replicas = others.filter(holds(question))
      expect(replicas).toHaveLength(1)
      expect(world.replicas(question)).toContain(replicas[0])
      expect(replicas[0]!.chunks.entry(question)!.expires).toBeLessThanOrEqual(before.get(question)!)
    }
  })

  it.each([8, 16])('says no entry of what another replica has, where there are 2^%i chunks', async (chunkBits) => {
    const questions = await agreed(12, chunkBits)
    const [leaver] = world.nodes
    expect(questions.some((question) => holds(question)(leaver!))).toBe(true)
    const { alone } = await leave(leaver!)
    // A digest that is two seconds old is the only reason to say one.
    expect(alone).toBe(0)
    expect(world.requests.filter(({ request }) => request.kind === 'certify')).toEqual([])
  })

  it('is gone in time when nobody answers', async () => {
    await agreed(4)
    const [leaver, ...others] = world.nodes
    for (const node of others) node.down = true
    const start = world.clock.now()
    const { taken } = await leave(leaver!)
    expect(taken).toBe(0)
    expect(world.clock.now() - start).toBeLessThanOrEqual(limits.LEAVE_MS)
  })

  it('is not held by digests that are rubbish, and hands over to the next replica when one refuses', async () => {
    const questions = await agreed(6)
    const [leaver, ...others] = world.nodes
    const mine = questions.filter((question) => world.replicas(question).includes(leaver!))
    for (const node of others) world.restart(node)
    others[0]!.digestLiar = () => Uint8Array.of(1, 2, 3)
    others[0]!.liar = async (request, _, honest) => (request.kind === 'certify' ? { kind: 'busy' } : honest())
    const { taken } = await leave(leaver!)
    expect(taken).toBe(mine.length)
    for (const question of mine) expect(others.slice(1).some(holds(question))).toBe(true)
  })
})

describe('what a node held that leaves', () => {
  const validation = (): ProofSource => ({
    verify: async (finding) => ({ ...finding, evidence: { ...finding.evidence, security: 'secure' } }),
    links: () => [],
    knownCut: () => 0,
  })

  it('is had by whoever takes its seat, agreed or signed, and ends when it would have ended', async () => {
    world = createWorld({ nodes: 5, n: 3, bulk: true, proofs: validation })
    const agreedOn = ask('www.example.com')
    const signed = nextOfSameReplicas(agreedOn)
    world.publish(agreedOn, answer(agreedOn, [1], 3_000))
    await world.told(agreedOn, world.nodes, 3_000)
    world.outsiders(signed)[0]!.chunks.tell(signed, answer(signed, [2], 3_000), 'secure')
    await world.clock.advanceAsync(5_000)
    world.withdraw()
    const [leaver, ...stay] = world.replicas(agreedOn) as [Node, Node, Node]
    const ends = leaver.chunks.entry(agreedOn)!.expires
    // Those who stay have lost what they had: the leaver is the only one that can give it.
    for (const node of stay) world.restart(node)
    await world.clock.advanceAsync(600_000)
    for (const node of [leaver, ...stay]) expect(node.chunks.stats()).toMatchObject({ proofs: 1, entries: 1 })
    for (const node of stay) world.restart(node)
    expect(stay.map((node) => node.chunks.stats().proofs)).toEqual([0, 0])
    expect(await leave(leaver)).toEqual({ alone: 2, taken: 2 })
    leaver.down = true
    void leaver.chunks.stop()
    world.remove(leaver)
    await world.clock.advanceAsync(2 * limits.REPAIR_MS)
    const replicas = world.replicas(agreedOn)
    expect(replicas).toHaveLength(3)
    expect(replicas).not.toContain(leaver)
    for (const node of replicas) {
      expect(node.chunks.entry(agreedOn)?.expires).toBeLessThanOrEqual(ends)
      expect(node.chunks.stats()).toMatchObject({ proofs: 1 })
    }
    await world.clock.advanceAsync(3_000_000 - 600_000)
    expect(replicas.map((node) => node.chunks.stats().proofs)).toEqual([0, 0, 0])
  })

  /** Another question of the same replicas. */
  function nextOfSameReplicas(question: Question): Question {
    for (let i = 0; ; i++) {
      const other = ask(`w${i}.example.com`)
      if (world.replicas(other).every((node, at) => node === world.replicas(question)[at])) return other
    }
  }
})
