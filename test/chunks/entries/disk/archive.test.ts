/** Entries that outlive the process. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../../src/base/index.ts'
import type { Question } from '../../../../src/dns/index.ts'
import { createMemoryDisk, type MemoryDisk, seededRandom } from '../../../../src/sim/index.ts'
import { answer, ask, createWorld, keyed, type Node, paper, type World } from '../../world.ts'

let world: World
let disks: Map<number, MemoryDisk>
/** Signatures that were checked, by any node. */
let verified = 0
afterEach(() => world.stop())

const key = new Uint8Array()
const rows = (store: Store) => [...store.range(key)]

/** `maxBytes`: of each disk. */
function createDurableWorld(
  nodes: number,
  n: number,
  { maxBytes, bulk = false }: { readonly maxBytes?: number; readonly bulk?: boolean } = {},
): void {
  disks = new Map()
  const stores = new Map<number, Store>()
  world = createWorld({
    nodes,
    n,
    bulk,
    scheme: {
      verify(...signed) {
        verified++
        return keyed.verify(...signed)
      },
    },
    store: (index) => {
      const disk =
        disks.get(index) ??
        createMemoryDisk({ random: seededRandom(index), ...(maxBytes !== undefined && { maxBytes }) })
      disks.set(index, disk)
      if (stores.has(index)) disk.crash('process')
      const store = disk.open()
      stores.set(index, store)
      return store
    },
  })
}

async function agreed(count: number, ttl = 300): Promise<Question[]> {
  const questions = Array.from({ length: count }, (_, i) => ask(`www.zone${i}.com`))
  for (const question of questions) {
    world.publish(question, { ...answer(question, [1], ttl), apex: question.name })
    await world.told(question, [world.outsiders(question)[0] ?? world.nodes[0]!], 700)
  }
  await world.clock.advanceAsync(5_000)
  return questions
}

const held = (node: Node, questions: readonly Question[]) =>
  questions.filter((question) => node.chunks.entry(question) !== undefined)

const busiest = (questions: readonly Question[]) =>
  world.nodes.reduce((most, node) => (held(node, questions).length > held(most, questions).length ? node : most))

/** Starts it again where it knows nobody. Returns whom it knew. */
async function restartAlone(node: Node): Promise<Node['table']> {
  const { table } = node
  node.table = [node.member]
  world.restart(node)
  await world.clock.advanceAsync(5_000)
  return table
}

/** What is on the disk of a node that is down. */
function peek(node: Node, change: (store: Store) => void): void {
  const disk = disks.get(node.index)!
  disk.crash('process')
  const store = disk.open()
  change(store)
  disk.crash('process')
}

