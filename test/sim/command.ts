/**
 * Simulated worlds of one kind, as a command. A long run writes where it is beside its result file, and goes on from there when
 * it is begun again with the same arguments at the same commit.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { stderr, stdout } from 'node:process'
import {
  commitOfSources,
  type KeptRun,
  nextGap,
  openFailures,
  readKept,
  toRunAgain,
  withRange,
  writeKept,
} from './kept-run.ts'
import { type Progress, runSuite, type Subject } from './suite.ts'
import { startWorkers } from './workers.ts'

export interface WorldArguments {
  /** First and last; default: 1 to 200 (`USUAL`), or to 10,000 with `full`. */
  readonly seeds: readonly [number, number] | undefined
  readonly full: boolean
  /** Threads that run worlds; 1: this one only. */
  readonly workers: number
  /** Validators at the start, where the kind of world lets them be chosen. */
  readonly sizes?: readonly number[] | undefined
  /** Where the result goes; beside it, with `.part`, how far the run is. */
  readonly json: string | undefined
}

/** Worlds of a usual run, where they are not 200: rings and light clients are parts of the whole nodes and ledgers, of which there are 200. */
const USUAL: ReadonlyMap<string, number> = new Map([
  ['ring', 60],
  ['light', 80],
])

const say = (line: string) => void stderr.write(`${line}\n`)

/** Runs what is asked for and prints it; the result as JSON, beside what passed and failed. */
export async function runWorlds<Plan extends { readonly seed: number }>(
  subject: Subject<Plan>,
  { seeds, full, workers, sizes, json }: WorldArguments,
) {
  const { name } = subject
  const [from, to] = seeds ?? [1, full ? 10_000 : (USUAL.get(name) ?? 200)]
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
  const started = { commit, from, to, ...(sizes !== undefined && { sizes }) }
  const part = json === undefined ? undefined : `${json}.part`
  const resume = part === undefined ? undefined : progressOf(part, started)
  if (resume !== undefined) say(`${name}: goes on from seed ${resume.next}`)
  const threads = workers > 1 ? startWorkers({ name, sizes }, workers) : undefined
  const result = await runSuite(subject, {
    workers,
    ...(threads !== undefined && { outcomes: (first, last) => threads.outcomes(first, last) }),
    from,
    to,
    plants: seeds === undefined,
    resume,
    onProgress(progress) {
      if (part === undefined) return
      writeFileSync(`${part}.new`, JSON.stringify({ ...started, progress }))
      renameSync(`${part}.new`, part)
      // What there is so far, for whoever looks before the end.
      const { next, ...sums } = progress
      writeJson(json!, { [name]: { ...started, unfinished: `seeds from ${next} on`, ...sums } })
    },
    say,
    monotonic: () => performance.now(),
    cpu: cpuUsedMs,
  })
  await threads?.end()
  if (part !== undefined) rmSync(part, { force: true })
  const { seeds: worlds, messages, virtualMs, wallMs, cpuMs, coverage, passed, failed } = result
  const cpuMsPerSeed = Math.round(cpuMs / Math.max(1, worlds))
  stdout.write(
    `${name}: ${worlds} worlds, ${messages} messages, ${(virtualMs / 3_600_000).toFixed(2)} simulated hours in ` +
      `${(wallMs / 1_000).toFixed(1)} s, ${cpuMsPerSeed} ms of one core a seed\n`,
  )
  for (const [what, times] of Object.entries(coverage).sort()) stdout.write(`  ${what}: ${times}\n`)
  return { passed, failed, json: { ...started, cpuMsPerSeed, ...result } }
}

export interface KeptArguments {
  /** The file that the run is kept in. */
  readonly keep: string
  /** Seeds of this slice, at most. */
  readonly count: number
  readonly workers: number
}

/** Seeds of the whole run. */
const KEPT_SEEDS = 10_000

