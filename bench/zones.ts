/**
 * The zone of a TLD with very many names, out of the state of its chain: how long `ledger export-zone` takes, and with how much memory. The node that holds
 * the state is the process of the benchmark; whoever exports is a process of its own for each run, as the command is, and gets the pieces from it.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toHex } from '../src/base/index.ts'
import type { RemoteState, StateChange } from '../src/chain/index.ts'
import { encodeCanonical, sha256 } from '../src/crypto/index.ts'
import { parseName } from '../src/dns/index.ts'
import {
  defaultPolicy,
  encodeRecord,
  type NameRecord,
  nameStateKey,
  policyStateKey,
  policyToValue,
} from '../src/ledger/index.ts'
import type { StatePieceView } from '../src/observe/index.ts'
import { makeZoneKey } from '../src/peer/ledgers.ts'
import { openState } from '../src/peer/state/open-state.ts'
import { round, seeded } from './lib/stats.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { type Stops, watched } from './lib/watch.ts'
import type { ExportMessage, ExportResult, ExportTask } from './models/zone-export.ts'

/** Whoever exports holds one piece of the state, and what Node itself takes: of no more than this, however many names there are. */
const MOST_MIB = 500
const TLD = 'p2p'
const NOW = 1_800_000_000_000
const DAY = 86_400_000
const FILL_BLOCK = 2_000
const CHANGED = 1_000
const MAX_FILE_BYTES = 16 * 2 ** 30

export const benchmark: Benchmark = {
  summary:
    'the zone of a TLD with very many names out of its state: time, memory, size; again after changes, and signed',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'names of the TLD', default: '20000' },
    state: {
      type: 'string',
      help: 'file of a state of an earlier run with as many names, or where it goes: filling takes longest',
    },
    signed: { type: 'boolean', help: 'also signed, with a key of Ed25519' },
    seed: { type: 'string', help: 'of keys and servers', default: '1' },
  },
  async run(values, say) {
    const names = numberOption(values, 'names')
    const folder = mkdtempSync(join(tmpdir(), 'chordns-bench-zones-'))
    try {
      return await measured(
        {
          names,
          seed: numberOption(values, 'seed'),
          isSigned: values['signed'] === true,
          folder,
          file: fileOf(values['state'], folder),
        },
        say,
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function fileOf(given: unknown, folder: string): string {
  return typeof given === 'string' ? given : join(folder, 'state.db')
}

interface Wishes {
  readonly names: number
  readonly seed: number
  readonly isSigned: boolean
  readonly folder: string
  /** Of the state. */
  readonly file: string
}

interface Row extends ExportResult {
  readonly what: string
  readonly zoneMiB: number
  /** Of the loop of the node that gives the pieces. */
  readonly stops: Stops
}

async function measured(
  { names, seed, isSigned, folder, file }: Wishes,
  say: (line: string) => void,
): Promise<BenchResult> {
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (detail: unknown, text?: string) => console.error(text, detail),
  }
  const opened = await openState({ file, maxBytes: MAX_FILE_BYTES }, { log }, { onBroken: () => process.exit(1) })
  try {
    const chance = seeded(seed)
    const started = performance.now()
    let height = (await opened.state.status()).head?.height ?? (await filled(opened.state, names, chance))
    say(`${names} names are there after ${round((performance.now() - started) / 1_000, 1)} s`)
    const out = join(folder, 'p2p.zone')
    const plain: Omit<ExportTask, 'height'> = { chain: TLD, out, keyFiles: [], ds: [], changes: undefined }
    const rows: Row[] = []
    const run = async (what: string, task: ExportTask) => {
      const watch = watched()
      const result = await exported(opened.state, task)
      rows.push({ what, ...result, zoneMiB: mebi(statSync(task.out).size), stops: watch.end() })
      say(JSON.stringify(rows.at(-1)))
    }
    await run('whole', { ...plain, height })
    const changes = Array.from({ length: Math.min(CHANGED, names) }, () =>
      entryOf(Math.floor(chance() * names), chance, 2),
    )
    await commit(opened.state, ++height, changes)
    await run(`again, after ${changes.length} changes, with those for IXFR`, {
      ...plain,
      height,
      changes: join(folder, 'p2p.ixfr'),
    })
    if (isSigned) {
      const { base, ds } = await makeZoneKey({ zone: parseName(TLD), algorithm: 15, directory: folder, time: NOW })
      await run('whole, signed', { ...plain, height, out: `${out}.signed`, keyFiles: [`${base}.private`], ds: [ds] })
    }
    return summarised(names, mebi(statSync(file).size), rows)
  } finally {
    await opened.close()
  }
}

async function filled(state: RemoteState, names: number, chance: () => number): Promise<number> {
  const policy = policyToValue({ ...defaultPolicy, payee: new Uint8Array(32) })
  let height = 1
  await commit(state, height, [{ key: policyStateKey, value: encodeCanonical(policy) }])
  for (let first = 0; first < names; first += FILL_BLOCK) {
    const count = Math.min(FILL_BLOCK, names - first)
    await commit(
      state,
      ++height,
      Array.from({ length: count }, (_, i) => entryOf(first + i, chance)),
    )
    while (await state.pruneSome(height - 1)) {}
  }
  return height
}

async function commit(state: RemoteState, height: number, changes: readonly StateChange[]): Promise<void> {
  await state.commit(height, await state.prepare(height, changes))
}

const ascii = (text: string) => new TextEncoder().encode(text)

/** One name in ten has a server of its own below it, so glue; the others are with one of a thousand hosters. */
function entryOf(number: number, chance: () => number, sequence = 1): StateChange {
  const label = ascii(`name-${number}`)
  const host = Math.floor(chance() * 1_000)
  const own = { name: parseName(`ns.name-${number}.${TLD}`), addresses: [Uint8Array.of(192, 0, 2, number % 256)] }
  const hosted = { name: parseName(`ns${host}.hoster.net`), addresses: [] }
  const settings = {
    updateByCds: true,
    ds: [Uint8Array.from([18, 103, 15, 2, ...sha256(label, Uint8Array.of(sequence))])],
    servers: [number % 10 === 0 ? own : hosted],
  }
  const expires = NOW + 100 * DAY
  const record: NameRecord = {
    owner: sha256(ascii(`owner ${number}`)),
    settings,
    generation: 1,
    sequence,
    registered: NOW - 200 * DAY,
    commit: 1,
    committed: NOW - 200 * DAY,
    newestCds: 0,
    expires,
    life: {
      resolves: expires + defaultPolicy.graceMs,
      freed: 0,
      isLocked: false,
      lockedUntil: 0,
      frozenUntil: 0,
      guardians: undefined,
      round: 0,
      judgedFrom: NOW,
      pending: undefined,
    },
  }
  return { key: nameStateKey(label), value: encodeRecord(record) }
}

/** In a process of its own. */
async function exported(state: RemoteState, task: ExportTask): Promise<ExportResult> {
  const root = await state.root(task.height)
  const child = fork(fileURLToPath(new URL('./models/zone-export.ts', import.meta.url)), { serialization: 'advanced' })
  const say = (message: ExportMessage) => child.send(message)
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`the process that exports ended with ${code}`)))
    child.on('message', (message: ExportMessage) => {
      if (message.kind === 'result') {
        resolve(message.result)
        child.disconnect()
      } else if (message.kind === 'want')
        state
          .piece({ height: task.height, from: message.from, to: undefined })
          .then((piece) => say({ kind: 'piece', body: bodyOf(piece, root, task), bytes: piece.length }), reject)
    })
    say({ kind: 'task', task })
  })
}

