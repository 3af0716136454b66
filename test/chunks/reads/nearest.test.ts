import { afterEach, describe, expect, it } from 'vitest'
import type { RingRead } from '../../../src/chunks/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

const DELAYS_MS = [80, 10, 40]
const question = ask('www.example.com')
let world: World
afterEach(() => world.stop())

/** Three replicas at 10, 40 and 80 ms agree on one name, and an outsider has their digests. */
async function agreed(): Promise<{ asker: Node; near: Node; middle: Node; far: Node }> {
  world = createWorld({ nodes: 6, n: 3 })
  world.publish(question, answer(question, [1]))
  const [far, near, middle] = world.replicas(question) as [Node, Node, Node]
  const [asker, teller] = world.outsiders(question) as [Node, Node]
  await world.told(question, [teller], 10_000)
  for (const [i, node] of [far, near, middle].entries()) node.delayMs = DELAYS_MS[i]!
  await digestsHeard(asker)
  return { asker, near, middle, far }
}

async function digestsHeard(asker: Node): Promise<void> {
  asker.chunks.expects(question)
  await world.clock.advanceAsync(1_000)
  expect(asker.chunks.expects(question)).toBe('yes')
}

async function timed(asker: Node): Promise<{ read: RingRead; ms: number; asked: number[] }> {
  world.requests.length = 0
  const began = world.clock.monotonic()
  const read = await world.read(asker, question)
  const ms = world.clock.monotonic() - began
  return { read, ms, asked: readsOf(question).map(({ to }) => to) }
}

const readsOf = ({ name }: Question) =>
  world.requests.filter(({ request }) => request.kind === 'read' && request.question.name.key === name.key)

describe('a read of what a digest names', () => {
  it('asks all replicas once, and then the nearest alone', async () => {
    const { asker, near } = await agreed()
    const first = await timed(asker)
    expect(first.asked).toHaveLength(3)
    expect(first.ms).toBe(10)
    for (let i = 0; i < 5; i++) {
      const { read, ms, asked } = await timed(asker)
      expect(read.kind).toBe('accepted')
      expect(asked).toEqual([near.index])
      expect(ms).toBe(10)
    }
  })

  it('asks the next one when the nearest is late, and is not held up by it again', async () => {
    const { asker, near, middle } = await agreed()
    for (let i = 0; i < 20; i++) await timed(asker)
    near.down = true
    const { read, ms, asked } = await timed(asker)
    expect(read.kind).toBe('accepted')
    expect(asked[0]).toBe(near.index)
    // Which of the other two is nearer is not known yet: both come in at once.
    expect(ms).toBeLessThan(10 + 6 + 30 + 41)
    for (let i = 0; i < 20; i++) await timed(asker)
    expect((await timed(asker)).asked).toEqual([middle.index])
  })

  it('asks all others at once when the nearest has nothing after all', async () => {
    const { asker, near, middle, far } = await agreed()
    await timed(asker)
    near.liar = async () => ({ kind: 'unknown' })
    const { read, ms, asked } = await timed(asker)
    expect(read.kind).toBe('accepted')
    expect(asked.sort()).toEqual([near.index, middle.index, far.index].sort())
    expect(ms).toBe(50)
    for (let i = 0; i < 9; i++) await timed(asker)
    // It has become no nearer by saying nothing: the next one is asked first.
    expect((await timed(asker)).asked).toEqual([middle.index])
  })

  it('finds the new nearest when the distances change', async () => {
    const { asker, near, far } = await agreed()
    for (let i = 0; i < 10; i++) await timed(asker)
    near.delayMs = 200
    far.delayMs = 5
    for (let i = 0; i < 60; i++) await timed(asker)
    expect((await timed(asker)).ms).toBeLessThanOrEqual(41)
    await world.clock.advanceAsync(900_000)
  })
})
