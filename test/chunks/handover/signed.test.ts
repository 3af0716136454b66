/** Signed answers are entries like the others: whoever becomes a replica gets them, and they outlive the process. */
import { afterEach, describe, expect, it } from 'vitest'
import { readProofRow } from '../../../src/chunks/entries/proof-rows.ts'
import type { ProofSource } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { decodePullFrame } from '../../../src/chunks/wire/pull-messages.ts'
import type { ProofLink } from '../../../src/evidence/index.ts'
import { createMemoryDisk, type MemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const truth = answer(question, [1], 3_600)
const links: readonly ProofLink[] = [{ question: ask('com', 43), outcome: answer(ask('com'), [9]) }]

/** Validation that needs the links where nothing is known of the zone: at each node but the one that resolved it. */
function validation(verified: number[]) {
  return (index: number): ProofSource => ({
    verify: async (finding, given) => {
      verified[index] = (verified[index] ?? 0) + 1
      const last = finding.outcome.kind === 'rrset' ? finding.outcome.rrset.rdatas[0]![3] : undefined
      if (last === 66) return 'bogus'
      if (given.length === 0) return 'unproven'
      return { ...finding, evidence: { ...finding.evidence, security: 'secure' } }
    },
    links: () => links,
    knownCut: () => 0,
  })
}

/** Six nodes with disks, all replicas of everything; the last one is not there yet. */
async function five() {
  const verified: number[] = []
  const disks: MemoryDisk[] = []
  const diskOf = (index: number) => {
    disks[index] ??= createMemoryDisk({ random: seededRandom(`disk ${index}`) })
    return disks[index].open()
  }
  world = createWorld({ nodes: 6, n: 6, bulk: true, proofs: validation(verified), proofStore: diskOf })
  const sixth = world.nodes[5]!
  world.remove(sixth)
  sixth.table = []
  await world.clock.advanceAsync(5_000)
  world.nodes[0]!.chunks.tell(question, truth, 'secure')
  await world.clock.advanceAsync(3_000)
  return { sixth, verified, disks, holds: () => world.nodes.map((node) => node.chunks.stats().proofs) }
}

const everywhere = [1, 1, 1, 1, 1, 1]
const fetches = () => world.nodes.reduce((sum, node) => sum + node.fetches, 0)

function comes(sixth: Node) {
  sixth.table = world.nodes.map(({ member }) => member)
  world.add(sixth)
}

describe('a signed answer told to five members', () => {
  it('is had by a sixth that joins, verified there and not fetched, with the links that it takes', async () => {
    const { sixth, verified, holds } = await five()
    expect(holds()).toEqual([1, 1, 1, 1, 1, 0])
    comes(sixth)
    await world.clock.advanceAsync(10_000)
    expect(holds()).toEqual(everywhere)
    expect(verified[5]).toBe(1)
    expect(fetches()).toBe(0)
    // Nor does it come again at the repairs.
    await world.clock.advanceAsync(3 * limits.REPAIR_MS)
    expect(verified[5]).toBe(1)
  })

  it('is had by one that missed it, within two repair intervals', async () => {
    const { sixth, holds } = await five()
    comes(sixth)
    await world.clock.advanceAsync(10_000)
    sixth.down = true
    const other = ask('mail.example.com')
    world.nodes[0]!.chunks.tell(other, answer(other, [2], 3_600), 'secure')
    await world.clock.advanceAsync(5_000)
    expect(holds()).toEqual([2, 2, 2, 2, 2, 1])
    sixth.down = false
    await world.clock.advanceAsync(2 * limits.REPAIR_MS)
    expect(holds()).toEqual([2, 2, 2, 2, 2, 2])
  })

  it('survives a restart of all, without being verified again, and ends when it would have ended', async () => {
    const { sixth, verified, disks, holds } = await five()
    comes(sixth)
    await world.clock.advanceAsync(10_000)
    const before = [...verified]
    for (const node of world.nodes) {
      void node.chunks.stop()
      disks[node.index]!.crash('process')
    }
    for (const node of world.nodes) world.restart(node)
    await world.clock.advanceAsync(5_000)
    expect(holds()).toEqual(everywhere)
    expect(verified).toEqual(before)
    const read = await world.read(world.nodes[3]!, question)
    expect(read).toMatchObject({ kind: 'accepted', finding: { evidence: { security: 'secure' } } })
    await world.clock.advanceAsync(3_700_000)
    expect(holds()).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('is not believed from a disk that somebody else has written, nor from a replica that forges it', async () => {
    const { sixth, disks, holds } = await five()
    void world.nodes[0]!.chunks.stop()
    disks[0]!.crash('process')
    const store = disks[0]!.open()
    const [[key, value]] = [...store.range(new Uint8Array())] as [[Uint8Array, Uint8Array]]
    const forged = value.slice()
    forged[forged.length - 1]! ^= 1
    store.batch([{ kind: 'put', key, value: forged }], { durable: true })
    disks[0]!.crash('process')
    world.restart(world.nodes[0]!)
    await world.clock.advanceAsync(100)
    expect(holds()[0]).toBe(0)
    for (const node of world.nodes.slice(0, 5))
      node.supplies = async function* (_from, _body, honest) {
        for await (const frame of honest()) {
          const turned = frame.slice()
          const at = turned.findIndex((_, i) => turned[i] === 198 && turned[i + 1] === 51 && turned[i + 2] === 100)
          if (at >= 0) turned[at + 3] = 66
          expect(readProofRow(decodePullFrame(turned)[0]!)).toBeDefined()
          yield turned
        }
      }
    comes(sixth)
    await world.clock.advanceAsync(20_000)
    expect(holds()[5]).toBe(0)
    for (const node of world.nodes) node.supplies = undefined
    await world.clock.advanceAsync(2 * limits.REPAIR_MS)
    expect(holds()).toEqual(everywhere)
  })
})
