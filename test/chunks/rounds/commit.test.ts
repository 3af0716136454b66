/** Nobody sees what others saw before it has committed to what it saw itself. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import type { ChunkReply, ChunkRequest } from '../../../src/chunks/wire/messages.ts'
import { decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { commitTo, contentDigest, type Observation, roundNonce, signObservation } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, paper, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const truth = answer(question, [1])
const nonce = new Uint8Array(16).fill(3)
const first = { question, nonce, attempt: 1 } as const

function seven() {
  world = createWorld({ nodes: 8, n: 7 })
  world.publish(question, truth)
  return world.replicas(question)
}

/** What `to` answers to a request that `from` makes up. */
async function say(from: Node, to: Node, request: ChunkRequest): Promise<ChunkReply> {
  const reply = to.chunks.handle(from.member.peer, encodeRequest(request))
  return decodeReply(await world.clock.run(reply))
}

async function commitments(from: Node, of: readonly Node[]) {
  const said = await Promise.all(of.map((to) => say(from, to, { kind: 'round', ...first, how: 'known' })))
  return said.map((reply) => {
    if (reply.kind !== 'commitment') throw new Error(reply.kind)
    return reply.commitment
  })
}

const own = (node: Node, what = truth): Observation =>
  paper(node.signer, question, what, world.clock.now(), { nonce: roundNonce(nonce, 1) })
const committed = (node: Node, what = truth) => commitTo(own(node, what), world.clock.now(), node.signer)

describe('a replica reveals what it saw', () => {
  it('to an opener that shows more than half of the commitments, its own and the opener’s among them', async () => {
    const [opener, a, b, c] = seven() as [Node, Node, Node, Node]
    const all = [committed(opener), ...(await commitments(opener, [a, b, c]))]
    expect((await say(opener, a, { kind: 'reveal', ...first, commitments: all })).kind).toBe('vote')
  })

  it.each([
    ['nobody but itself', ([, a]: readonly unknown[]) => [a]],
    ['fewer than half', ([o, a, b]: readonly unknown[]) => [o, a, b]],
    ['the opener not', ([, a, b, c, d]: readonly unknown[]) => [a, b, c, d]],
    ['itself not', ([o, , b, c, d]: readonly unknown[]) => [o, b, c, d]],
    ['one many times', ([o, a]: readonly unknown[]) => [o, a, a, a, a]],
  ] as const)('but not to one that shows %s', async (_, choose) => {
    const [opener, a, b, c, d] = seven() as [Node, Node, Node, Node, Node]
    const all = [committed(opener), ...(await commitments(opener, [a, b, c, d]))]
    const shown = choose(all) as typeof all
    expect((await say(opener, a, { kind: 'reveal', ...first, commitments: shown })).kind).toBe('unknown')
    expect(a.chunks.stats().outOfPhase).toBe(1)
  })

  it('but not to an opener and a copier that wait, whatever the clock says', async () => {
    const [opener, copier, a, ...others] = seven() as [Node, Node, Node, ...Node[]]
    const two = [committed(opener), committed(copier)]
    const [ofA] = await commitments(opener, [a])
    const seen: string[] = []
    for (let waited = 0; waited <= 2 * (limits.COMMIT_MS + limits.REVEAL_MS); waited += 500) {
      const shown = [...two, ofA!]
      seen.push((await say(opener, a, { kind: 'reveal', ...first, commitments: shown })).kind)
      await world.clock.advanceAsync(500)
    }
    expect(new Set(seen)).toEqual(new Set(['unknown']))
    // What it saw may be told to whoever reads by now: it is no evidence of that round any more, however many have committed.
    const late = [...two, ofA!, ...(await commitments(opener, others))]
    expect((await say(opener, a, { kind: 'reveal', ...first, commitments: late })).kind).toBe('unknown')
  })

  it('nor to an opener to which it has committed nothing, which is counted', async () => {
    const [opener, a, b] = seven() as [Node, Node, Node]
    const reveal = { kind: 'reveal', ...first, commitments: [committed(opener), committed(a), committed(b)] } as const
    expect((await say(opener, a, reveal)).kind).toBe('unknown')
    expect(a.chunks.stats().outOfPhase).toBe(1)
  })

  it('nor to one that shows forged commitments, or to anybody else than who opened', async () => {
    const [opener, a, b, c] = seven() as [Node, Node, Node, Node]
    const all = [committed(opener), ...(await commitments(opener, [a, b, c]))]
    const forged = all.map((one, i) => (i === 0 || i === 1 ? one : { ...one, hash: new Uint8Array(32) }))
    expect((await say(opener, a, { kind: 'reveal', ...first, commitments: forged })).kind).toBe('unknown')
    expect((await say(b, a, { kind: 'reveal', ...first, commitments: all })).kind).toBe('unknown')
  })

  it('to nobody else before that, and to the other replicas never: who votes must observe', async () => {
    const [opener, a, b] = seven() as [Node, Node, Node]
    const outsider = world.outsiders(question)[0]!
    await commitments(opener, [a])
    expect((await say(outsider, a, { kind: 'read', question })).kind).toBe('unknown')
    await world.clock.advanceAsync(limits.COMMIT_MS + limits.REVEAL_MS + 1)
    expect((await say(outsider, a, { kind: 'read', question })).kind).toBe('vote')
    expect((await say(b, a, { kind: 'read', question })).kind).toBe('unknown')
    expect(await say(b, a, { kind: 'probe', question })).toEqual({ kind: 'worth', pays: true })
  })
})

