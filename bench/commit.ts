/**
 * How long the chain takes to decide, and how much: message delays a block (bound: 3), milliseconds over links of 20 ms,
 * transactions a second, and what a certificate costs to verify, at n = 4, 7 and 16. Votes are on disk, synced, before they are
 * sent. All validators run in one process on one core; the published figures beside ours are from machines of their own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as settle, setTimeout as sleep } from 'node:timers/promises'
import { voteBytes } from '../src/chain/blocks/signing.ts'
import { type BlockCertificate, type ChainOptions, ledgerChainOptions, verifyCertificate } from '../src/chain/index.ts'
import { ed25519, ed25519Signer, sha256 } from '../src/crypto/index.ts'
import { type SqliteStore, systemClock } from '../src/io/index.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../src/sim/index.ts'
import { median, quantile, round, seeded } from './lib/stats.ts'
import { type Benchmark, type BenchResult, numberOption, type Table, type Target, target } from './lib/types.ts'
import { type Cluster, makeCluster, sqliteStores } from './models/chain-cluster.ts'

/** In the middle of what a transaction of the ledger takes. */
const TRANSACTION_BYTES = 100
/** Blocks that wait to be made while throughput is measured. */
const BACKLOG = 3_000
const CERTIFICATES = 200

interface Row {
  readonly n: number
  readonly messageDelays: number
  readonly commit: {
    readonly p10: number
    readonly p50: number
    readonly p90: number
    readonly p99: number
    readonly heights: number
  }
  /** What a link of `delay` ms took in truth: timers are late. */
  readonly linkMs: number
  /** Mean time of a synced write, during which no other validator of this process does anything. */
  readonly writeMs: number
  readonly throughput: {
    readonly perSecond: number
    readonly perBlock: number
    readonly blocks: number
    readonly cpuMsPerBlockAndNode: number
    /** Per second of CPU that all validators used together: what one core does that does nothing else. */
    readonly perCpuSecond: number
    /** 1 unless time-outs end before the votes are in. */
    readonly roundsPerBlock: number
    readonly messagesPerBlock: number
    readonly bytesPerBlock: number
  }
  readonly certificateMs: number
  readonly certificateBytes: number
}

/** As their sources state them; other machines, other networks, other loads: a scale, not a race. */
const PUBLISHED: readonly (readonly [system: string, validators: string, figure: string, source: string])[] = [
  ['Besu QBFT', '4', '750 to 1200 tx/s, simple contract', 'Besu wiki, QBFT-Performance'],
  ['Besu QBFT', '4', '520 to 645 tx/s, ERC-20', 'Besu wiki, QBFT-Performance'],
  ['QBFT', 'any', '3 message delays', 'arXiv 2002.03613'],
  [
    'CometBFT v1.0.0-alpha.2',
    '175 of 200 nodes',
    '400 tx/s of 1 KiB at saturation, mostly <= 4 s',
    'CometBFT-QA-v1.md',
  ],
  ['CometBFT', 'any', '3 message delays ("three communication exchanges")', 'cometbft spec/consensus'],
]

export const benchmark: Benchmark = {
  summary: 'message delays, milliseconds and transactions a second of the chain at n = 4, 7, 16, synced to disk',
  namespace: false,
  programs: [],
  options: {
    delay: { type: 'string', help: 'ms that a link takes', default: '20' },
    heights: { type: 'string', help: 'heights whose time is taken', default: '100' },
    seconds: { type: 'string', help: 'how long throughput is measured', default: '10' },
    directory: { type: 'string', help: 'where the files go: a disk, not a memory file system', default: tmpdir() },
    sizes: { type: 'string', help: 'validators', default: '4,7,16' },
  },
  async run(values, say) {
    const delayMs = numberOption(values, 'delay')
    const sizes = String(values['sizes']).split(',').map(Number)
    const rows: Row[] = []
    for (const n of sizes) {
      say(`n = ${n}: message delays`)
      const messageDelays = await delaysAt(n)
      say(`n = ${n}: time to commit`)
      const latency = await withDirectory(values['directory'], (directory) =>
        latencyAt(n, delayMs, numberOption(values, 'heights'), directory),
      )
      say(`n = ${n}: throughput`)
      const throughput = await withDirectory(values['directory'], (directory) =>
        throughputAt(n, delayMs, numberOption(values, 'seconds') * 1_000, directory),
      )
      rows.push({ n, messageDelays, ...latency, throughput, ...certificateAt(n) })
    }
    return report(rows, delayMs)
  },
}

