import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { Heat, RecentCount, wantedLevel } from '../../../src/chunks/copies/heat.ts'
import { levelFor, nextLevel, serversAt } from '../../../src/chunks/copies/levels.ts'
import { hintOf } from '../../../src/chunks/copies/mark.ts'
import { copyAt, epochOf } from '../../../src/chunks/copies/places.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { parseName } from '../../../src/dns/index.ts'
import type { MemberEntry } from '../../../src/ring/index.ts'
import { testClock } from '../../setup/clock.ts'
import { memberId } from '../ring-parts.ts'

const ring = { mean: 0.01, n: 3, members: 100_000 }

describe('the level of a name', () => {
  it('is the replicas alone as long as the name is no more than its share for each of them', () => {
    expect(levelFor({ ...ring, reads: 3 * 0.5 * 0.01 })).toBe(0)
    expect(levelFor({ ...ring, reads: 3 * 0.5 * 0.01 + 1e-9 })).toBe(1)
  })

  it('has so many copies that none is read for more than its share', () => {
    for (const reads of [0.1, 1, 20, 66]) {
      const level = levelFor({ ...ring, reads })
      expect(reads / serversAt(level, 3)).toBeLessThanOrEqual(0.5 * 0.01)
      expect(reads / serversAt(level - 1, 3)).toBeGreaterThan(0.5 * 0.01)
    }
  })

  it('has no more copies than a quarter of the members', () => {
    expect(serversAt(levelFor({ ...ring, members: 300, reads: 1_000 }), 3)).toBe(64)
    expect(levelFor({ ...ring, members: 15, reads: 1_000 })).toBe(0)
  })

  it('is left only when the one below has room to spare, so that it does not go up and down', () => {
    const limit = 0.5 * 0.01 * serversAt(1, 3)
    expect(nextLevel(2, { ...ring, reads: 0.9 * limit })).toBe(2)
    expect(nextLevel(2, { ...ring, reads: 0.6 * limit })).toBe(1)
  })

  it('is not for names that a copy would be read of more seldom than once in five minutes', () => {
    expect(levelFor({ ...ring, mean: 0, reads: 3 / 301 })).toBe(0)
    expect(levelFor({ ...ring, mean: 0, reads: 3.9 / 300 })).toBe(1)
  })

  it('is marked anew before its mark ends, and ended by a replica that is not the first any more', () => {
    const reads = 1
    const level = levelFor({ ...ring, reads })
    expect(wantedLevel(undefined, { ...ring, reads }, 1_000, true)).toBe(level)
    expect(wantedLevel({ level, at: 1_000 }, { ...ring, reads }, 1_001, true)).toBeUndefined()
    expect(wantedLevel({ level, at: 1_000 }, { ...ring, reads }, 1_001 + limits.MARK_SECONDS / 2, true)).toBe(level)
    expect(wantedLevel({ level, at: 1_000 }, { ...ring, reads }, 1_001, false)).toBe(0)
    expect(wantedLevel(undefined, { ...ring, reads }, 1_001, false)).toBeUndefined()
  })
})

describe('reads that are counted', () => {
  it('count for less the older they are', () => {
    const clock = testClock()
    const count = new RecentCount(clock)
    for (let i = 0; i < 3_600; i++) {
      count.add(1)
      clock.advance(10_000)
    }
    expect(count.perSecond).toBeCloseTo(0.1, 2)
    clock.advance(limits.HEAT_MS)
    expect(count.perSecond).toBeCloseTo(0.1 / Math.E, 2)
  })

  it('are kept of so many names, those read last', () => {
    const heat = new Heat(testClock())
    const hints = Array.from({ length: limits.MAX_WARM + 1 }, (_, i) => hintOf(parseName(`n${i}.example`)))
    for (const hint of hints) heat.count(hint, asPeerId('peer'), 5)
    expect(heat.rate(hints[0]!)).toBe(0)
    expect(heat.rate(hints.at(-1)!)).toBeGreaterThan(0)
  })
})

describe('the places of copies', () => {
  const members = Array.from({ length: 1_000 }, (_, i) => ({
    id: memberId(Uint8Array.of(i >> 8, i), new Uint8Array()),
  }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((one) => one as MemberEntry)
  const tableOf = (sorted: readonly MemberEntry[]) => ({
    members: () => sorted,
    ownerOf: (key: string) => sorted[firstFrom(sorted, key)] ?? sorted[0],
  })
  const table = tableOf(members)
  const hint = hintOf(parseName('www.example.com'))

  it('are more even over the members than keys are', () => {
    const had = new Map<string, number>()
    for (let number = 0; number < 20_000; number++) {
      const { id } = copyAt(table, { hint, level: 5, number, epoch: 1 })!
      had.set(id, (had.get(id) ?? 0) + 1)
    }
    // 20 in the mean; whoever stands behind the widest gap would have about seven times as many.
    expect(Math.max(...had.values())).toBeLessThan(60)
  })

  it('are the same for all who have one table, and others in the next epoch', () => {
    const of = (epoch: number) =>
      Array.from({ length: 16 }, (_, number) => copyAt(table, { hint, level: 2, number, epoch })!.id)
    expect(of(1)).toEqual(of(1))
    expect(of(2).filter((id) => of(1).includes(id)).length).toBeLessThan(4)
    expect(epochOf(hint, 5 * limits.EPOCH_MS)).toBe(epochOf(hint, 4 * limits.EPOCH_MS) + 1)
  })

  it('stay where they are when a member comes, but for those that it takes', () => {
    const newcomer = { id: memberId(Uint8Array.of(9, 9, 9), new Uint8Array()) } as MemberEntry
    const more = [...members, newcomer].sort((a, b) => (a.id < b.id ? -1 : 1))
    const after = tableOf(more)
    let moved = 0
    for (let number = 0; number < 4_096; number++) {
      const place = { hint, level: 6, number, epoch: 1 }
      if (copyAt(table, place)!.id !== copyAt(after, place)!.id) moved++
    }
    expect(moved).toBeLessThan(40)
  })
})

/** The place of the first member whose id is not below the key. */
function firstFrom(sorted: readonly MemberEntry[], key: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.id < key) low = middle + 1
    else high = middle
  }
  return low
}
