/** A member's wall clock that is wrong and set right: what came with a term is held no longer than that. */
import { afterEach, describe, expect, it } from 'vitest'
import type { ProofSource } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const MINUTE = 60_000
const question = ask('www.example.com')
const SECONDS = 120
const truth = answer(question, [1], SECONDS)

const validating = (): ProofSource => ({
  verify: async (finding) => ({ ...finding, evidence: { ...finding.evidence, security: 'secure' } }),
  links: () => [],
  knownCut: () => 0,
})

/** Three replicas with disks, who pull from each other; the last one's clock is nine minutes ahead. */
async function three() {
  const disks = [0, 1, 2].map((index) => createMemoryDisk({ random: seededRandom(`disk ${index}`) }))
  world = createWorld({ nodes: 3, n: 3, bulk: true, proofs: validating, proofStore: (index) => disks[index]!.open() })
  world.publish(question, truth)
  await world.clock.advanceAsync(5_000)
  const ahead = world.nodes[2]!
  ahead.skewMs = 9 * MINUTE
  return { ahead, disks, holds: () => world.nodes.map((node) => node.chunks.stats().proofs) }
}

async function told(node: Node, outcome: Outcome): Promise<void> {
  node.chunks.tell(question, outcome, 'secure')
  await world.clock.advanceAsync(3_000)
}

/** What a replica says to a member that reads. */
async function wordOf(node: Node) {
  const asker = world.nodes.find((one) => one !== node)!
  return decodeReply(await node.chunks.handle(asker.member.peer, encodeRequest({ kind: 'read', question })))
}

describe('a signed answer held by a member whose clock was ahead, and is set right', () => {
  it('ends when its TTL does, there and at those who pull from it', async () => {
    const { ahead, holds } = await three()
    await told(world.nodes[0]!, truth)
    expect(holds()).toEqual([1, 1, 1])
    ahead.skewMs = 0
    const word = await wordOf(ahead)
    if (word.kind !== 'proof') throw new Error(word.kind)
    expect(word.seconds).toBeLessThanOrEqual(SECONDS)
    await world.clock.advanceAsync(SECONDS * 1_000 + limits.REPAIR_MS)
    expect(holds()).toEqual([0, 0, 0])
  })

  it('is pulled by another with the end that it has, not with the one that its row was written with', async () => {
    const { ahead } = await three()
    const late = world.nodes[1]!
    late.down = true
    await told(world.nodes[0]!, truth)
    ahead.skewMs = 0
    world.nodes[0]!.down = true
    late.down = false
    // Two repairs, by which most of its time is over.
    let left = 0
    for (let i = 0; i < 110 && left === 0; i++) {
      await world.clock.advanceAsync(1_000)
      const word = await wordOf(late)
      if (word.kind === 'proof') left = word.seconds - (SECONDS - 3 - i)
    }
    expect(left).not.toBe(0)
    expect(left).toBeLessThanOrEqual(2)
  })

  it('is held no longer where the clock was behind: its signatures may have ended', async () => {
    const { ahead } = await three()
    ahead.skewMs = -9 * MINUTE
    await told(world.nodes[0]!, truth)
    expect((await wordOf(ahead)).kind).toBe('proof')
    ahead.skewMs = 0
    expect((await wordOf(ahead)).kind).not.toBe('proof')
  })

  it('lasts no longer than its TTL where the process was started again meanwhile', async () => {
    const { ahead, disks, holds } = await three()
    await told(world.nodes[0]!, truth)
    for (const node of world.nodes.slice(0, 2)) node.down = true
    void ahead.chunks.stop()
    disks[2]!.crash('process')
    ahead.skewMs = 0
    world.restart(ahead)
    await world.clock.advanceAsync(1_000)
    expect(holds()[2]).toBe(1)
    await world.clock.advanceAsync(SECONDS * 1_000)
    expect(holds()[2]).toBe(0)
  })
})
