/**
 * The state of a ledger on disk: what a validator needs for as many names, how long a block and a proof take, how long its loop stops, and
 * how a new validator gets the whole from three sources of which one lies. Each validator is a process; the benchmark between them is the network.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Benchmark, type BenchResult, type Cell, numberOption, numbersOption, target } from './lib/types.ts'
import type { Stops } from './lib/watch.ts'
import type { HoldResult, JoinResult, MapResult, StateMessage, StateResult, StateTask } from './models/state-tasks.ts'

/** What issue 13 asks for: memory of a validator with a million names, and the longest stop of its loop. */
const MOST_MIB = 500
const LONGEST_STOP_MS = 10

export const benchmark: Benchmark = {
  summary:
    'the state of a ledger on disk: memory, blocks, proofs, pieces, and catching up from three sources of which one lies',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'names in the state', default: '200000,1000000' },
    map: { type: 'string', help: 'names in the map in memory, for comparison; 0 to leave it out', default: '200000' },
    seed: { type: 'string', help: 'of names and values', default: '1' },
  },
  async run(values, say) {
    const seed = numberOption(values, 'seed')
    const names = numberOption(values, 'map')
    const map = names === 0 ? undefined : await inMemory(names, seed)
    if (map !== undefined) say(JSON.stringify(map))
    const rows: Row[] = []
    for (const names of numbersOption(values, 'names')) {
      rows.push(await measured(names, seed, say))
      say(JSON.stringify(shown(rows.at(-1)!)))
    }
    return summarise(rows, map)
  },
}

interface Row {
  readonly hold: HoldResult
  readonly join: JoinResult
  /** Of the one that holds the state, while it gave pieces. */
  readonly giving: Stops | undefined
}

async function inMemory(names: number, seed: number): Promise<MapResult> {
  const node = new StateProcess()
  try {
    return (await node.done({ kind: 'map', names, seed })) as MapResult
  } finally {
    await node.end()
  }
}

async function measured(names: number, seed: number, say: (line: string) => void): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'chordns-bench-state-'))
  const holder = new StateProcess()
  const joiner = new StateProcess()
  try {
    const file = join(folder, 'held.db')
    const hold = (await holder.done({ kind: 'hold', file, names, seed })) as HoldResult
    say(`${names} names are there after ${hold.fillSeconds} s`)
    joiner.onWant = (message) => holder.send(message)
    holder.onPiece = (message) => joiner.send(message)
    const { height, root } = hold
    const joined = (await joiner.done({ kind: 'join', file: join(folder, 'joined.db'), height, root })) as JoinResult
    return { hold, join: joined, giving: await holder.end() }
  } finally {
    await Promise.all([holder.end(), joiner.end()])
    rmSync(folder, { recursive: true, force: true })
  }
}

class StateProcess {
  onWant: (message: StateMessage) => void = () => {}
  onPiece: (message: StateMessage) => void = () => {}
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #settle: { resolve: (result: StateResult) => void; reject: (error: Error) => void } | undefined
  #stops: Stops | undefined

  constructor() {
    const script = fileURLToPath(new URL('./models/state-node.ts', import.meta.url))
    // As `npm start` runs a node.
    const execArgv = ['--max-semi-space-size=8', '--heap-growing-percent=40']
    this.#child = fork(script, { serialization: 'advanced', execArgv })
    this.#child.on('message', (message) => this.#heard(message as StateMessage))
    this.#exited = new Promise((resolve) => {
      this.#child.on('exit', (code) => {
        this.#settle?.reject(new Error(`a process of the benchmark ended with ${code}`))
        resolve()
      })
    })
  }

  send(message: StateMessage): void {
    this.#child.send(message)
  }

  done(task: StateTask): Promise<StateResult> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.send({ kind: 'task', task })
    })
  }

  /** The stops of its loop while it gave pieces. Twice is harmless. */
  async end(): Promise<Stops | undefined> {
    if (this.#child.connected) this.send({ kind: 'end' })
    await this.#exited
    return this.#stops
  }

  #heard(message: StateMessage): void {
    if (message.kind === 'want') this.onWant(message)
    else if (message.kind === 'piece') this.onPiece(message)
    else if (message.kind === 'stops') this.#stops = message.stops
    else if (message.kind === 'result') this.#settle?.resolve(message.result)
    else if (message.kind === 'failed') this.#settle?.reject(new Error(message.reason))
  }
}

