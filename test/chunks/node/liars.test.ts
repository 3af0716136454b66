import { afterEach, describe, expect, it } from 'vitest'
import { asChunkId } from '../../../src/base/index.ts'
import type { ReplicaWord, RingRead } from '../../../src/chunks/index.ts'
import type { ChunkReply } from '../../../src/chunks/wire/messages.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import { Type } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, nothing, paper, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const truth = answer(question, [1])
const lie = answer(question, [66])

/** Five seats of seven nodes: the replicas in ring order, and two that are none. */
function five(options: Parameters<typeof createWorld>[0]['options'] = {}) {
  world = createWorld({ nodes: 7, n: 5, options })
  world.publish(question, truth)
  return { replicas: world.replicas(question), outsiders: world.outsiders(question) }
}

function shown(read: RingRead): Outcome | undefined {
  return read.kind === 'accepted' ? read.finding.outcome : undefined
}

function wordOf(read: RingRead, node: Node): ReplicaWord | undefined {
  return read.replies.find((reply) => reply.peer === node.member.peer)?.word
}

describe('replicas that lie about what they see', () => {
  it('two of five: the truth is agreed, whoever of them opens', async () => {
    for (const liars of [
      [0, 1],
      [1, 3],
      [3, 4],
    ]) {
      const { replicas, outsiders } = five()
      for (const i of liars) replicas[i]!.sees = () => lie
      await world.told(question, [outsiders[0]!], 40_000)
      await world.told(question, [outsiders[0]!], 40_000)
      const read = await world.read(outsiders[1]!, question)
      expect(shown(read)).toMatchObject({ rrset: { rdatas: [Uint8Array.of(198, 51, 100, 1)] } })
      await world.stop()
    }
    five()
  })

  it('three that lie differently: no address is agreed, only that the answers differ', async () => {
    const { replicas, outsiders } = five()
    for (const i of [1, 2, 3]) replicas[i]!.sees = () => answer(question, [60 + i])
    await world.told(question, [outsiders[0]!], 40_000)
    const read = await world.read(outsiders[1]!, question)
    expect(shown(read)).toBeUndefined()
    expect(read.kind).toBe('divergent')
    expect(read.kind === 'divergent' && read.divergence.observers).toHaveLength(5)
  })

  it('three that tell the same lie are more than half, and are believed: this is what agreement cannot see', async () => {
    const { replicas, outsiders } = five()
    for (const i of [1, 2, 3]) replicas[i]!.sees = () => lie
    await world.told(question, [outsiders[0]!], 40_000)
    const read = await world.read(outsiders[1]!, question)
    expect(shown(read)).toMatchObject({ rrset: { rdatas: [Uint8Array.of(198, 51, 100, 66)] } })
    expect(read.kind === 'accepted' && read.finding.evidence.provenance).toBe('agreed')
    expect(read.kind === 'accepted' && read.finding.evidence.observers).toHaveLength(3)
  })

  it('two of five that deny the name', async () => {
    const { replicas, outsiders } = five()
    for (const i of [0, 2]) replicas[i]!.sees = () => nothing(3)
    await world.told(question, outsiders, 40_000)
    expect(shown(await world.read(outsiders[1]!, question))).toMatchObject({ kind: 'rrset' })
  })

  it.each([0, 29, 604_800])('two of five that say a TTL of %i move no expiry', async (ttl) => {
    const { replicas, outsiders } = five()
    for (const i of [1, 3]) replicas[i]!.sees = () => answer(question, [1], ttl)
    await world.told(question, [outsiders[0]!])
    const read = await world.read(outsiders[1]!, question)
    if (read.kind !== 'accepted') throw new Error(read.kind)
    expect(read.finding.expires - world.clock.now()).toBeGreaterThan(280_000)
    expect(read.finding.expires - world.clock.now()).toBeLessThanOrEqual(300_000)
    expect(read.finding.outcome).toMatchObject({ rrset: { ttl: 300 } })
  })
})

