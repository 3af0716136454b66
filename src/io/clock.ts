import { uptime } from 'node:os'
import type { Cancel, Clock } from '../base/index.ts'

/** The wall clock running ahead by more than this, ms, may be a step, or time that the machine slept. */
const JUMP_MS = 1_000

/**
 * The machine's clock. Timers keep the process alive: whoever sets one cancels it. On Linux the monotonic clock stands still while the
 * machine sleeps; the time since its start does not. So what was slept counts, and a laptop that wakes up holds nothing for fresh that
 * is hours old, while a step of the wall clock alone moves nothing.
 */
export function systemClock(): Clock {
  return sleepAware({ wall: () => Date.now(), awake: () => performance.now(), sinceStart: () => uptime() * 1_000 })
}

/** A longer one fires at once: the field of the runtime has 31 bits, 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A timer of any length. */
function longTimer(delayMs: number, callback: () => void): Cancel {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number) => {
    const isLast = leftMs <= MAX_TIMER_MS
    timer = setTimeout(isLast ? callback : () => wait(leftMs - MAX_TIMER_MS), Math.min(leftMs, MAX_TIMER_MS))
  }
  wait(delayMs)
  return () => clearTimeout(timer)
}

/** What the machine says, ms each. */
export interface MachineTimes {
  wall(): number
  /** Monotonic; it may stand still during sleep. */
  awake(): number
  /** Monotonic, sleep included; coarse. */
  sinceStart(): number
}

export function sleepAware({ wall, awake, sinceStart }: MachineTimes): Clock {
  const startedAt = sinceStart() - awake()
  let ahead = wall() - awake()
  let slept = 0
  const notice = (nowAwake: number) => {
    const nowAhead = wall() - nowAwake
    if (Math.abs(nowAhead - ahead) <= JUMP_MS) return
    ahead = nowAhead
    const asleep = sinceStart() - awake() - startedAt
    if (asleep > slept + JUMP_MS) slept = asleep
  }
  return {
    now: wall,
    // Asked for some thousand times a second: two readings, not four.
    monotonic: () => {
      const nowAwake = awake()
      notice(nowAwake)
      return nowAwake + slept
    },
    after: longTimer,
  }
}
