/**
 * How many members must be asked until the owner of a key is found? The decisions of src/ring over rings at rest of up to a
 * million nodes, in three ways of routing, beside Kademlia and beside 1/2 log2 N; and just after a tenth of the nodes went
 * silent, before anybody has noticed.
 */
import { median, quantile, round, seeded } from './lib/stats.ts'
import { type Chart, chartsSvg, type Series } from './lib/svg.ts'
import { type Benchmark, type BenchResult, numberOption, numbersOption, target } from './lib/types.ts'
import { type ChordMode, ChordModel, kill } from './models/chord.ts'
import { KademliaModel, type KademliaOptions } from './models/kademlia.ts'
import { placesOf, type Timed, timedChord, timedKademlia, timedReads } from './models/stretch.ts'
import { type FarRow, farRows, type RealHops, type RealRow, realRows } from './real/hops.ts'

const SMALLEST = 16
const FACTOR = 4
/** Where the targets are measured. */
const FAILURE_SIZE = 1_024
const FAILED_SHARE = 0.1
const SUCCESSORS = 16

const CHORD_MODES: readonly ChordMode[] = ['chord', 'chord+list', 'table']
const KADEMLIAS: readonly KademliaOptions[] = [
  { k: 8, alpha: 1 },
  { k: 8, alpha: 3 },
  { k: 20, alpha: 1 },
  { k: 20, alpha: 3 },
]

interface Row {
  readonly mode: string
  readonly n: number
  /** Chord: members asked, one after the other, those that did not answer included. Kademlia: rounds. */
  readonly mean: number
  readonly p50: number
  readonly p99: number
  /** Chord: those of them that answered, mean: the length of the path, as the paper counts it. */
  readonly path?: number
  /** Requests sent; a silent owner is asked a second time when its neighbour believes it alive. */
  readonly messages: number
  /** Requests that nobody answered. */
  readonly timeouts: number
  /** Look-ups that found nobody, or another than the node that holds the key. */
  readonly failures: number
  /** Kademlia: rounds to the closest node of all; requests until the k closest were all asked. */
  readonly toClosest?: number
  readonly messagesToEnd?: number
}

export const benchmark: Benchmark = {
  summary: 'members asked per look-up from 16 to 1,048,576 nodes, over fingers, lists and tables, beside Kademlia',
  namespace: false,
  programs: [],
  options: {
    'max-n': { type: 'string', help: 'largest ring', default: '1048576' },
    lookups: { type: 'string', help: 'look-ups a row', default: '10000' },
    'real-sizes': {
      type: 'string',
      help: 'real libp2p members on this machine, beside kad-dht on the same nodes; `none` to leave them out',
      default: '16,50,100,200',
    },
    'far-size': {
      type: 'string',
      help: 'real libp2p members whose links are as long as those of the Internet; `none` to leave them out',
      default: '50',
    },
    seed: { type: 'string', help: 'seed of ids, keys and askers', default: '1' },
  },
  async run(values, say) {
    const maxN = numberOption(values, 'max-n')
    const lookups = numberOption(values, 'lookups')
    const seed = numberOption(values, 'seed')
    if (maxN < SMALLEST) throw new RangeError(`--max-n must be at least ${SMALLEST}`)
    const sizes = values['real-sizes'] === 'none' ? [] : numbersOption(values, 'real-sizes')
    if (sizes.some((n) => n < 2 || n > 500)) throw new RangeError('--real-sizes must be from 2 to 500')
    if (lookups === 0) throw new RangeError('--lookups must be at least 1')
    const rows: Row[] = []
    for (let n = SMALLEST; n <= maxN; n *= FACTOR) {
      rows.push(...allModes(n, lookups, seed, 0))
      say(
        `${n} nodes: ${rows
          .slice(-7)
          .map(({ mode, mean }) => `${mode} ${mean}`)
          .join(', ')}`,
      )
    }
    const failed = allModes(FAILURE_SIZE, lookups, seed, FAILED_SHARE)
    const whole = rows.find(({ n, mode }) => n === FAILURE_SIZE && mode === 'table')
    const stretch = await stretchRows(seed, say)
    const far = values['far-size'] === 'none' ? [] : await farRows(numberOption(values, 'far-size'), seed, say)
    const real = await realRows(sizes, seed, say)
    const table = whole ?? chordRow(FAILURE_SIZE, 'table', lookups, seed, 0)
    return summarise(rows, failed, real, { whole: table, stretch, far }, { lookups, seed })
  },
}

