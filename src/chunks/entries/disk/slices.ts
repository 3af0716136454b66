/** Work on many items, a slice at a time: the node answers in between. */
import { type Cancel, type Clock, errorText, isChordnsError, type Log } from '../../../base/index.ts'
import { limits } from '../../limits.ts'

export interface Slices {
  /** `end` is called when all items are done. An error of the disk ends the work, and is logged. */
  begin<T>(items: Iterator<T>, each: (item: T) => void, end?: () => void): void
  readonly isWorking: boolean
  stop(): void
}

export function createSlices(clock: Clock, log: Log): Slices {
  let next: Cancel | undefined
  let stopped = false

  function begin<T>(items: Iterator<T>, each: (item: T) => void, end: () => void = () => {}): void {
    next = undefined
    if (stopped) return
    try {
      for (let i = 0; i < limits.ARCHIVE_SLICE; i++) {
        const { done, value } = items.next()
        if (done === true) {
          end()
          return
        }
        each(value)
      }
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.error({ code: error.code, error: errorText(error) }, 'the agreed entries of the last run cannot be read')
      return
    }
    next = clock.after(0, () => begin(items, each, end))
  }

  return {
    begin,
    get isWorking() {
      return next !== undefined
    },
    stop() {
      stopped = true
      next?.()
    },
  }
}
