/** How long the loop of this process stops, and what memory it takes. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { round } from './stats.ts'

/** How long the loop that answers was stopped, ms: by the clock, and by the time that its thread had a core. */
export interface Stops {
  readonly longest: number
  readonly p999: number
  /** Without what other threads and processes on the same cores took. */
  readonly longestOnCore: number
}

/** Of the whole process, threads included, MiB: at the end, and the most there ever was. */
export interface Memory {
  readonly residentMiB: number
  readonly peakMiB: number
}

export interface Watch {
  /** Of the loop since the watch began; ends it. */
  end(): Stops
}

/**
 * A loop that is stopped is late for its timers. How much of that it worked itself shows in the time that its thread had a core between
 * two of them: on a machine that others use, the rest is theirs.
 */
export function watched(): Watch {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const onCore = () => {
    const { user, system } = process.threadCpuUsage()
    return user + system
  }
  let longestOnCore = 0
  let last = onCore()
  const timer = setInterval(() => {
    const now = onCore()
    longestOnCore = Math.max(longestOnCore, now - last)
    last = now
  }, 1)
  return {
    end() {
      clearInterval(timer)
      histogram.disable()
      // The histogram counts the millisecond that it waits for, too.
      const longest = round(histogram.max / 1e6 - 1)
      return { longest, p999: round(histogram.percentile(99.9) / 1e6 - 1), longestOnCore: round(longestOnCore / 1e3) }
    },
  }
}

export function memory(): Memory {
  const mebi = (bytes: number) => Math.round(bytes / 2 ** 20)
  return { residentMiB: mebi(process.memoryUsage().rss), peakMiB: mebi(process.resourceUsage().maxRSS * 1_024) }
}
