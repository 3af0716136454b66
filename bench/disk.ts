/**
 * `npm run bench -- disk`: how late the event loop of one process is that writes what a node writes with ten blocks a second, by its own
 * thread and by another, on a disk that takes its time to sync. With `--peers`: three peers that agree and record all the time, on a disk that takes its time to sync: what do those notice
 * who ask for names that are cached? The same load on a disk that is quick, in turn.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cluster, type PeerProcess, startCluster } from '../test/world/cluster.ts'
import { simpleWorld } from '../test/world/index.ts'
import { withSlowSync } from './lib/slow-sync.ts'
import { quantile, round } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'

const PEERS = 3
const ZONES = 30
const CACHED = 50
const STUB_TIMEOUT_MS = 5_000
/** Linux counts CPU time in these. */
const TICK_MS = 10

interface Load {
  readonly seconds: number
  /** Questions a second for cached names, and for new ones: each of these is agreed on and recorded. */
  readonly rate: number
  readonly fresh: number
}

interface Phase {
  readonly syncMs: number
  readonly cachedMs: readonly number[]
  readonly freshMs: readonly number[]
  readonly unanswered: number
  readonly blocks: number
  readonly cpuMs: number
}

export const benchmark: Benchmark = {
  summary: 'answers of peers that record on a disk that takes 20 ms a sync, beside a quick one',
  namespace: false,
  programs: ['gcc'],
  options: {
    seconds: { type: 'string', help: 'length of a phase', default: '20' },
    peers: { type: 'boolean', help: 'three peers under load, too: needs a machine of its own' },
    rounds: { type: 'string', help: 'phases of each kind, in turn', default: '2' },
    rate: { type: 'string', help: 'questions a second for cached names', default: '100' },
    fresh: { type: 'string', help: 'new names a second, each agreed on and recorded', default: '4' },
    'sync-ms': { type: 'string', help: 'of the slow disk', default: '20' },
  },
  async run(values, say) {
    const load = {
      seconds: numberOption(values, 'seconds'),
      rate: numberOption(values, 'rate'),
      fresh: numberOption(values, 'fresh'),
    }
    const loops = await loopResult(load.seconds, numberOption(values, 'sync-ms'), say)
    if (values['peers'] !== true) return loops
    const phases: Phase[] = []
    for (let number = 0; number < numberOption(values, 'rounds'); number++) {
      for (const syncMs of [0, numberOption(values, 'sync-ms')]) {
        const phase = await withSlowSync(syncMs, () => onePhase(load, syncMs))
        phases.push(phase)
        say(
          `sync ${syncMs} ms: p99 of cached names ${round(quantile(phase.cachedMs, 0.99), 1)} ms, ${phase.blocks} blocks`,
        )
      }
    }
    const peers = resultOf(phases)
    return {
      tables: [...loops.tables, ...peers.tables],
      targets: [...loops.targets, ...peers.targets],
      data: { ...loops.data, ...peers.data },
    }
  },
}

const PROCESS = fileURLToPath(new URL('lib/disk-process.ts', import.meta.url))

interface LoopRun {
  /** Ms that the loop was late, each 2 ms; and from handing over a block until it is on disk. */
  readonly late: readonly number[]
  readonly written: readonly number[]
  readonly cpuMs: number
}

/** One process, no network: what the disk alone does to the loop. */
async function loopResult(seconds: number, slowMs: number, say: (line: string) => void): Promise<BenchResult> {
  const runs: { readonly kind: 'sync' | 'thread'; readonly syncMs: number; readonly run: LoopRun }[] = []
  for (const syncMs of [0, slowMs])
    for (const kind of ['sync', 'thread'] as const) {
      const run = await withSlowSync(syncMs, async () => loopRun(kind, seconds))
      runs.push({ kind, syncMs, run })
      say(`${kind}, ${syncMs} ms a sync: loop late by ${round(quantile(run.late, 0.99), 1)} ms (p99)`)
    }
  const p99 = (kind: string) => quantile(runs.find((one) => one.kind === kind && one.syncMs > 0)!.run.late, 0.99)
  return {
    tables: [
      {
        title: 'one process, ten blocks a second: how late its event loop is',
        columns: ['ms a sync', 'who writes', 'p50 ms', 'p99', 'longest', 'on disk p50', 'p99', 'CPU ms a block'],
        rows: runs.map(({ kind, syncMs, run }) => [
          syncMs,
          kind === 'sync' ? 'the thread that answers' : 'another thread',
          ...[0.5, 0.99, 1].map((share) => round(quantile(run.late, share), 1)),
          ...[0.5, 0.99].map((share) => round(quantile(run.written, share), 1)),
          round(run.cpuMs / Math.max(1, run.written.length), 1),
        ]),
      },
    ],
    targets: [
      target('p99 of the loop with another thread over without, slow disk', round(p99('thread') / p99('sync')), 0.2),
    ],
    data: { loops: runs.map(({ run, ...rest }) => ({ ...rest, p99: quantile(run.late, 0.99), cpuMs: run.cpuMs })) },
  }
}

