/**
 * Three boxes of a household, to which one stream of questions is dealt, against one resolver that gets it all. Each box is a machine of its
 * own (a network namespace) on one LAN, whose links are as long as `--lan-us` says and as the run itself measures; or with `--virtual` a node
 * in virtual time, where computing costs nothing: what is left is what the household itself costs, whatever else the machine does.
 */
import { HeldLinks, type HeldSeen } from './lib/held-links.ts'
import { type Host, Hosts } from './lib/hosts.ts'
import { median, quantile, round } from './lib/stats.ts'
import { type Asking, streamOf } from './lib/stream.ts'
import { type Benchmark, type BenchResult, numberOption, type Table, target } from './lib/types.ts'
import { createWorld } from './lib/world-parts.ts'
import { type Dealing, type Dealt, requestCount } from './models/dealt.ts'
import { dealVirtual } from './models/virtual-dealt.ts'
import { FETCHED_MS, WAITS, type Wait, waitsOf } from './models/waits.ts'
import { dealReal } from './real/dealt.ts'
import { delayedWorld } from './worlds/delayed.ts'
import { signedSpec } from './worlds/signed.ts'

const PORT = 53
/** RFC 2544: nobody's addresses, and none that a resolver refuses to ask. */
const AUTHORITIES = '198.18'
const HOUSEHOLD: Dealing = { sharing: 'any-member', members: 3 }
const ONE: Dealing = { sharing: 'one', members: 1 }

/** Three nodes that have just begun run three times as much code for the first time as one does. */
const WARM_FETCHES = 60
/** Nobody sees a difference below it. Ms. */
const AT_HAND_MS = 1
/** Where answers at hand end, and the median lies. */
const AROUND_MEDIAN = [0.4, 0.45, 0.48, 0.49, 0.5, 0.51, 0.52, 0.55, 0.6]

interface Leg extends Dealt {
  readonly who: 'household' | 'one'
  /** Why each answer took its time. */
  readonly waits: readonly Wait[]
}

export const benchmark: Benchmark = {
  summary: 'three boxes that are one household, against one resolver that gets all their questions',
  namespace: true,
  programs: ['ip', 'unshare', 'nsenter'],
  options: {
    names: { type: 'string', help: 'distinct questions that there are', default: '2000' },
    questions: { type: 'string', help: 'questions of the stream', default: '600' },
    rate: { type: 'string', help: 'questions a second, at random moments', default: '8' },
    rounds: { type: 'string', help: 'rounds of each, in turn', default: '2' },
    seed: { type: 'string', help: 'seed of world and stream', default: '1' },
    virtual: {
      type: 'string',
      help: 'rounds in virtual time instead, each with other draws of servers; 0: none',
      default: '0',
    },
    dnssec: { type: 'boolean', help: 'all zones signed, all validate' },
    'lan-us': {
      type: 'string',
      help: 'round trip between two boxes, microseconds, added to what the way takes',
      default: '200',
    },
    'near-ms': { type: 'string', help: 'the nearest authority', default: '10' },
    'far-ms': { type: 'string', help: 'the farthest', default: '60' },
  },
  async run(values, say) {
    const seed = numberOption(values, 'seed')
    const plain = delayedWorld({
      names: numberOption(values, 'names'),
      seed,
      minDelayMs: numberOption(values, 'near-ms'),
      maxDelayMs: numberOption(values, 'far-ms'),
      dead: 0,
      port: PORT,
      network: AUTHORITIES,
    })
    const dnssec = values['dnssec'] === true
    const { spec, anchor } = signedSpec(plain, dnssec ? 100 : 0)
    const stream = streamOf(plain.questions, {
      count: numberOption(values, 'questions'),
      rate: numberOption(values, 'rate'),
      seed,
    })
    const how = { questions: stream.length, dnssec }
    const draws = numberOption(values, 'virtual')
    if (draws > 0) return summarise(await virtualLegs({ spec, anchor, stream }, draws, say), how)
    const lan = await beginLan(numberOption(values, 'lan-us') / 1_000)
    const world = await createWorld(spec)
    const legs: Leg[] = []
    try {
      say(`round trip between two boxes: ${round(lan.roundTripMs, 3)} ms`)
      const run = {
        world,
        anchor,
        stream,
        warmFetches: WARM_FETCHES,
        lan: { hosts: lan.hosts, packets: () => lan.links.seen().packets },
      }
      for (let number = 0; number < numberOption(values, 'rounds'); number++) {
        const order = number % 2 === 0 ? (['household', 'one'] as const) : (['one', 'household'] as const)
        for (const who of order) {
          const leg = await dealReal(run, who === 'one' ? ONE : HOUSEHOLD)
          say(
            `round ${number + 1} ${who}: p50 ${round(median(leg.latencies), 1)} ms, ${leg.upstream.all} upstream queries`,
          )
          legs.push(legOf(who, stream, leg))
        }
      }
      return summarise(legs, { ...how, lan: { roundTripMs: lan.roundTripMs, held: lan.links.seen() } })
    } finally {
      await world.stopAll()
      await lan.end()
    }
  },
}

async function virtualLegs(
  run: Omit<Parameters<typeof dealVirtual>[0], 'seed'>,
  draws: number,
  say: (line: string) => void,
): Promise<Leg[]> {
  const legs: Leg[] = []
  for (let seed = 1; seed <= draws; seed++)
    for (const who of ['household', 'one'] as const) {
      const leg = await dealVirtual({ ...run, seed }, who === 'one' ? ONE : HOUSEHOLD)
      say(`draw ${seed} ${who}: p50 ${round(median(leg.latencies), 1)} ms, ${leg.upstream.all} upstream queries`)
      legs.push(legOf(who, run.stream, leg))
    }
  return legs
}

