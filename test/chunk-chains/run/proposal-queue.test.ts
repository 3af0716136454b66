import { setImmediate as settle } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { asChunkId } from '../../../src/base/index.ts'
import { limits } from '../../../src/chunk-chains/limits.ts'
import { type Attempt, ProposalQueue, type RecordableEntry } from '../../../src/chunk-chains/run/proposal-queue.ts'
import type { ChunkEntry } from '../../../src/chunks/entries/entry.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { ask } from '../../chunks/world.ts'

function entry(index: number, chunk: number, expires = Number.MAX_SAFE_INTEGER): ChunkEntry {
  return { question: ask(`n${index}.example.com`), chunk: asChunkId(chunk), expires, seen: 1 } as unknown as ChunkEntry
}

function proposals(answer: (one: RecordableEntry) => Attempt) {
  const clock = virtualClock({ settle })
  const tried: { readonly at: number; readonly name: string }[] = []
  const queue = new ProposalQueue(clock, (one) => {
    tried.push({ at: clock.monotonic(), name: one.question.name.key })
    return answer(one)
  })
  return { clock, tried, queue }
}

describe('entries on their way to the record', () => {
  it('are offered a few at a time, whatever number of chunks they are of', () => {
    const { clock, tried, queue } = proposals(() => 'offered')
    for (let i = 0; i < 400; i++) queue.add(entry(i, i % 40), 0)
    clock.advance(1_000)
    expect(new Set(tried.map(({ name }) => name)).size).toBe(400)
    const at = new Map<number, number>()
    for (const one of tried) at.set(one.at, (at.get(one.at) ?? 0) + 1)
    expect(Math.max(...at.values())).toBeLessThanOrEqual(limits.PROPOSE_SLICE)
  })

  it('are offered again until they are recorded, and not for ever', () => {
    const { clock, tried, queue } = proposals(() => 'offered')
    queue.add(entry(1, 7), 0)
    clock.advance(3_600_000)
    expect(tried.length).toBe(limits.MAX_PROPOSALS)
    expect(queue.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('wait for a chain as long as they live', () => {
    const { clock, tried, queue } = proposals(() => 'later')
    queue.add(entry(1, 7, clock.now() + 60_000), 0)
    clock.advance(59_000)
    expect(queue.waiting(asChunkId(7))).toBe(1)
    expect(tried.length).toBeGreaterThan(30)
    clock.advance(5_000)
    expect(queue.size).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('are no more than there is room for', () => {
    const { queue } = proposals(() => 'later')
    let taken = 0
    for (let i = 0; i < limits.MAX_PENDING + 10; i++) if (queue.add(entry(i, i % 4_000), 1_000)) taken++
    expect(taken).toBe(limits.MAX_PENDING)
    queue.stop()
    expect(queue.size).toBe(0)
  })
})
