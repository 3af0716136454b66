/** Signed answers that are asked for are fetched again before they end, by one replica, and nobody has to ask first. */
import { afterEach, describe, expect, it } from 'vitest'
import type { ProofSource } from '../../../src/chunks/index.ts'
import { encodeRequest } from '../../../src/chunks/wire/messages.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { ask, createWorld, type Node, ownFinding, signed, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const TTL = 300

const proofs = (): ProofSource => ({
  verify: async (finding) => ({ ...finding, evidence: { ...finding.evidence, security: 'secure' } }),
  links: () => [],
  knownCut: () => 0,
})

/** Three replicas and two others; the authority says what `says` returns. */
function start(says: () => { outcome: Outcome; isSigned: boolean }) {
  world = createWorld({
    nodes: 5,
    n: 3,
    proofs,
    fetch: (_, clock) => async (asked) => {
      const { outcome, isSigned } = says()
      const finding = ownFinding(asked, outcome, clock.now())
      return isSigned ? { ...finding, evidence: { ...finding.evidence, security: 'secure' } } : finding
    },
  })
  const [teller, reader] = world.outsiders(question) as [Node, Node]
  teller.chunks.tell(question, signed(question, 1, 1_700_000_000, TTL), 'secure')
  return { reader, teller, replicas: world.replicas(question) }
}

const fetches = () => world.nodes.map((node) => node.fetches).reduce((sum, one) => sum + one, 0)
const held = (nodes: readonly Node[]) => nodes.map((node) => node.chunks.stats().proofs)

async function pass(seconds: number): Promise<void> {
  await world.clock.advanceAsync(seconds * 1_000)
}

describe('a signed answer', () => {
  it('that members ask for is fetched once before it ends, and all replicas have the new one', async () => {
    const { reader, replicas } = start(() => ({ outcome: signed(question, 1, 1_700_000_000, TTL), isSigned: true }))
    await pass(60)
    await world.read(reader, question)
    await pass(TTL - 61)
    expect(fetches()).toBe(1)
    await pass(10)
    expect(held(replicas)).toEqual([1, 1, 1])
    const read = await world.read(reader, question)
    expect(read).toMatchObject({ kind: 'accepted', finding: { evidence: { security: 'secure' } } })
  })

  it('that has changed meanwhile is replaced', async () => {
    const { reader } = start(() => ({ outcome: signed(question, 2, 1_700_000_100, TTL), isSigned: true }))
    await pass(60)
    await world.read(reader, question)
    await pass(TTL)
    const read = await world.read(reader, question)
    if (read.kind !== 'accepted') throw new Error(read.kind)
    expect(read.finding.outcome).toMatchObject({ rrset: { rdatas: [Uint8Array.of(198, 51, 100, 2)] } })
    expect(fetches()).toBe(1)
  })

  it('that nobody asks for any more ends, and its being fetched keeps it from nothing', async () => {
    const { reader, replicas } = start(() => ({ outcome: signed(question, 1, 1_700_000_000, TTL), isSigned: true }))
    await pass(60)
    await world.read(reader, question)
    await pass(3 * TTL)
    expect(fetches()).toBe(1)
    expect(held(replicas)).toEqual([0, 0, 0])
  })

  it('that was asked for by one member only is not fetched', async () => {
    const { replicas } = start(() => ({ outcome: signed(question, 1, 1_700_000_000, TTL), isSigned: true }))
    await pass(TTL + 70)
    expect(fetches()).toBe(0)
    expect(held(replicas)).toEqual([0, 0, 0])
  })

  it('is fetched by the next replica when the first is silent', async () => {
    const { reader, replicas } = start(() => ({ outcome: signed(question, 1, 1_700_000_000, TTL), isSigned: true }))
    await pass(60)
    for (const node of replicas) await node.chunks.handle(reader.member.peer, encodeRequest({ kind: 'read', question }))
    void replicas[0]!.chunks.stop()
    replicas[0]!.down = true
    for (const node of world.nodes) node.suspects.add(replicas[0]!.member.id)
    await pass(TTL - 61)
    expect(fetches()).toBe(1)
    await pass(20)
    expect(held(replicas.slice(1))).toEqual([1, 1])
  })

  it('whose zone is not signed any more ends', async () => {
    const { reader, replicas } = start(() => ({ outcome: signed(question, 1, 1_700_000_000, TTL), isSigned: false }))
    await pass(60)
    await world.read(reader, question)
    await pass(TTL + 70)
    expect(fetches()).toBe(1)
    expect(held(replicas)).toEqual([0, 0, 0])
  })
})
