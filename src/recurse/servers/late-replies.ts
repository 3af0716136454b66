/**
 * Replies that come after their time-out, while another server is asked already. A long line makes every first reply late: whoever
 * throws them away starts anew again and again, and may never hear an answer.
 */
import type { QueryResult } from './types.ts'

export interface LateReply<T> {
  /** Who was asked. */
  readonly from: T
  readonly result: QueryResult
}

export class LateReplies<T> {
  readonly #arrived: LateReply<T>[] = []
  #wake: (() => void) | undefined

  add(from: T, result: QueryResult): void {
    this.#arrived.push({ from, result })
    this.#wake?.()
  }

  /** The next one that has come and was not taken yet. */
  next(): LateReply<T> | undefined {
    return this.#arrived.shift()
  }

  /** What `work` comes to, or the next late reply, if that is first. The work goes on by itself, its error unheard. Rejects as `work` does. */
  or<R>(work: Promise<R>): Promise<{ readonly value: R } | LateReply<T>> {
    const known = this.next()
    if (known !== undefined) {
      work.catch(() => {})
      return Promise.resolve(known)
    }
    // Once for each query: less is made than by a race of promises.
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#wake = undefined
        resolve(this.next()!)
      }
      this.#wake = wake
      const stop = () => {
        if (this.#wake === wake) this.#wake = undefined
      }
      work.then(
        (value) => {
          stop()
          resolve({ value })
        },
        (error) => {
          stop()
          reject(error)
        },
      )
    })
  }
}
