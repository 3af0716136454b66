/**
 * A month of minute blocks through what keeps them in production: blocks and certificates, states with their old versions pruned, snapshots, sets, at 4 and
 * 31 validators, in the roles `full` and `archive`. No engine runs: blocks are made one after the other, with signatures of the right length that nobody checks.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Store, scopedStore } from '../src/base/index.ts'
import { makeBlock, ZERO_HASH } from '../src/chain/blocks/blocks.ts'
import { certifiedToValue, snapshotHeadToValue } from '../src/chain/blocks/messages.ts'
import { setRoot } from '../src/chain/blocks/set-root.ts'
import { DONE, encodeResult } from '../src/chain/blocks/transactions.ts'
import {
  type BlockCertificate,
  type BlockContent,
  type CertifiedBlock,
  encodeGenesis,
  type Genesis,
  hostedMethods,
  ledgerChainId,
  ledgerChainOptions,
  ledgerKeeping,
  type Snapshot,
  stateMethods,
} from '../src/chain/index.ts'
import { ledgerQuorum } from '../src/chain/light/trust.ts'
import { ChainStore } from '../src/chain/run/chain-store.ts'
import { emptyHistory, extendHistory, historyRoot } from '../src/chain/trees/history.ts'
import { merkleRoot } from '../src/chain/trees/merkle.ts'
import { encodeCanonical, sha256 } from '../src/crypto/index.ts'
import { ioLimits, openSqliteStore } from '../src/io/index.ts'
import { SetBook } from '../src/ledger/node/set-book.ts'
import { ledgerApplicationOf } from '../src/peer/ledger/thread-data.ts'
import { LedgerPart } from '../src/peer/rooms.ts'
import { round } from './lib/stats.ts'
import { type Benchmark, type BenchResult, type Cell, numberOption, numbersOption, target } from './lib/types.ts'
import { Carriers, genesisOf } from './models/ledger-parts.ts'

const MINUTE = 60_000
const DAY_BLOCKS = 1_440
const YEAR_DAYS = 365
/** What issue 13 asks for. */
const MOST_BYTES = 2_000_000_000
const START = 1_800_000_000_000

