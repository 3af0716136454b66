/**
 * `npm run test:interop`: the interoperability tests, two files at a time. They wait more than they work. Each file has namespaces of its own where
 * they can be made: of the network, so that ports, addresses and multicast of one are nothing to another, and of processes, so that nothing outlives it. Elsewhere
 * it is one at a time.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { COMPILED } from '../setup/compiled.ts'
import { inLanes, longFirst } from '../setup/lanes.ts'

/** The files that take longest, by what `--reports` said: the order matters for the time of the whole only. */
const LONG: readonly string[] = [
  ...[
    'chains',
    'domains',
    'domain-life',
    'endorsed',
    'partition',
    'diff',
    'claims',
    'lan',
    'ledger-demo',
    'signed',
    'kills',
  ],
  ...[
    'export-zone',
    'cluster',
    'registrars',
    'bench',
    'ledger-start',
    'proofs',
    'seed',
    'wildcard',
    'differing',
    'household',
  ],
]

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')
/** What hangs in spite of vitest's own time-outs, or does not end. Five times what the longest takes on a machine that does little else. */
const FILE_MS = 1_100_000

/** More than so many that fail are no chance: they are not run again. */
const MOST_AGAIN = 3

interface Options {
  readonly lanes?: number
  readonly reports?: string
  readonly again: boolean
}

interface Result {
  readonly file: string
  readonly report: Report
  readonly isGood: boolean
}

/** The part of vitest's report that is summed up. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly object[]
}

const count = (text: string): number => {
  if (!/^[1-9]$/.test(text)) throw new InvalidArgumentError('must be a number from 1 to 9')
  return Number(text)
}

const command = new Command('test:interop')
  .description('tests with real servers, clients, processes and namespaces')
  .argument('[words...]', 'only files whose path has one of these in it')
  .option('-l, --lanes <count>', 'files at a time (default 2 as root, each in a namespace, else 1)', count)
  .option('-r, --reports <directory>', "write vitest's report on each file here, as interop-NAME.json")
  .option(
    '--again',
    `run up to ${MOST_AGAIN} files that failed once more, alone; who fails twice has failed, and why the first time is kept as interop-NAME.unsteady`,
    false,
  )
  .parse()
const options = command.opts<Options>()

const scratch = mkdtempSync(join(tmpdir(), 'interop-reports-'))
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
const reports = options.reports === undefined ? scratch : resolve(options.reports)

const words = command.args
const all = globSync('test/interop/**/*.test.ts', { cwd: ROOT }).sort()
const files = words.length === 0 ? all : all.filter((file) => words.some((word) => file.includes(word)))
const apart = process.getuid?.() === 0 ? separation() : undefined
const lanes = options.lanes ?? (apart === undefined ? 1 : 2)
console.log(`${files.length} files, ${lanes} at a time${apart === undefined ? '' : `, each in ${apart.what}`}`)

const running = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const child of running) endAll(child)
    process.exit(1)
  })

const start = performance.now()
const results = await again(await inLanes(longFirst(files, LONG), lanes, runFile))
const sum = (key: 'numPassedTests' | 'numFailedTests') => results.reduce((total, { report }) => total + report[key], 0)
console.log(`${sum('numPassedTests')} passed, ${sum('numFailedTests')} failed, in ${seconds(start)}`)
const broken = results.some(({ isGood }) => !isGood)
process.exitCode = broken || files.length === 0 ? 1 : 0

/** Those that failed beside others, once more with the machine to themselves (docs/decisions/0177). */
async function again(first: readonly Result[]): Promise<Result[]> {
  const failed = first.filter(({ isGood }) => !isGood)
  if (!options.again || failed.length > MOST_AGAIN) return [...first]
  const second = new Map<string, Result>()
  for (const { file } of failed) {
    const report = reportOf(file)
    renameSync(report, report.replace(/json$/, 'unsteady'))
    console.log(`\n-- ${file} failed, and is run once more, alone`)
    second.set(file, await runFile(file))
  }
  return first.map((one) => second.get(one.file) ?? one)
}

function reportOf(file: string): string {
  return join(reports, `interop-${basename(file, '.test.ts')}.json`)
}

/** One file in a vitest of its own; what it says is shown when it has ended, since others speak at the same time. */
async function runFile(file: string): Promise<Result> {
  const begun = performance.now()
  const out = reportOf(file)
  const vitest = [VITEST, 'run', '--config', 'vitest.interop.config.ts', file]
  const reporting = ['--reporter=default', '--reporter=json', `--outputFile.json=${out}`]
  const { code, said } = await ended([process.execPath, ...vitest, ...reporting])
  console.log(`\n-- ${file}: ${seconds(begun)}\n${said.trimEnd()}`)
  if (!existsSync(out)) writeFileSync(out, JSON.stringify(withoutReport(file, code)))
  return { file, report: JSON.parse(readFileSync(out, 'utf8')) as Report, isGood: code === 0 }
}

function ended(words: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const inside = apart === undefined ? [] : [...apart.command, 'sh', '-c', 'ip link set lo up && "$@"; exit $?', 'sh']
  const [program, ...args] = [...inside, ...words]
  const env = { ...process.env, ...COMPILED }
  // In a group of its own, too: what it leaves behind takes time of the others, and has its output open.
  const child = spawn(program!, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true, env })
  running.add(child)
  const timer = setTimeout(() => endAll(child), FILE_MS)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  return new Promise((found, fail) => {
    child.once('error', fail)
    child.once('exit', () => {
      clearTimeout(timer)
      endAll(child)
    })
    child.once('close', (code) => {
      running.delete(child)
      found({ code, said })
    })
  })
}

interface Separation {
  readonly what: string
  readonly command: readonly string[]
}

/** The best that can be made here; undefined when none can. */
function separation(): Separation | undefined {
  const network = { what: 'a network namespace', command: ['unshare', '--net'] }
  const all = [...network.command, '--pid', '--fork', '--kill-child', '--mount-proc']
  return [{ what: 'namespaces of its own', command: all }, network].find(({ command: [program, ...args] }) => {
    try {
      execFileSync(program!, [...args, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

function endAll({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

/** So that a file that could not even begin is counted as a failure. */
function withoutReport(file: string, code: number | null): Report {
  const suite = { name: file, status: 'failed', message: `ended with ${code}, without a report`, assertionResults: [] }
  return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [suite] }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(0)} s`
}
