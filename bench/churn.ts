/**
 * Tables II and III of the Chord paper (Stoica et al., IEEE/ACM ToN 2003) again, with the step machines that run in a real
 * node: II, part of a ring dies at once and nobody has noticed; III, nodes come and go silently while the ring stabilises
 * every 30 s. A look-up succeeds when it ends at a node that held the key at some moment of the look-up.
 */
import type { LookupMode } from '../src/ring/types.ts'
import { round } from './lib/stats.ts'
import { chartsSvg } from './lib/svg.ts'
import { type Benchmark, type BenchResult, numberOption, numbersOption, target } from './lib/types.ts'
import { inWorkers } from './lib/workers.ts'
import { type ChurnRow, type FailureRow, type Figures, type How, MEAN_DELAY_MS, MODES, RING } from './models/comings.ts'
import type { ChurnTask } from './models/comings-worker.ts'

/** The paper's figures, quoted from memory; of Table III only the first and the last row. */
const PAPER = {
  tableII: [
    { share: 0.1, mean: 4.03, timeouts: 0.6, failures: 0 },
    { share: 0.2, mean: 4.22, timeouts: 1.17, failures: 0 },
    { share: 0.3, mean: 4.44, timeouts: 2.02, failures: 0 },
    { share: 0.4, mean: 4.69, timeouts: 3.23, failures: 0 },
    { share: 0.5, mean: 5.09, timeouts: 5.1, failures: 0 },
  ],
  tableIII: [
    { rate: 0.05, timeouts: 0.05, failures: 0 },
    { rate: 0.4, timeouts: 0.46, failures: 15 },
  ],
  source: 'Stoica et al., ToN 2003, from memory; N = 1000, 20 successors, 10,000 look-ups a row',
}

export const benchmark: Benchmark = {
  summary: "the Chord paper's tables of failed look-ups: nodes that die at once, and nodes that come and go",
  namespace: false,
  programs: [],
  options: {
    n: { type: 'string', help: 'nodes', default: '1000' },
    lookups: { type: 'string', help: 'look-ups a row and mode', default: '10000' },
    'per-second': { type: 'string', help: 'look-ups per second and mode while nodes come and go', default: '20' },
    'warm-up': { type: 'string', help: 'seconds of coming and going before look-ups are counted', default: '120' },
    shares: { type: 'string', help: 'percent that die at once', default: '0,10,20,30,40,50' },
    rates: {
      type: 'string',
      help: 'joins per hundred seconds, and as many departures',
      default: '5,10,15,20,25,30,35,40',
    },
    seeds: { type: 'string', help: 'the whole for each of these seeds', default: '1,2,3' },
    workers: { type: 'string', help: 'threads: a row of Table III is a simulation of its own', default: '2' },
  },
  async run(values, say) {
    const how = {
      n: numberOption(values, 'n'),
      lookups: numberOption(values, 'lookups'),
      perSecond: numberOption(values, 'per-second'),
      warmUpSeconds: numberOption(values, 'warm-up'),
    }
    if (how.n < 2) throw new RangeError('--n must be at least 2')
    if (how.lookups === 0 || how.perSecond === 0) throw new RangeError('--lookups and --per-second must be at least 1')
    const shares = hundredths(values['shares'], 'shares')
    const rates = hundredths(values['rates'], 'rates')
    const seeds = numbersOption(values, 'seeds')
    const tasks: ChurnTask[] = seeds.flatMap((seed) => [
      { how: { ...how, seed }, shares },
      ...rates.map((rate) => ({ how: { ...how, seed }, rate })),
    ])
    const worker = new URL('./models/comings-worker.ts', import.meta.url)
    const done = await inWorkers<ChurnTask, readonly (FailureRow | ChurnRow)[]>(
      worker,
      tasks,
      Math.max(1, numberOption(values, 'workers')),
      (rows) => {
        for (const row of rows) say(rowText(row))
      },
    )
    const rows = done.flat()
    const failures = rows.filter((row) => 'share' in row)
    const churn = rows.filter((row) => 'rate' in row)
    return summarise(how, seeds, failures, churn)
  },
}

function rowText(row: FailureRow | ChurnRow): string {
  const where = 'share' in row ? `${round(100 * row.share)} % dead` : `${row.rate}/s`
  return `seed ${row.seed}, ${where}, ${row.mode}: ${row.mean} hops, ${row.timeouts} time-outs, ${row.failures} failed`
}

