import type { Cancel, Clock } from '../../src/base/index.ts'

/** Virtual time: it moves only when everything waits, and then to the next timer. */
export class FakeClock implements Clock {
  #now: number
  #elapsed = 0
  #timers: { at: number; order: number; callback: () => void }[] = []
  #order = 0

  constructor(startUnixMs = 1_800_000_000_000) {
    this.#now = startUnixMs
  }

  now(): number {
    return this.#now + this.#elapsed
  }

  monotonic(): number {
    return this.#elapsed
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { at: this.#elapsed + delayMs, order: this.#order++, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Lets time pass without running into what is due. */
  skip(ms: number): void {
    this.#elapsed += ms
  }

  /** Runs timers as they fall due until the promise settles. Throws when nothing is left that could settle it. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = promise.then(
      () => (settled = true),
      () => (settled = true),
    )
    for (let idle = 0; ; ) {
      // Microtasks first: everything that does not wait for a timer.
      await new Promise((resolve) => setImmediate(resolve))
      if (settled) break
      const next = this.#timers.sort((a, b) => a.at - b.at || a.order - b.order).shift()
      if (next === undefined) {
        // Another `run` may have taken the last timer and not be through with it.
        if (++idle > 10) throw new Error('nothing is left that could settle the promise')
        continue
      }
      idle = 0
      this.#elapsed = Math.max(this.#elapsed, next.at)
      next.callback()
    }
    await done
    return promise
  }
}
