/** Signed answers stand alone: one copy from anyone will do, whoever verifies it, and a forged one from anyone will not. */
import { afterEach, describe, expect, it } from 'vitest'
import type { ProofSource, RingRead } from '../../../src/chunks/index.ts'
import type { ChunkReply } from '../../../src/chunks/wire/messages.ts'
import { questionKey } from '../../../src/chunks/wire/question-key.ts'
import type { Outcome, ProofLink } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const truth = answer(question, [1])
const forged = answer(question, [66])
/** Neither signed nor proven to be unsigned, as far as anybody can tell now. */
const unknown = answer(question, [77])
const links: readonly ProofLink[] = [{ question: ask('com', 43), outcome: answer(ask('com'), [9]) }]

/** Validation by the last octet; counts what it was asked. */
function validation() {
  const seen = { verified: 0, links: [] as (readonly ProofLink[])[] }
  const source = (): ProofSource => ({
    verify: async (finding, given) => {
      seen.verified++
      seen.links.push(given)
      const last = finding.outcome.kind === 'rrset' ? finding.outcome.rrset.rdatas[0]![3] : undefined
      if (last === 66) return 'bogus'
      if (last === 77) return 'unproven'
      return { ...finding, evidence: { ...finding.evidence, security: 'secure' } }
    },
    links: (_, from) => (from === 0 ? links : []),
    knownCut: () => 0,
  })
  return { seen, source }
}

function three(source?: (index: number) => ProofSource) {
  world = createWorld({ nodes: 5, n: 3, ...(source !== undefined && { proofs: source }) })
  world.publish(question, truth)
  return { replicas: world.replicas(question), outsiders: world.outsiders(question) }
}

async function toldSecure(node: Node, outcome: Outcome = truth): Promise<void> {
  node.chunks.tell(question, outcome, 'secure')
  await world.clock.advanceAsync(8_000)
}

function wordsOf(read: RingRead, nodes: readonly Node[]) {
  return nodes.map((node) => read.replies.find(({ peer }) => peer === node.member.peer)?.word)
}

const proof = (outcome: Outcome): ChunkReply => ({ kind: 'proof', outcome, seconds: 200 })

describe('a signed answer that is told', () => {
  it('is kept by the replicas without a fetch or a vote, and one copy suffices', async () => {
    const { source, seen } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!)
    expect(replicas.map((node) => node.fetches)).toEqual([0, 0, 0])
    expect(replicas.map((node) => node.chunks.stats().proofs)).toEqual([1, 1, 1])
    for (const node of replicas.slice(1)) node.down = true
    seen.links.length = 0
    const read = await world.read(outsiders[1]!, question)
    if (read.kind !== 'accepted') throw new Error(read.kind)
    expect(read.finding.evidence.security).toBe('secure')
    expect(read.finding.outcome).toEqual(truth)
    expect(seen.links).toEqual([links])
  })

  it('is verified before it is kept: a forged one counts against whoever brings it', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!, forged)
    expect(replicas.map((node) => node.chunks.stats().proofs)).toEqual([0, 0, 0])
    for (const node of replicas) expect(node.chunks.stats()).toMatchObject({ refusedProofs: 1, discarded: 1 })
  })

  it('that nobody can judge is a question like any other', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!, unknown)
    expect(replicas.map((node) => node.chunks.stats().proofs)).toEqual([0, 0, 0])
    expect(replicas.map((node) => node.chunks.stats().discarded)).toEqual([0, 0, 0])
    expect(replicas[0]!.chunks.entry(question)?.class).toBe('agreed')
  })

  it('lasts no longer than its TTL', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!)
    await world.clock.advanceAsync(300_000)
    world.withdraw()
    expect((await world.read(outsiders[1]!, question)).kind).toBe('insufficient')
    expect(replicas[0]!.chunks.stats().proofs).toBe(0)
  })

  it('is not verified again for whoever brings it again', async () => {
    const { source, seen } = validation()
    const { outsiders } = three(source)
    await toldSecure(outsiders[0]!)
    const before = seen.verified
    await toldSecure(outsiders[0]!)
    expect(seen.verified).toBe(before)
  })
})

