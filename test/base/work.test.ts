import { beforeEach, describe, expect, it } from 'vitest'
import { baseLimits, createWork, type Work, type WorkKind } from '../../src/base/index.ts'
import { type VirtualClock, virtualClock } from '../../src/sim/index.ts'

const limits = baseLimits

describe('what is told', () => {
  let clock: VirtualClock
  let isBusy: boolean
  let done: number[]
  let work: Work

  beforeEach(() => {
    clock = virtualClock({ settle: async () => {} })
    isBusy = false
    done = []
    work = createWork({ clock }, { isAnswering: () => isBusy })
  })

  const give = (...numbers: number[]) => {
    for (const number of numbers) work.whenFree('tell', () => done.push(number))
  }

  it('is done at once where nobody waits, and one piece of work in a turn', () => {
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
    clock.advance(baseLimits.WORK_LOOK_MS + 2)
    expect(done).toEqual([1, 2])
  })

  it('does not wait for long, however busy the node is', () => {
    isBusy = true
    give(1, 2)
    clock.advance(baseLimits.LEISURE_LATE_MS + 3 * baseLimits.WORK_LOOK_MS)
    expect(done).toEqual([1, 2])
  })

  it('is done, the oldest first, when more waits than may', () => {
    isBusy = true
    for (let i = 0; i < baseLimits.MAX_LEISURE; i++) give(i)
    expect(done).toEqual([])
    give(-1)
    expect(done).toEqual([0])
  })

  it('may bring about more, which comes after the rest', () => {
    work.whenFree('tell', () => give(1, 2))
    clock.advance(10)
    expect(done).toEqual([1, 2])
  })

  it('is given up when the node stops', () => {
    isBusy = true
    give(1)
    work.stop()
    isBusy = false
    clock.advance(5_000)
    expect(done).toEqual([])
  })
})

describe('what a node does beside answering', () => {
  let clock: VirtualClock
  let work: Work
  /** Ms that each timer fires late: others have the CPU. */
  let lateMs: number
  let begun: string[]

  beforeEach(() => {
    clock = virtualClock({ settle: async () => {} })
    lateMs = 0
    begun = []
    const timers = {
      monotonic: () => clock.monotonic(),
      after: (delayMs: number, callback: () => void) => clock.after(delayMs + lateMs, callback),
    }
    work = createWork({ clock: timers }, { isAnswering: () => false })
  })

  /** Each piece is in work for a second. */
  const give = (kind: WorkKind, count: number) => {
    for (let i = 0; i < count; i++)
      work.whenFree(kind, () => {
        begun.push(kind)
        clock.after(1_000, work.enter(kind))
      })
  }
  const countOf = (kind: WorkKind) => begun.filter((one) => one === kind).length
  /** The machine is late, and it was noticed. */
  const beLate = () => {
    lateMs = 30
    give('repair', 2)
    clock.advance(200)
    begun.length = 0
  }

  it('begins at once on a machine with CPU to spare, and no more than may be in work', () => {
    give('round', 1)
    expect(begun).toEqual(['round'])
    give('round', 100)
    clock.advance(500)
    expect(begun.length).toBeLessThan(10)
    clock.advance(60_000)
    expect(begun).toHaveLength(101)
    clock.advance(limits.WORK_LOOK_ON_MS + 100)
    expect(clock.pending).toBe(0)
  })

  it('does more and more at once as long as nothing is late, up to a bound', () => {
    give('round', 300)
    clock.advance(5_000)
    const first = begun.length
    clock.advance(5_000)
    const second = begun.length - first
    expect(second).toBeGreaterThan(1.5 * first)
    expect(second).toBeLessThanOrEqual(6 * (limits.MAX_WORK_PLACES / 2))
  })

  it('waits while timers are late, save one piece now and then', () => {
    beLate()
    give('round', 100)
    give('join', 100)
    clock.advance(10_000)
    const most = 10_000 / limits.WORK_LEAST_MS
    expect(countOf('join')).toBeGreaterThan(most / 2)
    expect(countOf('join')).toBeLessThanOrEqual(most + 1)
    expect(countOf('round')).toBeLessThanOrEqual(1)
    lateMs = 0
    clock.advance(60_000)
    expect(countOf('join')).toBe(100)
    expect(countOf('round')).toBe(100)
  })

  it('goes on with little after the machine was late', () => {
    give('round', 300)
    clock.advance(20_000)
    lateMs = 30
    clock.advance(2_000)
    lateMs = 0
    clock.advance(500)
    begun.length = 0
    clock.advance(1_000)
    expect(begun.length).toBeLessThan(10)
  })

  it('is less at once where those who work along had no CPU to spare', () => {
    give('round', 300)
    clock.advance(20_000)
    for (let i = 0; i < 20; i++) {
      work.slower()
      clock.advance(limits.WORK_FEWER_MS)
    }
    begun.length = 0
    clock.advance(1_000)
    expect(begun.length).toBeLessThan(10)
  })

  it('begins with the most urgent', () => {
    beLate()
    for (const kind of ['repair', 'chain', 'round', 'join'] as const) give(kind, 3)
    // One of each was not begun for long.
    begun.length = 0
    lateMs = 0
    clock.advance(10_000)
    const order = begun.filter((kind, i) => begun.indexOf(kind) === i)
    expect(order).toEqual(['join', 'round', 'chain', 'repair'])
    expect(begun.lastIndexOf('join')).toBeLessThan(begun.indexOf('round'))
  })

  it('lets what a stub waits for begin however late the machine is, a bounded number at once', () => {
    beLate()
    give('awaited', 40)
    expect(begun).toHaveLength(limits.MAX_WORK_AWAITED)
    clock.advance(3_000)
    expect(begun).toHaveLength(40)
  })

  it('is refused when it has waited for too long, or too much of its kind waits', () => {
    beLate()
    const refused: number[] = []
    const ask = (i: number, withinMs?: number) =>
      work.whenFree('repair', () => begun.push('repair'), {
        ...(withinMs !== undefined && { withinMs }),
        onRefused: () => refused.push(i),
      })
    ask(1, 300)
    clock.advance(250)
    expect(refused).toEqual([])
    clock.advance(200)
    expect(refused).toEqual([1])
    for (let i = 0; i <= limits.MAX_WORK_WAITING; i++) ask(i)
    expect(refused).toEqual([1, 0])
    const cancel = ask(7_000)
    expect(refused).toEqual([1, 0, 1])
    cancel()
    work.stop()
    expect(refused).toHaveLength(2 + limits.MAX_WORK_WAITING)
    expect(refused).not.toContain(7_000)
  })

  it('is told to those who count for themselves: few at once, none while timers are late, and one now and then', () => {
    expect(work.isFree('chain', 0)).toBe(true)
    expect(work.isFree('chain', limits.WORK_PLACES_FIRST)).toBe(false)
    lateMs = 30
    clock.advance(100)
    expect(work.isFree('chain', 0)).toBe(false)
    let came = 0
    for (let i = 0; i < 100; i++) {
      clock.advance(100)
      if (work.isFree('chain', 3)) came++
    }
    expect(came).toBeGreaterThan(1)
    expect(came).toBeLessThanOrEqual(10_000 / (4 * limits.WORK_LEAST_MS))
  })
})
