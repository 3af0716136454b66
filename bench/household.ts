/** Three boxes of a household, to which one stream of questions is dealt, against one resolver that gets it all. */
import { median, quantile, round } from './lib/stats.ts'
import { streamOf } from './lib/stream.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { createWorld } from './lib/world-parts.ts'
import { type Dealing, type Dealt, requestCount } from './models/dealt.ts'
import { dealReal } from './real/dealt.ts'
import { delayedWorld } from './worlds/delayed.ts'
import { signedSpec } from './worlds/signed.ts'

const PORT = 53
const HOUSEHOLD: Dealing = { sharing: 'any-member', members: 3 }
const ONE: Dealing = { sharing: 'one', members: 1 }

interface Leg extends Dealt {
  readonly who: 'household' | 'one'
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
    const { spec, anchor } = signedSpec(plain, dnssec ? 100 : 0)
    const world = await createWorld(spec)
    const stream = streamOf(plain.questions, {
      count: numberOption(values, 'questions'),
      rate: numberOption(values, 'rate'),
      seed,
    })
    const legs: Leg[] = []
    try {
      for (let number = 0; number < numberOption(values, 'rounds'); number++) {
        const order = number % 2 === 0 ? (['household', 'one'] as const) : (['one', 'household'] as const)
        for (const who of order) {
          const leg = await dealReal({ world, anchor, stream }, who === 'one' ? ONE : HOUSEHOLD)
          say(
            `round ${number + 1} ${who}: p50 ${round(median(leg.latencies), 1)} ms, ${leg.upstream.all} upstream queries`,
          )
          legs.push({ who, ...leg })
        }
      }
    } finally {
      await world.stopAll()
    }
    return summarise(legs, stream.length, dnssec)
  },
}

function sideOf(who: Leg['who'], legs: readonly Leg[]) {
  const own = legs.filter((leg) => leg.who === who)
  const latencies = own.flatMap((leg) => leg.latencies)
  const each = (figure: (leg: Leg) => number) => own.reduce((sum, leg) => sum + figure(leg), 0) / latencies.length
  return {
    who,
    p50: median(latencies),
    p90: quantile(latencies, 0.9),
    p99: quantile(latencies, 0.99),
    mean: latencies.reduce((sum, one) => sum + one, 0) / latencies.length,
    upstream: each((leg) => leg.upstream.all),
    requests: each((leg) => requestCount(leg.requests)),
    packets: each((leg) => leg.packets ?? 0),
    failures: own.reduce((sum, leg) => sum + leg.failures, 0),
  }
}

function summarise(legs: readonly Leg[], questions: number, dnssec: boolean): BenchResult {
  const [household, one] = [sideOf('household', legs), sideOf('one', legs)]
  const ratio = {
    upstream: round(household.upstream / one.upstream, 3),
    p50: round(household.p50 / one.p50, 3),
    mean: round(household.mean / one.mean, 3),
  }
  return {
    tables: [
      {
        title: `${questions} questions a round, ${dnssec ? 'all zones signed' : 'unsigned'}`,
        columns: ['who', 'p50 ms', 'mean ms', 'p90 ms', 'p99 ms', 'upstream/q', 'requests/q', 'packets/q', 'failures'],
        rows: [household, one].map((each) => [
          each.who,
          round(each.p50, 2),
          round(each.mean, 1),
          round(each.p90, 1),
          round(each.p99, 1),
          round(each.upstream, 3),
          round(each.requests, 2),
          round(each.packets, 1),
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
