/** Token buckets for many keys, bounded: a flood of new keys drops the ones unused longest, not the memory. */
import type { Clock } from '../../base/index.ts'

export class Rates {
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  readonly #maxKeys: number

  constructor(clock: Clock, perSecond: number, burst: number, maxKeys: number) {
    this.#clock = clock
    this.#burst = burst
    this.#perSecond = perSecond
    this.#maxKeys = maxKeys
  }

  /** What was spent for less than it seemed. */
  giveBack(key: string, tokens: number): void {
    const bucket = this.#buckets.get(key)
    if (bucket !== undefined) bucket.tokens = Math.min(this.#burst, bucket.tokens + tokens)
  }

  /** Spends so many tokens of `key`; false, and spends none, when it has not as many. */
  spend(key: string, cost = 1): boolean {
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, at: now }
    const tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) * this.#perSecond) / 1000)
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: tokens >= cost ? tokens - cost : tokens, at: now })
    if (this.#buckets.size > this.#maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!)
    return tokens >= cost
  }
}