export const benchmark: Benchmark = {
  summary: 'a month of minute blocks on disk, in the roles full and archive, at 4 and 31 validators',
  namespace: false,
  programs: [],
  options: {
    sizes: { type: 'string', help: 'validators', default: '4,31' },
    days: { type: 'string', help: 'days of minute blocks; more than the 21 that blocks are kept', default: '30' },
    every: { type: 'string', help: 'a transaction each so many blocks', default: '2' },
    dir: { type: 'string', help: 'where the files are made; in memory it is quicker', default: tmpdir() },
  },
  async run(values, say) {
    const days = numberOption(values, 'days')
    if (days < 23) throw new RangeError('--days must be 23 or more: blocks are kept for 21')
    const rows: Month[] = []
    for (const n of numbersOption(values, 'sizes')) {
      const folder = mkdtempSync(join(String(values['dir']), 'chordns-bench-month-'))
      try {
        rows.push(new Ledger(folder, n, numberOption(values, 'every')).run(days, say))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
      say(JSON.stringify(rows.at(-1)))
    }
    return summarise(rows, days)
  },
}

interface Sizes {
  readonly fullBlocks: number
  readonly archiveBlocks: number
  readonly state: number
}

interface Month {
  readonly n: number
  readonly blocks: number
  readonly transactions: number
  readonly byDay: readonly (Sizes & { readonly day: number })[]
  /** Bytes of a block with both its certificates, as it is sent and was kept before. */
  readonly wholeBytes: number
  readonly seconds: number
}

/** One chain, kept twice: as a full node and as an archive keep it. */
class Ledger {
  readonly #folder: string
  readonly #n: number
  readonly #every: number
  readonly #genesis: Genesis
  readonly #chainId: Uint8Array
  readonly #stores: Readonly<Record<'full' | 'archive', Store>>
  readonly #full: ChainStore
  readonly #archive: ChainStore
  readonly #sets: SetBook
  readonly #state: Store
  readonly #hosted
  readonly #methods
  readonly #carriers: Carriers
  #history = emptyHistory
  #last: CertifiedBlock | undefined
  #sent = 0
  #wholeBytes = 0

  constructor(folder: string, n: number, every: number) {
    this.#folder = folder
    this.#n = n
    this.#every = every
    this.#genesis = genesisOf(n, START)
    this.#chainId = ledgerChainId(this.#genesis)
    const pageBytes = ioLimits.LEDGER_BLOCKS_PAGE_BYTES
    this.#stores = { full: this.#open('full', pageBytes), archive: this.#open('archive', pageBytes) }
    const votes = this.#open('votes')
    const blocksOf = (store: Store) =>
      new ChainStore(this.#chainId, scopedStore(store, Uint8Array.of(LedgerPart.BLOCKS)), votes)
    this.#full = blocksOf(this.#stores.full)
    this.#archive = blocksOf(this.#stores.archive)
    this.#sets = new SetBook(this.#chainId, scopedStore(this.#stores.full, Uint8Array.of(LedgerPart.SETS)))
    this.#state = this.#open('state')
    this.#hosted = hostedMethods(this.#state, ledgerApplicationOf(encodeGenesis(this.#genesis)))
    this.#methods = stateMethods(this.#state)
    this.#carriers = new Carriers(this.#genesis)
  }

  run(days: number, say: (line: string) => void): Month {
    const started = performance.now()
    const byDay: Month['byDay'][number][] = []
    for (let height = 1; height <= days * DAY_BLOCKS; height++) {
      this.#block(height)
      if (height % DAY_BLOCKS !== 0) continue
      const day = height / DAY_BLOCKS
      byDay.push({ day, ...this.#sizes() })
      if (day % 5 === 0)
        say(`${this.#n} validators, day ${day}, ${Math.round((performance.now() - started) / 1_000)} s`)
    }
    const blocks = days * DAY_BLOCKS
    const seconds = round((performance.now() - started) / 1_000, 1)
    for (const store of [...Object.values(this.#stores), this.#state]) store.close()
    const wholeBytes = Math.round(this.#wholeBytes / blocks)
    return { n: this.#n, blocks, transactions: this.#sent, byDay, wholeBytes, seconds }
  }

  #open(name: string, pageBytes?: number): Store {
    mkdirSync(this.#folder, { recursive: true })
    const log = { debug() {}, info() {}, warn() {}, error: (_: unknown, message: string) => console.error(message) }
    return openSqliteStore({
      file: this.#file(name),
      maxBytes: 16 * 2 ** 30,
      log,
      now: () => Date.now(),
      ...(pageBytes && { pageBytes }),
    })
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.db`)
  }

  #sizes(): Sizes {
    const bytes = (name: string) => statSync(this.#file(name)).size
    return { fullBlocks: bytes('full'), archiveBlocks: bytes('archive'), state: bytes('state') }
  }

  #block(height: number): void {
    const { validators } = this.#genesis
    const time = START + height * MINUTE
    const content: BlockContent = {
      height,
      time,
      proposer: validators[height % validators.length]!.id,
      extension: new Uint8Array(),
      transactions: height % this.#every === 0 ? [this.#transaction(time)] : [],
      consensus: {
        last: this.#last && {
          round: 0,
          signers: this.#last.certificate.signatures.map((one) => validators[one.index]!.id),
        },
        validators,
        nextValidators: validators,
        afterValidators: validators,
        evidence: [],
        rules: 1,
        historyRoot: historyRoot(this.#history),
      },
    }
    const executed = this.#hosted.execute(content)
    if (executed?.validators !== undefined) throw new Error('the set is not to change here')
    const results = executed!.results ?? content.transactions.map(() => DONE)
    if (results.some(({ code }) => code !== 0)) throw new Error(`a transaction is marked at height ${height}`)
    const { consensus: _, transactions, ...place } = content
    const block = makeBlock(
      {
        ...place,
        chainId: this.#chainId,
        previousId: this.#last?.block.id ?? ZERO_HASH,
        stateRoot: executed!.state.root,
        validatorsHash: setRoot(validators),
        nextValidatorsHash: setRoot(validators),
        ledger: {
          afterValidatorsRoot: setRoot(validators),
          resultsRoot: merkleRoot(results.map(encodeResult)),
          historyRoot: historyRoot(this.#history),
          rules: 1,
          nextRules: undefined,
        },
      },
      transactions,
      this.#last?.certificate,
    )
    this.#keep({ block, certificate: certificateOf(height, block.id, this.#n) }, content)
  }

  /** As the driver and the thread do. */
  #keep(decided: CertifiedBlock, content: BlockContent): void {
    const { validators } = this.#genesis
    const { header } = decided.block
    const { height } = header
    const sets = { validators, nextValidators: validators, afterValidators: validators }
    const head = { header, certificate: decided.certificate, ...sets, size: 0, history: this.#history.hashes }
    const made: { level: number; index: number; hash: Uint8Array }[] = []
    this.#history = extendHistory(this.#history, decided.block.id, (level, index, hash) =>
      made.push({ level, index, hash }),
    )
    const { snapshotEvery, keepVersions } = ledgerChainOptions
    const isSnapshot = height % snapshotEvery === 0
    const snapshot: Snapshot | undefined = isSnapshot ? { head, state: new Uint8Array() } : undefined
    this.#full.putBlock(decided, snapshot, ledgerKeeping.full, made)
    this.#archive.putBlock(decided, snapshot, ledgerKeeping.archive, made)
    this.#sets.note(validators)
    this.#hosted.decide(content, header.stateRoot, encodeCanonical(snapshotHeadToValue(head)), isSnapshot)
    while (this.#methods.pruneSome(height - keepVersions + 1));
    this.#wholeBytes += encodeCanonical(certifiedToValue(decided)).length
    this.#last = decided
  }

  /** A name is committed, registered three transactions later, and changed once after that. */
  #transaction(now: number): Uint8Array {
    const turn = this.#sent++
    const number = Math.floor(turn / 3)
    if (turn % 3 === 0) return this.#carriers.commit(number, now)
    if (number < 2) return this.#carriers.commit(1_000_000 + turn, now)
    return turn % 3 === 1 ? this.#carriers.register(number - 1, now) : this.#carriers.update(number - 1, now)
  }
}

/** A quorum's. */
function certificateOf(height: number, blockId: Uint8Array, n: number): BlockCertificate {
  const signatures = Array.from({ length: ledgerQuorum(n) }, (_, at) => {
    const half = sha256(Uint8Array.of(...blockId, at))
    const signature = new Uint8Array(64)
    signature.set(half)
    signature.set(sha256(half), 32)
    return { index: at + (height % (n - ledgerQuorum(n) + 1)), signature }
  })
  return { scheme: 1, height, round: 0, blockId, signatures }
}

/** What a year has: what is there after the last day, and what the days after the 22nd added, for the days that are left. */
function yearOf(byDay: Month['byDay'], of: (sizes: Sizes) => number): number {
  const [from, to] = [byDay.find(({ day }) => day === 22)!, byDay.at(-1)!]
  return of(to) + ((of(to) - of(from)) / (to.day - from.day)) * (YEAR_DAYS - to.day)
}

function summarise(rows: readonly Month[], days: number): BenchResult {
  const mega = (bytes: number) => round(bytes / 1e6, 1)
  const full = ({ byDay }: Month) => yearOf(byDay, (one) => one.fullBlocks + one.state)
  const archive = ({ byDay }: Month) => yearOf(byDay, (one) => one.archiveBlocks + one.state)
  return {
    tables: [
      {
        title: `${days} days of minute blocks, MB on disk`,
        columns: [
          'validators',
          'transactions',
          'full: blocks',
          'state',
          'a year',
          'archive: blocks',
          'a year',
          'a year with each certificate twice',
          'took s',
        ],
        rows: rows.map((month): Cell[] => {
          const { n, transactions, byDay, wholeBytes, seconds } = month
          const last = byDay.at(-1)!
          const twice = wholeBytes * DAY_BLOCKS * YEAR_DAYS
          return [
            ...[n, transactions, mega(last.fullBlocks), mega(last.state), mega(full(month))],
            ...[mega(last.archiveBlocks), mega(archive(month)), mega(twice), seconds],
          ]
        }),
      },
    ],
    targets: rows.map((month) =>
      target(`a year in the full role at ${month.n} validators, bytes`, full(month), MOST_BYTES),
    ),
    data: { days, rows },
  }
}