/** A slice of a long run: what failed on another commit, and then seeds that were not run yet. It may be ended at any time. */
export async function runSlice<Plan extends { readonly seed: number }>(
  subject: Subject<Plan>,
  { keep, count, workers }: KeptArguments,
): Promise<{ readonly passed: number; readonly failed: number; readonly json: object }> {
  const { name } = subject
  const commit = commitOfSources()
  let kept: KeptRun = readKept(keep, name, KEPT_SEEDS)
  const save = (now: KeptRun) => writeKept(keep, name, now)
  for (const seed of toRunAgain(kept, commit)) {
    const { failure } = await subject.runWorld(subject.makePlan(seed))
    const outcome = failure && { failure: { check: failure.check, what: failure.what } }
    say(`${name}: seed ${seed} ${failure === undefined ? 'holds now' : `fails still: ${failure.check}`}`)
    kept = { ...kept, again: [...kept.again, { seed, commit, ...outcome }] }
    save(kept)
  }
  const gap = nextGap(kept, count)
  if (gap !== undefined) kept = await runGap(subject, { kept, gap, commit, workers, save })
  save(kept)
  const done = kept.ranges.reduce((sum, { seeds }) => sum + seeds, 0)
  const open = openFailures(kept)
  stdout.write(`${name}: ${done} of ${kept.of} worlds run, ${open.length} failures stand\n`)
  for (const { seed, check, what } of open) stdout.write(`  seed ${seed}: ${check}: ${what}\n`)
  return { passed: done - open.length, failed: open.length, json: kept }
}

interface Gap {
  readonly kept: KeptRun
  readonly gap: readonly [number, number]
  readonly commit: string
  readonly workers: number
  readonly save: (kept: KeptRun) => void
}

async function runGap<Plan extends { readonly seed: number }>(
  subject: Subject<Plan>,
  { kept, gap: [from, to], commit, workers, save }: Gap,
): Promise<KeptRun> {
  say(`${subject.name}: seeds ${from} to ${to} on ${commit}`)
  const threads = workers > 1 ? startWorkers({ name: subject.name, sizes: undefined }, workers) : undefined
  const { passed, failed, neverHappened, plants, ...sums } = await runSuite(subject, {
    ...(threads !== undefined && { outcomes: (first, last) => threads.outcomes(first, last) }),
    from,
    to,
    plants: false,
    resume: undefined,
    onProgress: ({ next, ...sums }) => save(withRange(kept, { from, to: next - 1, commit, ...sums })),
    say,
    monotonic: () => performance.now(),
    cpu: cpuUsedMs,
  })
  await threads?.end()
  return withRange(kept, { from, to, commit, ...sums })
}

function cpuUsedMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function writeJson(path: string, value: object): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** One seed again, with its plan, what came of it, and the shortest plan that fails alike. */
export async function replayWorld<Plan extends { readonly seed: number }>(
  { name, makePlan, runWorld, shrink }: Subject<Plan>,
  seed: number,
): Promise<{ readonly passed: number; readonly failed: number }> {
  const plan = makePlan(seed)
  stdout.write(`${JSON.stringify(plan, null, 2)}\n`)
  const { failure, coverage, virtualMs } = await runWorld(plan)
  for (const [what, times] of Object.entries(coverage).sort()) stdout.write(`  ${what}: ${times}\n`)
  if (failure === undefined) {
    stdout.write(`${name}: seed ${seed} holds, ${(virtualMs / 1_000).toFixed(1)} simulated seconds\n`)
    return { passed: 1, failed: 0 }
  }
  stdout.write(`${name}: seed ${seed}: ${failure.check}, after ${failure.at} ms: ${failure.what}\n`)
  stdout.write(`shortest plan found: ${JSON.stringify(await shrink(plan), null, 2)}\n`)
  return { passed: 0, failed: 1 }
}

/** What an earlier run with the same arguments left; undefined when there is none. */
export function progressOf<P = Progress>(part: string, started: object): P | undefined {
  if (!existsSync(part)) return undefined
  const { progress, ...of } = JSON.parse(readFileSync(part, 'utf8')) as { readonly progress: P }
  return JSON.stringify(of) === JSON.stringify(started) ? progress : undefined
}
