/** A run of many worlds that is done in slices, and kept in a file: `test/sim/kept-run.ts`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type KeptRange,
  type KeptRun,
  nextGap,
  openFailures,
  readKept,
  toRunAgain,
  withRange,
  writeKept,
} from '../sim/kept-run.ts'

const NOTHING: KeptRun = { of: 1_000, ranges: [], again: [] }

function range(from: number, to: number, commit: string, failed: readonly number[] = []): KeptRange {
  const seeds = to - from + 1
  const failures = failed.map((seed) => ({ seed, check: 'chains', what: 'broken' }))
  const sums = { seeds, messages: 10 * seeds, virtualMs: 1, wallMs: 1, cpuMs: 1 }
  return { from, to, commit, ...sums, scenarios: { small: seeds }, coverage: {}, failures }
}

const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

describe('a run that is kept', () => {
  it('goes on with the first seeds that were not run, whatever was run behind them', () => {
    expect(nextGap(NOTHING, 300)).toEqual([1, 300])
    const begun = withRange(withRange(NOTHING, range(1, 380, 'a')), range(500, 600, 'b'))
    expect(nextGap(begun, 300)).toEqual([381, 499])
    expect(nextGap(withRange(begun, range(381, 499, 'c')), 50)).toEqual([601, 650])
    expect(nextGap(withRange(NOTHING, range(1, 1_000, 'a')), 300)).toBeUndefined()
  })

  it('adds up what was run on one commit, and keeps apart what was run on another', () => {
    const whole = withRange(
      withRange(withRange(NOTHING, range(1, 10, 'a', [3])), range(11, 20, 'a', [12])),
      range(21, 30, 'b'),
    )
    expect(whole.ranges.map(({ from, to, commit, seeds, messages }) => [from, to, commit, seeds, messages])).toEqual([
      [1, 20, 'a', 20, 200],
      [21, 30, 'b', 10, 100],
    ])
    expect(whole.ranges[0]!.scenarios).toEqual({ small: 20 })
    expect(whole.ranges[0]!.failures.map(({ seed }) => seed)).toEqual([3, 12])
  })

  it('runs a seed that failed again on each other commit, until it holds', () => {
    const failed = withRange(NOTHING, range(1, 10, 'a', [3, 7]))
    expect(toRunAgain(failed, 'a')).toEqual([])
    expect(toRunAgain(failed, 'b')).toEqual([3, 7])
    const failure = { check: 'entries', what: 'differ' }
    const later: KeptRun = {
      ...failed,
      again: [
        { seed: 3, commit: 'b' },
        { seed: 7, commit: 'b', failure },
      ],
    }
    expect(openFailures(later)).toEqual([{ seed: 7, ...failure }])
    expect(toRunAgain(later, 'b')).toEqual([])
    expect(toRunAgain(later, 'c')).toEqual([7])
  })

  it('is read from its file as it was written', () => {
    const dir = mkdtempSync(join(tmpdir(), 'kept-'))
    dirs.push(dir)
    const path = join(dir, 'nodes.json')
    expect(readKept(path, 'nodes', 1_000)).toEqual(NOTHING)
    const kept = withRange(NOTHING, range(1, 10, 'a', [3]))
    writeKept(path, 'nodes', kept)
    expect(readKept(path, 'nodes', 1_000)).toEqual(kept)
    expect(() => readKept(path, 'ring', 1_000)).toThrowError(/no ranges/)
  })
})