/** Virtual time, in which computing takes none: what is left is messages. */
async function delaysAt(n: number): Promise<number> {
  const delayMs = 1_000
  const clock = virtualClock({ settle })
  const built = new Map<number, number>()
  const delays: number[] = []
  const cluster = makeCluster({
    n,
    clock,
    delayMs,
    options: { batchMs: 0, proposeMs: 60_000, prevoteMs: 60_000, precommitMs: 60_000, tickMs: 60_000 },
    stores: (index) => ({
      store: createMemoryDisk({ random: seededRandom(`data ${index}`) }).open(),
      votes: createMemoryDisk({ random: seededRandom(`votes ${index}`) }).open(),
    }),
    onBuild: (height) => {
      if (!built.has(height)) built.set(height, clock.monotonic())
    },
    onDecided: (_, height) => delays.push((clock.monotonic() - built.get(height)!) / delayMs),
  })
  for (const chain of cluster.chains) chain.start()
  const random = seeded(n)
  for (let height = 1; height <= 20; height++) {
    for (const chain of cluster.chains) chain.submit(transactionOf(random))
    clock.advance(20 * delayMs)
  }
  cluster.close()
  if (delays.length === 0) throw new Error(`nothing was decided by ${n} validators`)
  return Math.max(...delays)
}

/** Chains of chunks have at most seven validators; larger ones are ledgers, with longer time-outs, here without a pause. */
function optionsOf(n: number): Partial<ChainOptions> {
  return n <= 7 ? {} : { ...ledgerChainOptions, intervalMs: 0, heartbeatMs: undefined }
}

/** From a proposer's beginning to build until a validator has decided, for all validators; one transaction a block. */
async function latencyAt(n: number, delayMs: number, heights: number, directory: string) {
  const clock = systemClock()
  const built = new Map<number, number>()
  const times: number[] = []
  const linkTimes: number[] = []
  const stores: SqliteStore[] = []
  const cluster = makeCluster({
    n,
    clock: {
      ...clock,
      after(wait, callback) {
        const start = performance.now()
        return clock.after(wait, () => {
          if (wait === delayMs) linkTimes.push(performance.now() - start)
          callback()
        })
      },
    },
    delayMs,
    options: optionsOf(n),
    stores: (index) => {
      const own = sqliteStores(directory, index)
      stores.push(own.store, own.votes)
      return own
    },
    onBuild: (height) => {
      if (!built.has(height)) built.set(height, performance.now())
    },
    onDecided: (_, height) => times.push(performance.now() - built.get(height)!),
  })
  for (const chain of cluster.chains) chain.start()
  const random = seeded(n)
  for (let height = 0; height < heights; height++) {
    cluster.chains[height % n]!.submit(transactionOf(random))
    for (let waited = 0; times.length < (height + 1) * n && waited < 3_000; waited += 5) await sleep(5)
    // What comes after the decision is not in the way of the next one.
    await sleep(3 * delayMs)
  }
  const writes = stores.map((store) => store.stats())
  cluster.close()
  return {
    commit: {
      p10: round(quantile(times, 0.1)),
      p50: round(median(times)),
      p90: round(quantile(times, 0.9)),
      p99: round(quantile(times, 0.99)),
      heights: cluster.chains[0]!.status().height,
    },
    linkMs: round(median(linkTimes)),
    writeMs: round(
      writes.reduce((sum, { writeMs }) => sum + writeMs, 0) / writes.reduce((sum, { batches }) => sum + batches, 0),
    ),
  }
}

/** As much waits as blocks can hold, offered to all validators in turn. */
async function throughputAt(n: number, delayMs: number, lengthMs: number, directory: string) {
  let offered = 0
  let decided = 0
  let blocks = 0
  const cluster: Cluster = makeCluster({
    n,
    clock: systemClock(),
    delayMs,
    options: { ...optionsOf(n), snapshotEvery: 0 },
    stores: (index) => sqliteStores(directory, index),
    onBuild: () => {},
    onDecided: (index, _, transactions) => {
      if (index !== 0) return
      decided += transactions
      blocks++
    },
  })
  for (const chain of cluster.chains) chain.start()
  const random = seeded(n)
  const offer = () => {
    for (; offered - decided < BACKLOG; offered++) cluster.chains[offered % n]!.submit(transactionOf(random))
  }
  const run = async (ms: number) => {
    for (const end = performance.now() + ms; performance.now() < end; await sleep(10)) offer()
  }
  await run(2_000)
  const before = {
    decided,
    blocks,
    sent: { ...cluster.sent },
    cpu: process.cpuUsage(),
    start: performance.now(),
    later: laterRounds(cluster),
  }
  await run(lengthMs)
  const took = performance.now() - before.start
  const cpu = process.cpuUsage(before.cpu)
  const later = laterRounds(cluster) - before.later
  const cpuMs = (cpu.user + cpu.system) / 1_000
  const made = blocks - before.blocks
  cluster.close()
  if (made === 0) throw new Error(`nothing was decided by ${n} validators`)
  return {
    perSecond: round(((decided - before.decided) / took) * 1_000, 0),
    perBlock: round((decided - before.decided) / made, 0),
    blocks: made,
    cpuMsPerBlockAndNode: round(cpuMs / made / n),
    perCpuSecond: round(((decided - before.decided) / cpuMs) * 1_000, 0),
    roundsPerBlock: round(1 + later / made),
    messagesPerBlock: round((cluster.sent.messages - before.sent.messages) / made, 0),
    bytesPerBlock: round((cluster.sent.bytes - before.sent.bytes) / made, 0),
  }
}

