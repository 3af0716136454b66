/**
 * `npm run fuzz -- [--kind replies|queries|all] [--seed N] [--count N] [--from EPOCH] [--resume FILE] [--json FILE]`:
 * mutated messages, seeded; a run that is interrupted goes on where it was. Exit 0 nothing found, 1 findings, 2 usage.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gitHash } from '../../bench/lib/machine.ts'
import { queryFuzzer } from './queries.ts'
import { replyFuzzer } from './replies.ts'
import type { Finding, Fuzzer, Kind } from './types.ts'

/** Growth of the heap after the first quarter that is no longer noise, bytes. */
const MAX_GROWTH = 48 * 2 ** 20
const MAX_FINDINGS = 20

interface Progress {
  readonly kind: Kind
  readonly seed: number
  readonly firstEpoch: number
  nextEpoch: number
  mutations: number
  questions: number
  taken: number
  controls: number
  seconds: number
  worstMs: number
  findings: Finding[]
}

class Usage extends Error {}

const KINDS: Readonly<Record<string, readonly Kind[]>> = {
  replies: ['replies'],
  queries: ['queries'],
  all: ['replies', 'queries'],
}

/** What no promise catches is the kind of fault this is looking for. */
const strays: string[] = []
process.on('uncaughtException', (error) => void strays.push(`uncaught: ${error.stack}`))
process.on(
  'unhandledRejection',
  (error) => void strays.push(`unhandled: ${error instanceof Error ? error.stack : error}`),
)

async function main(): Promise<number> {
  const { values } = options()
  if (values.help === true) {
    console.log(HELP)
    return 0
  }
  const kinds = KINDS[values.kind]
  if (kinds === undefined) throw new Usage(`--kind is one of ${Object.keys(KINDS).join(', ')}, not ${values.kind}`)
  const number = (name: 'seed' | 'count' | 'from') => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 0) throw new Usage(`--${name} must be a whole number`)
    return value
  }
  let failed = 0
  for (const kind of kinds) {
    const start: Progress = {
      kind,
      seed: number('seed'),
      firstEpoch: number('from'),
      nextEpoch: number('from'),
      mutations: 0,
      questions: 0,
      taken: 0,
      controls: 0,
      seconds: 0,
      worstMs: 0,
      findings: [],
    }
    const resume = values.resume === undefined ? undefined : fileOf(values.resume, kind, kinds.length)
    const json = values.json === undefined ? undefined : fileOf(values.json, kind, kinds.length)
    const progress = await fuzz(restored(resume, start), number('count'), resume)
    const file = json ?? fileURLToPath(new URL(`results/${kind}.json`, import.meta.url))
    report(progress, file)
    if (progress.findings.length > 0) failed++
  }
  console.log(`${kinds.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function fuzz(progress: Progress, count: number, resume: string | undefined): Promise<Progress> {
  const fuzzer: Fuzzer = progress.kind === 'replies' ? replyFuzzer() : await queryFuzzer()
  const before = progress.mutations
  let heapAtQuarter: number | undefined
  let spoken = performance.now()
  try {
    while (progress.mutations < count && progress.findings.length < MAX_FINDINGS) {
      const started = performance.now()
      const size = Math.min(fuzzer.epochSize, count - progress.mutations)
      const epoch = progress.nextEpoch
      const done = await fuzzer.run(progress.seed, epoch, size)
      progress.nextEpoch++
      progress.mutations += done.mutations
      progress.questions += done.questions
      progress.taken += done.taken
      progress.controls += done.controls
      progress.worstMs = Math.max(progress.worstMs, done.worstMs)
      progress.seconds += (performance.now() - started) / 1000
      const astray = strays
        .splice(0)
        .map((detail): Finding => ({ kind: progress.kind, seed: progress.seed, epoch, what: 'stray error', detail }))
      progress.findings.push(...done.findings, ...astray)
      if (heapAtQuarter === undefined && progress.mutations - before >= (count - before) / 4) heapAtQuarter = heapUsed()
      if (resume !== undefined) save(resume, progress)
      if (performance.now() - spoken > 5_000) {
        spoken = performance.now()
        console.error(
          `${progress.kind}: ${progress.mutations} of ${count}, ${Math.round(progress.mutations / progress.seconds)}/s, heap ${mib(heapUsed())} MiB`,
        )
      }
    }
  } finally {
    await fuzzer.close()
  }
  const growth = heapUsed() - (heapAtQuarter ?? heapUsed())
  console.error(
    `${progress.kind}: heap grew by ${mib(growth)} MiB since the first quarter, rss ${mib(process.memoryUsage.rss())} MiB`,
  )
  if (growth > MAX_GROWTH) {
    progress.findings.push({
      kind: progress.kind,
      seed: progress.seed,
      epoch: -1,
      what: 'memory',
      detail: `${mib(growth)} MiB`,
    })
  }
  return progress
}

/** After a collection where the runtime lets us ask for one (`--expose-gc`). */
function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const mib = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10

function report(progress: Progress, file: string): void {
  const { kind, seed, mutations, taken, controls, seconds, worstMs, findings } = progress
  const rate = Math.round(mutations / Math.max(seconds, 0.001))
  console.log(
    `${kind}: seed ${seed}, ${mutations} mutated messages (${taken} taken), ${rate}/s, ${controls} control questions, worst stall ${Math.round(worstMs)} ms, ${findings.length} findings`,
  )
  for (const { epoch, what, detail } of findings.slice(0, MAX_FINDINGS)) {
    console.log(`  ${what}: ${detail.slice(0, 500)}`)
    console.log(`    again: npm run fuzz -- --kind ${kind} --seed ${seed} --from ${epoch} --count 1`)
  }
  mkdirSync(dirname(file), { recursive: true })
  const result = {
    ...progress,
    ratePerSecond: rate,
    rssMiB: mib(process.memoryUsage.rss()),
    git: gitHash(),
    node: process.version,
    date: new Date().toISOString(),
  }
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
}

function restored(file: string | undefined, start: Progress): Progress {
  if (file === undefined) return start
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return start
    throw error
  }
  const saved = JSON.parse(text) as Progress
  if (saved.kind !== start.kind || saved.seed !== start.seed || saved.firstEpoch !== start.firstEpoch)
    throw new Usage(`${file} belongs to another run (kind ${saved.kind}, seed ${saved.seed})`)
  return saved
}

/** Whole or not at all: a run may be killed at any moment. */
function save(file: string, progress: Progress): void {
  writeFileSync(`${file}.new`, JSON.stringify(progress))
  renameSync(`${file}.new`, file)
}

const fileOf = (file: string, kind: Kind, kinds: number): string =>
  kinds === 1 ? file : file.replace(/(\.json)?$/, `.${kind}.json`)

function options() {
  try {
    return parseArgs({
      options: {
        kind: { type: 'string', default: 'all' },
        seed: { type: 'string', default: '1' },
        count: { type: 'string', default: '20000' },
        from: { type: 'string', default: '0' },
        resume: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error))
  }
}

const HELP = `usage: npm run fuzz -- [options]

  --kind KIND    replies (of authorities, through the resolver), queries (through the front end), all (default)
  --seed N       default 1
  --count N      mutated messages of each kind, default 20000
  --from EPOCH   begin there: repeats a finding
  --resume FILE  keeps the progress there, and goes on from it
  --json FILE    where the result goes; default test/fuzz/results/KIND.json`

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`fuzz: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof Usage ? 2 : 1
}
