/** How many name servers each client query has had looked up (NXNSAttack, CVE-2020-12662). */
import type { Budget } from '../../base/index.ts'

export class LookupShares {
  readonly #most: number
  /** One budget stands for one client query. */
  readonly #used = new WeakMap<Budget, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Takes one look-up; false when the client query has had its share. */
  take(budget: Budget): boolean {
    const used = this.#used.get(budget) ?? 0
    if (used >= this.#most) return false
    this.#used.set(budget, used + 1)
    return true
  }
}