const laterRounds = ({ chains }: Cluster) => chains[0]!.status().stats.laterRounds

/** Just enough signatures, as a light client checks them. Median of many, ms. */
function certificateAt(n: number) {
  const chainId = sha256(new Uint8Array(1))
  const signers = Array.from({ length: n }, (_, i) => ed25519Signer(sha256(Uint8Array.of(i))))
  const validators = signers.map(({ publicKey }) => ({ id: sha256(publicKey), publicKey }))
  const quorum = Math.floor((2 * n) / 3) + 1
  const times: number[] = []
  for (let height = 1; height <= CERTIFICATES; height++) {
    const content = { height, round: 0, blockId: sha256(Uint8Array.of(height)) }
    const bytes = voteBytes(chainId, { kind: 'precommit', ...content })
    const signatures = signers.slice(0, quorum).map((signer, index) => ({ index, signature: signer.sign(bytes) }))
    const certificate: BlockCertificate = { ...content, signatures }
    const start = performance.now()
    if (!verifyCertificate(ed25519, chainId, validators, certificate, 'precommit', quorum))
      throw new Error('a certificate does not verify')
    times.push(performance.now() - start)
  }
  // Index, signature; height, round and block id once.
  return { certificateMs: round(median(times), 3), certificateBytes: quorum * 67 + 44 }
}

function transactionOf(random: () => number): Uint8Array {
  return Uint8Array.from({ length: TRANSACTION_BYTES }, () => Math.floor(random() * 256))
}

async function withDirectory<T>(parent: unknown, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(String(parent), 'chordns-commit-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const P50_MS: Readonly<Record<number, number>> = { 4: 65, 7: 70 }
const PER_SECOND: Readonly<Record<number, number>> = { 4: 1_000, 16: 500 }

function report(rows: readonly Row[], delayMs: number): BenchResult {
  const targets: Target[] = rows.flatMap(({ n, messageDelays, commit, throughput }) => [
    target(`n = ${n}: message delays to commit`, messageDelays, 3),
    ...(P50_MS[n] === undefined || delayMs !== 20
      ? []
      : [target(`n = ${n}: p50 to commit, ms`, commit.p50, P50_MS[n])]),
    ...(PER_SECOND[n] === undefined
      ? []
      : [target(`n = ${n}: wanted ${PER_SECOND[n]} tx/s, times measured`, PER_SECOND[n] / throughput.perSecond, 1)]),
  ])
  const measured: Table = {
    title: `chordns, links of ${delayMs} ms, synced to disk, all validators on one core`,
    columns: [
      'n',
      'delays',
      'p10 ms',
      'p50',
      'p90',
      'p99',
      'link ms',
      'write ms',
      'tx/s',
      'tx/CPU s',
      'rounds',
      'tx/block',
      'cert ms',
    ],
    rows: rows.map(({ n, messageDelays, commit, linkMs, writeMs, throughput, certificateMs }) => [
      ...[n, messageDelays, commit.p10, commit.p50, commit.p90, commit.p99, linkMs, writeMs],
      ...[throughput.perSecond, throughput.perCpuSecond, throughput.roundsPerBlock],
      ...[throughput.perBlock, certificateMs],
    ]),
  }
  const published: Table = {
    title: 'published by others, not measured here',
    columns: ['system', 'validators', 'figure', 'source'],
    rows: PUBLISHED,
  }
  return {
    tables: [measured, published],
    targets,
    data: {
      delayMs,
      transactionBytes: TRANSACTION_BYTES,
      rows,
      published: PUBLISHED.map(([system, validators, figure, source]) => ({ system, validators, figure, source })),
    },
  }
}
