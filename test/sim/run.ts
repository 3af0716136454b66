/** `npm run test:sim`: the simulated worlds, each with what must always hold. The last line is "N passed, N failed". */
import { writeFileSync } from 'node:fs'
import { stdout } from 'node:process'
import { Command, InvalidArgumentError } from 'commander'
import { runChains } from './chain/command.ts'
import { replayRing, runRings } from './ring/command.ts'

interface Options {
  readonly chain?: boolean
  readonly ring?: boolean
  readonly seeds?: readonly [number, number]
  readonly sizes?: readonly number[]
  readonly long?: boolean
  readonly full?: boolean
  readonly json?: string
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
  if (!sizes.every((size) => Number.isInteger(size) && size >= 4 && size < 100))
    throw new InvalidArgumentError('must be numbers of validators from 4 to 99, as in 4,7')
  return sizes
}

const seed = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number')
  return Number(text)
}

const values = new Command('test:sim')
  .description('simulate rings and chains with faults and liars, and check what must always hold')
  .option('--chain', 'chains only')
  .option('--ring', 'rings only')
  .option('-s, --seeds <range>', 'these worlds, without the planted bugs (default 1..200; 1..10000 with --full)', range)
  .option('--sizes <list>', 'validators of a chain (default 4,7)', sizesOf)
  .option('--long', 'longer chains')
  .option('--full', 'about an hour each; goes on where it was ended when --json names the same file')
  .option('-j, --json <file>', 'write the result to this file')
  .option('-r, --replay <seed>', 'one world of the ring with its plan, shortened where it fails', seed)
  .addHelpText(
    'after',
    '\nExamples:\n  npm run test:sim\n  npm run test:sim -- --ring --seeds 1000..1100\n  npm run test:sim -- --replay 17',
  )
  .parse()
  .opts<Options>()

const { seeds, sizes, json } = values
const full = values.full === true
const both = values.chain !== true && values.ring !== true
/** Each suite keeps its own progress beside the result. */
const progressOf = (suite: string) => (json === undefined ? undefined : both ? `${json}.${suite}` : json)
const results: { readonly passed: number; readonly failed: number }[] = []
const report: Record<string, unknown> = {}

if (values.replay !== undefined) results.push(await replayRing(values.replay))
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
