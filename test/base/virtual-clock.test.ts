import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sleep } from '../../src/base/index.ts'
import { machineClock, type VirtualClock, virtualClock } from '../../src/sim/index.ts'

const makeClock = (startUnixMs?: number): VirtualClock =>
  virtualClock({ settle: setImmediate, ...(startUnixMs !== undefined && { startUnixMs }) })

describe('virtual time', () => {
  it('stands still until it is told to move, and wall and monotonic time move together', () => {
    const clock = makeClock(1_000)
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
    clock.advance(250)
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250])
  })

  it('runs timers by time, and timers of one time in the order in which they were set', () => {
    const delays = fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 60 })
    fc.assert(
      fc.property(delays, (timers) => {
        const clock = makeClock()
        const ran: number[] = []
        const cancels = timers.map(([delay], index) => clock.after(delay, () => ran.push(index)))
        timers.forEach(([, cancelled], index) => {
          if (!cancelled) return
          cancels[index]!()
          cancels[index]!()
        })
        clock.advance(20)
        const expected = timers
          .map(([delay, cancelled], index) => ({ delay, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.delay - b.delay || a.index - b.index)
        expect(ran).toEqual(expected.map(({ index }) => index))
        expect(clock.pending).toBe(0)
      }),
    )
  })

  it('shows each timer its own time, and runs what it sets within the same move', () => {
    const clock = makeClock()
    const seen: number[] = []
    const again = () => {
      seen.push(clock.monotonic())
      if (seen.length < 5) clock.after(10, again)
    }
    clock.after(10, again)
    clock.advance(35)
    expect(seen).toEqual([10, 20, 30])
    expect(clock.monotonic()).toBe(35)
    clock.advance(100)
    expect(seen).toEqual([10, 20, 30, 40, 50])
  })

  it('lets promises settle between timers when asked to', async () => {
    const clock = makeClock()
    const seen: number[] = []
    const work = (async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(clock, 10)
        seen.push(clock.monotonic())
      }
    })()
    clock.advance(5)
    await clock.advanceAsync(25)
    expect(seen).toEqual([10, 20, 30])
    await work
  })

  it('moves only as far as a promise needs', async () => {
    const clock = makeClock()
    await clock.run(sleep(clock, 42))
    expect(clock.monotonic()).toBe(42)
    await expect(clock.run(Promise.reject(new Error('at once')))).rejects.toThrow('at once')
    expect(clock.monotonic()).toBe(42)
  })

  it('says so when nothing is left that could settle a promise', async () => {
    await expect(makeClock().run(new Promise(() => {}))).rejects.toThrow('no timer is left')
  })
})

describe('the clock of one machine', () => {
  it('has the shared time, and a wall of its own', () => {
    const time = makeClock(1_000)
    const clock = machineClock(time, { wall: (unixMs) => unixMs + 30 })
    time.advance(5)
    expect([clock.now(), clock.monotonic(), machineClock(time, {}).now()]).toEqual([1_035, 5, 1_005])
  })

  it('tells what is set, and runs nothing that the machine does not run', () => {
    const time = makeClock()
    const ran: string[] = []
    let on = true
    const run = (callback: () => void) => {
      if (on) callback()
    }
    const clock = machineClock(time, { run, onSet: () => ran.push('set') })
    clock.after(10, () => ran.push('first'))
    clock.after(20, () => ran.push('second'))
    clock.after(30, () => ran.push('cancelled'))()
    time.advance(15)
    on = false
    time.advance(15)
    expect(ran).toEqual(['set', 'set', 'set', 'first'])
    expect(time.pending).toBe(0)
  })
})

describe('time that is slept through', () => {
  it('makes what fell due run late', () => {
    const clock = makeClock(0)
    const seen: number[] = []
    clock.after(10, () => seen.push(clock.monotonic()))
    clock.skip(1_000)
    expect([clock.now(), seen]).toEqual([1_000, []])
    clock.advance(0)
    expect(seen).toEqual([1_000])
  })
})
