/**
 * Those who want to hear of something. What one of them throws is its own failure: the others hear all the same, and whoever tells goes on with what
 * it was doing.
 */
import type { Cancel } from './types.ts'

export class Listeners<A extends readonly unknown[]> {
  readonly #all = new Set<(...args: A) => void>()
  readonly #onFault: (error: unknown) => void

  /** `onFault`: owes a line in the log. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault
  }

  /** The function that it returns ends it. */
  readonly add = (listener: (...args: A) => void): Cancel => {
    this.#all.add(listener)
    return () => this.#all.delete(listener)
  }

  /** Who is added or leaves while it is told counts from the next time on. */
  tell(...args: A): void {
    for (const listener of [...this.#all])
      try {
        listener(...args)
      } catch (error) {
        this.#onFault(error)
      }
  }

  clear(): void {
    this.#all.clear()
  }
}
