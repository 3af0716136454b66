import { beforeEach, describe, expect, it } from 'vitest'
import { baseLimits, createLeisure, type Leisure } from '../../src/base/index.ts'
import { type VirtualClock, virtualClock } from '../../src/sim/index.ts'

describe('leisure', () => {
  let clock: VirtualClock
  let isBusy: boolean
  let done: number[]
  let leisure: Leisure

  beforeEach(() => {
    clock = virtualClock({ settle: async () => {} })
    isBusy = false
    done = []
    leisure = createLeisure(clock, () => isBusy)
  })

  const give = (...numbers: number[]) => {
    for (const number of numbers) leisure.do(() => done.push(number))
  }

  it('does what it is given at once where nobody waits, and one piece of work in a turn', () => {
    give(1, 2, 3)
    expect(done).toEqual([1])
    clock.advance(10)
    expect(done).toEqual([1, 2, 3])
  })

  it('waits as long as somebody waits for the node, and goes on in order', () => {
    isBusy = true
    give(1, 2)
    clock.advance(baseLimits.LEISURE_LATE_MS / 2)
    expect(done).toEqual([])
    isBusy = false
    clock.advance(baseLimits.LEISURE_LOOK_MS + 2)
    expect(done).toEqual([1, 2])
  })

  it('lets nothing wait for long, however busy the node is', () => {
    isBusy = true
    give(1, 2)
    clock.advance(baseLimits.LEISURE_LATE_MS + 3 * baseLimits.LEISURE_LOOK_MS)
    expect(done).toEqual([1, 2])
  })

  it('does the oldest when more waits than may', () => {
    isBusy = true
    for (let i = 0; i < baseLimits.MAX_LEISURE; i++) give(i)
    expect(done).toEqual([])
    give(-1)
    expect(done).toEqual([0])
  })

  it('takes what its work gives it, after the rest', () => {
    leisure.do(() => give(1, 2))
    clock.advance(10)
    expect(done).toEqual([1, 2])
  })

  it('does nothing any more when it is stopped', () => {
    isBusy = true
    give(1)
    leisure.stop()
    isBusy = false
    clock.advance(5_000)
    expect(done).toEqual([])
  })
})
