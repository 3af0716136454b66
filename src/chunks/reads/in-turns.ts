/** Asks one after the other as `turns.ts` has ordered them, until the signal fires or all have spoken. */
import type { Cancel, Clock } from '../../base/index.ts'
import type { Turns } from './turns.ts'

export interface InTurnsHooks<T> {
  /** Asks one, and counts what it says. */
  readonly ask: (replica: T) => Promise<void>
  /** Ms after which its reply is late. */
  readonly lateAfter: (replica: T) => number
}

/**
 * Resolves when all have settled, or at once when `signal` fires: a transport that is slow to give up must not hold an answer. A
 * rejection without the signal is a bug and goes on.
 */
export function askInTurns<T>(
  turns: Turns<T>,
  clock: Clock,
  signal: AbortSignal,
  { ask, lateAfter }: InTurnsHooks<T>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = [...turns.next]
    let last = turns.last
    let open = 0
    let cancelLate: Cancel = () => {}
    const end = () => {
      cancelLate()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const begin = (replicas: readonly T[]) => {
      open += replicas.length
      for (const replica of replicas) ask(replica).then(settled, failed)
    }
    const settled = () => {
      open--
      if (signal.aborted) return
      cancelLate()
      begin(waiting.splice(0))
      if (open > 0) return
      const rest = last
      last = []
      if (rest.length > 0) begin(rest)
      else end()
    }
    const failed = (error: unknown) => {
      if (signal.aborted) return
      end()
      reject(error)
    }
    /** The next one is asked when the one before it is late. */
    const whenLate = (before: T | undefined) => {
      if (waiting.length === 0 || before === undefined) return
      cancelLate = clock.after(lateAfter(before), () => {
        const next = waiting.shift()!
        begin([next])
        whenLate(next)
      })
    }
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) return end()
    const { first } = turns
    if (first.length === 0) {
      open = 1
      return settled()
    }
    begin(first)
    whenLate(first[0])
  })
}