function allModes(n: number, lookups: number, seed: number, failedShare: number): Row[] {
  return [
    ...CHORD_MODES.map((mode) => chordRow(n, mode, lookups, seed, failedShare)),
    ...KADEMLIAS.map((options) => kademliaRow(n, options, lookups, seed, failedShare)),
  ]
}

function chordRow(n: number, mode: ChordMode, lookups: number, seed: number, failedShare: number): Row {
  const chance = seeded(seed + n)
  const model = new ChordModel(n, SUCCESSORS, chance)
  const alive = kill(model.dead, failedShare, chance)
  const asked: number[] = []
  let messages = 0
  let path = 0
  let timeouts = 0
  let failures = 0
  for (let i = 0; i < lookups; i++) {
    const key = model.randomKey(chance)
    const outcome = model.lookup(alive[Math.floor(chance() * alive.length)]!, key, mode)
    asked.push(outcome.members)
    path += outcome.hops
    messages += outcome.hops + outcome.timeouts
    timeouts += outcome.timeouts
    if (outcome.owner !== model.ownerOf(key)) failures += 1
  }
  const perLookup = (total: number) => round(total / lookups, 3)
  const sent = { messages: perLookup(messages), timeouts: perLookup(timeouts) }
  return { mode, n, ...distribution(asked), path: perLookup(path), ...sent, failures }
}

function kademliaRow(n: number, options: KademliaOptions, lookups: number, seed: number, failedShare: number): Row {
  const chance = seeded(seed + n)
  const model = new KademliaModel(n, seed, chance)
  const alive = kill(model.dead, failedShare, chance)
  const outcomes = Array.from({ length: lookups }, () => {
    const key = Math.floor(chance() * 2 ** 32)
    return model.lookup(alive[Math.floor(chance() * alive.length)]!, key, options)
  })
  const reached = outcomes.flatMap(({ roundsToClosest }) => roundsToClosest ?? [])
  return {
    mode: `kademlia k=${options.k} alpha=${options.alpha}`,
    n,
    ...distribution(outcomes.map(({ rounds }) => rounds)),
    messages: mean(outcomes.map(({ messages }) => messages)),
    timeouts: mean(outcomes.map((outcome) => outcome.timeouts)),
    failures: outcomes.filter(({ found }) => !found).length,
    toClosest: mean(reached),
    messagesToEnd: mean(outcomes.map(({ messagesToEnd }) => messagesToEnd)),
  }
}

interface StretchRow {
  readonly mode: string
  readonly msP50: number
  readonly p50: number
  readonly mean: number
  readonly p99: number
  readonly requests: number
}

const STRETCH = { nodes: FAILURE_SIZE, askers: 32, reads: 300 }

/** Time of a look-up over the round trip to the nearest replica, where members are as far apart as hosts of the Internet. */
async function stretchRows(seed: number, say: (line: string) => void): Promise<StretchRow[]> {
  const options = { ...STRETCH, seed }
  const { rest, silent } = await timedReads(options, FAILED_SHARE)
  const rows = [
    stretchRow(READS, rest),
    stretchRow(READS_SILENT, silent),
    ...CHORD_MODES.map((mode) => stretchRow(`${mode}, the owner`, timedChord(options, mode))),
    ...KADEMLIAS.map((one) => stretchRow(`kademlia k=${one.k} alpha=${one.alpha}`, timedKademlia(options, one))),
  ]
  for (const { mode, p50, msP50 } of rows) say(`${mode}: ${p50} times the nearest replica, ${msP50} ms`)
  return rows
}

const READS = 'read, nearest first'
const READS_SILENT = `read, just after ${100 * FAILED_SHARE} % went silent`

function stretchRow(mode: string, times: readonly Timed[]): StretchRow {
  const stretches = times.map(({ stretch }) => round(stretch, 3))
  return {
    mode,
    msP50: round(median(times.map(({ ms }) => ms)), 1),
    ...distribution(stretches),
    requests: mean(times.map(({ requests }) => requests)),
  }
}

