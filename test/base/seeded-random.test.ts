import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Random } from '../../src/base/index.ts'
import { seededRandom } from '../../src/sim/index.ts'

const draw = (random: Random, count = 32) => Array.from({ length: count }, () => random.below(2 ** 32))

describe('seeded chance', () => {
  it('repeats for the same seed, and only for it', () => {
    expect(draw(seededRandom(7))).toEqual(draw(seededRandom(7)))
    expect(draw(seededRandom(7))).not.toEqual(draw(seededRandom(8)))
    // The draws are part of what a seed means: when they change, recorded seeds mean something else.
    expect(draw(seededRandom(1), 3)).toEqual([381607177, 1140806018, 1124825155])
  })

  it('splits into streams that neither draw from each other nor depend on their order', () => {
    const left = seededRandom(7)
    const right = seededRandom(7)
    const network = left.split('network')
    draw(network)
    left.split('disk')
    expect(draw(left)).toEqual(draw(right))
    expect(draw(right.split('network'))).toEqual(draw(seededRandom(7).split('network')))
    expect(draw(left.split('a'))).not.toEqual(draw(left.split('b')))
    expect(draw(left.split('a').split('b'))).not.toEqual(draw(left.split('ab')))
  })

  it('stays below the bound, and reaches every number below it', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 50 }), (seed, bound) => {
        const random = seededRandom(seed)
        const seen = new Set(Array.from({ length: 60 * bound }, () => random.below(bound)))
        expect(Math.max(...seen)).toBeLessThan(bound)
        expect(seen.size).toBe(bound)
      }),
      { numRuns: 30 },
    )
    expect(() => seededRandom(1).below(0)).toThrow(RangeError)
    expect(() => seededRandom(1).below(2 ** 32 + 1)).toThrow(RangeError)
  })

  it('does not lean: no bucket is far from its share, for a bound that does not divide 2^32', () => {
    const random = seededRandom('lean')
    const bound = 3 * 2 ** 30
    const buckets = [0, 0, 0]
    for (let i = 0; i < 30_000; i++) buckets[Math.floor(random.below(bound) / 2 ** 30)]!++
    // A remainder instead of a new draw would give the first bucket half of all.
    for (const bucket of buckets) expect(Math.abs(bucket - 10_000)).toBeLessThan(500)
    const bytes = seededRandom('bytes').bytes(100_000)
    const mean = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length
    expect(Math.abs(mean - 127.5)).toBeLessThan(1)
  })
})
