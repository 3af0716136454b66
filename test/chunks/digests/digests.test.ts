/** Whether the ring is asked at all goes by the digests of the replicas; a lie in one costs time, never an answer. */
import { afterEach, describe, expect, it } from 'vitest'
import { asChunkId, asPeerId, type PeerId } from '../../../src/base/index.ts'
import { chunkOf } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import {
  decodeDigestReply,
  decodeDigestRequest,
  encodeDigestReply,
  encodeDigestRequest,
} from '../../../src/chunks/wire/digest-messages.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const chunk = chunkOf(question.name, 8)
const NONE = new Uint8Array()

function five() {
  world = createWorld({ nodes: 8, n: 5, options: { chunkBits: 8, digestsAheadUpTo: 0 } })
  world.publish(question, answer(question, [1]))
  return { replicas: world.replicas(question), outsiders: world.outsiders(question) }
}

/** Asks often enough that the digests have come. */
async function expects(node: Node, what = question) {
  node.chunks.expects(what)
  await world.clock.advanceAsync(1_000)
  return node.chunks.expects(what)
}

/** The same digest of every chunk. */
const liedBy = (request: Uint8Array, bits: Uint8Array) =>
  encodeDigestReply(decodeDigestRequest(request).map(() => ({ bits })))

const agree = async (teller: Node) => {
  await world.told(question, [teller], 20_000)
}

