/**
 * The simulated worlds: `npm run test:sim -- [--chain] [--ring] [--seeds A..B] [--sizes 4,7] [--long] [--full] [--json FILE]
 * [--replay SEED]`. Without `--chain` and `--ring` both, each with what must always hold, in less than 100 s and 60 s; `--full`
 * for about an hour each, and it goes on where it was ended. `--replay`: one seed of the ring with its plan, shortened where it
 * fails. The last line is "N passed, N failed".
 */
import { writeFileSync } from 'node:fs'
import { argv, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { runChains } from './chain/command.ts'
import { replayRing, runRings } from './ring/command.ts'

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    chain: { type: 'boolean' },
    ring: { type: 'boolean' },
    seeds: { type: 'string' },
    sizes: { type: 'string' },
    long: { type: 'boolean' },
    full: { type: 'boolean' },
    json: { type: 'string' },
    replay: { type: 'string' },
  },
})

const { seeds, sizes, json } = values
const full = values.full === true
const both = values.chain !== true && values.ring !== true
/** Each suite keeps its own progress beside the result. */
const progressOf = (suite: string) => (json === undefined ? undefined : both ? `${json}.${suite}` : json)
const results: { readonly passed: number; readonly failed: number }[] = []
const report: Record<string, unknown> = {}

if (values.replay !== undefined) results.push(await replayRing(Number(values.replay)))
else {
  if (both || values.chain === true) {
    const chain = runChains({ seeds, sizes, full, long: values.long === true, json: progressOf('chain') })
    results.push(chain)
    report['chain'] = chain.json
  }
  if (both || values.ring === true) {
    const ring = await runRings({ seeds, full, json: progressOf('ring') })
    results.push(ring)
    report['ring'] = ring.json
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
}

const sum = (of: 'passed' | 'failed') => results.reduce((total, result) => total + result[of], 0)
stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`)
if (sum('failed') > 0) process.exitCode = 1