/** Quantiles of the round trips between members. */
function roundTrips(seed: number): { readonly p10: number; readonly p50: number; readonly p90: number } {
  const rtt = placesOf(seed)
  const all = Array.from({ length: 20_000 }, (_, i) => rtt(i % 512, 512 + ((i * 7) % 512)))
  const of = (share: number) => round(quantile(all, share), 1)
  return { p10: of(0.1), p50: of(0.5), p90: of(0.9) }
}

function distribution(samples: readonly number[]): { mean: number; p50: number; p99: number } {
  return { mean: mean(samples), p50: median(samples), p99: quantile(samples, 0.99) }
}

function mean(samples: readonly number[]): number {
  return round(samples.reduce((sum, value) => sum + value, 0) / Math.max(1, samples.length), 3)
}

function summarise(
  rows: readonly Row[],
  failed: readonly Row[],
  { rows: real, givenUp }: RealHops,
  {
    whole,
    stretch,
    far,
  }: {
    readonly whole: Row
    readonly stretch: readonly StretchRow[]
    readonly far: readonly FarRow[]
  },
  how: { readonly seed: number; readonly lookups: number },
): BenchResult {
  const modes = [...new Set(rows.map(({ mode }) => mode))]
  const sizes = [...new Set(rows.map(({ n }) => n))]
  const halfLog = (n: number) => round(Math.log2(n) / 2, 2)
  const struck = failed.find(({ mode }) => mode === 'table')!
  return {
    tables: [
      {
        title: 'mean hops to the owner (Kademlia: rounds to the first of the k closest)',
        columns: ['nodes', '1/2 log2 N', ...modes],
        rows: sizes.map((n) => [n, halfLog(n), ...modes.map((mode) => figureOf(rows, mode, n, 'mean'))]),
      },
      {
        title:
          'requests sent per look-up, mean (Kademlia: until the first answer / until the k closest were all asked)',
        columns: ['nodes', ...modes],
        rows: sizes.map((n) => [n, ...modes.map((mode) => messagesText(rows, mode, n))]),
      },
      {
        title: `${FAILURE_SIZE} nodes just after ${100 * FAILED_SHARE} % went silent; those asked in vain count`,
        columns: ['mode', 'mean', 'p50', 'p99', 'path', 'requests', 'time-outs', 'failed look-ups'],
        rows: failed.map(({ mode, mean, p50, p99, path, messages, timeouts, failures }) => [
          ...[mode, mean, p50, p99, path ?? '-', messages, timeouts, failures],
        ]),
      },
      {
        title: `${FAILURE_SIZE} members as far apart as hosts of the Internet: time of a look-up over the round trip to the nearest replica`,
        columns: ['mode', 'p50', 'mean', 'p99', 'ms p50', 'requests'],
        rows: stretch.map((row) => [row.mode, row.p50, row.mean, row.p99, row.msP50, row.requests]),
      },
      {
        title: 'real libp2p members over links as long: time over the round trip to the nearest holder',
        columns: ['nodes', 'mode', 'look-ups', 'p50', 'mean', 'p99', 'ms p50', 'requests', 'failed'],
        rows: far.map((row) => [
          ...[row.n, row.mode, row.lookups, row.p50, row.mean, row.p99, row.msP50, row.requests, row.failures],
        ]),
      },
      {
        title: 'real libp2p members on this machine: hops, requests (kad-dht: until the first answer / in all), ms',
        columns: ['nodes', 'mode', 'mean', 'p50', 'p99', 'requests', 'failed', 'ms p50', 'ms p99'],
        rows: real.map((row) => [
          ...[row.n, row.mode, row.mean, row.p50, row.p99],
          row.messagesToEnd === undefined
            ? row.messages
            : `${row.messages.toFixed(2)} / ${row.messagesToEnd.toFixed(1)}`,
          ...[row.failures, row.msP50, row.msP99],
        ]),
      },
    ],
    targets: [
      target(`table, ${FAILURE_SIZE} nodes, nobody failed: mean`, whole.mean, 1),
      target(`table, ${FAILURE_SIZE} nodes, 10 % silent: mean of those that answered`, struck.path ?? 0, 1.05),
      // Nobody knows yet who is silent: whoever asks one after the other asks 1 / (1 - 0.1) = 1.11 members.
      target(`table, ${FAILURE_SIZE} nodes, 10 % silent: mean, those asked in vain included`, struck.mean, 1.15),
      target(`table, ${FAILURE_SIZE} nodes, 10 % silent: p99`, struck.p99, 3),
      target('latency stretch of a read, p50', stretch.find(({ mode }) => mode === READS)!.p50, 1.05),
      target(
        'latency stretch of a read, 10 % silent, p50',
        stretch.find(({ mode }) => mode === READS_SILENT)!.p50,
        1.05,
      ),
      ...far.slice(0, 1).map(({ n, p50 }) => target(`latency stretch of a read, ${n} real members, p50`, p50, 1.05)),
      target(
        'look-ups that missed the owner, all rows',
        [...rows, ...failed].reduce((sum, { failures }) => sum + failures, 0),
        0,
      ),
    ],
    data: {
      ...how,
      successors: SUCCESSORS,
      halfLog2: sizes.map((n) => ({ n, mean: halfLog(n) })),
      rows,
      afterSilentFailures: { n: FAILURE_SIZE, share: FAILED_SHARE, rows: failed },
      what: {
        chord: 'a hop is a member that was asked, the owner included; only fingers and the first successor route',
        'chord+list': 'the list of 16 successors routes too',
        table: 'every node knows all members',
        kademlia: 'a hop is a round; the first answer is that of any of the k closest nodes, which all hold the value',
      },
      far,
      stretch: { ...STRETCH, roundTripsMs: roundTrips(how.seed), rows: stretch },
      real,
      realGivenUp: givenUp,
      realHow: {
        what: 'libp2p over TCP, Noise and Yamux on the loopback interface, several nodes a process; all at rest',
        ring: 'look-ups of a running ring; a hop is a member that answered, the owner included',
        'kad-dht':
          '@libp2p/kad-dht on the same nodes; a hop is the depth of the first answer of one of the k closest, requests are those until then and in all; default: alpha 10 on 10 paths; alpha=1: one path',
      },
    },
    picture: picture(rows, real, modes, sizes, halfLog),
  }
}

