/**
 * Does one crowd slow the others? A steady stream of questions to zones that answer is measured alone and beside a crowd:
 * names that never answer, or a client that floods. Same run, fresh processes, in turn.
 */
import { type ResolverProcess, startChordns } from './lib/processes.ts'
import { median, quantile, round } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { createWorld } from './lib/world-parts.ts'
import { crowdWorld, deadZone, liveZone, ONE_DEAD_ZONE } from './worlds/crowd.ts'

const STUB_TIMEOUT_MS = 5_000
/** Zones of the measured client, and as many of the flooding one: neither profits from what the other has warmed. */
const LIVE_ZONES = 100
/** The measured client, and the one that crowds. */
const OTHERS = '127.0.0.8'
const CROWD = '127.0.0.9'

interface Load {
  readonly seconds: number
  /** Not counted: it belongs to the runtime's compiler, with and without the crowd. */
  readonly warmUpMs: number
  readonly rate: number
  readonly dead: number
  readonly flood: number
}

/** Starts the crowd; it runs until `stop`, and says how many of its questions were answered. */
type Crowd = (
  resolver: ResolverProcess,
  load: Load,
) => Promise<{ stop(): Promise<{ asked: number; answered: number }> }>

const SCENARIOS: Readonly<Record<string, { readonly what: string; readonly crowd: Crowd }>> = {
  'dead-zones': {
    what: 'names in as many dead zones, asked at once and again when the stub gives up',
    crowd: (resolver, load) =>
      askDead(
        resolver,
        Array.from({ length: load.dead }, (_, i) => `www.${deadZone(i)}`),
      ),
  },
  'one-dead-zone': {
    what: 'names in one dead zone, asked at once and again when the stub gives up',
    crowd: (resolver, load) =>
      askDead(
        resolver,
        Array.from({ length: load.dead }, (_, i) => `host${i}.${ONE_DEAD_ZONE}`),
      ),
  },
  flood: {
    what: 'one client asks new names of other live zones as fast as told',
    crowd: flood,
  },
}

interface Phase {
  readonly scenario: string
  readonly crowded: boolean
  readonly cold: readonly number[]
  readonly cached: readonly number[]
  readonly failures: number
  readonly crowdAsked: number
  readonly crowdAnswered: number
  readonly cpuMs: number
}

export const benchmark: Benchmark = {
  summary: 'questions to other zones beside 200 names that never answer, or beside a flooding client',
  namespace: false,
  programs: [],
  options: {
    seconds: { type: 'string', help: 'length of a phase', default: '8' },
    'warm-up': { type: 'string', help: 'ms before that, not counted', default: '1500' },
    rounds: { type: 'string', help: 'phases of each kind, in turn', default: '3' },
    rate: { type: 'string', help: 'cold names per second of the measured client; as many cached ones', default: '50' },
    dead: { type: 'string', help: 'names that never answer', default: '200' },
    flood: { type: 'string', help: 'questions per second of the flooding client', default: '300' },
    scenarios: {
      type: 'string',
      help: `of ${Object.keys(SCENARIOS).join(', ')}`,
      default: Object.keys(SCENARIOS).join(','),
    },
    seed: { type: 'string', help: 'seed of the world', default: '1' },
  },
  async run(values, say) {
    const load: Load = {
      seconds: numberOption(values, 'seconds'),
      warmUpMs: numberOption(values, 'warm-up'),
      rate: numberOption(values, 'rate'),
      dead: numberOption(values, 'dead'),
      flood: numberOption(values, 'flood'),
    }
    const names = String(values['scenarios']).split(',')
    for (const name of names) if (!Object.hasOwn(SCENARIOS, name)) throw new RangeError(`no scenario ${name}`)
    const world = await createWorld(
      crowdWorld({
        liveZones: 2 * LIVE_ZONES,
        deadZones: load.dead,
        minDelayMs: 10,
        maxDelayMs: 60,
        seed: numberOption(values, 'seed'),
      }),
    )
    const upstream = { hints: world.hintsText(), port: world.port }
    const phases: Phase[] = []
    try {
      for (const scenario of names) {
        for (let number = 0; number < numberOption(values, 'rounds'); number++) {
          for (const crowded of number % 2 === 0 ? [false, true] : [true, false]) {
            const phase = await onePhase(await startChordns(upstream), scenario, crowded, load)
            world.clearLog()
            phases.push(phase)
            say(
              `${scenario} round ${number + 1} ${crowded ? 'beside it' : 'alone'}: p95 ${round(quantile(phase.cold, 0.95), 1)} ms`,
            )
          }
        }
      }
    } finally {
      await world.stopAll()
    }
    return summarise(names, phases, load)
  },
}

async function onePhase(resolver: ResolverProcess, scenario: string, crowded: boolean, load: Load): Promise<Phase> {
  const stub = await Stub.open(OTHERS, resolver)
  try {
    await stub.ask('warm.live0.com.', STUB_TIMEOUT_MS)
    const crowd = crowded ? await SCENARIOS[scenario]!.crowd(resolver, load) : undefined
    const cpuBefore = resolver.cpuMs()
    const measured = await steadyLoad(stub, load)
    const cpuMs = resolver.cpuMs() - cpuBefore
    const { asked, answered } = (await crowd?.stop()) ?? { asked: 0, answered: 0 }
    return { scenario, crowded, ...measured, crowdAsked: asked, crowdAnswered: answered, cpuMs }
  } finally {
    stub.close()
    await resolver.stop()
  }
}

