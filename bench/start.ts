/**
 * How soon a node answers, and what it takes when idle. Each start is a process with a data directory of its own, and the ring that a node begins by itself. The time is
 * from the start of the process to the first answer of a name that it had to resolve, in the embedded world of this process: no delay but the machine's. Memory is
 * resident memory as the system counts it, after some idle time, and after names were asked. The first start of a round has no compiled code (docs/decisions/0145).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { demoWorld } from '../test/world/index.ts'
import { median, round } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'
import { NODE_FLAGS, type World } from './lib/world-parts.ts'

const CLI = fileURLToPath(new URL('../bin/sources.mjs', import.meta.url))
const READY_MS = 500
const IDLE_MIB = 100
/** Ticks of /proc/PID/stat, ms. */
const TICK_MS = 10
const ASK_EACH_MS = 10
const PATIENCE_MS = 120_000
/** Names under way at once. */
const WINDOW = 32

interface Start {
  /** From the start of the process to the first answer, and the CPU of the process until then. */
  readonly answerMs: number
  readonly cpuMs: number
  readonly readyMs: number
  readonly idleMib: number
  readonly namesMib: number
}

export const benchmark: Benchmark = {
  summary: 'how soon a node answers, and the memory that it takes when idle',
  namespace: false,
  programs: [],
  options: {
    starts: { type: 'string', help: 'starts, beside the first, which compiles', default: '5' },
    idle: { type: 'string', help: 'seconds before the memory is read', default: '30' },
    names: { type: 'string', help: 'names that are asked then', default: '10000' },
    cli: { type: 'string', help: 'program: cli.js of a build, for instance', default: CLI },
  },
  async run(values, say) {
    const dir = mkdtempSync(join(tmpdir(), 'chordns-bench-start-'))
    const world = await demoWorld()
    const starts: Start[] = []
    try {
      for (let index = 0; index <= numberOption(values, 'starts'); index++) {
        const plan = { dir, index, cli: String(values['cli']), idleS: numberOption(values, 'idle') }
        starts.push(await oneStart(world, { ...plan, names: numberOption(values, 'names') }))
        say(`${index === 0 ? 'first start' : `start ${index}`}: ${JSON.stringify(starts.at(-1))}`)
      }
    } finally {
      await world.stopAll()
      rmSync(dir, { recursive: true, force: true })
    }
    const [first, ...later] = starts
    const middle = (of: keyof Start) => round(median((later.length > 0 ? later : starts).map((one) => one[of])), 1)
    const rows = (['answerMs', 'cpuMs', 'readyMs', 'idleMib', 'namesMib'] as const).map((of) => [
      of,
      round(first![of], 1),
      middle(of),
    ])
    return {
      tables: [{ title: 'starts', columns: ['what', 'first', 'median of the later ones'], rows }],
      targets: [
        target('first answer, ms', middle('answerMs'), READY_MS),
        target('resident when idle, MiB', middle('idleMib'), IDLE_MIB),
      ],
      data: { starts },
    }
  },
}

interface Plan {
  readonly dir: string
  readonly index: number
  readonly cli: string
  readonly idleS: number
  readonly names: number
}

async function oneStart(world: World, { dir, index, cli, idleS, names }: Plan): Promise<Start> {
  const port = 20_000 + ((process.pid + index * 7) % 10_000)
  const file = join(dir, `start-${index}.json`)
  const hints = join(dir, 'hints')
  writeFileSync(hints, world.hintsText())
  writeFileSync(
    file,
    JSON.stringify(configOf({ port, hints, data: join(dir, `data-${index}`), authority: world.port })),
  )
  const env = { ...process.env, XDG_CACHE_HOME: dir }
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...NODE_FLAGS, cli, 'start', '--config', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  })
  const ready = new Promise<number>((resolve) =>
    child.stdout!.once('data', () => resolve(performance.now() - startedAt)),
  )
  const stub = await Stub.open('127.0.0.1', { address: '127.0.0.1', port })
  try {
    await firstAnswer(stub, child, startedAt)
    const answerMs = performance.now() - startedAt
    const cpuMs = cpuMsOf(child.pid!)
    const readyMs = await ready
    await sleep(idleS * 1_000)
    const idleMib = residentMib(child.pid!)
    await askNames(stub, names)
    return { answerMs, cpuMs, readyMs, idleMib, namesMib: residentMib(child.pid!) }
  } finally {
    stub.close()
    await ended(child)
  }
}

function configOf(of: {
  readonly port: number
  readonly hints: string
  readonly data: string
  readonly authority: number
}) {
  const at = [`127.0.0.1:${of.port}`]
  return {
    listen: { udp: at, tcp: at },
    iterator: { rootHints: of.hints, port: of.authority, queryLoopback: true, ipv6: false },
    dnssec: { validate: false },
    status: { listen: false },
    data: of.data,
  }
}

async function firstAnswer(stub: Stub, child: ChildProcess, startedAt: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.once('exit', (code) => reject(new Error(`the node ended with exit code ${code}`)))
  const timer = setInterval(() => {
    if (performance.now() - startedAt > PATIENCE_MS) reject(new Error('no answer'))
    void stub.ask('www.example.com', PATIENCE_MS).then(({ rcode }) => {
      if (rcode === 0) resolve()
    })
  }, ASK_EACH_MS)
  try {
    await promise
  } finally {
    clearInterval(timer)
  }
}

async function askNames(stub: Stub, names: number): Promise<void> {
  let next = 0
  const one = async () => {
    while (next < names) await stub.ask(`n${next++}.wild.example.com`, PATIENCE_MS)
  }
  await Promise.all(Array.from({ length: WINDOW }, one))
}

function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}
