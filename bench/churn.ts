/**
 * Tables II and III of the Chord paper (Stoica et al., IEEE/ACM ToN 2003) again, with the step machines that run in a real
 * node: II, part of a ring dies at once and nobody has noticed; III, nodes come and go silently while the ring stabilises
 * every 30 s. A look-up succeeds when it ends at a node that held the key at some moment of the look-up.
 */
import { asRingId, type RingId } from '../src/base/index.ts'
import type { LookupMode } from '../src/ring/types.ts'
import { quantile, round, seeded } from './lib/stats.ts'
import { chartsSvg } from './lib/svg.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { kill } from './models/chord.ts'
import { frozenLookup, idealWorld, type Node, type World } from './models/machines.ts'
import { Truth } from './models/truth.ts'

const MODES: readonly LookupMode[] = ['chord', 'chord+list', 'table']

/** As in the paper: 30 s between stabilisations, 50 ms mean delay, 500 ms until a silent node is given up. */
const RING = { stabiliseMs: 30_000, auditMs: 120_000, graceMs: 30_000, pingTimeoutMs: 500 }
const MEAN_DELAY_MS = 50

interface Figures {
  readonly mode: LookupMode
  readonly lookups: number
  /** Members that answered, the owner included. */
  readonly mean: number
  readonly p99: number
  /** Requests that nobody answered, per look-up. */
  readonly timeouts: number
  readonly failures: number
}

interface FailureRow extends Figures {
  readonly share: number
}

interface ChurnRow extends Figures {
  /** Joins per second, and as many silent departures. */
  readonly rate: number
  /** Counting a node that joins as the owner before its successor can have heard of it. */
  readonly strictFailures: number
  readonly joins: number
  readonly departures: number
}

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
    seed: { type: 'string', help: 'seed of everything', default: '1' },
  },
  async run(values, say) {
    const how = {
      n: numberOption(values, 'n'),
      lookups: numberOption(values, 'lookups'),
      perSecond: numberOption(values, 'per-second'),
      warmUpSeconds: numberOption(values, 'warm-up'),
      seed: numberOption(values, 'seed'),
    }
    if (how.n < 2) throw new RangeError('--n must be at least 2')
    if (how.lookups === 0 || how.perSecond === 0) throw new RangeError('--lookups and --per-second must be at least 1')
    const shares = hundredths(values['shares'], 'shares')
    const rates = hundredths(values['rates'], 'rates')
    const failures = afterFailures(how, shares, say)
    const churn = rates.flatMap((rate) => {
      const rows = underChurn(how, rate)
      for (const row of rows)
        say(`${rate}/s ${row.mode}: ${row.mean} hops, ${row.timeouts} time-outs, ${row.failures} failed`)
      return rows
    })
    return summarise(how, failures, churn)
  },
}

interface How {
  readonly n: number
  readonly lookups: number
  readonly perSecond: number
  readonly warmUpSeconds: number
  readonly seed: number
}

/** Table II: the ring stands still, so that every look-up meets the ring as it was when they died. */
function afterFailures(
  { n, lookups, seed }: How,
  shares: readonly number[],
  say: (line: string) => void,
): FailureRow[] {
  const world = idealWorld({ size: n, seed, meanDelayMs: MEAN_DELAY_MS, ring: RING, running: false })
  const byId = new Map(world.nodes.map((node) => [node.id, node]))
  const ring = world.nodes.map(({ id }) => id).sort()
  const dead = new Uint8Array(n)
  return shares.flatMap((share) => {
    const chance = seeded(seed + Math.round(100 * share))
    const alive = [...kill(dead, share, chance)].map((place) => world.nodes[place]!)
    for (const [i, node] of world.nodes.entries()) node.up = dead[i] === 0
    const living = ring.filter((id) => byId.get(id)!.up)
    return MODES.map((mode) => {
      const outcomes = Array.from({ length: lookups }, () => {
        const key = randomKey(chance)
        const result = frozenLookup(world, byId, alive[Math.floor(chance() * alive.length)]!, key, mode)
        return { ...result, right: result.owner === (living.find((id) => id >= key) ?? living[0]) }
      })
      const row = { share, ...figures(mode, outcomes) }
      say(`${100 * share} % dead ${mode}: ${row.mean} hops, ${row.timeouts} time-outs, ${row.failures} failed`)
      return row
    })
  })
}

interface Outcome {
  readonly hops: number
  readonly timeouts: number
  readonly right: boolean
}

