import { ChordnsError } from './errors.ts'

export interface BudgetLimits {
  /** Upstream queries for one client query, all fetches together. */
  readonly queries: number
  /** Bytes received from upstream. */
  readonly bytes: number
  /** Time in ms from the budget's start. */
  readonly timeMs: number
  /** Crypto operations (signature checks). */
  readonly signatures: number
  /** NSEC3 hash computations. */
  readonly hashes: number
}

export type BudgetResource = 'queries' | 'bytes' | 'time' | 'signatures' | 'hashes'

/**
 * What one client query may cost in all. It is passed down to every fetch and never reset: restarts, CNAMEs, name-server
 * addresses and validation draw on the same object (CAMP, USENIX Security 2024; CVE-2026-50045).
 */
export class Budget {
  readonly #left: { queries: number; bytes: number; signatures: number; hashes: number }
  readonly #deadline: number
  readonly #monotonic: () => number

  /** `monotonic` is the clock that `timeMs` counts on. */
  constructor(limits: BudgetLimits, monotonic: () => number) {
    this.#left = {
      queries: limits.queries,
      bytes: limits.bytes,
      signatures: limits.signatures,
      hashes: limits.hashes,
    }
    this.#monotonic = monotonic
    this.#deadline = monotonic() + limits.timeMs
  }

  /** Spends `amount` or throws BUDGET_SPENT; what was spent is never given back. */
  spend(resource: Exclude<BudgetResource, 'time'>, amount = 1): void {
    this.checkTime()
    if (this.#left[resource] < amount) throw spent(resource)
    this.#left[resource] -= amount
  }

  /** Like `spend`, but says so instead of throwing, and ignores the clock. */
  trySpend(resource: Exclude<BudgetResource, 'time'>, amount = 1): boolean {
    if (this.#left[resource] < amount) return false
    this.#left[resource] -= amount
    return true
  }

  left(resource: Exclude<BudgetResource, 'time'>): number {
    return this.#left[resource]
  }

  /** Ms until the deadline, at least 0. */
  timeLeft(): number {
    return Math.max(0, this.#deadline - this.#monotonic())
  }

  checkTime(): void {
    if (this.#monotonic() >= this.#deadline) throw spent('time')
  }
}

function spent(resource: BudgetResource): ChordnsError<'BUDGET_SPENT', { resource: BudgetResource }> {
  return new ChordnsError('BUDGET_SPENT', `the budget of this question is spent: ${resource}`, { resource })
}
