/** `npm run test:sim`: the simulated worlds, each with what must always hold. The last line is "N passed, N failed". */
import { writeFileSync } from 'node:fs'
import { stdout } from 'node:process'
import { Command, InvalidArgumentError } from 'commander'
import { runChains } from './chain/command.ts'
import { replayWorld, runSlice, runWorlds } from './command.ts'
import { ledgerWorlds } from './ledger/suite.ts'
import { lightWorlds } from './light/suite.ts'
import { nodeWorlds } from './nodes/suite.ts'
import { ringWorlds } from './ring/suite.ts'

interface Options {
  readonly chain?: boolean
  readonly ring?: boolean
  readonly nodes?: boolean
  readonly light?: boolean
  readonly ledger?: boolean
  readonly seeds?: readonly [number, number]
  readonly sizes?: readonly number[]
  readonly long?: boolean
  readonly full?: boolean
  readonly workers: number
  readonly json?: string
  readonly keep?: string
  readonly count: number
  readonly replay?: number
}

const range = (text: string): readonly [number, number] => {
  const match = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text)
  if (match === null || Number(match[1]) > Number(match[2]))
    throw new InvalidArgumentError('must be A..B, as in 1..200')
  return [Number(match[1]), Number(match[2])]
}

const sizesOf = (text: string): readonly number[] => {
  const sizes = text.split(',').map(Number)
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 100))
    throw new InvalidArgumentError('must be numbers of validators from 1 to 100, as in 4,7')
  return sizes
}

const countOf = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('must be a number from 1 to 99999')
  return Number(text)
}

const workersOf = (text: string): number => {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('must be a number from 1 to 99')
  return Number(text)
}

const seed = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}

const values = new Command('test:sim')
  .description('simulate chains, rings and whole nodes with faults and liars, and check what must always hold')
  .option('--chain', 'chains only')
  .option('--ring', 'rings only')
  .option('--light', 'light followers of ledgers only')
  .option('--ledger', 'ledgers with the applications of production only')
  .option('--nodes', 'whole nodes only')
  .option('-s, --seeds <range>', 'these worlds, without the planted bugs (default 1..200; 1..10000 with --full)', range)
  .option('--sizes <list>', 'validators of a chain (default 4,7; of a ledger 1 to 7)', sizesOf)
  .option('--long', 'longer chains')
  .option('-w, --workers <count>', 'threads for worlds of rings and whole nodes', workersOf, 1)
  .option('--full', 'about an hour each; goes on where it was ended when --json names the same file')
  .option('-j, --json <file>', 'write the result to this file')
  .option(
    '-k, --keep <file>',
    'go on with the run of 10,000 that this file holds, whatever commits its parts were run on',
  )
  .option('-c, --count <count>', 'with --keep: run so many more worlds', countOf, 500)
  .option(
    '-r, --replay <seed>',
    'one world of the ring, or with --nodes of whole nodes, with its plan, shortened where it fails',
    seed,
  )
  .addHelpText(
    'after',
    '\nExamples:\n  npm run test:sim\n  npm run test:sim -- --ring --seeds 1000..1100\n  npm run test:sim -- --replay 17\n' +
      '  npm run test:sim -- --nodes --workers 2 --keep test/sim/results/nodes-10000.json --count 300',
  )
  .parse()
  .opts<Options>()

const { seeds, sizes, workers, json, keep } = values
const full = values.full === true
const SUITES = ['chain', 'ring', 'light', 'ledger', 'nodes'] as const
const named = SUITES.filter((suite) => values[suite] === true)
const suites: readonly (typeof SUITES)[number][] = named.length > 0 ? named : SUITES
/** Each suite keeps its own progress beside the result. */
const progressOf = (suite: string) => (json === undefined || suites.length === 1 ? json : `${json}.${suite}`)
const results: { readonly passed: number; readonly failed: number }[] = []
const report: Record<string, unknown> = {}

if (values.replay !== undefined) results.push(await replay(values.replay))
else {
  for (const suite of suites) {
    const result = await run(suite)
    results.push(result)
    report[suite] = result.json
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
}

async function run(suite: (typeof suites)[number]) {
  if (keep !== undefined) return runSuiteSlice(suite, keep)
  const shared = { seeds, full, workers, json: progressOf(suite) }
  if (suite === 'chain') return runChains({ ...shared, sizes, long: values.long === true })
  if (suite === 'light') return runWorlds(lightWorlds, shared)
  if (suite === 'ledger') return runWorlds(ledgerWorlds(sizes), { ...shared, sizes })
  return suite === 'ring' ? runWorlds(ringWorlds, shared) : runWorlds(nodeWorlds, shared)
}

function runSuiteSlice(suite: (typeof suites)[number], file: string) {
  const slice = { keep: file, count: values.count, workers }
  if (suites.length === 1 && suite === 'nodes') return runSlice(nodeWorlds, slice)
  if (suites.length === 1 && suite === 'ring') return runSlice(ringWorlds, slice)
  if (suites.length === 1 && suite === 'ledger') return runSlice(ledgerWorlds(), slice)
  throw new Error('--keep needs --nodes, --ring or --ledger')
}

function replay(which: number) {
  if (values.light === true) return replayWorld(lightWorlds, which)
  if (values.ledger === true) return replayWorld(ledgerWorlds(sizes), which)
  return values.nodes === true ? replayWorld(nodeWorlds, which) : replayWorld(ringWorlds, which)
}

const sum = (of: 'passed' | 'failed') => results.reduce((total, result) => total + result[of], 0)
stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`)
if (sum('failed') > 0) process.exitCode = 1
