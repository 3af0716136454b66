/**
 * Ring and own iteration race; the first acceptable answer wins, and an error never beats a pending success
 * (an early relay error once cancelled good look-ups elsewhere: pkarr issue 142).
 */
import { aborted, type Clock } from '../../base/index.ts'

export interface Contender<T> {
  /**
   * Resolves with an acceptable result, or with undefined when this way has nothing; rejects when it failed. `hurry` says that it
   * may well have nothing: the other one starts at once.
   */
  readonly run: (signal: AbortSignal, hurry: () => void) => Promise<T | undefined>
}

export interface RaceResult<T> {
  readonly value: T
  readonly by: 'first' | 'second'
}

/**
 * Runs `first` at once and `second` after `hedgeMs`, or as soon as `first` ended without a result. The loser is told
 * through its signal, except that a `first` that is late goes on when `keepFirst` says so (its answer still upgrades the
 * cache). When both failed, rejects with the error of `second`, or with that of `first` where `second` merely had nothing.
 */
export function race<T>(
  clock: Clock,
  first: Contender<T>,
  second: Contender<T>,
  options: { readonly hedgeMs: number; readonly signal: AbortSignal; readonly keepFirst: boolean },
): Promise<RaceResult<T>> {
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(aborted(options.signal))
    const firstControl = new AbortController()
    const secondControl = new AbortController()
    let settled = false
    let firstEnded = false
    let secondStarted = false
    let firstError: unknown
    let secondError: { error: unknown } | undefined
    const onAbort = () => fail(aborted(options.signal))
    options.signal.addEventListener('abort', onAbort, { once: true })
    const cancelHedge = clock.after(options.hedgeMs, () => startSecond())

    const finish = () => {
      settled = true
      cancelHedge()
      options.signal.removeEventListener('abort', onAbort)
    }
    const win = (value: T, by: 'first' | 'second') => {
      if (settled) return
      finish()
      if (by === 'first') secondControl.abort()
      else if (!options.keepFirst) firstControl.abort()
      resolve({ value, by })
    }
    const fail = (error: unknown) => {
      if (settled) return
      finish()
      firstControl.abort()
      secondControl.abort()
      reject(error)
    }
    const startSecond = () => {
      if (settled || secondStarted) return
      secondStarted = true
      second
        .run(secondControl.signal, () => {})
        .then((value) => (value === undefined ? endSecond(undefined) : win(value, 'second')), endSecond)
    }
    const hurry = () => {
      cancelHedge()
      startSecond()
    }
    const endSecond = (error: unknown) => {
      secondError = { error }
      if (firstEnded) fail(error ?? firstError ?? aborted())
    }
    const endFirst = (error?: unknown) => {
      firstEnded = true
      firstError = error
      if (secondError !== undefined) fail(secondError.error ?? error ?? aborted())
      else hurry()
    }
    first
      .run(firstControl.signal, hurry)
      .then((value) => (value === undefined ? endFirst() : win(value, 'first')), endFirst)
  })
}
