/** What chains of a world say of the life of names and of reviews: all terms so short that a world sees their ends. */
import type { ClaimRules, GovernanceRules, NamePolicy } from '../../../src/ledger/index.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** In the proportion of real ones. `unitMs`: what the delays are made of; `payee`: who is paid. */
export function namePolicy(unitMs: number, payee: Uint8Array, kept: NamePolicy['kept']): NamePolicy {
  return {
    termMs: 5 * unitMs,
    mostTerms: 4,
    graceMs: 2 * unitMs,
    redemptionMs: 3 * unitMs,
    pendingMs: unitMs,
    premium: 200,
    halvingMs: unitMs,
    halvings: 5,
    restorePrice: 30,
    // By the number of letters: one of the labels has four, two have five.
    prices: [90, 80, 70, 20, 5, 3],
    transferMs: unitMs,
    lockMs: 2 * unitMs,
    freezeMs: 2 * unitMs,
    guardMs: unitMs,
    holdMs: 2 * unitMs,
    useMs: unitMs,
    registrationsADay: 3,
    payee,
    kept,
  }
}

/** How many there are in a world that may be voted for. */
export const NEXT_POLICIES = 2

/** Shorter and cheaper, and the other way round. No record is due sooner by them: a name that comes free sooner is only written down when it was due before. */
export function nextPolicies(unitMs: number, payee: Uint8Array, elsewhere: readonly string[] | undefined) {
  const first = namePolicy(unitMs, payee, [])
  const cheap: NamePolicy = {
    ...first,
    termMs: 4 * unitMs,
    graceMs: unitMs,
    redemptionMs: 4 * unitMs,
    premium: 100,
    prices: [45, 40, 35, 10, 2, 1],
    transferMs: 2 * unitMs,
    lockMs: 0,
    useMs: 2 * unitMs,
    registrationsADay: 5,
    elsewhere,
  }
  return [cheap, { ...first, prices: [200], useMs: 0 }] as const
}

/** Claims are seen in time or not, as worlds are slow or sleep. */
export function claimRules(seed: number, payee: Uint8Array, anchors: readonly Uint8Array[]): ClaimRules {
  return { windowMs: seed % 2 === 0 ? 5_000 : 30 * MINUTE, bond: 7, payee, anchors }
}

/** As short as they may be. */
export const QUICK_REVIEWS: GovernanceRules = {
  complaints: 2,
  periodMs: 2 * HOUR,
  motionMs: HOUR,
  waitMs: 10 * MINUTE,
  repairMs: 3 * HOUR,
  holdMs: 2 * HOUR,
  promotion: false,
  text: '',
}

/** What holds where the genesis says nothing. */
export const DEFAULT_REVIEWS: GovernanceRules = {
  complaints: 2,
  periodMs: 30 * DAY,
  motionMs: 7 * DAY,
  waitMs: DAY,
  repairMs: 7 * DAY,
  holdMs: 30 * DAY,
  promotion: false,
  text: '',
}