describe('a signed answer of the same content that was signed anew', () => {
  /** With a signature that begins so many seconds after some day, and holds for two weeks. */
  function signedAt(seconds: number): Outcome {
    if (truth.kind !== 'rrset') throw new Error('not an RRset')
    const rdata = new Uint8Array(80)
    const view = new DataView(rdata.buffer)
    view.setUint32(8, 1_790_000_000 + seconds + 14 * 86_400)
    view.setUint32(12, 1_790_000_000 + seconds)
    return { ...truth, rrset: { ...truth.rrset, signatures: [rdata] } }
  }
  const heldBy = (nodes: readonly Node[]) =>
    nodes.map((node) => node.chunks.entryOf(questionKey(question))).map((entry) => entry?.outcome)

  it('takes the place of the older one at once', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!, signedAt(0))
    await toldSecure(outsiders[1]!, signedAt(3_600))
    expect(heldBy(replicas)).toEqual([signedAt(3_600), signedAt(3_600), signedAt(3_600)])
  })

  it('earlier than what is held does not, and is not even verified', async () => {
    const { source, seen } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!, signedAt(3_600))
    const before = seen.verified
    await toldSecure(outsiders[1]!, signedAt(0))
    expect(heldBy(replicas)).toEqual([signedAt(3_600), signedAt(3_600), signedAt(3_600)])
    expect(seen.verified).toBe(before)
  })

  it('earlier does, when half of the time of what is held is over: it can be served for longer', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!, signedAt(3_600))
    await world.clock.advanceAsync(200_000)
    await toldSecure(outsiders[1]!, signedAt(0))
    expect(heldBy(replicas)).toEqual([signedAt(0), signedAt(0), signedAt(0)])
  })

  it('and is forged takes no place', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!, signedAt(0))
    const later = signedAt(3_600)
    if (later.kind !== 'rrset') throw new Error('not an RRset')
    await toldSecure(outsiders[1]!, { ...later, rrset: { ...later.rrset, rdatas: [new Uint8Array([1, 2, 3, 66])] } })
    expect(heldBy(replicas)).toEqual([signedAt(0), signedAt(0), signedAt(0)])
  })
})

describe('a reply that claims to stand alone', () => {
  it('is worth nothing when it is forged, and hides no true one', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!)
    replicas[0]!.liar = async () => proof(forged)
    replicas[1]!.delayMs = 50
    replicas[2]!.delayMs = 60
    const read = await world.read(outsiders[1]!, question)
    if (read.kind !== 'accepted') throw new Error(read.kind)
    expect(read.finding.outcome).toEqual(truth)
    expect(wordsOf(read, replicas)[0]).toEqual({ kind: 'discarded', reason: 'a proof that does not hold' })
  })

  it('takes the place of no votes: all replicas together cannot make an unsigned answer stand alone', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    for (const node of replicas) node.liar = async () => proof(unknown)
    const read = await world.read(outsiders[1]!, question)
    expect(read.kind).toBe('insufficient')
    for (const word of wordsOf(read, replicas)) expect(word?.kind).toBe('discarded')
  })

  it('to another question is not even examined', async () => {
    const { source, seen } = validation()
    const { replicas, outsiders } = three(source)
    for (const node of replicas) node.liar = async () => proof(answer(ask('www.example.net'), [1]))
    expect((await world.read(outsiders[1]!, question)).kind).toBe('insufficient')
    expect(seen.verified).toBe(0)
  })

  it('is not believed by who does not validate', async () => {
    const { replicas, outsiders } = three()
    for (const node of replicas) node.liar = async () => proof(truth)
    expect((await world.read(outsiders[1]!, question)).kind).toBe('insufficient')
  })
})

describe('doubt', () => {
  it('is heard as soon as the first replica has nothing, while the others are still waited for', async () => {
    const { source } = validation()
    const { replicas, outsiders } = three(source)
    await toldSecure(outsiders[0]!)
    replicas[0]!.liar = async () => ({ kind: 'unknown' })
    for (const node of replicas.slice(1)) node.delayMs = 300
    let doubtAt: number | undefined
    const started = world.clock.now()
    const reading = outsiders[1]!.chunks.read(question, new AbortController().signal, () => {
      doubtAt ??= world.clock.now() - started
    })
    expect((await world.clock.run(reading)).kind).toBe('accepted')
    expect(doubtAt).toBeLessThan(50)
  })
})
