/**
 * What one validator of four does at once beside the largest blocks, 4,096 transactions of 500 bytes: CPU of its thread for each message, timer, answer of the
 * application's thread and of the disk's. The longest is how long its loop answers nobody. All four run in this process, each with an application and files of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, type Log, type Store, toHex } from '../src/base/index.ts'
import {
  type ApplicationPort,
  type Chain,
  createStateChain,
  ledgerChainOptions,
  type StatePoint,
  sortedValidators,
} from '../src/chain/index.ts'
import { ed25519, ed25519Signer, sha256 } from '../src/crypto/index.ts'
import { ioLimits, startDiskThread, systemClock } from '../src/io/index.ts'
import { openApplication } from '../src/peer/state/open-application.ts'
import { threadCpuMs } from './lib/cpu.ts'
import { quantile, round } from './lib/stats.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'
import { ticketOf, transactionOf } from './models/stops-transactions.ts'

const VALIDATORS = 4
const LARGEST_BLOCK = 4_096
/** The first blocks are for the compiler. */
const WARM_BLOCKS = 3
const LONGEST_MS = 10
/** Long enough for all transactions of a block to come before it is made. */
const INTERVAL_MS = 3_000
const PATIENCE_MS = 60_000
const chainId = sha256(new TextEncoder().encode('stops'))
const log: Log = { debug() {}, info() {}, warn() {}, error: (detail, message) => console.error(message, detail) }

