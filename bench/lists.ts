/**
 * What a long blocklist costs: reading a million names in the thread of lists, the memory that they hold afterwards, and how long the thread that answers had to wait meanwhile: in all, and what of it was
 * work of its own. The rest it waited for a processor, which says how busy the machine is. The names are made here, in
 * the form of a hosts file and in the adblock form. Half of the look-ups are of names that are on the list.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseName } from '../src/dns/index.ts'
import { filterSetBytes, Matcher } from '../src/filter/index.ts'
import { listWork } from '../src/peer/filtering/list-work.ts'
import { median, round, seeded } from './lib/stats.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'

const READ_MS = 2_000
/** A thread that answers must not wait for longer. */
const WAIT_MS = 50
const LOOKUPS = 200_000
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }

interface Read {
  readonly form: string
  readonly mebibytesOfText: number
  readonly ms: number
  /** Of the whole process, all threads. */
  readonly cpuMs: number
  readonly setMib: number
  readonly longestWaitMs: number
  /** CPU of the answering thread between two of its turns. */
  readonly longestWorkMs: number
  readonly nsALookup: number
}

export const benchmark: Benchmark = {
  summary: 'what a blocklist of a million names costs: time, memory, and what answering notices',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'names on the list', default: '1000000' },
    times: { type: 'string', help: 'times that each form is read', default: '3' },
  },
  async run(values, say) {
    const dir = mkdtempSync(join(tmpdir(), 'chordns-bench-lists-'))
    const count = numberOption(values, 'names')
    const reads: Read[] = []
    try {
      for (const form of ['hosts', 'adblock'] as const)
        for (let i = 0; i < numberOption(values, 'times'); i++) {
          reads.push(await readOnce(join(dir, 'list'), form, count))
          say(JSON.stringify(reads.at(-1)))
        }
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
    const columns = ['mebibytesOfText', 'ms', 'cpuMs', 'setMib', 'longestWaitMs', 'longestWorkMs', 'nsALookup'] as const
    const middle = (form: string, of: (typeof columns)[number]) =>
      round(median(reads.filter((one) => one.form === form).map((one) => one[of])), 1)
    return {
      tables: [
        {
          title: `${count} names, medians`,
          columns: ['form', ...columns],
          rows: ['hosts', 'adblock'].map((form) => [form, ...columns.map((of) => middle(form, of))]),
        },
      ],
      targets: [
        target('reading a hosts file, ms of CPU', middle('hosts', 'cpuMs'), READ_MS),
        target('longest wait of the answering thread, ms', middle('hosts', 'longestWaitMs'), WAIT_MS),
        target('what of that is its own work, ms', middle('hosts', 'longestWorkMs'), WAIT_MS),
      ],
      data: { names: count, reads },
    }
  },
}

async function readOnce(file: string, form: 'hosts' | 'adblock', count: number): Promise<Read> {
  const chance = seeded(1)
  const nameOf = (i: number) => `x${Math.floor(chance() * 1e9).toString(36)}.${i.toString(36)}.example`
  const names = Array.from({ length: count }, (_, i) => nameOf(i))
  writeFileSync(file, names.map((name) => (form === 'hosts' ? `0.0.0.0 ${name}` : `||${name}^`)).join('\n'))
  const asked = Array.from({ length: LOOKUPS }, (_, i) =>
    parseName(i % 2 === 0 ? names[Math.floor(chance() * count)]! : `y.${nameOf(i)}`),
  )
  names.length = 0
  const before = process.cpuUsage()
  const turns = watchTurns()
  const startedAt = performance.now()
  const options = { name: 'ads', kind: 'block', format: form, rewrites: false } as const
  const { set, counts } = await listWork(QUIET).compile([{ options, file }], new Uint8Array(16))
  const ms = performance.now() - startedAt
  const cpu = process.cpuUsage(before)
  const { waitMs, workMs } = turns.end()
  if (counts[0]!.entries !== count) throw new Error(`${counts[0]!.entries} of ${count} names were read`)
  const matcher = new Matcher(set)
  const lookedAt = performance.now()
  let found = 0
  for (const name of asked) found += matcher.matches(name).length
  const nsALookup = ((performance.now() - lookedAt) * 1e6) / LOOKUPS
  if (found < LOOKUPS / 2) throw new Error(`only ${found} names were found`)
  return {
    form,
    mebibytesOfText: round(statSync(file).size / 2 ** 20, 1),
    ms: round(ms, 0),
    cpuMs: round((cpu.user + cpu.system) / 1_000, 0),
    setMib: round(filterSetBytes(set) / 2 ** 20, 1),
    longestWaitMs: round(waitMs, 1),
    longestWorkMs: round(workMs, 1),
    nsALookup: round(nsALookup, 0),
  }
}

/** The longest that this thread did not come to what was due, and the most that it worked between two turns. */
function watchTurns(): { end(): { readonly waitMs: number; readonly workMs: number } } {
  let [waitMs, workMs, last, cpu] = [0, 0, performance.now(), process.threadCpuUsage()]
  const turn = () => {
    const [now, more] = [performance.now(), process.threadCpuUsage(cpu)]
    waitMs = Math.max(waitMs, now - last)
    workMs = Math.max(workMs, (more.user + more.system) / 1_000)
    last = now
    cpu = process.threadCpuUsage()
  }
  const timer = setInterval(turn, 1)
  return {
    end() {
      turn()
      clearInterval(timer)
      return { waitMs, workMs }
    },
  }
}
