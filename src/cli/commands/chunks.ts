/** `chordns chunks seed FILE`: a list of names is looked up and shared, so that a young ring is useful at once (P30). */
import { readFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import type { Command } from 'commander'
import { ChordnsError, fileTrouble } from '../../base/index.ts'
import { lookupView, statusView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { parseSeedList, type Seed } from '../common/seed-list.ts'
import { type SeedCounts, type SeedingResult, seedAll } from '../common/seeding.ts'
import { askNode } from '../common/status-client.ts'
import { print, printJson } from '../common/table.ts'
import { limits } from '../limits.ts'

interface SeedFlags extends NodeFlags {
  readonly rate: string
  readonly from: string
  readonly json?: boolean
}

/** A name may take its whole budget, on a far line. */
const LOOKUP_MS = 60_000

export function addChunksCommands(program: Command): void {
  const chunks = program.command('chunks').description('what the ring keeps')
  nodeOption(chunks.command('seed'))
    .description('look a list of names up on the running node, paced, and share what comes of it with the ring')
    .argument('<file>', 'one name a line, types behind it if not A and AAAA, # for comments; - reads the input')
    .option(
      '--rate <n>',
      `questions a second (0.1 to ${limits.MAX_SEED_RATE}); above 10 a small ring takes note of fewer`,
      '5',
    )
    .option('--from <line>', 'begin with this line of the file: where the last run was stopped', '1')
    .option('--json', 'print JSON at the end')
    .addHelpText(
      'after',
      `
The file:
  example.com
  example.org A MX     # two types
  4.3.2.1.in-addr.arpa PTR

Signed answers are with the replicas at once, with their proof. An unsigned one is shared when more than one member asks for it: run
the list on two or three members, or set chunks.admitAfter to 1. Ctrl-C stops when the questions under way are answered, and says with which
line to go on.

Examples:
  chordns chunks seed names.txt
  chordns chunks seed names.txt --rate 2 --from 1201
  head -1000 names.txt | chordns chunks seed - --json`,
    )
    .action(async (file: string, flags: SeedFlags) => seed(file, flags))
}

async function seed(file: string, flags: SeedFlags): Promise<void> {
  const rate = readRate(flags.rate)
  const from = readLine(flags.from)
  const list = parseSeedList(await readList(file), file === '-' ? 'the input' : file)
  const seeds = list.filter(({ line }) => line >= from)
  const node = nodeOf(flags)
  await checkRing(node)
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const shows = process.stderr.isTTY && !flags.json
  try {
    const result = await seedAll(
      seeds,
      { rate, atOnce: limits.SEEDED_AT_ONCE, stopping: stop.signal },
      {
        lookup: ({ name, type }: Seed) => askNode(node, '/lookup', { name, type }, lookupView, LOOKUP_MS),
        pause: (ms) => pauseUntil(ms, stop.signal),
        now: () => performance.now(),
        onProgress: (counts) => shows && process.stderr.write(`\r${progressLine(counts, rate)}\x1b[K`),
      },
    )
    if (shows) process.stderr.write('\r\x1b[K')
    if (flags.json) printJson({ ...result, goOnWith: result.goOnWith ?? null })
    else print(renderResult(result))
    if (result.goOnWith !== undefined)
      throw new ChordnsError('STOPPED', `stopped; go on with --from ${result.goOnWith}`, { line: result.goOnWith })
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal)
  }
}

/** Throws USAGE. */
export function readRate(text: string): number {
  const rate = /^\d{1,2}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (rate < 0.1 || rate > limits.MAX_SEED_RATE)
    throw new ChordnsError(
      'USAGE',
      `--rate takes questions a second from 0.1 to ${limits.MAX_SEED_RATE}, not "${text}"`,
      {},
    )
  return rate
}

function readLine(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new ChordnsError('USAGE', `--from takes the number of a line, not "${text}"`, {})
  return Number(text)
}

async function readList(file: string): Promise<string> {
  if (file === '-') return readAll(process.stdin)
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ChordnsError('USAGE', fileTrouble(file, cause), { file }, { cause })
  }
}

async function checkRing(node: ReturnType<typeof nodeOf>): Promise<void> {
  const { ring } = await askNode(node, '/status', {}, statusView)
  if (ring === null) throw new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
  if (ring.members.length < 2)
    throw new ChordnsError(
      'RING_OFF',
      'this node is alone on its ring: there is nobody to share with; `chordns invite` lets another one in',
      {},
    )
}

export function progressLine({ questions, done, failed }: SeedCounts, rate: number): string {
  const seconds = Math.ceil((questions - done) / rate)
  const left = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
  return `${done} of ${questions} questions${failed === 0 ? '' : `, ${failed} failed`}, about ${left} left`
}

export function renderResult({ questions, done, secure, agreed, told, failed, failures }: SeedingResult): string {
  const lines = [
    `${done} of ${questions} questions: ${secure} signed and shared, ${agreed} agreed on, ${told} told to their replicas, ${failed} failed`,
  ]
  for (const one of failures.slice(0, 20)) lines.push(`  line ${one.line}: ${one.question} ${one.rcode}`)
  if (failed > 20) lines.push(`  and ${failed - 20} more`)
  return lines.join('\n')
}

function pauseUntil(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
