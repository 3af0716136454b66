/** Cold caches against Unbound: the same questions, the same delayed Internet, rounds in turn. */
import { configKeys, type ResolverProcess, startChordns, startUnbound, type Upstream } from './lib/processes.ts'
import { median, quantile, round } from './lib/stats.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { type AskQuestion, ask, createWorld, type World } from './lib/world-parts.ts'
import { delayedWorld } from './worlds/delayed.ts'
import { signedSpec } from './worlds/signed.ts'

/** What a stub waits: nobody gets an answer later than that. */
const STUB_TIMEOUT_MS = 8_000

interface Round {
  readonly resolver: string
  readonly round: number
  readonly latencies: readonly number[]
  readonly slowest: readonly { readonly key: string; readonly ms: number }[]
  readonly upstream: number
  readonly tcp: number
  readonly failures: readonly string[]
  readonly answers: ReadonlyMap<string, string>
  readonly cpuMs: number
  readonly rssBytes: number
}

export const benchmark: Benchmark = {
  summary: 'cold caches, against Unbound in the same delayed world',
  namespace: true,
  programs: ['unbound'],
  options: {
    names: { type: 'string', help: 'distinct questions of a round', default: '600' },
    rounds: { type: 'string', help: 'rounds of each resolver, in turn', default: '3' },
    concurrency: { type: 'string', help: 'questions open at once', default: '8' },
    'min-delay': { type: 'string', help: 'least delay of a server, ms', default: '10' },
    'max-delay': { type: 'string', help: 'greatest delay of a server, ms', default: '60' },
    dead: { type: 'string', help: 'percent of leaf servers that never answer', default: '0' },
    seed: { type: 'string', help: 'seed of the world', default: '1' },
    dnssec: { type: 'boolean', help: 'all zones signed, both validate' },
    show: { type: 'boolean', help: 'list the questions whose answers differ, and the slowest' },
  },
  async run(values, say) {
    const port = 53
    const plain = delayedWorld({
      names: numberOption(values, 'names'),
      seed: numberOption(values, 'seed'),
      minDelayMs: numberOption(values, 'min-delay'),
      maxDelayMs: numberOption(values, 'max-delay'),
      dead: numberOption(values, 'dead') / 100,
      port,
    })
    const dnssec = values['dnssec'] === true
    if (dnssec && !configKeys().has('dnssec'))
      throw new Error('--dnssec: this version of chordns does not validate yet')
    const { spec, anchor } = signedSpec(plain, dnssec ? 100 : 0)
    const world = await createWorld(spec)
    const upstream: Upstream = { hints: world.hintsText(), port, anchor }
    const starts = { chordns: () => startChordns(upstream), unbound: () => startUnbound(upstream) }
    const rounds: Round[] = []
    try {
      for (let number = 0; number < numberOption(values, 'rounds'); number++) {
        // Who goes first changes: a machine that gets warmer or busier favours neither.
        const order = number % 2 === 0 ? (['chordns', 'unbound'] as const) : (['unbound', 'chordns'] as const)
        for (const name of order) {
          const done = await oneRound(starts[name], world, plain.questions, number, numberOption(values, 'concurrency'))
          say(
            `round ${number + 1} ${name}: median ${round(median(done.latencies), 1)} ms, ${done.upstream} upstream queries`,
          )
          rounds.push(done)
        }
      }
    } finally {
      await world.stopAll()
    }
    if (values['show'] === true) show(rounds, say)
    return summarise(rounds, plain.questions.length, plain.zones, dnssec)
  },
}

async function oneRound(
  start: () => Promise<ResolverProcess>,
  world: World,
  questions: readonly AskQuestion[],
  number: number,
  concurrency: number,
): Promise<Round> {
  const resolver = await start()
  try {
    // The root's servers are known before the first question: priming is done once in days.
    await ask(resolver, { name: '.', type: 'NS' }, { timeoutMs: STUB_TIMEOUT_MS })
    world.clearLog()
    const cpuBefore = resolver.cpuMs()
    const latencies: number[] = []
    const slow: { key: string; ms: number }[] = []
    const failures: string[] = []
    const answers = new Map<string, string>()
    const waiting = [...questions]
    const client = async () => {
      for (let question = waiting.shift(); question !== undefined; question = waiting.shift()) {
        const key = `${question.name} ${question.type}`
        const started = performance.now()
        try {
          const reply = await askOnce(resolver, question)
          answers.set(key, reply)
          if (reply.startsWith('2 ')) failures.push(`${key}: SERVFAIL`)
        } catch (error) {
          failures.push(`${key}: ${error instanceof Error ? error.message : String(error)}`)
        }
        const ms = performance.now() - started
        latencies.push(ms)
        slow.push({ key, ms })
      }
    }
    await Promise.all(Array.from({ length: concurrency }, client))
    return {
      resolver: resolver.name,
      round: number,
      latencies,
      slowest: slow.sort((a, b) => b.ms - a.ms).slice(0, 12),
      upstream: world.count(),
      tcp: world.count(({ protocol }) => protocol === 'tcp'),
      failures,
      answers,
      cpuMs: resolver.cpuMs() - cpuBefore,
      rssBytes: resolver.rssBytes(),
    }
  } finally {
    await resolver.stop()
  }
}

