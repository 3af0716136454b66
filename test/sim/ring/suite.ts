/** Runs seeds of rings, shortens what fails, and sees to it that the worlds are not too kind. */
import { type Fault, makePlan, type Plan } from './plan.ts'
import { findPlant, PLANTS } from './plants.ts'
import { type Bugs, type Check, type Outcome, runWorld } from './world.ts'

export interface Failure {
  readonly seed: number
  readonly check: Check
  readonly what: string
}

/** Sums up to a seed, from which a run that was ended goes on. */
export interface Progress {
  readonly next: number
  readonly seeds: number
  readonly messages: number
  readonly virtualMs: number
  readonly wallMs: number
  readonly cpuMs: number
  readonly scenarios: Readonly<Record<string, number>>
  readonly coverage: Readonly<Record<string, number>>
  readonly failures: readonly Failure[]
}

export interface SuiteResult extends Omit<Progress, 'next'> {
  readonly passed: number
  readonly failed: number
  readonly neverHappened: readonly string[]
  readonly plants: readonly { readonly name: string; readonly seed: number | undefined }[]
}

export interface SuiteOptions {
  readonly from: number
  readonly to: number
  readonly plants: boolean
  readonly resume: Progress | undefined
  readonly onProgress: (progress: Progress) => void
  readonly say: (line: string) => void
  readonly monotonic: () => number
  /** Ms that this process has computed for. */
  readonly cpu: () => number
}

/** What must happen somewhere in a run of two hundred seeds or more: a simulator that is too kind proves nothing. */
const MUST_HAPPEN = [
  'joins',
  'leaves',
  'kills',
  'power failures',
  'crashes between effects',
  'restarts',
  'orphans',
  'successors dead',
  'lists dead',
  'predecessors dead',
  'predecessors checked',
  'closer adopted',
  'audits that found one',
  'accusations',
  'deaths agreed',
  'refutations',
  'bootstrap silent',
  'cuts',
  'clogs',
  'lost',
  'duplicated',
  'reordered',
  'clogged',
  'slow',
  'narrow',
  'reads agreed',
  'reads rotating',
  'reads divergent',
  'reads insufficient',
  'words certificate',
  'words vote',
  'words not-mine',
  'words failed',
  'truth despite liars',
  'lies of a majority',
  'survivors',
  'votes refused',
  'certificates refused',
  'lie silent',
  'lie forging',
  'lie stale',
  'lie selective',
  'lie wrongChunk',
  'lie lying',
  'deceived fetches',
  'fetches static',
  'fetches rotating',
  'fetches geographic',
  'fetches lame',
  'fetches absent',
] as const

/** From so many seeds on, all of that must have happened. */
const ENOUGH_SEEDS = 150
const PROGRESS_EVERY = 100

const NOTHING: Progress = {
  next: 0,
  seeds: 0,
  messages: 0,
  virtualMs: 0,
  wallMs: 0,
  cpuMs: 0,
  scenarios: {},
  coverage: {},
  failures: [],
}

export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const { from, to, resume, say } = options
  const before = resume ?? NOTHING
  const started = { wall: options.monotonic(), cpu: options.cpu() }
  const coverage: Record<string, number> = { ...before.coverage }
  const scenarios: Record<string, number> = { ...before.scenarios }
  const failures = [...before.failures]
  let { seeds, messages, virtualMs } = before
  const sums = () => ({
    seeds,
    messages,
    virtualMs: Math.round(virtualMs),
    wallMs: Math.round(before.wallMs + options.monotonic() - started.wall),
    cpuMs: Math.round(before.cpuMs + options.cpu() - started.cpu),
    scenarios,
    coverage,
    failures,
  })
  for (let seed = resume?.next ?? from; seed <= to; seed++) {
    const plan = makePlan(seed)
    const outcome = await runWorld(plan)
    seeds++
    messages += outcome.messages
    virtualMs += outcome.virtualMs
    scenarios[plan.scenario] = (scenarios[plan.scenario] ?? 0) + 1
    for (const [name, times] of Object.entries(outcome.coverage)) coverage[name] = (coverage[name] ?? 0) + times
    if (outcome.failure !== undefined) {
      failures.push({ seed, check: outcome.failure.check, what: outcome.failure.what })
      await report(plan, outcome, say)
    }
    if (seed % PROGRESS_EVERY !== 0) continue
    const { wallMs } = sums()
    say(`ring: ${seeds} worlds to seed ${seed}, ${failures.length} failed, ${(wallMs / 1_000).toFixed(0)} s`)
    options.onProgress({ next: seed + 1, ...sums() })
  }
  const result = sums()
  const neverHappened = seeds < ENOUGH_SEEDS ? [] : MUST_HAPPEN.filter((name) => (coverage[name] ?? 0) === 0)
  for (const name of neverHappened) say(`ring: "${name}" never happened`)
  const plants: { name: string; seed: number | undefined }[] = []
  for (const plant of options.plants ? PLANTS : []) {
    const found = await findPlant(plant)
    say(`ring, planted: ${plant.name}: ${found === undefined ? 'NOT FOUND' : `seed ${found.seed}, ${found.what}`}`)
    plants.push({ name: plant.name, seed: found?.seed })
  }
  const missed = plants.filter((plant) => plant.seed === undefined).length
  return {
    ...result,
    passed: seeds - failures.length + plants.length - missed,
    failed: failures.length + neverHappened.length + missed,
    neverHappened,
    plants,
  }
}

async function report(plan: Plan, { failure }: Outcome, say: (line: string) => void): Promise<void> {
  say(`ring: seed ${plan.seed} (${plan.scenario}, ${plan.n} members): ${failure!.check}: ${failure!.what}`)
  say(`  again: npm run test:sim -- --ring --replay ${plan.seed}`)
  const shortest = await shrink(plan)
  say(`  shortest plan found: ${JSON.stringify(shortest)}`)
}

/** Leaves out one fault after the other, then members and reads, as long as the same check still fails. */
export async function shrink(plan: Plan, bugs?: Bugs): Promise<Plan> {
  const check = (await runWorld(plan, bugs)).failure?.check
  const fails = async (shorter: Plan) => (await runWorld(shorter, bugs)).failure?.check === check
  let shortest = plan
  for (let i = plan.faults.length - 1; i >= 0; i--) {
    const faults: readonly Fault[] = shortest.faults.filter((_, at) => at !== i)
    if (await fails({ ...shortest, faults })) shortest = { ...shortest, faults }
  }
  for (let n = 3; n < shortest.n; n++) {
    if (!(await fails({ ...shortest, n }))) continue
    shortest = { ...shortest, n }
    break
  }
  for (const reads of [0, 6, 12]) {
    if (reads >= shortest.reads || !(await fails({ ...shortest, reads }))) continue
    shortest = { ...shortest, reads }
    break
  }
  return shortest
}
