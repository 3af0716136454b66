import { expect, it, vi } from 'vitest'
import { sleepAware, systemClock } from '../../src/io/clock.ts'

const machine = () => {
  const times = { wall: 1_700_000_000_000, awake: 5_000, sinceStart: 90_000 }
  const pass = (ms: number, asleep = false) => {
    times.wall += ms
    times.sinceStart += ms
    if (!asleep) times.awake += ms
  }
  const clock = sleepAware({ wall: () => times.wall, awake: () => times.awake, sinceStart: () => times.sinceStart })
  return { times, pass, clock }
}

it('time that the machine slept counts as passed', () => {
  const { pass, clock } = machine()
  const before = clock.monotonic()
  pass(8 * 3_600_000, true)
  expect(clock.monotonic() - before).toBe(8 * 3_600_000)
  pass(1_000)
  pass(60_000, true)
  expect(clock.monotonic() - before).toBe(8 * 3_600_000 + 61_000)
})

it.each([365 * 86_400_000, -365 * 86_400_000])('a step of the wall clock by %i ms moves no interval', (step) => {
  const { times, pass, clock } = machine()
  const before = clock.monotonic()
  times.wall += step
  pass(2_000)
  expect(clock.monotonic() - before).toBe(2_000)
})

it('a timer longer than the machine can hold does not fire at once, but when it is due', () => {
  vi.useFakeTimers()
  try {
    let fired = 0
    const dayMs = 86_400_000
    systemClock().after(60 * dayMs, () => fired++)
    systemClock().after(Number.POSITIVE_INFINITY, () => fired++)
    const cancel = systemClock().after(61 * dayMs, () => fired++)
    vi.advanceTimersByTime(59 * dayMs)
    expect(fired).toBe(0)
    cancel()
    vi.advanceTimersByTime(2 * dayMs)
    expect(fired).toBe(1)
  } finally {
    vi.useRealTimers()
  }
})
