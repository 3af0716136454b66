/** A clock whose wall time is apart from its monotonic time: boots in 1970, a year ahead, or is set right by NTP. */
import type { Clock } from '../../src/base/index.ts'

export interface SteppingClock {
  /** Sets the wall clock forward (or back, if negative) by so many ms now; monotonic time and timers go on. */
  step(ms: number): void
  /** The same, when so many ms have passed. */
  stepAfter(delayMs: number, ms: number): void
  /** Ms that the wall clock is ahead of the true time. */
  readonly ahead: number
}

/** The given clock with a wall time of its own, `aheadMs` ahead at first. What the clock can do besides stays. */
export function steppingClock<C extends Clock>(inner: C, aheadMs = 0): C & SteppingClock {
  let ahead = aheadMs
  const step = (ms: number) => {
    ahead += ms
  }
  return Object.defineProperties(Object.create(inner) as C & SteppingClock, {
    now: { value: () => inner.now() + ahead },
    step: { value: step },
    stepAfter: { value: (delayMs: number, ms: number) => void inner.after(delayMs, () => step(ms)) },
    ahead: { get: () => ahead },
  })
}
