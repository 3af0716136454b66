import { describe, expect, it } from 'vitest'
import { race } from '../../../src/resolver/link/race.ts'
import type { VirtualClock } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'

function later<T>(clock: VirtualClock, ms: number, value: T | Error) {
  const signals: AbortSignal[] = []
  return {
    signals,
    run: (signal: AbortSignal) => {
      signals.push(signal)
      return new Promise<T>((resolve, reject) =>
        clock.after(ms, () => (value instanceof Error ? reject(value) : resolve(value))),
      )
    },
  }
}

const options = (overrides: object = {}) => ({
  hedgeMs: 30,
  signal: new AbortController().signal,
  keepFirst: true,
  ...overrides,
})

describe('race', () => {
  it('does not start the second way when the first answers within the hedge delay', async () => {
    const clock = testClock()
    const first = later(clock, 20, 'ring')
    const second = later(clock, 5, 'own')
    await expect(clock.run(race(clock, first, second, options()))).resolves.toEqual({ value: 'ring', by: 'first' })
    await clock.advanceAsync(1_000)
    expect(second.signals).toHaveLength(0)
  })

  it('starts the second way after the hedge delay, and takes whichever is first', async () => {
    const clock = testClock()
    const first = later(clock, 100, 'ring')
    const second = later(clock, 20, 'own')
    await expect(clock.run(race(clock, first, second, options()))).resolves.toEqual({ value: 'own', by: 'second' })
    expect(first.signals[0]!.aborted).toBe(false)
  })

  it('ends a late first way unless it is to go on', async () => {
    const clock = testClock()
    const first = later(clock, 100, 'ring')
    await clock.run(race(clock, first, later(clock, 20, 'own'), options({ keepFirst: false })))
    expect(first.signals[0]!.aborted).toBe(true)
  })

  it('starts the second way at once when the first has nothing', async () => {
    const clock = testClock()
    const started = clock.now()
    const first = later(clock, 2, undefined)
    const result = await clock.run(race(clock, first, later(clock, 3, 'own'), options({ hedgeMs: 1_000 })))
    expect(result).toEqual({ value: 'own', by: 'second' })
    expect(clock.now() - started).toBe(5)
  })

  it('starts the second way when the first says that it doubts, and the first may still win', async () => {
    for (const [ownMs, value] of [
      [3, 'own'],
      [90, 'ring'],
    ] as const) {
      const clock = testClock()
      const started = clock.now()
      const slow = later(clock, 50, 'ring')
      const first = {
        run: (signal: AbortSignal, hurry: () => void) => {
          clock.after(2, hurry)
          clock.after(4, hurry)
          return slow.run(signal)
        },
      }
      const second = later(clock, ownMs, 'own')
      const result = await clock.run(race(clock, first, second, options({ hedgeMs: 1_000 })))
      expect([result.value, clock.now() - started]).toEqual([value, value === 'own' ? 5 : 50])
      expect(second.signals).toHaveLength(1)
    }
  })

  it('never lets an error beat a pending success', async () => {
    const clock = testClock()
    const slow = later(clock, 500, 'ring')
    const failing = later<string>(clock, 10, new Error('no server answers'))
    await expect(clock.run(race(clock, slow, failing, options()))).resolves.toEqual({ value: 'ring', by: 'first' })
    const failingFirst = later<string>(clock, 10, new Error('relay'))
    const success = later(clock, 300, 'own')
    await expect(clock.run(race(clock, failingFirst, success, options()))).resolves.toEqual({
      value: 'own',
      by: 'second',
    })
  })

  it('rejects with the error of own iteration when both fail', async () => {
    const clock = testClock()
    const first = later<string>(clock, 50, new Error('ring'))
    const second = later<string>(clock, 5, new Error('iteration'))
    await expect(clock.run(race(clock, first, second, options()))).rejects.toThrow('iteration')
  })

  it('tells both ways when the asker gives up', async () => {
    const clock = testClock()
    const control = new AbortController()
    const first = later(clock, 500, 'ring')
    const second = later(clock, 500, 'own')
    const result = race(clock, first, second, options({ signal: control.signal }))
    result.catch(() => {})
    await clock.advanceAsync(40)
    control.abort()
    await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
    expect(first.signals[0]!.aborted && second.signals[0]!.aborted).toBe(true)
  })
})
