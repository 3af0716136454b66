/** Three boxes of a household, to which one stream of questions is dealt, against one resolver that gets it all. */
import { startChordns } from './lib/processes.ts'
import { median, quantile, round, seeded } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import {
  type AskQuestion,
  type Cluster,
  createWorld,
  type PeerProcess,
  signWorld,
  startCluster,
  type World,
} from './lib/world-parts.ts'
import { delayedWorld } from './worlds/delayed.ts'

const PORT = 53
const STUB_TIMEOUT_MS = 8_000
const JOIN_MS = 60_000
/** Of the names that people look up (Jung et al. 2002, Breslau et al. 1999: 0.9 to 1). */
const ZIPF = 0.95

interface Asking {
  readonly question: AskQuestion
  /** Ms after the start. */
  readonly at: number
}

interface Leg {
  readonly who: 'household' | 'one'
  readonly latencies: readonly number[]
  readonly upstream: number
  readonly failures: number
}

interface Door {
  readonly address: string
  readonly port: number
}

export const benchmark: Benchmark = {
  summary: 'three boxes that are one household, against one resolver that gets all their questions',
  namespace: true,
  programs: [],
  options: {
    names: { type: 'string', help: 'distinct questions that there are', default: '400' },
    questions: { type: 'string', help: 'questions of the stream', default: '800' },
    rate: { type: 'string', help: 'questions a second, at random moments', default: '10' },
    rounds: { type: 'string', help: 'rounds of each, in turn', default: '2' },
    seed: { type: 'string', help: 'seed of world and stream', default: '1' },
    dnssec: { type: 'boolean', help: 'all zones signed, all validate' },
  },
  async run(values, say) {
    const seed = numberOption(values, 'seed')
    const plain = delayedWorld({
      names: numberOption(values, 'names'),
      seed,
      minDelayMs: 10,
      maxDelayMs: 60,
      dead: 0,
      port: PORT,
    })
    const dnssec = values['dnssec'] === true
    const zones = Object.fromEntries(plain.spec.zones.map(({ origin }) => [origin, {}]))
    const { spec, anchorText } = dnssec ? signWorld(plain.spec, zones) : { spec: plain.spec, anchorText: undefined }
    const world = await createWorld(spec)
    const stream = streamOf(plain.questions, numberOption(values, 'questions'), numberOption(values, 'rate'), seed)
    const legs: Leg[] = []
    try {
      for (let number = 0; number < numberOption(values, 'rounds'); number++) {
        const order = number % 2 === 0 ? (['household', 'one'] as const) : (['one', 'household'] as const)
        for (const who of order) {
          const leg =
            who === 'one' ? await oneLeg(world, stream, anchorText) : await householdLeg(world, stream, anchorText)
          say(`round ${number + 1} ${who}: p50 ${round(median(leg.latencies), 1)} ms, ${leg.upstream} upstream queries`)
          legs.push(leg)
        }
      }
    } finally {
      await world.stopAll()
    }
    return summarise(legs, stream.length, dnssec)
  },
}

/** Each question is drawn by how popular it is; the moments are those of many devices that know nothing of each other. */
function streamOf(questions: readonly AskQuestion[], count: number, rate: number, seed: number): Asking[] {
  const chance = seeded(seed + 1_000)
  const weights = questions.map((_, rank) => 1 / (rank + 1) ** ZIPF)
  const total = weights.reduce((sum, one) => sum + one, 0)
  let at = 0
  return Array.from({ length: count }, () => {
    at += (-Math.log(1 - chance()) * 1_000) / rate
    let left = chance() * total
    const index = weights.findIndex((weight) => {
      left -= weight
      return left <= 0
    })
    return { question: questions[index === -1 ? 0 : index]!, at }
  })
}

async function oneLeg(world: World, stream: readonly Asking[], anchor: string | undefined): Promise<Leg> {
  const resolver = await startChordns({ hints: world.hintsText(), port: PORT, anchor })
  try {
    return { who: 'one', ...(await play(world, stream, [resolver])) }
  } finally {
    await resolver.stop()
  }
}