function legOf(who: Leg['who'], stream: readonly Asking[], dealt: Dealt): Leg {
  const { members } = who === 'one' ? ONE : HOUSEHOLD
  return { who, ...dealt, waits: waitsOf(stream, dealt.latencies, members) }
}

interface BenchLan {
  readonly hosts: readonly Host[]
  readonly links: HeldLinks
  /** As seen before the run, without what the programs need. */
  readonly roundTripMs: number
  end(): Promise<void>
}

async function beginLan(roundTripMs: number): Promise<BenchLan> {
  const machines = Hosts.begin(`${AUTHORITIES}.0.0/16`)
  const links = await HeldLinks.begin(roundTripMs / 2)
  const hosts: Host[] = []
  for (let index = 0; index < HOUSEHOLD.members; index++) {
    const host = await machines.add(index)
    links.hold(host.port)
    hosts.push(host)
  }
  const [asker, other] = hosts as [Host, Host]
  const seenMs = (await asker.refused(other.address)) - (await asker.refused(asker.address))
  links.clear()
  return {
    hosts,
    links,
    roundTripMs: seenMs,
    async end() {
      await links.end()
      await machines.end()
    },
  }
}

function sideOf(who: Leg['who'], legs: readonly Leg[]) {
  const own = legs.filter((leg) => leg.who === who)
  const latencies = own.flatMap((leg) => leg.latencies)
  const fetched = latencies.filter((ms) => ms >= FETCHED_MS)
  const each = (figure: (leg: Leg) => number) => own.reduce((sum, leg) => sum + figure(leg), 0) / latencies.length
  return {
    who,
    p50: median(latencies),
    p90: quantile(latencies, 0.9),
    p99: quantile(latencies, 0.99),
    around: AROUND_MEDIAN.map((share) => quantile(latencies, share)),
    waits: WAITS.map((wait) => waitOf(wait, own, latencies.length)),
    mean: latencies.reduce((sum, one) => sum + one, 0) / latencies.length,
    fetched: fetched.length / latencies.length,
    fetchedP50: median(fetched),
    upstream: each((leg) => leg.upstream.all),
    requests: each((leg) => requestCount(leg.requests)),
    packets: each((leg) => leg.packets ?? 0),
    failures: own.reduce((sum, leg) => sum + leg.failures, 0),
  }
}

function waitOf(wait: Wait, legs: readonly Leg[], answers: number) {
  const own = legs.flatMap(({ latencies, waits }) => latencies.filter((_, i) => waits[i] === wait))
  return { wait, share: own.length / answers, p50: own.length === 0 ? 0 : median(own) }
}

interface How {
  readonly questions: number
  readonly dnssec: boolean
  /** Undefined in virtual time. */
  readonly lan?: { readonly roundTripMs: number; readonly held: HeldSeen }
}

function summarise(legs: readonly Leg[], { questions, dnssec, lan }: How): BenchResult {
  const [household, one] = [sideOf('household', legs), sideOf('one', legs)]
  const ratio = {
    upstream: round(household.upstream / one.upstream, 3),
    p50: round(Math.max(household.p50, AT_HAND_MS) / Math.max(one.p50, AT_HAND_MS), 3),
    fetchedP50: round(household.fetchedP50 / one.fetchedP50, 3),
    mean: round(household.mean / one.mean, 3),
  }
  return {
    tables: [
      {
        title: `${questions} questions a round, ${dnssec ? 'all zones signed' : 'unsigned'}`,
        columns: [
          'who',
          'p50 ms',
          'mean ms',
          'p90 ms',
          'p99 ms',
          'fetched %',
          'their p50',
          'upstream/q',
          'requests/q',
          'packets/q',
          'failures',
        ],
        rows: [household, one].map((each) => [
          each.who,
          round(each.p50, 2),
          round(each.mean, 1),
          round(each.p90, 1),
          round(each.p99, 1),
          round(100 * each.fetched, 1),
          round(each.fetchedP50, 2),
          round(each.upstream, 3),
          round(each.requests, 2),
          round(each.packets, 1),
          each.failures,
        ]),
      },
      {
        title: 'around the median, ms',
        columns: ['who', ...AROUND_MEDIAN.map((share) => `p${round(100 * share, 0)}`)],
        rows: [household, one].map(({ who, around }) => [who, ...around.map((ms) => round(ms, 1))]),
      },
      {
        title: 'answers by what they waited for: % (p50, ms)',
        columns: ['who', ...WAITS],
        rows: [household, one].map(({ who, waits }) => [
          who,
          ...waits.map(({ share, p50 }) => `${round(100 * share)} (${round(p50, 1)})`),
        ]),
      },
      ...(lan === undefined ? [] : [lanTable(lan)]),
    ],
    targets: [
      target('upstream queries, times those of one resolver', ratio.upstream, 1.1),
      target('p50, times that of one resolver', ratio.p50, 1.15),
    ],
    data: {
      questions,
      dnssec,
      ...(lan !== undefined && { lan }),
      ratio,
      household,
      one,
      legs: legs.map(({ latencies, waits: _, ...leg }) => ({ ...leg, p50: median(latencies) })),
    },
  }
}

function lanTable({ roundTripMs, held }: NonNullable<How['lan']>): Table {
  return {
    title: 'the LAN as it was, ms',
    columns: ['round trip before the run', 'packets', 'held, one way: p50', 'p99', 'lost'],
    rows: [[round(roundTripMs, 3), held.packets, held.p50, held.p99, held.lost]],
  }
}
