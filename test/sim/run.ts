/**
 * The simulated worlds: `npm run test:sim -- [--chain] [--seeds A..B] [--sizes 4,7] [--long] [--full] [--json FILE]`. Without
 * arguments what must always hold, in less than 100 s; `--full` for about an hour, and it goes on where it was ended. The
 * last line is "N passed, N failed".
 */
import { writeFileSync } from 'node:fs'
import { argv, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { runChains } from './chain/command.ts'

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    chain: { type: 'boolean' },
    seeds: { type: 'string' },
    sizes: { type: 'string' },
    long: { type: 'boolean' },
    full: { type: 'boolean' },
    json: { type: 'string' },
  },
})

const { passed, failed, json } = runChains({
  seeds: values.seeds,
  sizes: values.sizes,
  full: values.full === true,
  long: values.long === true,
  json: values.json,
})
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ chain: json }, null, 2)}\n`)
stdout.write(`${passed} passed, ${failed} failed\n`)
if (failed > 0) process.exitCode = 1