/** Table III: one ring, in which each mode looks up as many keys, each from a random node. */
function underChurn(how: How, rate: number): ChurnRow[] {
  const world = idealWorld({ size: how.n, seed: how.seed, meanDelayMs: MEAN_DELAY_MS, ring: RING, running: true })
  const truth = new Truth(world)
  const chance = seeded(how.seed + Math.round(1_000 * rate))
  const count = { joins: 0, departures: 0 }
  const modeOf = new Map<number, LookupMode>()
  const outcomes = new Map(MODES.map((mode) => [mode, [] as (Outcome & { readonly strict: boolean })[]]))
  let reference = 0

  poisson(world, chance, rate, () => {
    // A contact that answers, as a bootstrap address would.
    world.add([pick(world.up().filter(isMember), chance)])
    count.joins += 1
  })
  poisson(world, chance, rate, () => {
    const up = world.up()
    if (up.length <= 2) return
    const node = pick(up, chance)
    truth.left(node)
    world.crash(node)
    count.departures += 1
  })
  world.lookedUp = (_, ended, { owner, hops, timeouts }) => {
    const judgement = truth.end(ended, owner)
    const rows = outcomes.get(modeOf.get(ended)!)!
    modeOf.delete(ended)
    if (judgement !== undefined && rows.length < how.lookups) rows.push({ hops, timeouts, ...judgement })
  }
  world.run(1_000 * how.warmUpSeconds)
  for (const mode of MODES) {
    poisson(world, chance, how.perSecond, () => {
      reference += 1
      const key = randomKey(chance)
      modeOf.set(reference, mode)
      truth.begin(reference, key)
      world.feed(pick(world.up().filter(isMember), chance), { kind: 'lookup', reference, key, mode })
    })
  }
  while ([...outcomes.values()].some((rows) => rows.length < how.lookups)) world.run(1_000)
  return MODES.map((mode) => {
    const rows = outcomes.get(mode)!
    return { rate, ...figures(mode, rows), strictFailures: rows.filter(({ strict }) => !strict).length, ...count }
  })
}

const isMember = ({ state }: Node): boolean => state.phase === 'member'

/** Something that happens `perSecond` times a second on average, without memory. */
function poisson(world: World, chance: () => number, perSecond: number, happen: () => void): void {
  if (perSecond === 0) return
  world.at((-Math.log(1 - chance()) * 1_000) / perSecond, () => {
    happen()
    poisson(world, chance, perSecond, happen)
  })
}

function figures(mode: LookupMode, outcomes: readonly Outcome[]): Figures {
  const hops = outcomes.map((outcome) => outcome.hops)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    mode,
    lookups: outcomes.length,
    mean: round(sum(hops) / outcomes.length, 3),
    p99: quantile(hops, 0.99),
    timeouts: round(sum(outcomes.map(({ timeouts }) => timeouts)) / outcomes.length, 3),
    failures: outcomes.filter(({ right }) => !right).length,
  }
}

function summarise(how: How, failures: readonly FailureRow[], churn: readonly ChurnRow[]): BenchResult {
  const paperII = (share: number) => PAPER.tableII.find((row) => row.share === share)
  const paperIII = (rate: number) => PAPER.tableIII.find((row) => row.rate === rate)
  const worst = (rows: readonly Figures[]) => Math.max(0, ...rows.map((row) => row.failures))
  return {
    tables: [
      {
        title: `Table II: ${how.n} nodes of which a share dies at once; ${how.lookups} look-ups a row, before any repair`,
        columns: ['dead %', 'mode', 'mean', 'p99', 'time-outs', 'failed', 'paper: mean', 'time-outs', 'failed'],
        rows: failures.map((row) => [
          ...[round(100 * row.share), row.mode, row.mean, row.p99, row.timeouts, row.failures],
          ...paperCells(row.mode, paperII(row.share)),
        ]),
      },
      {
        title: `Table III: ${how.n} nodes, joins and as many silent departures per second, stabilising every 30 s`,
        columns: [
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
          ...[row.rate, row.mode, row.mean, row.p99, row.timeouts, row.failures, row.strictFailures],
          ...paperCells(row.mode, paperIII(row.rate)),
        ]),
      },
    ],
    targets: [
      target(`Table II: failed of ${how.lookups}, worst row`, worst(failures), 0),
      target(`Table III: failed of ${how.lookups}, worst row`, worst(churn), 1),
    ],
    data: {
      ...how,
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
      points: rows.filter(({ mode }) => mode === name).map((row) => [x(row), y(row)] as const),
    }))
  return chartsSvg([
    {
      title: 'Failed look-ups of 10,000 while nodes come and go',
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
      title: 'Time-outs per look-up while nodes come and go',
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

function randomKey(chance: () => number): RingId {
  const part = () =>
    Math.floor(chance() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return asRingId(Array.from({ length: 8 }, part).join(''))
}

function pick<T>(items: readonly T[], chance: () => number): T {
  return items[Math.floor(chance() * items.length)]!
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