/** Open loop: each tick one new name and one that was asked before, whether or not earlier ones are answered. */
async function steadyLoad(
  stub: Stub,
  { seconds, warmUpMs, rate }: Load,
): Promise<Pick<Phase, 'cold' | 'cached' | 'failures'>> {
  const cold: number[] = []
  const cached: number[] = []
  let failures = 0
  const pending = new Set<Promise<void>>()
  const started = performance.now()
  const ask = (name: string, into: number[] | undefined) => {
    const work = stub.ask(name, STUB_TIMEOUT_MS).then(({ rcode, elapsedMs }) => {
      pending.delete(work)
      into?.push(elapsedMs)
      if (rcode !== 0) failures++
    })
    pending.add(work)
  }
  const uncounted = Math.ceil(warmUpMs * (rate / 1000))
  const total = uncounted + seconds * rate
  for (let i = 0; i < total; i++) {
    await until(started + (i * 1000) / rate)
    ask(`n${i}.${liveZone(i % LIVE_ZONES)}`, i < uncounted ? undefined : cold)
    ask('warm.live0.com.', i < uncounted ? undefined : cached)
  }
  await Promise.all(pending)
  return { cold, cached, failures }
}

/** As a page with dead embedded names does: all at once, and each again when the stub gives up. */
async function askDead(resolver: ResolverProcess, names: readonly string[]) {
  const stub = await Stub.open(CROWD, resolver)
  let running = true
  let asked = 0
  let answered = 0
  const again = async (name: string) => {
    while (running) {
      asked++
      const { rcode } = await stub.ask(name, STUB_TIMEOUT_MS)
      if (rcode !== -1) answered++
      // A page that failed is loaded again by hand, not in a loop.
      if (running) await until(performance.now() + 1_000)
    }
  }
  const work = names.map(again)
  return {
    async stop() {
      running = false
      stub.close()
      await Promise.all(work)
      return { asked, answered }
    },
  }
}

async function flood(resolver: ResolverProcess, { flood: rate }: Load) {
  const stub = await Stub.open(CROWD, resolver)
  let running = true
  let asked = 0
  let answered = 0
  const pending = new Set<Promise<void>>()
  const sending = (async () => {
    const started = performance.now()
    for (let i = 0; running; i++) {
      if (performance.now() < started + (i * 1000) / rate) await until(started + (i * 1000) / rate)
      asked++
      const one = stub
        .ask(`flood${i}.${liveZone(LIVE_ZONES + (i % LIVE_ZONES))}`, STUB_TIMEOUT_MS)
        .then(({ rcode }) => {
          pending.delete(one)
          if (rcode !== -1) answered++
        })
      pending.add(one)
    }
  })()
  return {
    async stop() {
      running = false
      await sending
      stub.close()
      await Promise.all(pending)
      return { asked, answered }
    },
  }
}

function summarise(names: readonly string[], phases: readonly Phase[], load: Load): BenchResult {
  const scenarios = names.map((scenario) => {
    const figures = (crowded: boolean) => {
      const own = phases.filter((phase) => phase.scenario === scenario && phase.crowded === crowded)
      const cold = own.flatMap((phase) => phase.cold)
      const cached = own.flatMap((phase) => phase.cached)
      return {
        questions: cold.length,
        coldMedian: round(median(cold), 1),
        coldP95: round(quantile(cold, 0.95), 1),
        coldP99: round(quantile(cold, 0.99), 1),
        cachedP95: round(quantile(cached, 0.95), 2),
        failures: own.reduce((sum, phase) => sum + phase.failures, 0),
        crowdAsked: own.reduce((sum, phase) => sum + phase.crowdAsked, 0),
        crowdAnswered: own.reduce((sum, phase) => sum + phase.crowdAnswered, 0),
        cpuSeconds: round(own.reduce((sum, phase) => sum + phase.cpuMs, 0) / 1000, 2),
      }
    }
    const alone = figures(false)
    const beside = figures(true)
    return { scenario, what: SCENARIOS[scenario]!.what, alone, beside, ratio: round(beside.coldP95 / alone.coldP95, 3) }
  })
  const rows = scenarios.flatMap(({ scenario, alone, beside }) =>
    [alone, beside].map((one, i) => [
      i === 0 ? scenario : '',
      i === 0 ? 'alone' : 'beside',
      one.questions,
      one.coldMedian,
      one.coldP95,
      one.coldP99,
      one.cachedP95,
      one.failures,
      `${one.crowdAnswered}/${one.crowdAsked}`,
      one.cpuSeconds,
    ]),
  )
  return {
    tables: [
      {
        title: `others' questions: ${load.rate} new names/s and as many cached; crowd of ${load.dead} dead names, or ${load.flood} questions/s`,
        columns: [
          'crowd',
          '',
          'questions',
          'median ms',
          'p95 ms',
          'p99 ms',
          'cached p95',
          'failures',
          'crowd answered',
          'cpu s',
        ],
        rows,
      },
    ],
    targets: scenarios.map(({ scenario, ratio }) =>
      target(`${scenario}: p95 of the others, times that without`, ratio, 1.2),
    ),
    data: { load, scenarios },
  }
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, time - performance.now())))
}
