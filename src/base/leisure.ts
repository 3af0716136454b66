/**
 * What nobody waits for is done while nobody waits for anything else: one piece of work in a turn of the event loop, so that a question
 * that comes in between is answered first. What has waited for long is done all the same: a node that is never idle still does its part.
 */
import { limits } from './limits.ts'
import type { Clock } from './ports.ts'
import type { Cancel } from './types.ts'

export interface Leisure {
  /** `work` is a matter of a few milliseconds, and must not throw. It is done at once where nothing else is to be done. */
  do(work: () => void): void
  /** What waits is given up. */
  stop(): void
}

interface Waiting {
  readonly work: () => void
  /** Monotonic ms. */
  readonly since: number
}

/** `isBusy`: somebody waits for this node. */
export function createLeisure(clock: Pick<Clock, 'after' | 'monotonic'>, isBusy: () => boolean): Leisure {
  const queue: Waiting[] = []
  let next: Cancel | undefined

  function isDue({ since }: Waiting): boolean {
    return !isBusy() || clock.monotonic() - since >= limits.LEISURE_LATE_MS
  }

  function turn(): void {
    next = undefined
    const [first] = queue
    if (first === undefined) return
    if (!isDue(first)) {
      next = clock.after(limits.LEISURE_LOOK_MS, turn)
      return
    }
    queue.shift()
    next = clock.after(0, turn)
    first.work()
  }

  return {
    do(work) {
      queue.push({ work, since: clock.monotonic() })
      if (queue.length > limits.MAX_LEISURE) queue.shift()?.work()
      else if (next === undefined) turn()
    },
    stop() {
      next?.()
      next = undefined
      queue.length = 0
    },
  }
}

/** For who is never busy: all is done at once. */
export const ALWAYS_AT_LEISURE: Leisure = { do: (work) => work(), stop() {} }
