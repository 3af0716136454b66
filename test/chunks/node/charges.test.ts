/** What signatures cost this node is charged to the peer that brought them. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { type ChunkReply, type ChunkRequest, decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { type Commitment, commitTo, evidenceLimits, roundNonce } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, keyed, type Node, paper, type World } from '../world.ts'

let world: World
let checks = 0
afterEach(() => world.stop())

const question = ask('www.example.com')
const truth = answer(question, [1])
const SECONDS = 4
const PER_SECOND = 150
/** Of one peer, at a tenth of a millisecond each: 4 % of a core, and what it may do at once. */
const MOST = SECONDS * limits.CHECKS_PER_SECOND + limits.CHECKS_BURST + evidenceLimits.MAX_OBSERVATIONS

function start(n: number): Node[] {
  checks = 0
  const verify: typeof keyed.verify = (...args) => {
    checks++
    return keyed.verify(...args)
  }
  world = createWorld({ nodes: n + 1, n, scheme: { verify } })
  world.publish(question, truth)
  return world.replicas(question)
}

async function say(from: Node, to: Node, request: ChunkRequest): Promise<ChunkReply> {
  return decodeReply(await to.chunks.handle(from.member.peer, encodeRequest(request)))
}

/** `PER_SECOND` for as long as `SECONDS`. */
async function flood(from: Node, to: Node, request: ChunkRequest): Promise<Map<string, number>> {
  const replies = new Map<string, number>()
  for (let i = 0; i < SECONDS * 10; i++) {
    for (let j = 0; j < PER_SECOND / 10; j++) {
      const { kind } = await say(from, to, request)
      replies.set(kind, (replies.get(kind) ?? 0) + 1)
    }
    await world.clock.advanceAsync(100)
  }
  return replies
}

describe('a peer that brings certificates without end', () => {
  it.each([
    [
      'true ones',
      7,
      (all: readonly Node[]) => all.map((node) => paper(node.signer, question, truth, world.clock.now())),
    ],
    [
      'ones that are forged at their end',
      7,
      (all: readonly Node[]) =>
        all.map((node, i) => ({
          ...paper(node.signer, question, truth, world.clock.now()),
          ...(i === 6 && { signature: new Uint8Array(64).fill(1) }),
        })),
    ],
  ] as const)('%s, costs no more signature checks than it is granted', async (_, n, observations) => {
    const [to, ...others] = start(n) as [Node, ...Node[]]
    const certificate = { kind: 'agreed' as const, observations: observations([to, ...others]), contents: [] }
    const replies = await flood(others[0]!, to, { kind: 'certify', question, certificate, outcome: truth })
    expect(replies.get('busy')).toBeGreaterThan(SECONDS * 20)
    expect(checks).toBeLessThanOrEqual(MOST)
    // Nobody else pays for it.
    const before = checks
    expect((await say(others[1]!, to, { kind: 'certify', question, certificate, outcome: truth })).kind).not.toBe(
      'busy',
    )
    expect(checks).toBeGreaterThan(before)
  })

  it('of one signature, 48 times, costs no check at all', async () => {
    const [to, liar] = start(7) as [Node, Node]
    const observations = Array.from({ length: evidenceLimits.MAX_OBSERVATIONS }, (_, i) =>
      paper(liar.signer, question, truth, world.clock.now(), { nonce: new Uint8Array(16).fill(i) }),
    )
    const certificate = { kind: 'agreed' as const, observations, contents: [] }
    await flood(liar, to, { kind: 'certify', question, certificate, outcome: truth })
    expect(checks).toBe(0)
  })
})

describe('an opener that asks for reveals without end', () => {
  it('costs no more signature checks than it is granted', async () => {
    const [to, opener, ...others] = start(7) as [Node, Node, ...Node[]]
    const nonce = new Uint8Array(16).fill(3)
    const round = { question, nonce, attempt: 1 } as const
    const reply = say(opener, to, { kind: 'round', ...round, how: 'known' })
    await world.clock.advanceAsync(100)
    const first = await reply
    if (first.kind !== 'commitment') throw new Error(first.kind)
    const forged = (node: Node): Commitment => {
      const seen = paper(node.signer, question, truth, world.clock.now(), { nonce: roundNonce(nonce, 1) })
      return { ...commitTo(seen, world.clock.now(), node.signer), signature: new Uint8Array(64).fill(1) }
    }
    const commitments = [first.commitment, forged(opener), ...others.map(forged)]
    const replies = await flood(opener, to, { kind: 'reveal', ...round, commitments })
    expect(replies.get('busy')).toBeGreaterThan(SECONDS * 20)
    expect(checks).toBeLessThanOrEqual(MOST)
  })
})