describe('digests', () => {
  it('say nothing until they have come, and then no for what nobody has and yes for what was agreed', async () => {
    const { outsiders } = five()
    const [asker, teller] = outsiders as [Node, Node]
    expect(asker.chunks.expects(question)).toBe('unknown')
    expect(await expects(asker)).toBe('no')
    await agree(teller)
    await world.clock.advanceAsync(limits.DIGEST_REFRESH_MS)
    expect(await expects(asker)).toBe('yes')
    expect(asker.chunks.stats()).toMatchObject({ digests: 5, spared: 2 })
  })

  it('are asked for once in a while only, and for nothing but the chunk', async () => {
    const { outsiders } = five()
    const asker = outsiders[0]!
    await expects(asker)
    const { digestsAsked } = asker.chunks.stats()
    expect(digestsAsked).toBe(5)
    for (let i = 0; i < 50; i++) asker.chunks.expects(question)
    await world.clock.advanceAsync(1_000)
    expect(asker.chunks.stats().digestsAsked).toBe(5)
    // Nobody heard of the name.
    expect(world.requests).toEqual([])
  })

  it('of the past say nothing any more', async () => {
    const { outsiders } = five()
    const asker = outsiders[0]!
    expect(await expects(asker)).toBe('no')
    for (const node of world.nodes) if (node !== asker) node.down = true
    await world.clock.advanceAsync(limits.DIGEST_OLD_MS + 1)
    expect(asker.chunks.expects(question)).toBe('unknown')
  })

  it('that are full of ones, from two of five, cost a question and no more', async () => {
    const { replicas, outsiders } = five()
    for (const node of replicas.slice(0, 2)) node.digestLiar = (body) => liedBy(body, new Uint8Array(64).fill(255))
    const asker = outsiders[0]!
    expect(await expects(asker)).toBe('yes')
    const read = await world.clock.run(asker.chunks.read(question, new AbortController().signal))
    expect(read).toMatchObject({ kind: 'insufficient', reason: 'unknown' })
  })

  it('that are empty hide nothing while one replica names it, and from all but one only make the asker fetch for itself', async () => {
    const { replicas, outsiders } = five()
    const [asker, teller] = outsiders as [Node, Node]
    await agree(teller)
    for (const node of replicas.slice(0, 4)) node.digestLiar = (body) => liedBy(body, new Uint8Array())
    expect(await expects(asker)).toBe('yes')
    replicas[4]!.digestLiar = (body) => liedBy(body, new Uint8Array())
    await world.clock.advanceAsync(limits.DIGEST_REFRESH_MS)
    expect(await expects(asker)).toBe('no')
  })

  it('that never come, or are rubbish, leave it as it was without them', async () => {
    const { replicas, outsiders } = five()
    for (const node of replicas.slice(0, 3)) node.digestLiar = () => Uint8Array.of(1, 2, 3)
    const asker = outsiders[0]!
    expect(await expects(asker)).toBe('unknown')
    expect(asker.chunks.stats().discarded).toBe(3)
    // And are not asked for again at once.
    for (let i = 0; i < 20; i++) asker.chunks.expects(question)
    await world.clock.advanceAsync(1_000)
    expect(asker.chunks.stats().digestsAsked).toBe(5)
  })

  it.each([
    ['oversized', () => encodeCanonical([1, 25, [new Uint8Array(limits.MAX_DIGEST_BYTES + 1)]])],
    ['far too large', () => encodeCanonical([1, 25, [new Uint8Array(65_000)]])],
    ['of another version', () => encodeCanonical([2, 25, [new Uint8Array(8)]])],
    ['of another kind', () => encodeCanonical([1, 26, [new Uint8Array(8)]])],
    ['cut', () => encodeDigestReply([{ bits: new Uint8Array(8) }]).slice(0, 9)],
    ['with bytes behind it', () => Uint8Array.of(...encodeDigestReply([{ bits: new Uint8Array(8) }]), 0)],
    ['an unknown word', () => encodeCanonical([1, 25, ['trust me']])],
  ])('%s are refused, count against the peer, and say nothing', async (_, lie) => {
    const { replicas, outsiders } = five()
    for (const node of replicas) node.digestLiar = lie
    const asker = outsiders[0]!
    expect(await expects(asker)).toBe('unknown')
    expect(asker.chunks.stats().discarded).toBe(5)
  })

  it('of members that keep not the chunk are neither asked for nor counted', async () => {
    const { replicas, outsiders } = five()
    const [asker, ...others] = outsiders as [Node, ...Node[]]
    const heard: number[] = []
    for (const node of others)
      node.digestLiar = () => {
        heard.push(node.index)
        return encodeDigestReply([{ bits: new Uint8Array() }])
      }
    for (const node of replicas.slice(0, 3)) node.down = true
    asker.chunks.expects(question)
    await world.clock.advanceAsync(limits.DIGEST_TIMEOUT_MS + 100)
    // Two of five seats are too few, whoever else would speak.
    expect(asker.chunks.expects(question)).toBe('unknown')
    expect(heard).toEqual([])
  })

  it('of before, told again, hide what was agreed since only while no other replica names it', async () => {
    const { replicas, outsiders } = five()
    const [asker, teller] = outsiders as [Node, Node]
    const before = await replicas[0]!.chunks.handle(asker.member.peer, encodeDigestRequest([{ chunk, tag: NONE }]))
    await agree(teller)
    for (const node of replicas) node.digestLiar = () => before
    expect(await expects(asker)).toBe('no')
    replicas[3]!.digestLiar = undefined
    await world.clock.advanceAsync(limits.DIGEST_REFRESH_MS)
    expect(await expects(asker)).toBe('yes')
  })

  it('that are claimed to be unchanged, by one that never sent any, say nothing', async () => {
    const { replicas, outsiders } = five()
    for (const node of replicas) node.digestLiar = () => encodeDigestReply(['same'])
    expect(await expects(outsiders[0]!)).toBe('unknown')
  })

  it('of chunks that cannot be are empty, and strangers get none', async () => {
    const { replicas, outsiders } = five()
    await agree(outsiders[1]!)
    const asked = async (from: PeerId, one: number) =>
      decodeDigestReply(
        await replicas[0]!.chunks.handle(from, encodeDigestRequest([{ chunk: asChunkId(one), tag: NONE }])),
      )
    const asker = outsiders[0]!.member.peer
    for (const one of [256, 0xffffff]) expect(await asked(asker, one)).toEqual([{ bits: NONE }])
    expect(await asked(asker, chunk)).not.toEqual([{ bits: NONE }])
    expect(await asked(asPeerId('12D3KooWstranger'), chunk)).toEqual(['busy'])
  })

  it('count for a replica itself as well: what it lacks, most of the others must lack too', async () => {
    const { replicas, outsiders } = five()
    const [first] = replicas as [Node]
    expect(await expects(first, question)).toBe('no')
    await agree(outsiders[1]!)
    expect(first.chunks.expects(question)).toBe('yes')
  })

  it('are given to members only, and so many to each', async () => {
    const { replicas, outsiders } = five()
    const [asker] = outsiders as [Node]
    const body = encodeDigestRequest([{ chunk: asChunkId(0), tag: new Uint8Array() }])
    const replica = replicas[0]!
    let busy = 0
    for (let i = 0; i < 4 * limits.DIGESTS_PER_SECOND + 10; i++) {
      const reply = await replica.chunks.handle(asker.member.peer, body)
      if (Buffer.from(reply).includes('busy')) busy++
    }
    expect(busy).toBe(10)
  })

  it('name signed answers that were told', async () => {
    world = createWorld({
      nodes: 5,
      n: 3,
      proofs: () => ({
        verify: async (finding) => ({ ...finding, evidence: { ...finding.evidence, security: 'secure' } }),
        links: () => [],
        knownCut: () => 0,
      }),
    })
    const outcome = answer(question, [1])
    world.publish(question, outcome)
    const [asker, teller] = world.outsiders(question) as [Node, Node]
    expect(await expects(asker)).toBe('no')
    teller.chunks.tell(question, outcome, 'secure')
    await world.clock.advanceAsync(limits.TELL_PATIENCE_MS + limits.DIGEST_REFRESH_MS + limits.DIGEST_BUILD_MS)
    expect(await expects(asker)).toBe('yes')
  })

  it('of all chunks are had before the first question in a small ring, and as long as the node is in use', async () => {
    world = createWorld({ nodes: 8, n: 5 })
    const asker = world.nodes[0]!
    await world.clock.advanceAsync(3_000)
    // Of 256 chunks some are kept by the asker and four others, the rest by five others.
    const { digests, digestsAsked } = asker.chunks.stats()
    expect(digests).toBeGreaterThan(256 * 4)
    expect(digestsAsked).toBeLessThan(15)
    expect(asker.chunks.expects(question)).toBe('no')
    await world.clock.advanceAsync(60_000)
    expect(asker.chunks.expects(question)).toBe('no')
    await world.clock.advanceAsync(limits.DIGEST_IDLE_MS + 20_000)
    const before = asker.chunks.stats().digestsAsked
    await world.clock.advanceAsync(60_000)
    expect(asker.chunks.stats().digestsAsked).toBe(before)
    expect(asker.chunks.expects(question)).toBe('unknown')
  })

  it('are no more and no dearer in a ring of 65,536 chunks, each of a section of them', async () => {
    const figures: { digests: number; digestsAsked: number }[] = []
    for (const chunkBits of [8, 16]) {
      world?.stop()
      world = createWorld({ nodes: 8, n: 5, options: { chunkBits } })
      world.publish(question, answer(question, [1]))
      const asker = world.outsiders(question)[0]!
      await world.clock.advanceAsync(3_000)
      const { digests, digestsAsked } = asker.chunks.stats()
      figures.push({ digests, digestsAsked })
      expect(asker.chunks.expects(question)).toBe('no')
      await agree(world.outsiders(question)[1]!)
      await world.clock.advanceAsync(limits.DIGEST_REFRESH_MS * 2)
      expect(asker.chunks.expects(question)).toBe('yes')
    }
    const [few, many] = figures
    expect(many!.digestsAsked).toBe(few!.digestsAsked)
    // A section in which the replicas change has digests of both.
    expect(many!.digests - few!.digests).toBeLessThan(8 * 8)
  })

  it('are had only of the chunk that is asked about where not all members can be connected', async () => {
    world = createWorld({ nodes: 8, n: 5 })
    const asker = world.nodes[0]!
    asker.isCrowded = true
    await expects(asker)
    const { digestsAsked } = asker.chunks.stats()
    expect(digestsAsked).toBeLessThanOrEqual(5)
    await world.clock.advanceAsync(60_000)
    expect(asker.chunks.stats().digestsAsked).toBe(digestsAsked)
  })
})
