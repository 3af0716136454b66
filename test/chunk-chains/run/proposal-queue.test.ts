import { setImmediate as settle } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asChunkId, type ChunkId } from '../../../src/base/index.ts'
import { limits } from '../../../src/chunk-chains/limits.ts'
import { type Attempt, ProposalQueue, type RecordableEntry } from '../../../src/chunk-chains/run/proposal-queue.ts'
import type { ChunkEntry } from '../../../src/chunks/entries/entry.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { ask } from '../../chunks/world.ts'

const AT_ONCE = { gatherMs: 0, turnMs: 0 }

function entry(index: number, chunk: number, expires = Number.MAX_SAFE_INTEGER): ChunkEntry {
  return { question: ask(`n${index}.example.com`), chunk: asChunkId(chunk), expires, seen: 1 } as unknown as ChunkEntry
}

function proposals(answer: (one: RecordableEntry) => Attempt, mayBegin?: (chunk: ChunkId) => boolean) {
  const clock = virtualClock({ settle })
  const tried: { readonly at: number; readonly name: string }[] = []
  const queue = new ProposalQueue(
    clock,
    (one) => {
      tried.push({ at: clock.monotonic(), name: one.question.name.key })
      return answer(one)
    },
    mayBegin,
  )
  return { clock, tried, queue }
}

describe('entries on their way to the record', () => {
  it('are offered a few at a time, whatever number of chunks they are of', () => {
    const { clock, tried, queue } = proposals(() => 'offered')
    for (let i = 0; i < 400; i++) queue.add(entry(i, i % 40), AT_ONCE)
    clock.advance(1_000)
    expect(new Set(tried.map(({ name }) => name)).size).toBe(400)
    const at = new Map<number, number>()
    for (const one of tried) at.set(one.at, (at.get(one.at) ?? 0) + 1)
    expect(Math.max(...at.values())).toBeLessThanOrEqual(limits.PROPOSE_SLICE)
  })

  it('are offered again until they are recorded, and not for ever', () => {
    const { clock, tried, queue } = proposals(() => 'offered')
    queue.add(entry(1, 7), AT_ONCE)
    clock.advance(3_600_000)
    expect(tried.length).toBe(limits.MAX_PROPOSALS)
    expect(queue.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('wait while as many chains are at work as may be, and go on when one is done', () => {
    let free = 0
    const { clock, tried, queue } = proposals(
      () => 'done',
      (chunk) => chunk === 3 || free-- > 0,
    )
    for (let i = 0; i < 10; i++) queue.add(entry(i, i), AT_ONCE)
    clock.advance(5_000)
    // A chain at work takes more.
    expect(tried.map(({ name }) => name.includes('n3'))).toEqual([true])
    free = 2
    clock.advance(limits.PROPOSE_WAIT_MS)
    expect(tried).toHaveLength(3)
    free = 100
    clock.advance(limits.PROPOSE_WAIT_MS)
    expect(tried).toHaveLength(10)
    expect(clock.pending).toBe(0)
  })

  it('wait for a chain as long as they live', () => {
    const { clock, tried, queue } = proposals(() => 'later')
    queue.add(entry(1, 7, clock.now() + 60_000), AT_ONCE)
    clock.advance(59_000)
    expect(queue.waiting(asChunkId(7))).toBe(1)
    expect(tried.length).toBeGreaterThan(30)
    clock.advance(5_000)
    expect(queue.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('wait for others of their chunk, as long as the most impatient of them, and then take turns', () => {
    const { clock, tried, queue } = proposals(() => 'done')
    queue.add(entry(1, 7), { gatherMs: 300_000, turnMs: 0 })
    queue.add(entry(2, 8), { gatherMs: 300_000, turnMs: 0 })
    clock.advance(100_000)
    queue.add(entry(3, 7), { gatherMs: 60_000, turnMs: 700 })
    queue.add(entry(4, 7), { gatherMs: 300_000, turnMs: 1_400 })
    queue.kick(asChunkId(7))
    clock.advance(59_000)
    expect(tried).toEqual([])
    clock.advance(20_000)
    expect(tried.map(({ at, name }) => [name, Math.round(at / 100)])).toEqual([
      [entry(1, 7).question.name.key, 1_600],
      [entry(3, 7).question.name.key, 1_607],
      [entry(4, 7).question.name.key, 1_614],
    ])
    clock.advance(200_000)
    expect(tried.map(({ name }) => name)).toContain(entry(2, 8).question.name.key)
    expect(queue.size).toBe(0)
  })

  it('that come when the others have gone wait for the next', () => {
    const { clock, tried, queue } = proposals(() => 'offered')
    queue.add(entry(1, 7), { gatherMs: 10_000, turnMs: 0 })
    clock.advance(11_000)
    queue.add(entry(2, 7), { gatherMs: 10_000, turnMs: 0 })
    clock.advance(9_000)
    expect(tried.filter(({ name }) => name === entry(2, 7).question.name.key)).toEqual([])
    clock.advance(2_000)
    expect(tried.filter(({ name }) => name === entry(2, 7).question.name.key)).toHaveLength(1)
  })

  it('are no more than there is room for', () => {
    const { queue } = proposals(() => 'later')
    let taken = 0
    for (let i = 0; i < limits.MAX_PENDING + 10; i++)
      if (queue.add(entry(i, i % 4_000), { gatherMs: 0, turnMs: 1_000 })) taken++
    expect(taken).toBe(limits.MAX_PENDING)
    queue.stop()
    expect(queue.size).toBe(0)
  })

  it('that come after the stop wait for nothing, and nothing waits for them', () => {
    const { clock, tried, queue } = proposals(() => 'later')
    queue.add(entry(1, 7), { gatherMs: 300_000, turnMs: 0 })
    queue.stop()
    queue.add(entry(2, 7), { gatherMs: 300_000, turnMs: 0 })
    queue.kick(asChunkId(7))
    expect([queue.size, clock.pending]).toEqual([0, 0])
    clock.advance(600_000)
    expect(tried).toEqual([])
  })
})