/** As `/ledgers/piece` of a node makes it. */
function bodyOf(piece: Uint8Array, root: Uint8Array, { chain, height }: ExportTask): string {
  const text = Buffer.from(piece).toString('base64')
  const view = { chain, chainId: '11'.repeat(32), height, time: NOW, stateRoot: toHex(root), piece: text }
  return JSON.stringify(view satisfies StatePieceView)
}

function mebi(bytes: number): number {
  return round(bytes / 2 ** 20, 1)
}

function summarised(names: number, stateMiB: number, rows: readonly Row[]): BenchResult {
  const most = Math.max(...rows.map(({ peakMiB }) => peakMiB))
  return {
    tables: [
      {
        title: `the zone of ${names} names, out of a state of ${stateMiB} MiB on disk`,
        columns: [
          'what',
          'names in it',
          's',
          'CPU s',
          'peak MiB',
          'zone MiB',
          'pieces',
          'MiB of them',
          'gone',
          'fresh',
          'stop ms',
          'stop on core ms',
        ],
        rows: rows.map(
          ({ what, exported: count, seconds, cpuSeconds, peakMiB, zoneMiB, pieces, pieceMiB, gone, fresh, stops }) => [
            ...[what, count, seconds, cpuSeconds, peakMiB, zoneMiB, pieces, pieceMiB, gone, fresh],
            ...[stops.longest, stops.longestOnCore],
          ],
        ),
      },
    ],
    targets: [target('peak memory of whoever exports, MiB', most, MOST_MIB)],
    data: { names, stateMiB, rows },
  }
}