describe('replicas that lie to an asker', () => {
  /** Papers of one signer count as one voice, so a liar tries to look like more. */
  const papers = (nodes: readonly Node[], what: Outcome = lie, change = {}) =>
    nodes.map((node) => paper(node.signer, question, what, world.clock.now(), change))

  type Trick = (liars: Node[], outsiders: Node[]) => ChunkReply | Uint8Array
  const tricks: [string, Trick, RegExp][] = [
    ['no evidence', () => ({ kind: 'ack' }), /not an answer/],
    [
      'a certificate of the liars alone',
      (liars) => ({
        kind: 'entry',
        certificate: { kind: 'agreed', contents: [], observations: papers(liars) },
        outcome: lie,
      }),
      /too-few/,
    ],
    [
      'one signer three times',
      (liars) => ({
        kind: 'entry',
        certificate: { kind: 'agreed', contents: [], observations: papers([liars[0]!, liars[0]!, liars[0]!]) },
        outcome: lie,
      }),
      /repeated/,
    ],
    [
      'foreign signers',
      (liars, outsiders) => ({
        kind: 'entry',
        certificate: { kind: 'agreed', contents: [], observations: papers([...liars, ...outsiders]) },
        outcome: lie,
      }),
      /too-few/,
    ],
    [
      'a forged denial',
      (liars) => ({
        kind: 'entry',
        certificate: { kind: 'agreed', contents: [], observations: papers(liars, nothing(3)) },
        outcome: nothing(3),
      }),
      /too-few/,
    ],
    [
      'the wrong chunk',
      (liars) => ({
        kind: 'entry',
        certificate: { kind: 'agreed', contents: [], observations: papers(liars, lie, { chunk: asChunkId(1) }) },
        outcome: lie,
      }),
      /wrong-chunk/,
    ],
    [
      'the wrong ring',
      (liars) => ({
        kind: 'entry',
        certificate: { kind: 'agreed', contents: [], observations: papers(liars, lie, { ringId: 'x' }) },
        outcome: lie,
      }),
      /wrong-ring/,
    ],
    [
      'the answer to another question',
      (liars) => {
        const other = ask('w.example.com')
        const papers = liars.map((node) => paper(node.signer, other, answer(other), world.clock.now()))
        return {
          kind: 'entry',
          certificate: { kind: 'agreed', contents: [], observations: papers },
          outcome: answer(other),
        }
      },
      /owner differs/,
    ],
    [
      'a vote in the name of another',
      (_liars, outsiders) => ({ kind: 'vote', observation: papers([outsiders[0]!])[0]!, outcome: lie }),
      /another's observation/,
    ],
    [
      'a vote with a forged signature',
      (liars) => ({ kind: 'vote', observation: { ...papers([liars[0]!])[0]!, ttl: 301 }, outcome: lie }),
      /forged signature/,
    ],
    [
      'a vote for something else than it shows',
      (liars) => ({ kind: 'vote', observation: papers([liars[0]!], truth)[0]!, outcome: lie }),
      /not the content/,
    ],
    [
      'an expired vote',
      (liars) => ({
        kind: 'vote',
        observation: papers([liars[0]!], lie, { when: world.clock.now() - 300_000 })[0]!,
        outcome: lie,
      }),
      /expired/,
    ],
    [
      'a vote from the future',
      (liars) => ({
        kind: 'vote',
        observation: papers([liars[0]!], lie, { when: world.clock.now() + 31_000 })[0]!,
        outcome: lie,
      }),
      /future/,
    ],
    [
      'another type',
      (liars) => {
        const outcome =
          lie.kind === 'rrset'
            ? { ...lie, rrset: { ...lie.rrset, type: Type.TXT, rdatas: [Uint8Array.of(1, 65)] } }
            : lie
        return { kind: 'vote', observation: papers([liars[0]!], outcome)[0]!, outcome }
      },
      /type differs/,
    ],
    [
      'a private address',
      (liars) => {
        const outcome =
          lie.kind === 'rrset' ? { ...lie, rrset: { ...lie.rrset, rdatas: [Uint8Array.of(192, 168, 0, 1)] } } : lie
        return { kind: 'vote', observation: papers([liars[0]!], outcome)[0]!, outcome }
      },
      /private address/,
    ],
    ['rubbish', () => Uint8Array.of(1, 2, 3), /malformed/],
    ['another version', () => encodeCanonical([9, 3]), /CHUNK_VERSION/],
    ['a reply of no kind', () => encodeCanonical([1, 77]), /malformed/],
    ['RDATA that is no address', () => encodeCanonical([1, 1, new Uint8Array(40), new Uint8Array(9)]), /malformed/],
  ]

  it.each(tricks)('%s: never accepted, and said what was wrong with it', async (_, trick, reason) => {
    const { replicas, outsiders } = five()
    const liars = [replicas[0]!, replicas[3]!]
    for (const liar of liars)
      liar.liar = async (request, _from, honest) => (request.kind === 'read' ? trick(liars, outsiders) : honest())
    const asker = outsiders[1]!
    // Nothing agreed: only the liars have something to say.
    const cold = await world.read(asker, question)
    expect(cold.kind).toBe('insufficient')
    const word = wordOf(cold, liars[0]!)
    expect(word?.kind).toBe('discarded')
    expect(word?.kind === 'discarded' && word.reason).toMatch(reason)
    expect(asker.chunks.stats().discarded).toBe(2)
    // Something agreed: the honest three are enough.
    await world.told(question, [outsiders[0]!])
    const read = await world.read(asker, question)
    expect(shown(read)).toMatchObject({ rrset: { rdatas: [Uint8Array.of(198, 51, 100, 1)] } })
  })

  it('an expired certificate, kept and shown again, is not accepted', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!])
    const entry = replicas[0]!.chunks.entry(question)!
    world.publish(question, answer(question, [2]))
    await world.clock.advanceAsync(301_000)
    const old: ChunkReply = { kind: 'entry', certificate: entry.certificate, outcome: entry.outcome }
    for (const replica of replicas)
      replica.liar = async (request, _from, honest) => (request.kind === 'read' ? old : honest())
    const read = await world.read(outsiders[1]!, question)
    expect(read).toMatchObject({ kind: 'insufficient', reason: 'no-majority' })
    expect(wordOf(read, replicas[0]!)).toEqual({ kind: 'discarded', reason: 'expired' })
  })

  it('a true certificate with another outcome is not accepted', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!])
    const { certificate } = replicas[0]!.chunks.entry(question)!
    for (const replica of replicas)
      replica.liar = async (request, _from, honest) =>
        request.kind === 'read' ? { kind: 'entry', certificate, outcome: lie } : honest()
    expect(shown(await world.read(outsiders[1]!, question))).toBeUndefined()
  })

  it.each([0, 604_800])(
    'a true certificate with a copy whose TTL says %i is taken for the TTL that was agreed',
    async (ttl) => {
      const { replicas, outsiders } = five()
      await world.told(question, [outsiders[0]!])
      const { certificate } = replicas[0]!.chunks.entry(question)!
      for (const replica of replicas)
        replica.liar = async (request, _from, honest) =>
          request.kind === 'read' ? { kind: 'entry', certificate, outcome: answer(question, [1], ttl) } : honest()
      expect(shown(await world.read(outsiders[1]!, question))).toMatchObject({ rrset: { ttl: 300 } })
    },
  )

  it('a vote of an earlier round is no answer to this one', async () => {
    const { replicas, outsiders } = five()
    for (const replica of replicas.slice(1, 4))
      replica.liar = async (request, _from, honest) => {
        const said = await honest()
        if (request.kind !== 'reveal') return said
        return { kind: 'vote', observation: paper(replica.signer, question, truth, world.clock.now()), outcome: truth }
      }
    await world.told(question, [outsiders[0]!])
    expect(replicas[0]!.chunks.entry(question)).toBeUndefined()
    expect(replicas[0]!.chunks.stats().discarded).toBe(3)
  })

  it('a peer that is no replica has no voice, even when it answers', async () => {
    const { outsiders } = five()
    const eager = outsiders[0]!
    eager.liar = async () => ({ kind: 'vote', observation: papers([eager])[0]!, outcome: lie })
    const read = await world.read(outsiders[1]!, question)
    expect(wordOf(read, eager)).toBeUndefined()
  })

  it('silent ones cost the time-out at most, and nothing when the others suffice', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!])
    for (const i of [0, 1, 2, 3]) replicas[i]!.down = true
    const start = world.clock.now()
    expect(shown(await world.read(outsiders[1]!, question))).toBeDefined()
    expect(world.clock.now() - start).toBeLessThan(10)
    replicas[4]!.down = true
    const read = await world.read(outsiders[1]!, question)
    expect(read).toMatchObject({ kind: 'insufficient', reason: 'timeout' })
    expect(read.replies.map(({ word }) => word)).toEqual(
      replicas.map(() => ({ kind: 'failed', reason: 'PEER_TIMEOUT' })),
    )
    expect(world.clock.now() - start).toBeLessThan(600)
  })

  it('slow ones are not waited for', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!])
    for (const i of [0, 1, 2, 3]) replicas[i]!.delayMs = 400
    const start = world.clock.now()
    expect(shown(await world.read(outsiders[1]!, question))).toBeDefined()
    expect(world.clock.now() - start).toBeLessThan(10)
  })

  it('one that talked nonsense several times is asked last', async () => {
    const { replicas, outsiders } = five()
    const [liar] = replicas
    liar!.liar = async (request, _from, honest) => (request.kind === 'read' ? Uint8Array.of(1) : honest())
    for (let i = 0; i < 4; i++) await world.read(outsiders[1]!, question)
    await world.told(question, [outsiders[0]!])
    const before = world.requests.length
    expect(shown(await world.read(outsiders[1]!, question))).toBeDefined()
    expect(world.requests.slice(before).map((one) => one.to)).not.toContain(liar!.index)
  })
})

