/** Popular names in a ring of some dozens, in which copies are for rings of eight and more: the first level has four copies. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { decodeReply, encodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { effort } from '../../setup/effort.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

const NODES = 40
const question = ask('www.example.com')
let world: World
afterEach(() => world.stop())

/** A name that all read, and no other: in time everybody knows that it is popular. */
async function popular(): Promise<{ replicas: Node[]; outsiders: Node[] }> {
  world = createWorld({ nodes: NODES, n: 3, options: { copiesFrom: 8, chunkBits: 4 } })
  world.publish(question, answer(question, [1], 3_000))
  const outsiders = world.outsiders(question)
  await world.told(question, [outsiders[0]!, outsiders[1]!], 10_000)
  for (const node of outsiders) expect((await world.read(node, question)).kind).toBe('accepted')
  await world.clock.advanceAsync(600_000)
  return { replicas: world.replicas(question), outsiders }
}

async function readers(nodes: readonly Node[]) {
  world.requests.length = 0
  for (const node of nodes) expect((await world.read(node, question)).kind).toBe('accepted')
  return world.requests.filter(({ request }) => request.kind === 'read')
}

describe('a popular name', () => {
  it('is known to everybody as one, and read of copies: replicas hear of one read for each copy', async () => {
    const { replicas, outsiders } = await popular()
    for (const { chunks } of outsiders) expect(chunks.stats().popular).toBeGreaterThan(0)
    await readers(outsiders)
    const asked = await readers(outsiders)
    const isReplica = new Set(replicas.map(({ index }) => index))
    const copies = new Set(asked.filter(({ request }) => 'level' in request).map(({ to }) => to))
    expect(asked.filter(({ to }) => isReplica.has(to)).length).toBeLessThanOrEqual(8)
    expect(copies.size).toBeLessThanOrEqual(4)
    expect(outsiders.reduce((sum, { chunks }) => sum + chunks.stats().copyReads, 0)).toBeGreaterThan(effort(20, 40))
    expect(outsiders.reduce((sum, { chunks }) => sum + chunks.stats().copyFills, 0)).toBeLessThanOrEqual(4)
  })

  it('has replicas that know how much it is read, by what its copies say', async () => {
    const { replicas, outsiders } = await popular()
    for (let i = 0; i < 4; i++) {
      await readers(outsiders)
      await world.clock.advanceAsync(60_000)
    }
    // The answer ends: copies are filled anew, and say for how many.
    world.requests.length = 0
    await world.clock.advanceAsync(3_000_000)
    await world.told(question, [outsiders[0]!, outsiders[1]!], 10_000)
    const fills = (await readers(outsiders)).filter(
      ({ request }) => request.kind === 'read' && (request.reads ?? 1) > 1,
    )
    expect(fills.every(({ to }) => replicas.some(({ index }) => index === to))).toBe(true)
    expect(fills.length).toBeGreaterThan(0)
  })

  it('is read of a replica where its copy says nothing, lies, or is silent', async () => {
    const { replicas, outsiders } = await popular()
    const isReplica = new Set(replicas.map(({ index }) => index))
    const wrong = answer(question, [66])
    for (const say of ['unknown', 'lie', 'silence'] as const) {
      for (const node of world.nodes) {
        if (isReplica.has(node.index)) continue
        node.liar = async (request, _from, honest) => {
          if (request.kind !== 'read' || request.level === undefined) return honest()
          if (say === 'silence') return new Promise<never>(() => {})
          if (say === 'unknown') return { kind: 'unknown' }
          return encodeReply({ kind: 'proof', outcome: wrong, seconds: 60 })
        }
      }
      const read = await world.read(outsiders[5]!, question)
      if (read.kind !== 'accepted') throw new Error(read.kind)
      expect(read.finding.outcome).toEqual(answer(question, [1], 3_000))
    }
  })

  it('is no copy of a member that is asked for what nobody called popular', async () => {
    await popular()
    const other = ask('other.example.com')
    world.publish(other, answer(other, [2], 3_000))
    const [asked, asker] = world.outsiders(other) as [Node, Node]
    const body = encodeRequest({ kind: 'read', question: other, level: 1 })
    expect(decodeReply(await asked.chunks.handle(asker.member.peer, body))).toEqual({ kind: 'unknown' })
    expect(asked.chunks.stats().copyFills).toBe(0)
  })

  it('is none because one member says of a read that it stands for thousands', async () => {
    world = createWorld({ nodes: 16, n: 3, options: { copiesFrom: 8, chunkBits: 4 } })
    world.publish(question, answer(question, [1], 3_000))
    const outsiders = world.outsiders(question)
    await world.told(question, [outsiders[0]!, outsiders[1]!], 10_000)
    const read = async ({ member }: Node, reads?: number) => {
      const body = encodeRequest({ kind: 'read', question, ...(reads !== undefined && { reads }) })
      for (const { chunks } of world.replicas(question))
        expect(decodeReply(await chunks.handle(member.peer, body)).kind).toBe('entry')
    }
    // As many as make a name popular, if they read it more often.
    for (const node of outsiders.slice(0, limits.LEAST_READERS)) {
      await read(node)
      await world.clock.advanceAsync(365_000)
    }
    await read(outsiders[9]!, limits.MAX_READS_OF_A_COPY)
    await world.clock.advanceAsync(120_000)
    for (const { chunks } of world.nodes) expect(chunks.stats().popular).toBe(0)
  })

  it('is none that few members read, however often', async () => {
    world = createWorld({ nodes: NODES, n: 3, options: { copiesFrom: 8, chunkBits: 4 } })
    world.publish(question, answer(question, [1], 3_000))
    const outsiders = world.outsiders(question)
    await world.told(question, [outsiders[0]!, outsiders[1]!], 10_000)
    for (let i = 0; i < 200; i++) await world.read(outsiders[i % 3]!, question)
    await world.clock.advanceAsync(600_000)
    for (const { chunks } of world.nodes) expect(chunks.stats().popular).toBe(0)
  })
})
