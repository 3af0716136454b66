/** A browser asks for A, AAAA and HTTPS of a name at once: one request to a replica brings all that it has of the name. */
import { afterEach, describe, expect, it } from 'vitest'
import type { RingRead } from '../../../src/chunks/index.ts'
import { type ChunkReply, decodeReply } from '../../../src/chunks/wire/messages.ts'
import { type Question, Type } from '../../../src/dns/index.ts'
import { answer, ask, createWorld, type Node, nothing, type World } from '../world.ts'

const TYPES = [Type.A, Type.AAAA, Type.HTTPS]
const questions = TYPES.map((type) => ask('www.example.com', type))
const [a, aaaa, https] = questions as [Question, Question, Question]
let world: World
afterEach(() => world.stop())

/** Three replicas that agree on all three, and an asker who knows which is the nearest. */
async function agreed(): Promise<Node> {
  world = createWorld({ nodes: 6, n: 3 })
  world.publish(a, answer(a, [1]))
  world.publish(aaaa, nothing(0))
  world.publish(https, nothing(0))
  const [asker, ...tellers] = world.outsiders(a) as [Node, Node, Node]
  for (const question of questions) await world.told(question, tellers, 10_000)
  for (const [i, node] of world.replicas(a).entries()) node.delayMs = 10 + 20 * i
  asker.chunks.expects(a)
  await world.clock.advanceAsync(1_000)
  for (const question of questions) expect(asker.chunks.expects(question)).toBe('yes')
  // The distances are known from here on.
  await world.read(asker, a)
  await world.clock.advanceAsync(10_000)
  world.requests.length = 0
  return asker
}

const read = (reply: ChunkReply | Uint8Array) => (reply instanceof Uint8Array ? decodeReply(reply) : reply)
const reads = () => world.requests.filter(({ request }) => request.kind === 'read')

async function triple(asker: Node): Promise<RingRead[]> {
  const { signal } = new AbortController()
  return world.clock.run(Promise.all(questions.map((question) => asker.chunks.read(question, signal))))
}

describe('A, AAAA and HTTPS of one name', () => {
  it('are one request, where each was one before', async () => {
    const asker = await agreed()
    const all = await triple(asker)
    expect(all.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(reads()).toHaveLength(1)
  })

  it('take no longer than one of them', async () => {
    const asker = await agreed()
    const began = world.clock.monotonic()
    await triple(asker)
    expect(world.clock.monotonic() - began).toBe(10)
  })

  it('come each with the evidence of its own question', async () => {
    const asker = await agreed()
    const all = await triple(asker)
    for (const [i, read] of all.entries()) {
      if (read.kind !== 'accepted') throw new Error('not accepted')
      expect(read.finding.question.type).toBe(TYPES[i])
      expect(read.finding.evidence.provenance).toBe('agreed')
      expect(read.finding.evidence.observers?.length).toBeGreaterThanOrEqual(2)
    }
  })

  it('are asked for again when what came along is a moment old', async () => {
    const asker = await agreed()
    await world.read(asker, a)
    await world.clock.advanceAsync(6_000)
    expect((await world.read(asker, aaaa)).kind).toBe('accepted')
    expect(reads()).toHaveLength(2)
  })

  it('ask for themselves where a replica brings nothing along', async () => {
    const asker = await agreed()
    for (const node of world.replicas(a))
      node.liar = async (request, _, honest) => {
        if (request.kind !== 'read') return honest()
        const reply = read(await honest())
        return reply.kind === 'entry' ? { ...reply, beside: [] } : reply
      }
    const all = await triple(asker)
    expect(all.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(reads().length).toBeGreaterThanOrEqual(3)
  })

  it('are believed no further than their evidence goes, and what does not hold costs another request only', async () => {
    const asker = await agreed()
    const near = world.replicas(a)[0]!
    near.liar = async (request, _, honest) => {
      const reply = read(await honest())
      if (request.kind !== 'read' || reply.kind !== 'entry') return reply
      // The entry of one question, sent as that of the others.
      const { beside: __, ...bare } = reply
      return { ...reply, beside: [Type.AAAA, Type.HTTPS].map((type) => ({ type, reply: bare })) }
    }
    const all = await triple(asker)
    expect(all.map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'accepted'])
    for (const [i, read] of all.entries()) {
      if (read.kind !== 'accepted') throw new Error('not accepted')
      expect(read.finding.outcome.kind).toBe(i === 0 ? 'rrset' : 'absent')
    }
  })

  it('are known to be asked for, though nobody asked for them alone', async () => {
    const asker = await agreed()
    await triple(asker)
    world.requests.length = 0
    await world.clock.advanceAsync(10_000)
    await triple(asker)
    const [first] = reads()
    expect(first?.request).toMatchObject({
      kind: 'read',
      beside: [Type.AAAA, Type.HTTPS],
      used: [Type.AAAA, Type.HTTPS],
    })
  })

  it('do not wait for a read that its asker gives up', async () => {
    const asker = await agreed()
    for (const node of world.replicas(a)) node.down = true
    const stop = new AbortController()
    const first = asker.chunks.read(a, new AbortController().signal)
    const second = asker.chunks.read(aaaa, stop.signal)
    stop.abort()
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' })
    await world.clock.run(first)
  })
})

describe('other types', () => {
  it('bring nothing along', async () => {
    const asker = await agreed()
    await world.read(asker, ask('www.example.com', Type.MX))
    for (const { request } of reads()) expect(request).not.toHaveProperty('beside')
  })
})