/** UDP, and TCP after TC as every stub does. Rcode, number of records and AD: enough to see that both did the same work. */
async function askOnce({ address, port }: ResolverProcess, question: AskQuestion): Promise<string> {
  const flags = { timeoutMs: STUB_TIMEOUT_MS, ad: true }
  const first = await ask({ address, port }, question, flags)
  const reply = first.tc ? await ask({ address, port, protocol: 'tcp' }, question, flags) : first
  return `${reply.rcode} ${reply.answers.length}${reply.ad ? ' ad' : ''}`
}

function summarise(rounds: readonly Round[], names: number, zones: number, dnssec: boolean): BenchResult {
  const of = (resolver: string) => {
    const own = rounds.filter((one) => one.resolver === resolver)
    const latencies = own.flatMap((one) => one.latencies)
    const questions = latencies.length
    const sum = (figure: (one: Round) => number) => own.reduce((total, one) => total + figure(one), 0)
    return {
      resolver,
      questions,
      median: median(latencies),
      p90: quantile(latencies, 0.9),
      p99: quantile(latencies, 0.99),
      upstreamPerQuestion: sum((one) => one.upstream) / questions,
      tcpPerQuestion: sum((one) => one.tcp) / questions,
      cpuMsPerQuestion: sum((one) => one.cpuMs) / questions,
      rssMiB: Math.max(...own.map((one) => one.rssBytes)) / 2 ** 20,
      secure: sum((one) => [...one.answers.values()].filter((answer) => answer.endsWith(' ad')).length),
      failures: sum((one) => one.failures.length),
    }
  }
  const ours = of('chordns')
  const theirs = of('unbound')
  const different = differences(rounds)
  const ratio = {
    median: round(ours.median / theirs.median, 3),
    p99: round(ours.p99 / theirs.p99, 3),
    upstream: round(ours.upstreamPerQuestion / theirs.upstreamPerQuestion, 3),
  }
  const rows = [ours, theirs].map((one) => [
    one.resolver,
    round(one.median, 1),
    round(one.p90, 1),
    round(one.p99, 1),
    round(one.upstreamPerQuestion, 3),
    round(one.tcpPerQuestion, 3),
    round(one.cpuMsPerQuestion, 2),
    round(one.rssMiB, 1),
    one.secure,
    one.failures,
  ])
  return {
    tables: [
      {
        title: `cold caches, ${names} questions a round, ${zones} zones, ${dnssec ? 'all signed' : 'unsigned'}`,
        columns: [
          'resolver',
          'median ms',
          'p90 ms',
          'p99 ms',
          'upstream/q',
          'tcp/q',
          'cpu ms/q',
          'rss MiB',
          'secure',
          'failures',
        ],
        rows,
      },
    ],
    targets: [
      target('median, times that of Unbound', ratio.median, 1.1),
      target('p99, times that of Unbound', ratio.p99, 1.1),
      target('upstream queries per question, times those of Unbound', ratio.upstream, 1.1),
      target('questions answered differently', different.length, 0),
    ],
    data: {
      names,
      zones,
      dnssec,
      ratio,
      chordns: ours,
      unbound: theirs,
      different,
      rounds: rounds.map(({ resolver, round: number, latencies, upstream, failures }) => ({
        resolver,
        round: number,
        median: median(latencies),
        p99: quantile(latencies, 0.99),
        upstream,
        failures,
      })),
    },
  }
}

/** Questions to which the two gave another rcode or another number of records in any round. */
function differences(rounds: readonly Round[]): string[] {
  const byKey = new Map<string, Set<string>>()
  for (const { answers } of rounds) {
    for (const [key, answer] of answers) byKey.set(key, (byKey.get(key) ?? new Set()).add(answer))
  }
  return [...byKey].filter(([, seen]) => seen.size > 1).map(([key, seen]) => `${key}: ${[...seen].join(' | ')}`)
}

function show(rounds: readonly Round[], say: (line: string) => void): void {
  for (const line of differences(rounds)) say(`differs: ${line}`)
  for (const { resolver, round: number, failures, slowest } of rounds) {
    for (const { key, ms } of slowest) say(`slow: round ${number + 1} ${resolver} ${Math.round(ms)} ms ${key}`)
    for (const failure of failures) say(`failed: round ${number + 1} ${resolver} ${failure}`)
  }
}
