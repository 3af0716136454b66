/** Known mistakes, put back on purpose: the checks must find each of them, or they would not find others either. */
import { makePlan, type PlanOptions } from './plan.ts'
import { type Bugs, runWorld } from './world.ts'

export interface Plant {
  readonly name: string
  readonly bugs: Bugs
  readonly options: PlanOptions
  /** Seeds within which it is found. */
  readonly from: number
  readonly within: number
  /** What the finding says. */
  readonly finding: RegExp
}

export const PLANTS: readonly Plant[] = [
  {
    name: 'no lock',
    bugs: { rules: (rules) => ({ ...rules, locks: false, mayPrevote: () => true }) },
    options: { n: 4, liars: 0, harsh: true },
    from: 60,
    within: 60,
    finding: /fork/,
  },
  {
    name: 'a quorum of more than half, and an equivocator',
    bugs: { rules: (rules) => ({ ...rules, quorum: (n) => Math.floor(n / 2) + 1 }) },
    options: { n: 5, liars: 1 },
    from: 30,
    within: 60,
    finding: /fork/,
  },
  {
    name: 'certificates are not told',
    bugs: { rules: (rules) => ({ ...rules, gossipsCertificates: false }) },
    options: { n: 4, liars: 1 },
    from: 0,
    within: 5,
    finding: /no progress/,
  },
  {
    name: 'the sign guard is not synced',
    bugs: { unsyncedGuard: true },
    options: { n: 4, liars: 0 },
    from: 0,
    within: 10,
    finding: /signed twice/,
  },
]

/** The first seed that finds it, and what it found; undefined when none does. */
export function findPlant({ bugs, options, from, within, finding }: Plant): { seed: number; what: string } | undefined {
  for (let seed = from; seed < from + within; seed++) {
    const { failure } = runWorld(makePlan(seed, options), bugs)
    if (failure !== undefined && finding.test(failure)) return { seed, what: failure }
  }
  return undefined
}
