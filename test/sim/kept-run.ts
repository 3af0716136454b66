/**
 * A long run that is done in slices, over sessions and commits: `test:sim -- --nodes --keep FILE`. The file holds which seeds were run, on which
 * commit, and what came of them, and is committed. A slice runs seeds that are not in it yet; first those that failed on another commit.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Failure, Progress } from './suite.ts'

/** Seeds that were run one after the other on one commit. */
export interface KeptRange extends Omit<Progress, 'next'> {
  readonly from: number
  readonly to: number
  readonly commit: string
}

/** A seed that failed once, run again on another commit. */
export interface RunAgain {
  readonly seed: number
  readonly commit: string
  /** Undefined: it holds there. */
  readonly failure?: Omit<Failure, 'seed'>
}

export interface KeptRun {
  /** Seeds are 1 to this. */
  readonly of: number
  readonly ranges: readonly KeptRange[]
  readonly again: readonly RunAgain[]
}

/** The run that a file holds; an empty one where there is no file. */
export function readKept(path: string, name: string, of: number): KeptRun {
  if (!existsSync(path)) return { of, ranges: [], again: [] }
  const { [name]: kept } = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, KeptRun | undefined>>
  if (kept === undefined || !Array.isArray(kept.ranges)) throw new Error(`${path} holds no ranges of ${name}`)
  const { ranges, again } = kept
  return { of: kept.of, ranges, again }
}

export function writeKept(path: string, name: string, kept: KeptRun): void {
  const done = kept.ranges.reduce((sum, { seeds }) => sum + seeds, 0)
  const whole = { [name]: { ...sumsOf(kept), done, ...kept } }
  writeFileSync(`${path}.new`, `${JSON.stringify(whole, null, 2)}\n`)
  renameSync(`${path}.new`, path)
}

/** With the newest word on each seed that ever failed. */
function sumsOf(kept: KeptRun) {
  const open = openFailures(kept)
  const every = kept.ranges.flatMap(({ failures }) => failures)
  return { open: open.map(({ seed, check }) => `${seed}: ${check}`), mended: every.length - open.length }
}

/** Of seeds that failed, and did not hold when they were run last. */
export function openFailures({ ranges, again }: KeptRun): readonly Failure[] {
  return ranges
    .flatMap(({ failures }) => failures)
    .flatMap((failure) => {
      const last = again.findLast(({ seed }) => seed === failure.seed)
      if (last === undefined) return [failure]
      return last.failure === undefined ? [] : [{ seed: failure.seed, ...last.failure }]
    })
}

/** Seeds whose last word is a failure on another commit. */
export function toRunAgain(kept: KeptRun, commit: string): readonly number[] {
  const commitOf = (seed: number) =>
    kept.again.findLast((one) => one.seed === seed)?.commit ??
    kept.ranges.find(({ from, to }) => from <= seed && seed <= to)?.commit
  return openFailures(kept)
    .map(({ seed }) => seed)
    .filter((seed) => commitOf(seed) !== commit)
}

/** The first seeds that were not run, `count` at most; undefined when all were. */
export function nextGap({ of, ranges }: KeptRun, count: number): readonly [number, number] | undefined {
  const sorted = [...ranges].sort((a, b) => a.from - b.from)
  let from = 1
  for (const range of sorted) {
    if (range.from > from) return [from, Math.min(range.from - 1, from + count - 1)]
    from = Math.max(from, range.to + 1)
  }
  return from > of ? undefined : [from, Math.min(of, from + count - 1)]
}

/** The range is added; one that ends where it begins, on the same commit, becomes one with it. */
export function withRange(kept: KeptRun, range: KeptRange): KeptRun {
  const before = kept.ranges.find(({ to, commit }) => to === range.from - 1 && commit === range.commit)
  const whole = before === undefined ? range : joined(before, range)
  const ranges = [...kept.ranges.filter((one) => one !== before), whole].sort((a, b) => a.from - b.from)
  return { ...kept, ranges }
}

function joined(before: KeptRange, after: KeptRange): KeptRange {
  return {
    from: before.from,
    to: after.to,
    commit: after.commit,
    seeds: before.seeds + after.seeds,
    messages: before.messages + after.messages,
    virtualMs: before.virtualMs + after.virtualMs,
    wallMs: before.wallMs + after.wallMs,
    cpuMs: before.cpuMs + after.cpuMs,
    scenarios: added(before.scenarios, after.scenarios),
    coverage: added(before.coverage, after.coverage),
    failures: [...before.failures, ...after.failures],
  }
}

function added(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum: Record<string, number> = { ...before }
  for (const [what, times] of Object.entries(after)) sum[what] = (sum[what] ?? 0) + times
  return sum
}

/** The commit, marked where the sources differ from it: such a slice says nothing about any commit. */
export function commitOfSources(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', '--untracked-files=no', '--', ':/src', ':/test/sim') !== ''
  return `${git('rev-parse', 'HEAD')}${isChanged ? '-dirty' : ''}`
}