async function householdLeg(world: World, stream: readonly Asking[], anchor: string | undefined): Promise<Leg> {
  const cluster = await startCluster({
    peers: 3,
    hints: world.hintsText(),
    authorityPort: PORT,
    ...(anchor !== undefined && { anchors: anchor }),
    replicas: 2,
    admitAfter: 'auto',
    config: { ring: { acceptFrom: 'any-member' } },
  })
  try {
    await allThere(cluster)
    return { who: 'household', ...(await play(world, stream, cluster.peers)) }
  } finally {
    await cluster.stop()
  }
}

async function allThere({ peers }: Cluster): Promise<void> {
  const end = performance.now() + JOIN_MS
  const members = async ({ statusPort }: PeerProcess) => {
    const reply = await fetch(`http://127.0.0.1:${statusPort}/status`)
    const { ring } = (await reply.json()) as { ring: { members: unknown[] } | null }
    return ring?.members.length ?? 0
  }
  while ((await Promise.all(peers.map(members))).some((count) => count !== peers.length)) {
    if (performance.now() > end) throw new Error('the boxes did not find each other in time')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Deals the stream in turn. */
async function play(world: World, stream: readonly Asking[], doors: readonly Door[]): Promise<Omit<Leg, 'who'>> {
  const stubs = await Promise.all(doors.map((door) => Stub.open('127.0.0.1', door)))
  // The root's servers are known before the first question: priming is done once in days.
  await Promise.all(stubs.map((stub) => stub.ask('.', STUB_TIMEOUT_MS, 'NS')))
  world.clearLog()
  const start = performance.now()
  const answers = stream.map(async ({ question, at }, i) => {
    await new Promise((resolve) => setTimeout(resolve, start + at - performance.now()))
    return stubs[i % stubs.length]!.ask(question.name, STUB_TIMEOUT_MS, String(question.type ?? 'A'))
  })
  const all = await Promise.all(answers)
  const upstream = world.count()
  for (const stub of stubs) stub.close()
  return {
    latencies: all.map(({ elapsedMs }) => elapsedMs),
    upstream,
    failures: all.filter(({ rcode }) => rcode !== 0 && rcode !== 3).length,
  }
}

function summarise(legs: readonly Leg[], questions: number, dnssec: boolean): BenchResult {
  const of = (who: Leg['who']) => {
    const own = legs.filter((leg) => leg.who === who)
    const latencies = own.flatMap((leg) => leg.latencies)
    return {
      who,
      p50: median(latencies),
      p90: quantile(latencies, 0.9),
      p99: quantile(latencies, 0.99),
      mean: latencies.reduce((sum, one) => sum + one, 0) / latencies.length,
      upstream: own.reduce((sum, leg) => sum + leg.upstream, 0) / latencies.length,
      failures: own.reduce((sum, leg) => sum + leg.failures, 0),
    }
  }
  const [household, one] = [of('household'), of('one')]
  const ratio = {
    upstream: round(household.upstream / one.upstream, 3),
    p50: round(household.p50 / one.p50, 3),
    mean: round(household.mean / one.mean, 3),
  }
  return {
    tables: [
      {
        title: `${questions} questions a round, ${dnssec ? 'all zones signed' : 'unsigned'}`,
        columns: ['who', 'p50 ms', 'mean ms', 'p90 ms', 'p99 ms', 'upstream/q', 'failures'],
        rows: [household, one].map((each) => [
          each.who,
          round(each.p50, 2),
          round(each.mean, 1),
          round(each.p90, 1),
          round(each.p99, 1),
          round(each.upstream, 3),
          each.failures,
        ]),
      },
    ],
    targets: [
      target('upstream queries, times those of one resolver', ratio.upstream, 1.1),
      target('p50, times that of one resolver', ratio.p50, 1.15),
    ],
    data: {
      questions,
      dnssec,
      ratio,
      household,
      one,
      legs: legs.map(({ who, latencies, upstream, failures }) => ({ who, p50: median(latencies), upstream, failures })),
    },
  }
}
