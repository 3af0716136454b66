/**
 * Ten years of a TLD with squatters, on the application of production and a virtual clock: what share of the names they have, how long a released name takes to
 * be somebody's again, and whether value is conserved and each name has one owner. Not a measure of speed.
 */
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { Decade } from './models/decade.ts'
import type { DecadeOptions, DecadeReport } from './models/decade-types.ts'

/** What of the policy is taken away, to see what it is good for. */
const WITHOUT = {
  nothing: {},
  premium: { premium: 0 },
  use: { useMs: 0 },
  prices: { prices: [1] },
} as const satisfies Readonly<Record<string, DecadeOptions['policy']>>
type Without = keyof typeof WITHOUT

export const benchmark: Benchmark = {
  summary:
    'ten years of a TLD with squatters, on the application of production: who has the names, and how long released ones wait',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'names that anybody wants', default: '100000' },
    accounts: { type: 'string', help: 'accounts that pay', default: '1000' },
    squatters: { type: 'string', help: 'percent of the accounts', default: '5' },
    budget: { type: 'string', help: 'of each squatter, in units', default: '20000' },
    years: { type: 'string', help: 'years', default: '10' },
    without: { type: 'string', help: 'of nothing, premium, use, prices: what the policy lacks', default: 'nothing' },
    seed: { type: 'string', help: 'seed of all that is left to chance', default: '1' },
  },
  async run(values, say) {
    const options = {
      names: numberOption(values, 'names'),
      accounts: numberOption(values, 'accounts'),
      squatters: numberOption(values, 'squatters') / 100,
      budget: numberOption(values, 'budget'),
      years: numberOption(values, 'years'),
      seed: numberOption(values, 'seed'),
    }
    const runs = String(values['without']).split(',').map(withoutOf)
    const reports = runs.map((without) => {
      say(`without ${without}:`)
      return { without, report: new Decade({ ...options, policy: WITHOUT[without] }).run(say) }
    })
    return result(options, reports)
  },
}

function withoutOf(text: string): Without {
  if (!Object.hasOwn(WITHOUT, text))
    throw new RangeError(`--without: ${text} is none of ${Object.keys(WITHOUT).join(', ')}`)
  return text as Without
}

interface Run {
  readonly without: Without
  readonly report: DecadeReport
}

function result(options: Omit<DecadeOptions, 'policy'>, runs: readonly Run[]): BenchResult {
  const percent = (share: number) => `${Math.round(share * 1_000) / 10} %`
  return {
    tables: [
      {
        title: 'names at the end of each year',
        columns: ['policy without', 'year', 'registered', 'squatted', 'squatted, by value', 'came free'],
        rows: runs.flatMap(({ without, report }) =>
          report.years.map((one) => [
            without,
            one.year,
            one.registered,
            percent(one.squatted),
            percent(one.squattedValue),
            one.freed,
          ]),
        ),
      },
      {
        title: 'released names, until somebody has them again',
        columns: [
          'policy without',
          'freed',
          'to people',
          'to squatters',
          'within a day',
          'p10 h',
          'p50 h',
          'p90 h',
          'people waited p10 h',
          'p50 h',
          'p90 h',
          'premium p50',
          'premium p90',
        ],
        rows: runs.map(({ without, report: { release } }) => [
          without,
          release.freed,
          release.takenByPeople,
          release.takenBySquatters,
          percent(release.withinADay),
          release.hours.p10,
          release.hours.p50,
          release.hours.p90,
          release.waits.p10,
          release.waits.p50,
          release.waits.p90,
          release.premium.p50,
          release.premium.p90,
        ]),
      },
      {
        title: 'people and squatters',
        columns: [
          'policy without',
          'wishes',
          'met',
          'bought',
          'denied',
          'by squatters',
          'removed unused',
          'squatters spent',
          'earned',
          'transactions',
          'blocks',
        ],
        rows: runs.map(({ without, report: { wishes, ...report } }) => [
          without,
          wishes.all,
          wishes.met,
          wishes.bought,
          wishes.denied,
          wishes.deniedBySquatters,
          report.removedUnused,
          report.squattersSpent,
          report.squattersEarned,
          report.transactions,
          report.blocks,
        ]),
      },
    ],
    targets: runs.map(({ without, report }) =>
      target(
        `without ${without}: share of names that squatters have in the last year`,
        report.years.at(-1)!.squatted,
        1,
      ),
    ),
    data: { options, runs },
  }
}
