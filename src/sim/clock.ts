/** Virtual time: it moves only when told to, and runs what falls due in the order of (time, sequence). */
import type { Cancel, Clock } from '../base/index.ts'

export interface VirtualClockOptions {
  /** Unix time at the start, ms. */
  readonly startUnixMs?: number
  /**
   * Resolves when everything that waits for no timer has run: `setImmediate` of `node:timers/promises`. Handed in, because
   * this room touches nothing of the machine.
   */
  readonly settle: () => Promise<unknown>
}

export interface VirtualClock extends Clock {
  /** Runs all timers of the next `ms`, those that they set included. Promises do not settle meanwhile. */
  advance(ms: number): void
  /** The same, but promises settle before the first timer and after each. */
  advanceAsync(ms: number): Promise<void>
  /** Lets time pass without running what falls due meanwhile: it runs late, as after a machine has slept. */
  skip(ms: number): void
  /** Lets time pass, timer by timer, until `promise` settles. Throws when no timer is left that could settle it. */
  run<T>(promise: Promise<T>): Promise<T>
  /** Timers that are set: what leaks shows here. */
  readonly pending: number
}

interface Timer {
  readonly at: number
  readonly sequence: number
  /** Undefined once it ran or was cancelled. */
  callback: (() => void) | undefined
}

const IDLE_TURNS = 10

export function virtualClock({ startUnixMs = 1_800_000_000_000, settle }: VirtualClockOptions): VirtualClock {
  const timers = new TimerHeap()
  let elapsed = 0
  let sequence = 0
  let pending = 0

  /** Runs the next timer that is due at `until` or before; false when there is none. */
  const runNext = (until: number): boolean => {
    for (let timer = timers.first; timer !== undefined && timer.at <= until; timer = timers.first) {
      timers.removeFirst()
      const { callback } = timer
      if (callback === undefined) continue
      timer.callback = undefined
      pending--
      elapsed = Math.max(elapsed, timer.at)
      callback()
      return true
    }
    return false
  }

  return {
    now: () => startUnixMs + elapsed,
    monotonic: () => elapsed,
    after(delayMs, callback): Cancel {
      const timer: Timer = { at: elapsed + Math.max(0, delayMs), sequence: sequence++, callback }
      timers.add(timer)
      pending++
      return () => {
        if (timer.callback === undefined) return
        timer.callback = undefined
        pending--
      }
    },
    get pending() {
      return pending
    },
    advance(ms) {
      const end = elapsed + ms
      while (runNext(end));
      elapsed = end
    },
    async advanceAsync(ms) {
      const end = elapsed + ms
      await settle()
      while (runNext(end)) await settle()
      elapsed = Math.max(elapsed, end)
    },
    skip(ms) {
      elapsed += ms
    },
    async run(promise) {
      let settled = false
      const onSettled = () => {
        settled = true
      }
      promise.then(onSettled, onSettled)
      await settle()
      for (let idle = 0; !settled; await settle()) {
        // Another `run` may have taken the last timer, and what follows from it may take a few turns.
        if (runNext(Number.POSITIVE_INFINITY)) idle = 0
        else if (++idle > IDLE_TURNS) throw new Error('no timer is left that could settle the promise')
      }
      return promise
    },
  }
}

export interface MachineClockOptions {
  /** What this machine's wall clock says at a true time (unix ms): skew, and how fine it is. */
  readonly wall?: (unixMs: number) => number
  /** Called for each timer that is set. */
  readonly onSet?: () => void
  /** Runs what a timer was set for; a machine without power does not. */
  readonly run?: (callback: () => void) => void
}

/** The clock of one of several machines, over the time that all of them share. */
export function machineClock(time: Clock, { wall, onSet, run }: MachineClockOptions): Clock {
  return {
    now: () => wall?.(time.now()) ?? time.now(),
    monotonic: () => time.monotonic(),
    after(delayMs, callback) {
      onSet?.()
      return time.after(delayMs, run === undefined ? callback : () => run(callback))
    },
  }
}

/** A binary heap: a simulated ring sets a timer for each message. */
class TimerHeap {
  readonly #items: Timer[] = []

  get first(): Timer | undefined {
    return this.#items[0]
  }

  add(timer: Timer): void {
    const items = this.#items
    let at = items.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = timer
  }

  removeFirst(): void {
    const items = this.#items
    const last = items.pop()
    if (last === undefined || items.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= items.length) break
      const right = left + 1
      const least = right < items.length && isBefore(items[right]!, items[left]!) ? right : left
      if (!isBefore(items[least]!, last)) break
      items[at] = items[least]!
      at = least
    }
    items[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