describe('live votes without a certificate', () => {
  /** Certificates are kept from everybody: what is left are the replicas' own observations. */
  const withoutCertificates = (replicas: readonly Node[]) => {
    for (const replica of replicas)
      replica.liar = async (request, from, honest) => {
        if (request.kind === 'certify') return { kind: 'busy' }
        if (request.kind !== 'read') return honest()
        const said = paper(replica.signer, question, replica.sees?.(question, 'known') ?? truth, world.clock.now())
        return from === replica.member.peer
          ? honest()
          : { kind: 'vote', observation: said, outcome: replica.sees?.(question, 'known') ?? truth }
      }
  }

  it('more than half that are equal are accepted', async () => {
    const { replicas, outsiders } = five()
    withoutCertificates(replicas)
    replicas[1]!.sees = () => lie
    replicas[4]!.sees = () => lie
    const read = await world.read(outsiders[0]!, question)
    expect(shown(read)).toMatchObject({ rrset: { rdatas: [Uint8Array.of(198, 51, 100, 1)] } })
    expect(read.kind === 'accepted' && read.finding.evidence.certificate?.observations).toHaveLength(3)
  })

  it('half of six is not enough', async () => {
    world = createWorld({ nodes: 7, n: 6 })
    world.publish(question, truth)
    const replicas = world.replicas(question)
    withoutCertificates(replicas)
    for (const i of [0, 1, 2]) replicas[i]!.sees = () => lie
    expect(await world.read(world.outsiders(question)[0]!, question)).toMatchObject({
      kind: 'insufficient',
      reason: 'no-majority',
    })
  })

  it("in a household that takes any member's word one is enough, and it is called solo", async () => {
    const { replicas, outsiders } = five({ acceptFrom: 'any-member' })
    withoutCertificates(replicas)
    const read = await world.read(outsiders[0]!, question)
    expect(read.kind === 'accepted' && read.finding.evidence).toMatchObject({ provenance: 'solo' })
    expect(read.kind === 'accepted' && read.finding.evidence.observers).toHaveLength(1)
  })

  it('in an open ring nothing unsigned is ever accepted, certificate or not', async () => {
    const { replicas, outsiders } = five({ admission: 'open', acceptFrom: 'any-member' })
    await world.told(question, [outsiders[0]!])
    expect(replicas[0]!.chunks.entry(question)).toBeDefined()
    expect(await world.read(outsiders[1]!, question)).toMatchObject({ kind: 'insufficient', reason: 'no-majority' })
    expect((await world.read(replicas[0]!, question)).kind).toBe('insufficient')
  })
})