function figureOf(rows: readonly Row[], mode: string, n: number, figure: 'mean' | 'messages'): number {
  return rows.find((row) => row.mode === mode && row.n === n)![figure]
}

function messagesText(rows: readonly Row[], mode: string, n: number): string {
  const { messages, messagesToEnd } = rows.find((row) => row.mode === mode && row.n === n)!
  return messagesToEnd === undefined ? messages.toFixed(2) : `${messages.toFixed(2)} / ${messagesToEnd.toFixed(1)}`
}

function picture(
  rows: readonly Row[],
  real: readonly RealRow[],
  modes: readonly string[],
  sizes: readonly number[],
  halfLog: (n: number) => number,
): string {
  const measured: Series[] = modes.map((name) => ({
    name,
    points: rows.filter(({ mode }) => mode === name).map(({ n, mean }) => [n, mean] as const),
  }))
  const bound: Series = { name: '1/2 log2 N', points: sizes.map((n) => [n, halfLog(n)] as const), dashed: true }
  return chartsSvg([
    {
      title: 'Hops to the owner of a key (routing model, nobody failed)',
      xLabel: 'nodes',
      yLabel: 'mean hops; Kademlia: rounds to the first answer',
      xBase: 2,
      xTicks: sizes.map((n) => ({ at: n, text: n.toLocaleString('en') })),
      series: [...measured, bound],
    },
    ...(real.length === 0 ? [] : [realChart(real)]),
  ])
}

function realChart(real: readonly RealRow[]): Chart {
  const sizes = [...new Set(real.map(({ n }) => n))]
  return {
    title: 'Requests sent until the first answer of a holder (real libp2p nodes)',
    xLabel: 'nodes',
    yLabel: 'mean requests',
    xBase: 2,
    xTicks: sizes.map((n) => ({ at: n, text: String(n) })),
    series: [...new Set(real.map(({ mode }) => mode))].map((name) => ({
      name,
      points: real.filter(({ mode }) => mode === name).map(({ n, messages }) => [n, messages] as const),
    })),
  }
}
