/** Equal questions in flight are one piece of work; it lives as long as anybody waits for it. */
import { aborted } from '../../base/index.ts'

interface Work<T> {
  readonly promise: Promise<T>
  readonly control: AbortController
  waiters: number
}

/** Merges work by key. One waiter that gives up does not end it for the others; the last one does. */
export class SharedWork<T> {
  readonly #works = new Map<string, Work<T>>()

  get size(): number {
    return this.#works.size
  }

  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(aborted(signal))
    const work = this.#works.get(key) ?? this.#start(key, start)
    work.waiters++
    return new Promise((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', onAbort)
        work.waiters--
      }
      const onAbort = () => {
        leave()
        if (work.waiters === 0) {
          this.#forget(key, work)
          work.control.abort()
        }
        reject(aborted(signal))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      work.promise.then(
        (value) => {
          leave()
          resolve(value)
        },
        (error) => {
          leave()
          reject(error)
        },
      )
    })
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Work<T> {
    const control = new AbortController()
    const work: Work<T> = { promise: start(control.signal), control, waiters: 0 }
    this.#works.set(key, work)
    const forget = () => this.#forget(key, work)
    work.promise.then(forget, forget)
    return work
  }

  #forget(key: string, work: Work<T>): void {
    if (this.#works.get(key) === work) this.#works.delete(key)
  }
}
