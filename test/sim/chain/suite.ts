/** Runs seeds of chains, shortens what fails, and sees to it that the worlds do not go easy on the engine. */
import { type Fault, makePlan, type Plan } from './plan.ts'
import { findPlant, PLANTS } from './plants.ts'
import { type Outcome, runWorld } from './world.ts'

export interface SuiteResult {
  readonly passed: number
  readonly failed: number
  readonly seeds: number
  readonly heights: number
  readonly events: number
  readonly virtualMs: number
  readonly wallMs: number
  readonly coverage: Readonly<Record<string, number>>
  readonly failures: readonly { readonly seed: number; readonly n: number; readonly what: string }[]
  readonly plants: readonly { readonly name: string; readonly seed: number | undefined }[]
}

/** Sums up to a seed, from which a run that was ended goes on. */
export type Progress = Omit<SuiteResult, 'plants' | 'passed' | 'failed'> & { readonly next: number }

export interface SuiteOptions {
  readonly from: number
  readonly to: number
  /** Validators: seeds take turns. */
  readonly sizes: readonly number[]
  /** Worlds of a hundred heights instead of a dozen. */
  readonly long: boolean
  readonly plants: boolean
  /** Where an earlier run ended, and who remembers where this one is. */
  readonly resume: Progress | undefined
  readonly onProgress: (progress: Progress) => void
  readonly say: (line: string) => void
  readonly monotonic: () => number
}

/** What must happen somewhere in a run of a hundred seeds or more: a simulator that is too kind proves nothing. */
const MUST_HAPPEN = [
  'decided',
  'laterRounds',
  'locks',
  'relocks',
  'reproposals',
  'skips',
  'caughtUp',
  'snapshots',
  'evidence',
  'refused',
  'resumed',
  'crashes',
  'lost',
  'cut',
  'duplicated',
  'seats',
  'full disk',
  'clock set',
  'turned over',
  'lie equivocate',
  'lie doubleVote',
  'lie selective',
  'lie silent',
  'lie staleCertificates',
  'lie forgedSnapshots',
  'lie flood',
  'lie future',
  'lie late',
  'lie amnesia',
] as const

/**
 * Every fifth seed is harsh: short time-outs, much loss, power failures at the worst moment. Among the long ones every
 * tenth: little is decided in them.
 */
export function planOf(seed: number, n: number, long = false): Plan {
  const harsh = seed % (long ? 10 : 5) === 4
  // Every third world is a ledger's.
  // Some have their state on disk: twice as many nodes.
  const onDisk = seed % 12 === 5 || seed % 24 === 8
  return makePlan(seed, { n, harsh, long: long && !harsh, ledger: seed % 3 === 2, onDisk })
}

export function runSuite(options: SuiteOptions): SuiteResult {
  const { from, to, sizes, long, plants, resume, onProgress, say, monotonic } = options
  const start = monotonic()
  const coverage: Record<string, number> = { ...resume?.coverage }
  const failures = [...(resume?.failures ?? [])]
  let { seeds: runs, heights, events, virtualMs } = resume ?? { seeds: 0, heights: 0, events: 0, virtualMs: 0 }
  const wall = () => (resume?.wallMs ?? 0) + monotonic() - start
  for (let seed = resume?.next ?? from; seed <= to; seed++) {
    const n = sizes[seed % sizes.length]!
    const outcome = runWorld(planOf(seed, n, long))
    runs++
    heights += outcome.heights
    events += outcome.events
    virtualMs += outcome.virtualMs
    for (const [name, times] of Object.entries(outcome.coverage)) coverage[name] = (coverage[name] ?? 0) + times
    if (outcome.failure !== undefined) {
      failures.push({ seed, n, what: outcome.failure })
      report(seed, n, long, outcome, say)
    }
    if (runs % 50 === 0)
      say(`chain: ${runs} runs to seed ${seed}, ${heights} heights, ${failures.length} failed, ${seconds(wall())}`)
    if (seed % 50 === 0)
      onProgress({ next: seed + 1, seeds: runs, heights, events, virtualMs, wallMs: wall(), coverage, failures })
  }
  const wallMs = wall()

  let passed = runs - failures.length
  let failed = failures.length
  if (runs >= 100)
    for (const name of MUST_HAPPEN) {
      if ((coverage[name] ?? 0) > 0) continue
      say(`chain: "${name}" never happened`)
      failed++
    }
  const found = plants ? PLANTS.map((plant) => ({ name: plant.name, ...findPlant(plant) })) : []
  for (const { name, seed, what } of found) {
    say(`chain, planted: ${name}: ${seed === undefined ? 'NOT FOUND' : `seed ${seed}, ${what?.slice(0, 80)}`}`)
    if (seed === undefined) failed++
    else passed++
  }
  return {
    passed,
    failed,
    seeds: runs,
    heights,
    events,
    virtualMs,
    wallMs,
    coverage,
    failures,
    plants: found.map(({ name, seed }) => ({ name, seed })),
  }
}

function report(seed: number, n: number, long: boolean, { failure }: Outcome, say: (line: string) => void): void {
  say(`chain: seed ${seed}, n = ${n}: ${failure}`)
  say(`  again: npm run test:sim -- --chain --seeds ${seed}..${seed} --sizes ${n}${long ? ' --long' : ''}`)
  const { faults } = shrink(planOf(seed, n, long))
  say(`  shortest faults found: ${JSON.stringify(faults)}`)
}

/** Leaves out one fault after the other as long as the run still fails. */
export function shrink(plan: Plan, fails = (shorter: Plan) => runWorld(shorter).failure !== undefined): Plan {
  let shortest = plan
  for (let i = shortest.faults.length - 1; i >= 0; i--) {
    const faults: Fault[] = shortest.faults.filter((_, at) => at !== i)
    const shorter = { ...shortest, faults }
    if (fails(shorter)) shortest = shorter
  }
  return shortest
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`
}