export const benchmark: Benchmark = {
  summary: 'what a validator does at once beside blocks of 4,096 transactions',
  namespace: false,
  programs: [],
  options: {
    blocks: { type: 'string', help: 'blocks that are measured', default: '10' },
    dir: { type: 'string', help: 'where the files are made', default: tmpdir() },
  },
  async run(values, say) {
    const folder = mkdtempSync(join(String(values['dir']), 'chordns-bench-stops-'))
    const meter = new Meter()
    try {
      const net = await Net.open(folder, meter)
      for (let block = 0; block < WARM_BLOCKS + numberOption(values, 'blocks'); block++) {
        if (block === WARM_BLOCKS) meter.clear()
        await net.block(block)
        say(`block ${block}: ${JSON.stringify({ longest: meter.longest(), sizes: net.sizes.splice(0) })}`)
      }
      await net.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    const rows = meter.rows()
    return {
      tables: [
        {
          title: 'CPU of the thread of one validator, by what it does at once',
          columns: ['what', 'times', 'longest ms', 'longest without a collection', 'p90', 'all together ms'],
          rows: rows.map(({ what, count, longest, uncollected, p90, all }) => [
            what,
            count,
            longest,
            uncollected,
            p90,
            all,
          ]),
        },
      ],
      targets: [
        target('the longest, ms of CPU', rows[0]!.longest, LONGEST_MS),
        target(
          'the longest in which the heap was not collected',
          Math.max(...rows.map((row) => row.uncollected)),
          LONGEST_MS,
        ),
      ],
      data: { rows },
    }
  },
}

/** When something was done, by the clock, and the CPU that it took; ms. */
interface Turn {
  readonly from: number
  readonly to: number
  readonly spent: number
}

class Meter {
  #times = new Map<string, Turn[]>()
  /** Collections of the heap, which holds four validators here. They are told of later. */
  readonly #collections: { readonly from: number; readonly to: number }[] = []
  #isInside = false

  constructor() {
    const observer = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries())
        this.#collections.push({ from: startTime, to: startTime + duration })
    })
    observer.observe({ entryTypes: ['gc'] })
  }

  /** What is done inside of something else belongs to that. */
  time<T>(what: string, work: () => T): T {
    if (this.#isInside) return work()
    this.#isInside = true
    const from = performance.now()
    const before = threadCpuMs()
    try {
      return work()
    } finally {
      const spent = threadCpuMs() - before
      this.#isInside = false
      const times = this.#times.get(what) ?? []
      times.push({ from, to: performance.now(), spent })
      this.#times.set(what, times)
    }
  }

  clear(): void {
    this.#times = new Map()
  }

  longest() {
    const [first] = this.rows()
    return first && { what: first.what, ms: first.longest }
  }

  rows() {
    return [...this.#times]
      .map(([what, turns]) => {
        const times = turns.map(({ spent }) => spent)
        const longestOf = (some: readonly number[]) => some.reduce((longest, one) => Math.max(longest, one), 0)
        return {
          what,
          count: times.length,
          longest: round(longestOf(times), 2),
          uncollected: round(longestOf(turns.filter((turn) => !this.#isCollected(turn)).map(({ spent }) => spent)), 2),
          p90: round(quantile(times, 0.9), 2),
          all: round(
            times.reduce((sum, one) => sum + one, 0),
            1,
          ),
        }
      })
      .sort((a, b) => b.longest - a.longest)
  }

  /** Short turns are not looked up: there are thousands. */
  #isCollected({ from, to, spent }: Turn): boolean {
    return spent >= 1 && this.#collections.some((one) => one.from < to && one.to > from)
  }
}

class Net {
  readonly #chains: Chain<StatePoint>[] = []
  readonly #meter: Meter
  readonly #closing: (() => Promise<unknown>)[] = []
  /** Transactions of each block. */
  readonly sizes: number[] = []

  private constructor(meter: Meter) {
    this.#meter = meter
  }

  static async open(folder: string, meter: Meter): Promise<Net> {
    const net = new Net(meter)
    const people = Array.from({ length: VALIDATORS }, (_, index) => {
      const signer = ed25519Signer(sha256(Uint8Array.of(index)))
      return { signer, validator: { id: sha256(signer.publicKey), publicKey: signer.publicKey } }
    })
    const validators = sortedValidators(people.map(({ validator }) => validator))
    for (let index = 0; index < VALIDATORS; index++)
      await net.#begin(join(folder, `${index}`), people, validators, index)
    for (const chain of net.#chains) chain.start()
    return net
  }

  async #begin(
    file: string,
    people: readonly {
      readonly signer: ReturnType<typeof ed25519Signer>
      readonly validator: { readonly id: Uint8Array }
    }[],
    validators: Parameters<typeof createStateChain>[0]['validators'],
    index: number,
  ): Promise<void> {
    const isMeasured = index === 0
    const clock = isMeasured ? measuredClock(this.#meter, systemClock()) : systemClock()
    const onBroken = (failure: Error) => {
      throw failure
    }
    const module = new URL('./models/stops-thread.ts', import.meta.url)
    const state = { file: `${file}-state.db`, maxBytes: ioLimits.MAX_LEDGER_STATE_BYTES }
    const application = await openApplication(
      { module, name: `stops ${index}`, data: state },
      { clock, log, fetchPiece: () => Promise.reject(new Error('nobody is behind')) },
      { onBroken },
    )
    const disk = await startDiskThread({ log }, { onBroken })
    const open = async (name: string, pageBytes?: number): Promise<Store> => {
      const wish = {
        file: `${file}-${name}.db`,
        maxBytes: ioLimits.MAX_LEDGER_BLOCKS_BYTES,
        ...(pageBytes && { pageBytes }),
      }
      const store = await disk.open(wish)
      return isMeasured ? measuredStore(this.#meter, store) : store
    }
    const stores = { blocks: await open('blocks', ioLimits.LEDGER_BLOCKS_PAGE_BYTES), votes: await open('votes') }
    const { port } = application
    const { signer } = people[index]!
    const own = toHex(people[index]!.validator.id)
    const names = people.map(({ validator }) => toHex(validator.id))
    this.#chains.push(
      createStateChain(
        {
          chainId,
          validators,
          signer,
          scheme: ed25519,
          application: { ticket: ticketOf },
          port: isMeasured ? measuredPort(this.#meter, port) : port,
          stores,
          clock,
          log,
        },
        {
          send: (to, message) => {
            const at = names.indexOf(to)
            const receive = () => this.#chains[at]?.receive(own, message)
            // As from the network: in a turn of its own.
            setImmediate(() => (at === 0 ? this.#meter.time(`message ${message.type}`, receive) : receive()))
          },
          onStoreFailure: onBroken,
          onDecided: ({ block }) => {
            if (isMeasured) this.sizes.push(block.transactions.length)
          },
        },
        { ...ledgerChainOptions, intervalMs: INTERVAL_MS, genesisTime: Date.now() - 2 * INTERVAL_MS },
      ),
    )
    this.#closing.push(
      () => application.close(),
      () => disk.close(),
    )
  }

  /** All transactions of one block wait everywhere before it is made. */
  async block(number: number): Promise<void> {
    const before = this.#chains[0]!.status().height
    for (let index = 0; index < LARGEST_BLOCK; index++) {
      // Each hands in a quarter: what one tells the others in so short a time is bounded.
      const at = index % VALIDATORS
      const submit = () => this.#chains[at]!.submit(transactionOf(number, index))
      if (at === 0) this.#meter.time('submit', submit)
      else submit()
      if (index % 64 === 63) await sleep(1)
    }
    const until = Date.now() + PATIENCE_MS
    const isOver = () => this.#chains.every((chain) => chain.status().height > before && chain.status().waiting === 0)
    while (!isOver()) {
      if (Date.now() > until)
        throw new Error(`no block of all: ${JSON.stringify(this.#chains.map((one) => one.status().waiting))}`)
      await sleep(20)
    }
  }

  async close(): Promise<void> {
    for (const chain of this.#chains) chain.stop()
    for (const close of this.#closing) await close()
  }
}

function measuredClock(meter: Meter, clock: Clock) {
  const { after } = clock
  const measured: Clock['after'] = (ms, work) => after(ms, () => meter.time('timer', work))
  return Object.assign(clock, { after: measured })
}

function measuredPort(meter: Meter, port: ApplicationPort): ApplicationPort {
  return {
    call: (method, given, done) =>
      port.call(method, given, (outcome) => meter.time(`answer to ${String(method)}`, () => done(outcome))),
    fetch: (...given) => port.fetch(...given),
    prune: (below) => port.prune(below),
  }
}

function measuredStore(meter: Meter, store: Store): Store {
  return {
    get: (key) => store.get(key),
    range: (from, to) => store.range(from, to),
    batch: (writes, options) => store.batch(writes, options),
    written: (done) => store.written((failure) => meter.time('written', () => done(failure))),
    close: () => store.close(),
  }
}