describe('certificates that are pushed', () => {
  it('are verified on arrival: nothing is taken on trust, and nothing older replaces what is newer', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!])
    const target = replicas[0]!
    const held = target.chunks.entry(question)!
    const liars = [replicas[1]!, replicas[2]!, outsiders[0]!]
    const { encodeRequest } = await import('../../../src/chunks/wire/messages.ts')
    const push = (observations: ReturnType<typeof paper>[], outcome: Outcome) =>
      target.chunks.handle(
        liars[0]!.member.peer,
        encodeRequest({
          kind: 'certify',
          question,
          certificate: { kind: 'agreed', contents: [], observations },
          outcome,
        }),
      )
    const at = (node: Node, what: Outcome, when: number, ttl = 300) => paper(node.signer, question, what, when, { ttl })
    const now = world.clock.now()
    await push(
      liars.map((node) => at(node, lie, now)),
      lie,
    )
    await push(
      liars.slice(0, 2).map((node) => at(node, lie, now)),
      lie,
    )
    await push(held.certificate.observations.slice(), lie)
    // A true one, but seen before the one that is held.
    await push(
      replicas.slice(0, 3).map((node) => at(node, lie, now - 100_000)),
      lie,
    )
    // A true one of answers that live too short.
    await push(
      replicas.slice(0, 3).map((node) => at(node, lie, now, 29)),
      lie,
    )
    expect(target.chunks.entry(question)).toBe(held)
    const newer = replicas.slice(0, 3).map((node) => at(node, lie, now))
    await push(newer, lie)
    expect(target.chunks.entry(question)?.certificate.observations).toEqual(newer)
  })
})
