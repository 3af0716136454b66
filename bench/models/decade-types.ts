/** What ten years of a TLD are given, and what comes of them. */
import type { NamePolicy } from '../../src/ledger/index.ts'

export interface DecadeOptions {
  readonly names: number
  readonly accounts: number
  /** Of the accounts, 0 to 1. */
  readonly squatters: number
  readonly years: number
  /** Of each squatter, in units; a term of a long name is 10. */
  readonly budget: number
  /** What of the policy is other than the default. */
  readonly policy: Partial<NamePolicy>
  readonly seed: number
}

export interface YearReport {
  readonly year: number
  readonly registered: number
  readonly squatted: number
  /** Of what people would pay for all registered names, the part of those that squatters have. */
  readonly squattedValue: number
  readonly freed: number
}

export interface DecadeReport {
  readonly years: readonly YearReport[]
  readonly blocks: number
  readonly transactions: number
  readonly refused: Readonly<Record<string, number>>
  readonly wishes: {
    readonly all: number
    readonly met: number
    readonly bought: number
    readonly denied: number
    readonly deniedBySquatters: number
  }
  /** Hours from the moment that a name came free to the block in which somebody had it again. */
  readonly release: {
    readonly freed: number
    readonly takenByPeople: number
    readonly takenBySquatters: number
    readonly withinADay: number
    readonly hours: { readonly p10: number; readonly p50: number; readonly p90: number }
    /** The same of people who bid for one, from their bid on, if it was free already. */
    readonly waits: { readonly p10: number; readonly p50: number; readonly p90: number }
    /** Units that were paid besides the fee. */
    readonly premium: { readonly p50: number; readonly p90: number; readonly sum: number }
  }
  readonly removedUnused: number
  readonly contested: number
  readonly squattersSpent: number
  readonly squattersEarned: number
  readonly checks: { readonly balances: number; readonly owners: number }
}
