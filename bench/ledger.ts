/**
 * A ledger with many names on four validators, each a process as production opens it: its memory, the stops of its loop while blocks are applied, names
 * are proven and pieces are served, and the fourth validator, which begins with nothing and gets the state from three sources of which one lies.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { toHex } from '../src/base/index.ts'
import { genesisText, parseGenesisText } from '../src/ledger/index.ts'
import { round, seeded } from './lib/stats.ts'
import { type Benchmark, type BenchResult, type BenchValues, numberOption, target } from './lib/types.ts'
import type { Memory, Stops } from './lib/watch.ts'
import { fill, stateFileOf } from './models/ledger-fill.ts'
import { Carriers, labelOf, machineOf } from './models/ledger-parts.ts'
import type { NodeMessage, NodeStart, NodeStatus, NodeTask, NodeTasks, ProofTimes } from './models/ledger-tasks.ts'

/** What issue 13 asks for. */
const MOST_MIB = 500
const LONGEST_STOP_MS = 10
const WARM_BYTES = 1_331

const HOLDERS = [0, 1, 2]
const NEWCOMER = 3
const LIAR = 2
/** Of one block of names at the start, and the height of the last block that is made in virtual time: soon before a snapshot. */
const NAMES_A_BLOCK = 5_000
const CATCH_UP_MS = 20 * 60_000

export const benchmark: Benchmark = {
  summary:
    'a ledger with a million names on four validators, and one of them catching up from sources of which one lies',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'names from the start', default: '1000000' },
    seconds: { type: 'string', help: 'seconds of blocks with transactions', default: '40' },
    rate: { type: 'string', help: 'transactions a second meanwhile', default: '100' },
    burst: { type: 'string', help: 'transactions at once after that', default: '900' },
    fill: { type: 'string', help: 'a directory with the filled chain, which is made there if it is not there' },
    seed: { type: 'string', help: 'of which names are asked for', default: '1' },
  },
  run,
}

