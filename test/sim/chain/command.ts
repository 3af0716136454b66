/**
 * Chains in simulated worlds, as a command. A long run writes where it is beside its result file, and goes on from there
 * when it is begun again with the same arguments at the same commit.
 */
import { execFileSync } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { stderr, stdout } from 'node:process'
import { progressOf } from '../command.ts'
import { type Progress, runSuite } from './suite.ts'

export interface ChainArguments {
  /** First and last; default: 1 to 200, or to 10,000 with `full`. */
  readonly seeds: readonly [number, number] | undefined
  /** Of validators; default: 4 and 7. */
  readonly sizes: readonly number[] | undefined
  readonly full: boolean
  readonly long: boolean
  /** Where the result goes; beside it, with `.part`, how far the run is. */
  readonly json: string | undefined
}

/** Runs what is asked for and prints it; the result as JSON, beside what passed and failed. */
export function runChains({ seeds, sizes = [4, 7], full, long, json }: ChainArguments) {
  const [from, to] = seeds ?? [1, full ? 10_000 : 200]
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
  const started = { commit, from, to, sizes, long: long || full }
  const part = json === undefined ? undefined : `${json}.part`
  const resume = part === undefined ? undefined : progressOf<Progress>(part, started)
  if (resume !== undefined) stderr.write(`chain: goes on from seed ${resume.next}\n`)
  const result = runSuite({
    from,
    to,
    sizes,
    long: started.long,
    plants: seeds === undefined,
    resume,
    onProgress(progress) {
      if (part === undefined) return
      writeFileSync(`${part}.new`, JSON.stringify({ ...started, progress }))
      renameSync(`${part}.new`, part)
    },
    say: (line) => stderr.write(`${line}\n`),
    monotonic: () => performance.now(),
  })
  if (part !== undefined) rmSync(part, { force: true })
  const { seeds: worlds, heights, events, virtualMs, wallMs, coverage, passed, failed } = result
  const yearsPerCoreDay = (virtualMs / wallMs) * (1 / 365.25)
  const heightsPerSecond = (heights / wallMs) * 1_000
  stdout.write(
    `chain: ${worlds} worlds, ${heights} heights, ${events} events, ${(virtualMs / 3_600_000).toFixed(2)} simulated hours in ` +
      `${(wallMs / 1_000).toFixed(1)} s: ${heightsPerSecond.toFixed(0)} heights/s, ` +
      `${yearsPerCoreDay.toFixed(3)} simulated years per core-day\n`,
  )
  for (const [name, times] of Object.entries(coverage).sort()) stdout.write(`  ${name}: ${times}\n`)
  return { passed, failed, json: { ...started, yearsPerCoreDay, heightsPerSecond, ...result } }
}
