import type { Clock } from '../base/index.ts'

/** The machine's clock. Timers keep the process alive: whoever sets one cancels it. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs)
      return () => clearTimeout(timer)
    },
  }
}