function summarise(rows: readonly Row[], map: MapResult | undefined): BenchResult {
  const largest = rows.at(-1)!
  const stops = [
    ...largest.hold.blocks,
    largest.hold.pruning,
    largest.join.stops,
    ...(largest.giving ? [largest.giving] : []),
  ]
  const longest = Math.max(...stops.map((one) => one.longestOnCore))
  const { names } = largest.hold
  return {
    tables: [
      {
        title: 'a validator that holds the state',
        columns: [
          'names',
          'peak MiB',
          'file MiB',
          'fill s',
          'idle: longest stop ms',
          'pruned versions',
          'in s',
          'stop ms',
          'on core',
        ],
        rows: rows.map(({ hold }): Cell[] => [
          ...[hold.names, hold.peakMiB, hold.fileMiB, hold.fillSeconds, hold.idle.longest],
          ...[hold.pruning.versions, hold.pruning.seconds, hold.pruning.longest, hold.pruning.longestOnCore],
        ]),
      },
      {
        title: 'a block on disk, ms',
        columns: ['names', 'changes', 'blocks', 'p50', 'max', 'stop ms', 'on core'],
        rows: rows.flatMap(({ hold }) =>
          hold.blocks.map((one): Cell[] => [
            hold.names,
            one.changes,
            one.blocks,
            one.p50,
            one.max,
            one.longest,
            one.longestOnCore,
          ]),
        ),
      },
      {
        title: 'proofs',
        columns: ['names', 'of', 'bytes p50', 'bytes max', 'prove p50 ms', 'p99', 'verify p50 ms'],
        rows: rows.flatMap(({ hold }) =>
          hold.proofs.map((one): Cell[] => [
            ...[hold.names, one.of, one.bytesP50, one.bytesMax, one.proveP50, one.proveP99, one.verifyP50],
          ]),
        ),
      },
      {
        title: 'a new validator, from three sources of which one lies',
        columns: [
          'names',
          's',
          'MiB',
          'pieces',
          'proof p50 B',
          'max',
          'refused',
          'peak MiB',
          'stop ms',
          'on core',
          'giver: stop ms',
          'on core',
        ],
        rows: rows.map(({ hold, join, giving }): Cell[] => [
          ...[hold.names, join.seconds, Math.round(join.bytes / 2 ** 20)],
          ...[Object.values(join.pieces).reduce((sum, one) => sum + one, 0), join.proofBytesP50, join.proofBytesMax],
          ...[Object.keys(join.refused).join(' '), join.peakMiB, join.stops.longest, join.stops.longestOnCore],
          ...[giving?.longest ?? 'none', giving?.longestOnCore ?? 'none'],
        ]),
      },
      ...(map === undefined
        ? []
        : [
            {
              title: 'the map in memory, for comparison',
              columns: ['names', 'peak MiB', 'build s', 'snapshot ms', 'snapshot MiB'],
              rows: [[map.names, map.peakMiB, map.buildSeconds, map.snapshotMs, map.snapshotMiB]],
            },
          ]),
    ],
    targets: [
      target(`peak memory with ${names} names, MiB`, largest.hold.peakMiB, MOST_MIB),
      target(`peak memory of a new validator, MiB`, largest.join.peakMiB, MOST_MIB),
      target('longest stop of a loop that answers, ms on a core', longest, LONGEST_STOP_MS),
      target('liars that were believed', 1 - Object.keys(largest.join.refused).length, 0),
      target('new validators with another root', largest.join.sameRoot ? 0 : 1, 0),
    ],
    data: { rows: rows.map(shown), map },
  }
}

/** Roots as text. */
function shown({ hold, join, giving }: Row): Readonly<Record<string, unknown>> {
  return { hold: { ...hold, root: Buffer.from(hold.root).toString('hex') }, join, giving }
}
