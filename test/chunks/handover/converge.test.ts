/** Replicas of a chunk that missed writes hold the same content within two repair intervals, whatever each of them missed. */
import { afterEach, describe, expect, it } from 'vitest'
import type { ProofSource } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { encodeRequest } from '../../../src/chunks/wire/messages.ts'
import type { Question } from '../../../src/dns/index.ts'
import { type SeededRandom, seededRandom } from '../../../src/sim/index.ts'
import { answer, ask, createWorld, type Node, paper, signed, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

/** Two repair intervals, and what is on its way at their end. */
const TWO_REPAIRS = 2 * limits.REPAIR_MS + 2_000

const proofs = (): ProofSource => ({
  verify: async (finding) => ({ ...finding, evidence: { ...finding.evidence, security: 'secure' } }),
  links: () => [],
  knownCut: () => 0,
})

function start(nodes: number): void {
  world = createWorld({ nodes, n: nodes, bulk: true, proofs })
}

/** These replicas, and no others, get an entry that these have signed. */
async function certify(question: Question, last: number, by: readonly Node[], to: readonly Node[], whens: number[]) {
  const outcome = answer(question, [last], 3_600)
  const observations = by.map(({ signer }, i) =>
    paper(signer, question, outcome, world.clock.now() + whens[i % whens.length]!, { ttl: 3_600 }),
  )
  const body = encodeRequest({
    kind: 'certify',
    question,
    outcome,
    certificate: { kind: 'agreed', observations, contents: [] },
  })
  for (const node of to) await node.chunks.handle(by.find((one) => one !== node)!.member.peer, body)
}

const contentOf = ({ chunks }: Node, question: Question) => {
  const outcome = chunks.entry(question)?.outcome
  return outcome?.kind === 'rrset' ? outcome.rrset.rdatas[0]![3] : undefined
}

describe('replicas of a chunk that missed writes', () => {
  it.each([
    [3, [0]],
    [3, [0, 250]],
    [3, [-20_000, 0]],
    [5, [0]],
  ])('hold the same one of two contents of one question soon: of %i, dated by %j', async (count, whens) => {
    start(count)
    await world.clock.advanceAsync(5_000)
    const question = ask('www.example.com')
    const [first, ...others] = world.nodes as [Node, ...Node[]]
    const half = Math.floor(count / 2) + 1
    await certify(question, 1, world.nodes.slice(0, half), [first], [whens[0]!])
    await certify(question, 2, world.nodes.slice(-half), others, [whens.at(-1)!])
    expect(new Set(world.nodes.map((node) => contentOf(node, question)))).toEqual(new Set([1, 2]))
    await world.clock.advanceAsync(TWO_REPAIRS)
    expect(new Set(world.nodes.map((node) => contentOf(node, question))).size).toBe(1)
    // It is over: nothing goes from one to the other any more.
    const before = world.pulls.length
    await world.clock.advanceAsync(3 * limits.REPAIR_MS)
    expect(world.pulls.length).toBeGreaterThan(before)
    expect(world.pulls.slice(before).map(({ frames }) => frames)).toEqual(world.pulls.slice(before).map(() => 0))
  })

  it.each(Array.from({ length: 12 }, (_, seed) => [3 + (seed % 3) * 2, seed] as const))(
    'of %i, each of which has heard another part of what was agreed and signed: seed %i',
    async (count, seed) => {
      start(count)
      await world.clock.advanceAsync(5_000)
      const random = seededRandom(`converge ${seed}`)
      const questions = Array.from({ length: 12 }, (_, i) => ask(`w${i}.example.com`))
      const half = Math.floor(count / 2) + 1
      for (const question of questions.slice(0, 8))
        for (let last = 1; last <= 1 + random.below(3); last++) {
          const whens = [random.below(2) * random.below(40_000) - 20_000]
          await certify(question, last, some(random, half), some(random, 1 + random.below(count)), whens)
        }
      for (const question of questions.slice(8))
        for (let last = 1; last <= 1 + random.below(3); last++) {
          const proof = signed(question, last, 1_700_000_000 + random.below(3), 3_600)
          const body = encodeRequest({ kind: 'tell', question, proof, links: [] })
          for (const node of some(random, 1 + random.below(count)))
            await node.chunks.handle(world.nodes.find((one) => one !== node)!.member.peer, body)
        }
      await world.clock.advanceAsync(TWO_REPAIRS)
      const agreed = questions.slice(0, 8).map((question) => world.nodes.map((node) => contentOf(node, question)))
      for (const contents of agreed) expect(contents).toEqual(contents.map(() => contents[0]))
      for (const contents of agreed) expect(contents[0]).toBeDefined()
      for (const question of questions.slice(8)) {
        const said = await Promise.all(world.nodes.map((node) => saidBy(node, question)))
        expect(said).toEqual(said.map(() => said[0]))
        expect(said[0]).toBeDefined()
      }
    },
  )
})

function some(random: SeededRandom, count: number): Node[] {
  const left = [...world.nodes]
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!)
}

/** What the node itself says to a peer that asks. */
async function saidBy(node: Node, question: Question): Promise<string> {
  const peer = world.nodes.find((one) => one !== node)!.member.peer
  return Buffer.from(await node.chunks.handle(peer, encodeRequest({ kind: 'read', question })))
    .subarray(0, -4)
    .toString('hex')
}