function summarise(
  how: Omit<How, 'seed'>,
  seeds: readonly number[],
  failures: readonly FailureRow[],
  churn: readonly ChurnRow[],
): BenchResult {
  const paperII = (share: number) => PAPER.tableII.find((row) => row.share === share)
  const paperIII = (rate: number) => PAPER.tableIII.find((row) => row.rate === rate)
  const worst = (rows: readonly Figures[]) => Math.max(0, ...rows.map((row) => row.failures))
  return {
    tables: [
      {
        title: `Table II: ${how.n} nodes of which a share dies at once; ${how.lookups} look-ups a row, before any repair`,
        columns: ['seed', 'dead %', 'mode', 'mean', 'p99', 'time-outs', 'failed', 'paper: mean', 'time-outs', 'failed'],
        rows: failures.map((row) => [
          ...[row.seed, round(100 * row.share), row.mode, row.mean, row.p99, row.timeouts, row.failures],
          ...paperCells(row.mode, paperII(row.share)),
        ]),
      },
      {
        title: `Table III: ${how.n} nodes, joins and as many silent departures per second, stabilising every 30 s`,
        columns: [
          'seed',
          'per s',
          'mode',
          'mean',
          'p99',
          'time-outs',
          'failed',
          'strictly',
          'paper: mean',
          'time-outs',
          'failed',
        ],
        rows: churn.map((row) => [
          ...[row.seed, row.rate, row.mode, row.mean, row.p99, row.timeouts, row.failures, row.strictFailures],
          ...paperCells(row.mode, paperIII(row.rate)),
        ]),
      },
    ],
    targets: [
      target(`Table II, seeds ${seeds.join(', ')}: failed of ${how.lookups}, worst row`, worst(failures), 0),
      target(`Table III, seeds ${seeds.join(', ')}: failed of ${how.lookups}, worst row`, worst(churn), 1),
    ],
    data: {
      ...how,
      seeds,
      ring: RING,
      meanDelayMs: MEAN_DELAY_MS,
      successors: 16,
      tableII: failures,
      tableIII: churn,
      paper: PAPER,
      what: {
        simulated: 'the step machines of src/ring in virtual time; fingers are those of the member table each node has',
        success: 'the owner held the key at some moment of the look-up',
        strictly:
          'the same, but a node that joins is the only owner at once, before its successor can have heard of it',
        departures: 'silent: nobody is told',
      },
      realNodes: 'not measured: real libp2p nodes',
    },
    picture: picture(failures, churn),
  }
}

/** The paper routes by fingers and list: its figures stand beside that mode. */
function paperCells(
  mode: LookupMode,
  paper: { readonly mean?: number; readonly timeouts: number; readonly failures: number } | undefined,
): (string | number)[] {
  if (mode !== 'chord+list' || paper === undefined) return ['', '', '']
  return [paper.mean ?? '', paper.timeouts, paper.failures]
}

function picture(failures: readonly FailureRow[], churn: readonly ChurnRow[]): string {
  const ticks = (values: readonly number[]) => [...new Set(values)].map((at) => ({ at, text: String(at) }))
  const lines = <Row extends Figures>(rows: readonly Row[], x: (row: Row) => number, y: (row: Row) => number) =>
    MODES.map((name) => ({
      name,
      points: worstAt(rows.filter(({ mode }) => mode === name).map((row) => [x(row), y(row)] as const)),
    }))
  return chartsSvg([
    {
      title: 'Failed look-ups of 10,000 while nodes come and go (worst seed)',
      xLabel: 'joins per second, and as many silent departures',
      yLabel: 'failed of 10,000',
      xTicks: ticks(churn.map(({ rate }) => rate)),
      series: [
        ...lines(
          churn,
          ({ rate }) => rate,
          (row) => (10_000 * row.failures) / row.lookups,
        ),
        {
          name: 'Chord paper, its ends',
          points: PAPER.tableIII.map((row) => [row.rate, row.failures] as const),
          dashed: true,
        },
      ],
    },
    {
      title: 'Time-outs per look-up while nodes come and go (worst seed)',
      xLabel: 'joins per second, and as many silent departures',
      yLabel: 'time-outs per look-up',
      xTicks: ticks(churn.map(({ rate }) => rate)),
      series: [
        ...lines(
          churn,
          ({ rate }) => rate,
          ({ timeouts }) => timeouts,
        ),
        {
          name: 'Chord paper, its ends',
          points: PAPER.tableIII.map((row) => [row.rate, row.timeouts] as const),
          dashed: true,
        },
      ],
    },
    {
      title: 'Time-outs per look-up just after a share died (no look-up failed where the row says 0)',
      xLabel: 'percent dead',
      yLabel: 'time-outs per look-up',
      xTicks: ticks(failures.map(({ share }) => round(100 * share))),
      series: [
        ...lines(
          failures,
          ({ share }) => 100 * share,
          ({ timeouts }) => timeouts,
        ),
        {
          name: 'Chord paper',
          points: PAPER.tableII.map(({ share, timeouts }) => [100 * share, timeouts] as const),
          dashed: true,
        },
      ],
    },
  ])
}

/** One point per place: the worst of the seeds. */
function worstAt(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const worst = new Map<number, number>()
  for (const [x, y] of points) worst.set(x, Math.max(y, worst.get(x) ?? y))
  return [...worst]
}

function hundredths(value: string | boolean | undefined, name: string): number[] {
  return String(value)
    .split(',')
    .map((text) => {
      const number = Number(text)
      if (text === '' || !Number.isInteger(number) || number < 0 || number > 90)
        throw new RangeError(`--${name} must be whole numbers of at most 90, separated by commas, not ${value}`)
      return number / 100
    })
}
