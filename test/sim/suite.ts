/** Runs the seeds of one kind of world, shortens what fails, and sees to it that the worlds are not too kind. */

/** A kind of simulated world: how its plans are made and run. */
export interface Subject<Plan extends { readonly seed: number }> {
  readonly name: string
  readonly makePlan: (seed: number) => Plan
  /** What the report says of a plan: its scenario and its size. */
  readonly describe: (plan: Plan) => { readonly scenario: string; readonly size: string }
  readonly runWorld: (plan: Plan) => Promise<WorldOutcome>
  /** The shortest plan found that fails alike. */
  readonly shrink: (plan: Plan) => Promise<Plan>
  /** What must happen somewhere in a run of `enough` worlds: a simulator that is too kind proves nothing. */
  readonly mustHappen: readonly string[]
  /** ENOUGH_SEEDS if not given. */
  readonly enough?: number
  /** Of `mustHappen`, what ENOUGH_SEEDS are needed for all the same. */
  readonly rare?: readonly string[]
  /** Mistakes put back on purpose: each must be found. */
  readonly plants: readonly PlantedMistake[]
}

export interface WorldOutcome {
  readonly failure?: { readonly check: string; readonly what: string; readonly at: number }
  readonly virtualMs: number
  readonly messages: number
  readonly coverage: Readonly<Record<string, number>>
}

export interface PlantedMistake {
  readonly name: string
  /** The first seed that finds it, and what it found; undefined when none does. */
  readonly find: () => Promise<{ readonly seed: number; readonly what: string } | undefined>
}

export interface Failure {
  readonly seed: number
  readonly check: string
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
  /** Outcomes of the seeds from here to there, in order, when they are run elsewhere; default: one after the other, here. */
  readonly outcomes?: (from: number, to: number) => AsyncIterable<WorldOutcome>
  /** Planted mistakes that are searched for at once; default: 1. */
  readonly workers?: number
  readonly resume: Progress | undefined
  readonly onProgress: (progress: Progress) => void
  readonly say: (line: string) => void
  readonly monotonic: () => number
  /** Ms that this process has computed for. */
  readonly cpu: () => number
}

/** From so many seeds on, all of that must have happened. */
const ENOUGH_SEEDS = 150
const SAID_EVERY = 100
/** A run that is cut in slices loses fewer than these. */
const SAVED_EVERY = 10
/** Or it has gone on for so long: large worlds take minutes each. */
const SAVED_AFTER_MS = 60_000

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

export async function runSuite<Plan extends { readonly seed: number }>(
  subject: Subject<Plan>,
  options: SuiteOptions,
): Promise<SuiteResult> {
  const { name, mustHappen } = subject
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
  const first = resume?.next ?? from
  let seed = first - 1
  let saved = started.wall
  for await (const outcome of options.outcomes?.(first, to) ?? outcomesHere(subject, first, to)) {
    const plan = subject.makePlan(++seed)
    const { scenario } = subject.describe(plan)
    seeds++
    messages += outcome.messages
    virtualMs += outcome.virtualMs
    scenarios[scenario] = (scenarios[scenario] ?? 0) + 1
    for (const [what, times] of Object.entries(outcome.coverage)) coverage[what] = (coverage[what] ?? 0) + times
    if (outcome.failure !== undefined) {
      failures.push({ seed, check: outcome.failure.check, what: outcome.failure.what })
      await report(subject, plan, outcome, say)
    }
    if (seed % SAVED_EVERY === 0 || options.monotonic() - saved > SAVED_AFTER_MS) {
      options.onProgress({ next: seed + 1, ...sums() })
      saved = options.monotonic()
    }
    if (seed % SAID_EVERY !== 0) continue
    const { wallMs } = sums()
    say(`${name}: ${seeds} worlds to seed ${seed}, ${failures.length} failed, ${(wallMs / 1_000).toFixed(0)} s`)
  }
  const result = sums()
  const isDue = (what: string) =>
    seeds >= (subject.rare?.includes(what) ? ENOUGH_SEEDS : (subject.enough ?? ENOUGH_SEEDS))
  const neverHappened = mustHappen.filter((what) => isDue(what) && (coverage[what] ?? 0) === 0)
  for (const what of neverHappened) say(`${name}: "${what}" never happened`)
  const plants: { name: string; seed: number | undefined }[] = []
  const planted = options.plants ? [...subject.plants] : []
  const search = async () => {
    for (let plant = planted.shift(); plant !== undefined; plant = planted.shift()) {
      const found = await plant.find()
      say(`${name}, planted: ${plant.name}: ${found === undefined ? 'NOT FOUND' : `seed ${found.seed}, ${found.what}`}`)
      plants.push({ name: plant.name, seed: found?.seed })
    }
  }
  await Promise.all(Array.from({ length: options.workers ?? 1 }, search))
  const missed = plants.filter((plant) => plant.seed === undefined).length
  return {
    ...result,
    passed: seeds - failures.length + plants.length - missed,
    failed: failures.length + neverHappened.length + missed,
    neverHappened,
    plants,
  }
}

async function* outcomesHere<Plan extends { readonly seed: number }>(
  { makePlan, runWorld }: Subject<Plan>,
  from: number,
  to: number,
): AsyncIterable<WorldOutcome> {
  for (let seed = from; seed <= to; seed++) yield await runWorld(makePlan(seed))
}

async function report<Plan extends { readonly seed: number }>(
  subject: Subject<Plan>,
  plan: Plan,
  { failure }: WorldOutcome,
  say: (line: string) => void,
): Promise<void> {
  const { scenario, size } = subject.describe(plan)
  say(`${subject.name}: seed ${plan.seed} (${scenario}, ${size}): ${failure!.check}: ${failure!.what}`)
  say(`  again: npm run test:sim -- --${subject.name} --replay ${plan.seed}`)
  say(`  shortest plan found: ${JSON.stringify(await subject.shrink(plan))}`)
}
