/** Equal questions in flight are one piece of work; it lives as long as anybody waits for it, and there is room for it. */
import { aborted, ChordnsError, type Clock, WorkMap } from '../../base/index.ts'

interface Work<T> {
  readonly promise: Promise<T>
  readonly control: AbortController
  /** Ends it with this error for all who wait. */
  readonly fail: (error: Error) => void
  /** Monotonic ms. */
  readonly begun: number
  waiters: number
}

export interface WorkBounds {
  /** Pieces of work at once. */
  readonly most: number
  /** Where there is no room, work that is older than this gives way to new work, the oldest first. Ms. */
  readonly giveWayMs: number
}

/** Merges work by key. One waiter that gives up does not end it for the others; the last one does. */
export class SharedWork<T> {
  readonly #clock: Clock
  readonly #bounds: WorkBounds
  /** The oldest first. */
  readonly #works = new WorkMap<string, Work<T>>()

  constructor(clock: Clock, bounds: WorkBounds) {
    this.#clock = clock
    this.#bounds = bounds
  }

  get size(): number {
    return this.#works.size
  }

  has(key: string): boolean {
    return this.#works.has(key)
  }

  /** Settles as the work does. Rejects with ABORTED when `signal` fires, with RESOLVER_BUSY when there is no room for it (any more). */
  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(aborted(signal))
    const known = this.#works.get(key)
    if (known === undefined && !this.#makeRoom()) return Promise.reject(busy(this.size))
    const work = known ?? this.#start(key, start)
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

  /**
   * Questions for servers that never answer must not keep out all others: the oldest gives way, as in Unbound (`jostle-timeout`).
   * Young ones do not, or a flood would let none be finished.
   */
  #makeRoom(): boolean {
    if (this.#works.size < this.#bounds.most) return true
    const [key, oldest] = this.#works.first()!
    if (this.#clock.monotonic() - oldest.begun < this.#bounds.giveWayMs) return false
    this.#forget(key, oldest)
    oldest.fail(busy(this.size))
    oldest.control.abort()
    return true
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Work<T> {
    const control = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const work: Work<T> = { promise, control, fail: reject, begun: this.#clock.monotonic(), waiters: 0 }
    this.#works.set(key, work)
    start(control.signal).then(resolve, reject)
    const forget = () => this.#forget(key, work)
    promise.then(forget, forget)
    return work
  }

  #forget(key: string, work: Work<T>): void {
    if (this.#works.get(key) === work) this.#works.delete(key)
  }
}

function busy(inWork: number): ChordnsError<'RESOLVER_BUSY', { inWork: number }> {
  return new ChordnsError('RESOLVER_BUSY', 'too many questions are in work', { inWork })
}
