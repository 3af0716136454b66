import { limits } from '../limits.ts'

/** The recent p90 of ring reads, held within 5-200 ms, 30 ms until enough is known: when own iteration starts beside the ring. */
export class HedgeDelay {
  readonly #samples: number[] = []
  #next = 0

  add(elapsedMs: number): void {
    this.#samples[this.#next] = elapsedMs
    this.#next = (this.#next + 1) % limits.HEDGE_SAMPLES
  }

  get ms(): number {
    if (this.#samples.length < limits.HEDGE_MIN_SAMPLES) return limits.HEDGE_FIRST_MS
    const sorted = [...this.#samples].sort((a, b) => a - b)
    const p90 = sorted[Math.ceil(sorted.length * 0.9) - 1]!
    return Math.min(limits.HEDGE_MAX_MS, Math.max(limits.HEDGE_MIN_MS, p90))
  }
}