describe('after a restart', () => {
  it('every entry that was held is there again, with the same expiry, and is served', async () => {
    createDurableWorld(6, 3)
    const questions = await agreed(30)
    const node = busiest(questions)
    const before = held(node, questions)
    expect(before.length).toBeGreaterThan(5)
    const expires = before.map((question) => node.chunks.entry(question)!.expires)
    world.restart(node)
    await world.clock.advanceAsync(100)
    expect(held(node, questions)).toEqual(before)
    expect(before.map((question) => node.chunks.entry(question)!.expires)).toEqual(expires)
    expect(node.chunks.stats()).toMatchObject({ archived: before.length, restored: before.length, waiting: 0 })

    // It is enough to convince somebody who asks, when nobody else answers.
    world.withdraw()
    for (const other of world.replicas(before[0]!)) other.down = other !== node
    const read = await world.read(world.outsiders(before[0]!)[0]!, before[0]!)
    expect(read).toMatchObject({ kind: 'accepted', finding: { evidence: { provenance: 'agreed' } } })
  })

  it('no signature of an entry is checked twice, unless something else than this node has written it', async () => {
    createDurableWorld(5, 3)
    const questions = await agreed(12)
    const node = busiest(questions)
    const before = held(node, questions)
    verified = 0
    world.restart(node)
    await world.clock.advanceAsync(100)
    expect([held(node, questions).length, verified]).toEqual([before.length, 0])
    await node.chunks.stop()
    // As another node would have written it: 17 bytes of the mark less.
    peek(node, (store) => {
      const [key, value] = rows(store)[0]!
      store.batch([{ kind: 'put', key, value: value.slice(17) }], { durable: true })
    })
    world.restart(node)
    await world.clock.advanceAsync(100)
    expect([held(node, questions).length, verified]).toEqual([before.length, 3])
  })

  it('nothing that is on its disk is asked of others', async () => {
    createDurableWorld(5, 3, { bulk: true })
    const questions = await agreed(20)
    const node = busiest(questions)
    const before = held(node, questions)
    const table = await restartAlone(node)
    node.table = table
    node.changed()
    await world.clock.advanceAsync(10_000)
    expect(node.chunks.stats()).toMatchObject({ restored: before.length, pulled: 0, waiting: 0 })
    expect(node.chunks.stats().runsDone).toBeGreaterThan(0)
  })

  it('what has expired meanwhile is dropped, from the disk, too', async () => {
    createDurableWorld(6, 3)
    const questions = await agreed(20, 120)
    const node = busiest(questions)
    expect(held(node, questions).length).toBeGreaterThan(3)
    const before = node.chunks
    // Nothing sweeps while a node is down.
    await before.stop()
    await world.clock.advanceAsync(130_000)
    world.restart(node)
    await world.clock.advanceAsync(100)
    expect(held(node, questions)).toEqual([])
    peek(node, (store) => expect(rows(store)).toEqual([]))
    world.restart(node)
  })

  it('what has expired in a running node leaves the disk with the next sweep', async () => {
    createDurableWorld(6, 3)
    await agreed(20, 120)
    await world.clock.advanceAsync(200_000)
    for (const node of world.nodes) {
      peek(node, (store) => expect(rows(store)).toEqual([]))
      world.restart(node)
    }
  })

  it('an entry waits for the members that signed it, and is not served before', async () => {
    createDurableWorld(5, 3)
    const questions = await agreed(20)
    const node = busiest(questions)
    const before = held(node, questions)
    const table = await restartAlone(node)
    expect(held(node, questions)).toEqual([])
    expect(node.chunks.stats()).toMatchObject({ restored: 0, waiting: before.length })
    node.table = table
    node.changed()
    await world.clock.advanceAsync(2_000)
    expect(held(node, questions)).toEqual(before)
    expect(node.chunks.stats()).toMatchObject({ restored: before.length, waiting: 0 })
  })

  it('an entry whose signers are gone for good goes when it expires', async () => {
    createDurableWorld(5, 3)
    await agreed(20, 300)
    const node = world.nodes[0]!
    node.table = [node.member]
    world.restart(node)
    await world.clock.advanceAsync(400_000)
    expect(node.chunks.stats()).toMatchObject({ entries: 0, waiting: 0, archived: 0 })
    peek(node, (store) => expect(rows(store)).toEqual([]))
    world.restart(node)
  })

  it('what was changed on the disk does not count', async () => {
    createDurableWorld(5, 3)
    const questions = await agreed(12)
    const node = busiest(questions)
    const before = held(node, questions)
    expect(before.length).toBeGreaterThanOrEqual(3)
    await node.chunks.stop()
    peek(node, (store) => {
      const all = rows(store)
      store.batch(
        [
          // Another address, nonsense, and an entry under the name of another.
          { kind: 'put', key: all[0]![0], value: replace(all[0]![1], [198, 51, 100, 1], [198, 51, 100, 66]) },
          { kind: 'put', key: all[1]![0], value: Uint8Array.of(1, 2, 3) },
          { kind: 'put', key: Uint8Array.of(...all[2]![0], 7), value: all[2]![1] },
          { kind: 'put', key: Uint8Array.of(1), value: new Uint8Array() },
        ],
        { durable: true },
      )
    })
    world.restart(node)
    await world.clock.advanceAsync(1_000)
    expect(held(node, questions).length).toBe(before.length - 2)
    for (const question of held(node, questions))
      expect(JSON.stringify(node.chunks.entry(question)!.outcome)).not.toContain('66')
  })

  it('an entry that a peer brings meanwhile is not replaced by the older one from the disk', async () => {
    createDurableWorld(3, 3)
    const [question] = await agreed(1)
    const node = world.nodes[0]!
    const seen = node.chunks.entry(question!)!.seen
    await world.clock.advanceAsync(60_000)
    const table = node.table
    node.table = [node.member]
    world.restart(node)
    await world.clock.advanceAsync(2_000)
    node.table = table
    const outcome = { ...answer(question!, [1], 300), apex: question!.name }
    const observations = world.nodes.map(({ signer }) => paper(signer, question!, outcome, world.clock.now()))
    const { encodeRequest } = await import('../../../../src/chunks/wire/messages.ts')
    const request = encodeRequest({
      kind: 'certify',
      question: question!,
      certificate: { kind: 'agreed', contents: [], observations },
      outcome,
    })
    await world.clock.run(node.chunks.handle(world.nodes[1]!.member.peer, request))
    node.changed()
    await world.clock.advanceAsync(2_000)
    expect(node.chunks.entry(question!)!.seen).toBeGreaterThan(seen)
    world.restart(node)
    await world.clock.advanceAsync(1_000)
    expect(node.chunks.entry(question!)!.seen).toBeGreaterThan(seen)
  })

  it('goes on without a disk that is full', async () => {
    createDurableWorld(5, 3, { maxBytes: 3_000 })
    const questions = await agreed(20)
    const node = busiest(questions)
    expect(held(node, questions).length).toBeGreaterThan(3)
    world.restart(node)
    await world.clock.advanceAsync(1_000)
    expect(held(node, questions).length).toBeGreaterThan(0)
  })
})

function replace(bytes: Uint8Array, what: readonly number[], by: readonly number[]): Uint8Array {
  const at = Buffer.from(bytes).indexOf(Uint8Array.from(what))
  expect(at).toBeGreaterThan(0)
  const changed = bytes.slice()
  changed.set(by, at)
  return changed
}