function loopRun(kind: 'sync' | 'thread', seconds: number): LoopRun {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-loop-'))
  try {
    const args = [PROCESS, kind, dir, String(seconds)]
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 })) as LoopRun
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function onePhase(load: Load, syncMs: number): Promise<Phase> {
  const zones = Array.from({ length: ZONES }, (_, i) => [`zone${i}.org.`, '* 3600 A 192.0.2.7'] as const)
  const world = await simpleWorld({ 'org.': '', ...Object.fromEntries(zones) })
  let cluster: Cluster | undefined
  try {
    cluster = await startCluster({
      peers: PEERS,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
    })
    await untilWhole(cluster)
    return { syncMs, ...(await measure(cluster, load)) }
  } finally {
    await cluster?.stop()
    await world.stopAll()
  }
}

async function measure({ peers }: Cluster, load: Load): Promise<Omit<Phase, 'syncMs'>> {
  const stubs = await Promise.all(peers.map((peer) => Stub.open('127.0.0.1', peer)))
  const cachedMs: number[] = []
  const freshMs: number[] = []
  let unanswered = 0
  async function ask(stub: Stub, name: string, times: number[]): Promise<void> {
    const { rcode, elapsedMs } = await stub.ask(name, STUB_TIMEOUT_MS)
    if (rcode === 0) times.push(elapsedMs)
    else unanswered++
  }
  const cached = Array.from({ length: CACHED }, (_, i) => `c${i}.zone${i % ZONES}.org`)
  for (const stub of stubs) await Promise.all(cached.map((name) => ask(stub, name, [])))
  await pause(3_000)
  const before = await totals(peers)
  const open: Promise<void>[] = []
  let asked = 0
  const every = (perSecond: number, one: (count: number) => Promise<void>) => {
    let count = 0
    return setInterval(() => open.push(one(count++)), 1_000 / perSecond)
  }
  const timers = [
    every(load.rate, (count) => ask(stubs[count % PEERS]!, cached[count % CACHED]!, cachedMs)),
    every(load.fresh, (count) => ask(stubs[count % PEERS]!, `n${asked++}.zone${count % ZONES}.org`, freshMs)),
  ]
  await pause(load.seconds * 1_000)
  for (const timer of timers) clearInterval(timer)
  await Promise.all(open)
  const after = await totals(peers)
  for (const stub of stubs) stub.close()
  return { cachedMs, freshMs, unanswered, blocks: after.blocks - before.blocks, cpuMs: after.cpuMs - before.cpuMs }
}

/** Blocks decided, by the one that decided most, and CPU of all. */
async function totals(peers: readonly PeerProcess[]): Promise<{ readonly blocks: number; readonly cpuMs: number }> {
  let blocks = 0
  let cpuMs = 0
  for (const peer of peers) {
    const status = await statusOf(peer)
    blocks = Math.max(blocks, Number(status.chains?.['decided'] ?? 0))
    cpuMs += cpuMsOf(peer.pid)
  }
  return { blocks, cpuMs }
}

function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

interface Status {
  readonly ring: { readonly joined: boolean; readonly members: readonly unknown[] } | null
  readonly chains: Readonly<Record<string, number>> | null
}

async function statusOf(peer: PeerProcess): Promise<Status> {
  const response = await fetch(`http://127.0.0.1:${peer.statusPort}/status`)
  return (await response.json()) as Status
}

async function untilWhole({ peers }: Cluster): Promise<void> {
  const end = performance.now() + 60_000
  for (const peer of peers) {
    for (;;) {
      const { ring } = await statusOf(peer)
      if (ring?.joined === true && ring.members.length === peers.length) break
      if (performance.now() > end) throw new Error(`peer ${peer.index} does not see all others`)
      await pause(100)
    }
  }
}

function resultOf(phases: readonly Phase[]): BenchResult {
  const kinds = [...new Set(phases.map(({ syncMs }) => syncMs))].map((syncMs) => {
    const own = phases.filter((phase) => phase.syncMs === syncMs)
    const cachedMs = own.flatMap((phase) => phase.cachedMs)
    const freshMs = own.flatMap((phase) => phase.freshMs)
    const sum = (of: (phase: Phase) => number) => own.reduce((all, phase) => all + of(phase), 0)
    return {
      syncMs,
      cached: { p50: quantile(cachedMs, 0.5), p99: quantile(cachedMs, 0.99), longest: Math.max(...cachedMs) },
      fresh: { p50: quantile(freshMs, 0.5), p99: quantile(freshMs, 0.99) },
      questions: cachedMs.length + freshMs.length,
      unanswered: sum((phase) => phase.unanswered),
      blocks: sum((phase) => phase.blocks),
      cpuMsPerQuestion: sum((phase) => phase.cpuMs) / (cachedMs.length + freshMs.length),
    }
  })
  const quick = kinds[0]!
  const slow = kinds.at(-1)!
  return {
    tables: [
      {
        title: `${PEERS} peers that agree and record; answers by UDP`,
        columns: [
          'ms a sync',
          'cached p50',
          'p99',
          'longest',
          'new p50',
          'p99',
          'blocks',
          'CPU ms a question',
          'unanswered',
        ],
        rows: kinds.map((kind) => [
          kind.syncMs,
          ...[kind.cached.p50, kind.cached.p99, kind.cached.longest, kind.fresh.p50, kind.fresh.p99].map((ms) =>
            round(ms, 1),
          ),
          kind.blocks,
          round(kind.cpuMsPerQuestion, 2),
          kind.unanswered,
        ]),
      },
    ],
    targets: [target('p99 of cached names, slow disk over quick one', round(slow.cached.p99 / quick.cached.p99), 1.5)],
    data: { kinds },
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
