/**
 * `npm run bench -- NAME [--json FILE] [options]`: runs one benchmark, prints its tables, and writes its figures with the
 * machine and commit they were measured on. Exit 0 ran, 1 failed, 2 usage. A missed target is not an exit code: figures
 * depend on what else the machine does.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine } from './lib/machine.ts'
import { insideNamespace, isInstalled, namespaceProblem, runInside } from './lib/namespace.ts'
import { resultText, writeResult } from './lib/report.ts'
import type { Benchmark } from './lib/types.ts'

/** Each is loaded only when it is asked for or described. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ readonly benchmark: Benchmark }>>> = {
  chains: () => import('./chains.ts'),
  churn: () => import('./churn.ts'),
  cold: () => import('./cold.ts'),
  commit: () => import('./commit.ts'),
  decade: () => import('./decade.ts'),
  demand: () => import('./demand.ts'),
  disk: () => import('./disk.ts'),
  economics: () => import('./economics.ts'),
  fairness: () => import('./fairness.ts'),
  gossip: () => import('./gossip.ts'),
  household: () => import('./household.ts'),
  hops: () => import('./hops.ts'),
  join: () => import('./join.ts'),
  ledger: () => import('./ledger.ts'),
  lists: () => import('./lists.ts'),
  kills: () => import('./kills.ts'),
  light: () => import('./light.ts'),
  load: () => import('./load.ts'),
  month: () => import('./month.ts'),
  outage: () => import('./outage.ts'),
  peers: () => import('./peers.ts'),
  polls: () => import('./polls.ts'),
  qps: () => import('./qps.ts'),
  read: () => import('./read.ts'),
  soak: () => import('./soak.ts'),
  state: () => import('./state.ts'),
  start: () => import('./start.ts'),
  stops: () => import('./stops.ts'),
  upkeep: () => import('./upkeep.ts'),
  upgrade: () => import('./upgrade.ts'),
  zones: () => import('./zones.ts'),
}

class Usage extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof Usage || error instanceof RangeError ? 2 : 1
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(await help())
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined
  if (load === undefined) throw new Usage(`no benchmark ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}`)
  const { benchmark } = await load()
  const values = optionsOf(benchmark, rest)
  if (values['help'] === true) {
    console.log(helpOf(name, benchmark))
    return 0
  }
  const missing = benchmark.programs.filter((program) => !isInstalled(program))
  if (missing.length > 0) throw new Error(`${name} needs ${missing.join(' and ')}`)
  if (benchmark.namespace && !insideNamespace()) {
    const problem = namespaceProblem()
    if (problem !== undefined) throw new Error(`${name} ${problem}`)
    return runInside(fileURLToPath(import.meta.url), args)
  }
  const machine = describeMachine()
  const result = await benchmark.run(values, (line) => console.error(line))
  console.log(resultText(result))
  const json = values['json']
  const file = typeof json === 'string' ? json : fileURLToPath(new URL(`results/${name}.json`, import.meta.url))
  writeResult(file, name, rest, machine, result)
  console.log(`\nwritten to ${file}`)
  return 0
}

function optionsOf(benchmark: Benchmark, args: readonly string[]) {
  const own = Object.entries(benchmark.options).map(
    ([name, { type, default: value }]) => [name, { type, ...(value !== undefined && { default: value }) }] as const,
  )
  try {
    return parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(own), json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }).values
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error))
  }
}

async function help(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(BENCHMARKS).map(async ([name, load]) => `  ${name.padEnd(12)}${(await load()).benchmark.summary}`),
  )
  return [
    'usage: npm run bench -- NAME [--json FILE] [options]',
    '',
    ...lines,
    '',
    '`npm run bench -- NAME --help` lists the options of one. Results go to bench/results/NAME.json.',
  ].join('\n')
}

function helpOf(name: string, { summary, options }: Benchmark): string {
  const lines = Object.entries(options).map(([option, { type, help: text, default: value }]) => {
    const left = `  --${option}${type === 'string' ? ' VALUE' : ''}`
    return `${left.padEnd(24)}${text}${value === undefined ? '' : ` (default ${value})`}`
  })
  return [`${name}: ${summary}`, '', ...lines, `${'  --json FILE'.padEnd(24)}where the figures go`].join('\n')
}