async function run(values: BenchValues, say: (line: string) => void): Promise<BenchResult> {
  const names = numberOption(values, 'names')
  const folder = mkdtempSync(join(tmpdir(), 'chordns-bench-ledger-'))
  const filled = typeof values['fill'] === 'string' ? values['fill'] : join(folder, 'filled')
  try {
    const begun = await filledChain(filled, names, say)
    const net = new Net(folder, join(filled, 'genesis.json'))
    try {
      for (const index of HOLDERS) net.begin(index, filled, index === LIAR)
      const measured = await measure(net, values, say)
      return summarise(names, begun, { ...measured, stateMiB: mebi(stateFileOf(filled, begun.genesis)) })
    } finally {
      await net.end()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function filledChain(data: string, names: number, say: (line: string) => void) {
  const file = join(data, 'genesis.json')
  const note = join(data, 'filled.json')
  if (!existsSync(file)) {
    mkdirSync(data, { recursive: true })
    // The last block stands ten before a snapshot, so that one is taken while it is measured.
    const height = Math.ceil(names / NAMES_A_BLOCK / 100) * 100 + 90
    const log = { debug() {}, info() {}, warn: () => {}, error: (_: unknown, message: string) => say(message) }
    const { genesis, seconds } = await fill({ data, names, each: NAMES_A_BLOCK, height, log, say })
    writeFileSync(file, genesisText([genesis]))
    writeFileSync(note, JSON.stringify({ names, seconds }))
  }
  const begun = existsSync(note) ? JSON.parse(readFileSync(note, 'utf8')) : {}
  return { genesis: parseGenesisText(readFileSync(file, 'utf8'))[0]!.genesis, fillSeconds: begun.seconds as number }
}

interface Loaded {
  readonly what: string
  readonly stops: readonly (Stops & Memory)[]
}

async function measure(net: Net, values: BenchValues, say: (line: string) => void) {
  const opened = await net.all(HOLDERS, 'opened')
  say(`opened ${JSON.stringify(opened)}`)
  const idle = await net.during(HOLDERS, 'idle', () => sleep(3_000))
  const traffic = new Traffic(net, numberOption(values, 'names'), numberOption(values, 'seed'))
  const proofs: ProofTimes[] = []
  const steady = await net.during(HOLDERS, 'blocks, a snapshot, proofs', async () => {
    for (let second = 0; second < numberOption(values, 'seconds'); second++) {
      await traffic.send(numberOption(values, 'rate'), second % HOLDERS.length)
      proofs.push(...(await net.all(HOLDERS, 'prove', { labels: traffic.some(20) })))
      await sleep(500)
    }
  })
  say(JSON.stringify(steady))
  const burst = await net.during(HOLDERS, `${values['burst']} transactions at once`, async () => {
    await traffic.send(numberOption(values, 'burst'), 0)
    await sleep(8_000)
  })
  say(JSON.stringify(burst))
  say(JSON.stringify(await net.all(HOLDERS, 'status')))
  const before = traffic.sent
  const { joined, giving } = await catchUp(net, traffic, say)
  const statuses = await net.all([...HOLDERS, NEWCOMER], 'status')
  say(JSON.stringify(statuses))
  return { opened, idle, steady, burst, proofs, giving, joined, statuses, transactions: before }
}

/** The fourth begins, and is done when it has voted for a block that is decided. A transaction every five seconds keeps blocks coming. */
async function catchUp(net: Net, traffic: Traffic, say: (line: string) => void) {
  const started = performance.now()
  let stateAfter: number | undefined
  let votedAfter: number | undefined
  let wholeAfter: number | undefined
  const { height: before } = await net.ask(0, 'status')
  let joinedStops: (Stops & Memory) | undefined
  const giving = await net.during(HOLDERS, 'serving pieces, blocks', async () => {
    net.begin(NEWCOMER, undefined, false)
    await net.ask(NEWCOMER, 'opened')
    await net.ask(NEWCOMER, 'watch')
    for (let turn = 0; votedAfter === undefined; turn++) {
      const status = await net.ask(NEWCOMER, 'status')
      const { height } = await net.ask(0, 'status')
      const elapsed = performance.now() - started
      if (status.height > 0) stateAfter ??= elapsed
      // All four signed the blocks that were made in virtual time.
      if (status.signed && status.height > before) votedAfter = elapsed
      if (status.height === height) wholeAfter ??= elapsed
      if (elapsed > CATCH_UP_MS || status.halted !== undefined)
        throw new Error(`the new validator does not catch up: ${JSON.stringify(status)}`)
      if (turn % 5 === 0) await traffic.send(1, 0)
      if (turn % 10 === 0) say(`${Math.round(elapsed / 1_000)} s: ${JSON.stringify(status)}`)
      await sleep(1_000)
    }
    joinedStops = await net.ask(NEWCOMER, 'stops')
  })
  const { warnings } = await net.ask(NEWCOMER, 'status')
  const [own, other] = await sameHeight(net)
  const joined = {
    stateSeconds: round(stateAfter! / 1_000, 1),
    wholeSeconds: round(wholeAfter! / 1_000, 1),
    votedSeconds: round(votedAfter! / 1_000, 1),
    ...joinedStops!,
    refused: warnings.filter((one) => one.includes('does not hold')),
    liar: machineOf(LIAR).name,
    otherWarnings: warnings.filter((one) => !one.includes('does not hold')).length,
    sameRoot: own!.stateRoot === other!.stateRoot,
    bytes: net.bulkBytes,
    pieces: net.bulks,
  }
  return { joined, giving }
}

/** What the new validator and another one say of one height: blocks go on meanwhile, so it is looked at until it is one. */
async function sameHeight(net: Net): Promise<NodeStatus[]> {
  for (;;) {
    const both = await net.all([NEWCOMER, 0], 'status')
    if (both[0]!.height === both[1]!.height) return both
    await sleep(100)
  }
}

/** What the organisations of the list send. */
class Traffic {
  readonly #net: Net
  readonly #carriers: Carriers
  readonly #names: number
  readonly #chance: () => number
  readonly #committed: { readonly number: number; readonly at: number }[] = []
  #fresh: number
  #updated = 0
  sent = 0

  constructor(net: Net, names: number, seed: number) {
    this.#net = net
    this.#names = names
    this.#fresh = names
    this.#chance = seeded(seed)
    this.#carriers = new Carriers(net.genesis)
  }

  /** Of ten: four commits, three registrations of what was committed ten seconds ago or more, updates else. */
  async send(count: number, to: number): Promise<void> {
    const now = Date.now()
    const transactions = Array.from({ length: count }, (_, index) => {
      const kind = index % 10
      const ready = this.#committed[0]
      if (kind < 4) {
        const number = this.#fresh++
        this.#committed.push({ number, at: now })
        return this.#carriers.commit(number, now)
      }
      if (kind < 7 && ready !== undefined && now - ready.at > 10_000)
        return this.#carriers.register(this.#committed.shift()!.number, now)
      return this.#carriers.update((this.#updated++ * 7_919) % this.#names, now)
    })
    this.sent += await this.#net.ask(to, 'submit', { transactions })
  }

  some(count: number): Uint8Array[] {
    return Array.from({ length: count }, () => labelOf(Math.floor(this.#chance() * this.#names)))
  }
}

/** The processes, and what goes between them. */
class Net {
  readonly genesis
  readonly #folder: string
  readonly #genesisFile: string
  readonly #nodes = new Map<number, ChildProcess>()
  readonly #asked = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>()
  #nextId = 0
  /** To the newcomer. */
  bulkBytes = 0
  bulks = 0

  constructor(folder: string, genesisFile: string) {
    this.#folder = folder
    this.#genesisFile = genesisFile
    this.genesis = parseGenesisText(readFileSync(genesisFile, 'utf8'))[0]!.genesis
  }

  /** `from`: a data directory to begin with. */
  begin(index: number, from: string | undefined, lies: boolean): void {
    const data = join(this.#folder, `node-${index}`)
    if (from !== undefined) cpSync(join(from, 'ledger'), join(data, 'ledger'), { recursive: true })
    else mkdirSync(data, { recursive: true })
    writeFileSync(join(data, 'voting.key'), `${toHex(machineOf(index).votingSeed)}\n`, { mode: 0o600 })
    const script = fileURLToPath(new URL('./models/ledger-node.ts', import.meta.url))
    // As `npm start` runs a node.
    const execArgv = ['--max-semi-space-size=8', '--heap-growing-percent=40']
    const child = fork(script, { serialization: 'advanced', execArgv })
    this.#nodes.set(index, child)
    child.on('message', (message) => this.#heard(message as NodeMessage))
    child.on('exit', () => this.#nodes.delete(index))
    const ring = [...HOLDERS, NEWCOMER]
    const start: NodeStart = { kind: 'start', index, data, genesisFile: this.#genesisFile, ring, lies }
    child.send(start)
  }

  ask<T extends NodeTask>(index: number, task: T, given?: NodeTasks[T]['given']): Promise<NodeTasks[T]['result']> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#nodes.get(index)!.send({ kind: 'task', id, task, given })
    })
  }

  all<T extends NodeTask>(indices: readonly number[], task: T, given?: NodeTasks[T]['given']) {
    return Promise.all(indices.map((index) => this.ask(index, task, given)))
  }

  async during(indices: readonly number[], what: string, done: () => Promise<unknown>): Promise<Loaded> {
    await this.all(indices, 'watch')
    await done()
    return { what, stops: await this.all(indices, 'stops') }
  }

  async end(): Promise<void> {
    for (const child of this.#nodes.values()) child.kill('SIGKILL')
    while (this.#nodes.size > 0) await sleep(50)
  }

  #heard(message: NodeMessage): void {
    if (message.kind === 'done') {
      const asked = this.#asked.get(message.id)
      this.#asked.delete(message.id)
      if (message.failure === undefined) asked?.resolve(message.result as never)
      else asked?.reject(new Error(message.failure))
      return
    }
    if (message.kind !== 'request' && message.kind !== 'reply') return
    if (message.kind === 'reply' && message.to === NEWCOMER && message.frames.length > 1) {
      this.bulks++
      this.bulkBytes += message.frames.reduce((sum, one) => sum + one.length, 0)
    }
    const to = this.#nodes.get(message.to)
    if (to !== undefined) to.send(message)
    else if (message.kind === 'request') {
      const { id, from } = message
      this.#nodes.get(from)?.send({ kind: 'reply', id, to: from, frames: [], failure: 'not there' })
    }
  }
}

function mebi(file: string): number {
  return Math.round(statSync(file).size / 2 ** 20)
}

type Measured = Awaited<ReturnType<typeof measure>> & { readonly stateMiB: number }

function summarise(names: number, { fillSeconds }: { fillSeconds: number }, measured: Measured): BenchResult {
  const { opened, idle, steady, burst, giving, joined, proofs, statuses, transactions, stateMiB } = measured
  const phases = [idle, steady, burst, giving]
  const busy = [steady, burst, giving]
  const worst = (of: readonly Stops[], what: 'longest' | 'longestOnCore' | 'p999') =>
    Math.max(...of.map((one) => one[what]))
  const peak = Math.max(...giving.stops.map(({ peakMiB }) => peakMiB))
  const wrong = statuses.filter(({ halted }: NodeStatus) => halted !== undefined).length
  return {
    tables: [
      {
        title: `${names} names on three validators (of three the worst), ${transactions} transactions`,
        columns: ['phase', 'longest stop ms', 'p99.9', 'longest on core', 'peak MiB'],
        rows: phases.map(({ what, stops }) => [
          what,
          worst(stops, 'longest'),
          worst(stops, 'p999'),
          worst(stops, 'longestOnCore'),
          Math.max(...stops.map(({ peakMiB }) => peakMiB)),
        ]),
      },
      {
        title: 'opening, and proofs of names while blocks are applied',
        columns: [
          'filled in s',
          'state MiB',
          'open ms',
          'stop ms',
          'on core',
          'proof p50 ms',
          'p99',
          'proof and value B',
        ],
        rows: [
          [
            fillSeconds ?? 0,
            stateMiB,
            Math.max(...opened.map(({ ms }) => ms)),
            worst(
              opened.map(({ stops }) => stops),
              'longest',
            ),
            worst(
              opened.map(({ stops }) => stops),
              'longestOnCore',
            ),
            Math.max(...proofs.map(({ p50 }) => p50)),
            Math.max(...proofs.map(({ p99 }) => p99)),
            Math.max(...proofs.map(({ bytesP50 }) => bytesP50)),
          ],
        ],
      },
      {
        title: 'the fourth validator, from three sources of which one lies',
        columns: ['state after s', 'voted after s', 'pieces', 'MiB', 'liar refused', 'peak MiB', 'stop ms', 'on core'],
        rows: [
          [
            joined.stateSeconds,
            joined.votedSeconds,
            joined.pieces,
            Math.round(joined.bytes / 2 ** 20),
            joined.refused.length,
            joined.peakMiB,
            joined.longest,
            joined.longestOnCore,
          ],
        ],
      },
    ],
    targets: [
      target(`peak memory with ${names} names, MiB`, peak, MOST_MIB),
      target('peak memory of the new validator, MiB', joined.peakMiB, MOST_MIB),
      target(
        'longest stop of a loop that answers, ms on a core',
        Math.max(joined.longestOnCore, ...busy.map(({ stops }) => worst(stops, 'longestOnCore'))),
        LONGEST_STOP_MS,
      ),
      target(
        'proof of a name for one who has the head, bytes',
        Math.max(...proofs.map((one) => one.bytesP50)),
        WARM_BYTES,
      ),
      target('liars that were believed', joined.refused.some((one) => one.includes(joined.liar)) ? 0 : 1, 0),
      target(
        'sources that were refused and did not lie',
        joined.refused.filter((one) => !one.includes(joined.liar)).length,
        0,
      ),
      target('new validators with another root', joined.sameRoot ? 0 : 1, 0),
      target('chains that halted', wrong, 0),
    ],
    data: { names, fillSeconds, ...measured },
  }
}