describe('a replica that signs what it was shown', () => {
  it('has nothing to commit to when it has not observed, so that it has no voice', async () => {
    const replicas = seven()
    const lazy = replicas[2]!
    lazy.sees = () => undefined
    // It commits to something, and hopes to sign what the others reveal.
    lazy.liar = async (request, _from, honest) => {
      if (request.kind === 'round') {
        const seen = paper(lazy.signer, question, answer(question, [0]), world.clock.now(), {
          nonce: roundNonce(request.nonce, request.attempt),
        })
        return { kind: 'commitment', commitment: commitTo(seen, world.clock.now(), lazy.signer) }
      }
      if (request.kind !== 'reveal') return honest()
      const copy = paper(lazy.signer, question, truth, world.clock.now(), {
        nonce: roundNonce(request.nonce, request.attempt),
      })
      return { kind: 'vote', observation: copy, outcome: truth }
    }
    await world.told(question, [world.outsiders(question)[0]!])
    const entry = replicas[0]!.chunks.entry(question)!
    expect(entry.certificate.observations).toHaveLength(6)
    expect(entry.certificate.observations.some((one) => one.observer === lazy.signer.publicKey)).toBe(false)
    expect(replicas[0]!.chunks.stats()).toMatchObject({ equivocations: 1 })
  })

  it('as the opener, is found out by those who saw its commitment, and its certificate is not kept', async () => {
    const [lazy, ...others] = seven() as [Node, Node, Node, Node, Node, Node, Node]
    const bait = committed(lazy, answer(question, [0]))
    const all = [bait, ...(await commitments(lazy, others))]
    const votes = await Promise.all(others.map((to) => say(lazy, to, { kind: 'reveal', ...first, commitments: all })))
    const observations = votes.flatMap((vote) => (vote.kind === 'vote' ? [vote.observation] : []))
    expect(observations).toHaveLength(6)
    // Three honest ones and its copy are a quorum by their signatures alone.
    const certificate = {
      kind: 'agreed' as const,
      observations: [...observations.slice(0, 3), own(lazy)],
      contents: [],
    }
    const said = await say(lazy, others[4]!, { kind: 'certify', question, certificate, outcome: truth })
    expect(said.kind).toBe('unknown')
    expect(others[4]!.chunks.entry(question)).toBeUndefined()
    expect(others[4]!.chunks.stats()).toMatchObject({ equivocations: 1 })
    const honest = { ...certificate, observations: observations.slice(0, 4) }
    expect((await say(lazy, others[4]!, { kind: 'certify', question, certificate: honest, outcome: truth })).kind).toBe(
      'ack',
    )
  })

  it('two commitments under one nonce are kept as evidence, and count for nothing', async () => {
    const [opener, a, b, c] = seven() as [Node, Node, Node, Node]
    const [ofA, ofB, ofC] = await commitments(opener, [a, b, c])
    const one = [committed(opener), ofA!, ofB!, ofC!]
    const other = [committed(opener, answer(question, [7])), ofA!, ofB!, ofC!]
    expect((await say(opener, a, { kind: 'reveal', ...first, commitments: one })).kind).toBe('vote')
    expect((await say(opener, a, { kind: 'reveal', ...first, commitments: other })).kind).toBe('unknown')
    expect(a.chunks.stats()).toMatchObject({ equivocations: 1 })
  })
})

describe('an opener', () => {
  it('withholds the reveal of nobody: a certificate is of those who committed, whoever is silent then', async () => {
    const replicas = seven()
    for (const i of [1, 4])
      replicas[i]!.liar = async (request, _from, honest) => (request.kind === 'reveal' ? { kind: 'unknown' } : honest())
    await world.told(question, [world.outsiders(question)[0]!])
    expect(replicas[0]!.chunks.entry(question)?.certificate.observations).toHaveLength(5)
  })

  it('asks three requests of each replica for one agreement', async () => {
    const replicas = seven()
    await world.told(question, [world.outsiders(question)[0]!])
    const kinds = world.requests.map(({ request }) => request.kind)
    const count = (kind: string) => kinds.filter((one) => one === kind).length
    expect(count('round')).toBe(replicas.length - 1)
    expect(count('reveal')).toBe(replicas.length - 1)
    // And one of the member that asked, whose own answer may be another.
    expect(count('certify')).toBe(replicas.length)
  })

  it('measures how far its clock is off, and warns', async () => {
    const replicas = seven()
    for (const node of world.nodes) node.skewMs = node === replicas[0] ? 12_000 : 0
    await world.told(question, [world.outsiders(question)[0]!])
    expect(replicas[0]!.chunks.stats().skewMs).toBeCloseTo(12_000, -2)
    expect(replicas[1]!.chunks.stats().skewMs).toBeCloseTo(0, -2)
  })
})

describe('an entry that is still asked for', () => {
  it('is observed anew before it ends, by new fetches; one that nobody asks for is not', async () => {
    const replicas = seven()
    const [outsider] = world.outsiders(question)
    await world.told(question, [outsider!])
    const before = replicas[0]!.chunks.entry(question)!.expires
    await world.clock.advanceAsync(280_000)
    expect(replicas.map((node) => node.fetches)).toEqual([1, 1, 1, 1, 1, 1, 1])
    await world.read(outsider!, question)
    await world.clock.advanceAsync(10_000)
    expect(replicas.map((node) => node.fetches)).toEqual([2, 2, 2, 2, 2, 2, 2])
    expect(replicas[3]!.chunks.entry(question)!.expires).toBeGreaterThan(before + 200_000)
  })
})

describe('a signature over an observation', () => {
  it('is a salt: the hash of what was seen cannot be guessed from what is public', () => {
    const [node] = seven() as [Node]
    const seen = own(node)
    const guess = signObservation({ ...seen, digest: contentDigest(question, truth) }, world.nodes[7]!.signer)
    const forged = { ...seen, signature: guess.signature }
    expect(commitTo(forged, 0, node.signer).hash).not.toEqual(commitTo(seen, 0, node.signer).hash)
  })
})
