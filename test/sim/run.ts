/**
 * The simulated worlds: `npm run test:sim -- [--chain] [--seeds A..B] [--sizes 4,7] [--full] [--json FILE]`. Without
 * arguments what must always hold, in less than 100 s; `--full` for hours. The last line is "N passed, N failed".
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { argv, stderr, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { runSuite } from './chain/suite.ts'

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    chain: { type: 'boolean' },
    seeds: { type: 'string' },
    sizes: { type: 'string' },
    full: { type: 'boolean' },
    json: { type: 'string' },
  },
})

const full = values.full === true
const [from, to] = rangeOf(values.seeds ?? (full ? '1..10000' : '1..200'))
const sizes = (values.sizes ?? (full ? '1,2,3,4,5,6,7' : '4,7')).split(',').map(Number)
const result = runSuite({
  from,
  to,
  sizes,
  all: full,
  plants: values.seeds === undefined,
  say: (line) => stderr.write(`${line}\n`),
  monotonic: () => performance.now(),
})

const { seeds, heights, events, virtualMs, wallMs, coverage, passed, failed } = result
const yearsPerCoreDay = (virtualMs / wallMs) * (1 / 365.25)
stdout.write(
  `chain: ${seeds} worlds, ${heights} heights, ${events} events, ${(virtualMs / 3_600_000).toFixed(2)} simulated hours in ` +
    `${(wallMs / 1_000).toFixed(1)} s: ${yearsPerCoreDay.toFixed(3)} simulated years per core-day\n`,
)
for (const [name, times] of Object.entries(coverage).sort()) stdout.write(`  ${name}: ${times}\n`)
if (values.json !== undefined) {
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
  writeFileSync(
    values.json,
    `${JSON.stringify({ chain: { commit, from, to, sizes, yearsPerCoreDay, ...result } }, null, 2)}\n`,
  )
}
stdout.write(`${passed} passed, ${failed} failed\n`)
if (failed > 0) process.exitCode = 1

function rangeOf(text: string): [number, number] {
  const match = /^(\d+)\.\.(\d+)$/.exec(text)
  if (match === null) throw new Error(`--seeds takes A..B, not ${text}`)
  return [Number(match[1]), Number(match[2])]
}
