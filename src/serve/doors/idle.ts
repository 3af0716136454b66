/** Connections on which nothing whole has come or gone for some time are ended. */
import type { Cancel, Clock } from '../../base/index.ts'
import type { Connected } from './connections.ts'

const LEAST_WAIT_MS = 100

/** One timer for the connection's life: it looks when it is due, instead of being set anew with each question. */
export function endWhenIdle(one: Connected, clock: Clock, idleMs: number): Cancel {
  let cancel: Cancel
  const watch = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      const left = one.activeAt + idleMs - clock.monotonic()
      if (one.isIdle && left <= 0) one.destroy()
      else watch(Math.max(left, LEAST_WAIT_MS))
    })
  }
  watch(idleMs)
  return () => cancel()
}
