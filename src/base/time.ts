import { ChordnsError } from './errors.ts'
import type { Clock } from './ports.ts'

export function aborted(signal?: AbortSignal): ChordnsError<'ABORTED', object> {
  return new ChordnsError('ABORTED', 'the work was given up', {}, { cause: signal?.reason })
}

/** Resolves after `delayMs`, rejects with ABORTED as soon as `signal` fires. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted(signal))
    const onAbort = () => {
      cancel()
      reject(aborted(signal))
    }
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Settles as `work` does, or rejects with ABORTED as soon as `signal` fires; the work goes on. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted(signal))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const forget = () => signal.removeEventListener('abort', onAbort)
    work.then(forget, forget)
    work.then(resolve, reject)
  })
}

/** Settles as `promise` does, or rejects with `onTimeout()` after `delayMs`, or with ABORTED when `signal` fires. */
export function withTimeout<T>(
  clock: Clock,
  promise: Promise<T>,
  delayMs: number,
  onTimeout: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      // Nobody waits for the work any more: its failure must not count as unhandled.
      promise.catch(() => {})
      return reject(aborted(signal))
    }
    const finish = () => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = () => {
      finish()
      reject(aborted(signal))
    }
    const cancel = clock.after(delayMs, () => {
      finish()
      reject(onTimeout())
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    promise.then(
      (value) => {
        finish()
        resolve(value)
      },
      (error) => {
        finish()
        reject(error)
      },
    )
  })
}
