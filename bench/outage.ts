/**
 * What a node makes of a network that goes away and comes back. It runs against a node that is already there, and takes
 * the network away by commands that it is given, so that any set of machines or namespaces will do: questions at a
 * steady rate, absences of random length and kind, and after each return a crowd of names that must all answer soon.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { Rcode } from '../src/dns/index.ts'
import { quantile, round, seeded, shuffled } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, type BenchResult, type BenchValues, numberOption, target } from './lib/types.ts'

const run = promisify(execFile)

/** A name must answer this long after the network has returned. */
const SOON_MS = 5_000
/** A stub asks again this long after a failure. */
const AGAIN_MS = 500
/** Names that are asked at each return: half of them failed while the network was away, half were never asked. */
const PROBES = 100
/** The probes of one return are dealt over this time: a household asks at once, not in one packet. */
const PROBE_SPREAD_MS = 1_000
/** Time for what is left of a run before the names that failed are asked for the last time. */
const SETTLE_MS = 60_000

/** One way for the network to go. */
interface Kind {
  readonly name: string
  readonly cut: string
  readonly heal: string
}

interface Question {
  readonly name: string
  readonly type: string
}

interface Absence {
  readonly kind: string
  readonly awaySeconds: number
  readonly asked: number
  /** Answered while the network was away: from the cache, fresh or stale. */
  readonly answered: number
  readonly probes: number
  readonly lastMs: number
  readonly medianMs: number
  /** Questions that did not answer within 5 s of the return, and did not fail to the end of the run. */
  late: Question[]
}

/** A failure with the network there. */
interface Failure extends Question {
  readonly rcode: number
  /** Since the return, or since the start. */
  readonly sinceMs: number
}

export const benchmark: Benchmark = {
  summary: 'a running node whose network goes away 10 s to 10 min at random: what answers after each return',
  namespace: false,
  programs: [],
  options: {
    server: { type: 'string', help: 'address of the node', default: '127.0.0.1' },
    port: { type: 'string', help: 'its port', default: '53' },
    from: { type: 'string', help: 'address that asks', default: '0.0.0.0' },
    names: { type: 'string', help: 'file of questions, `name type` a line, in the order in which they are asked' },
    kinds: { type: 'string', help: 'JSON file: [{"name", "cut": shell command, "heal": shell command}, ...]' },
    seconds: { type: 'string', help: 'length of the run', default: '7200' },
    rate: { type: 'string', help: 'questions a second', default: '10' },
    shortest: { type: 'string', help: 'shortest absence in seconds', default: '10' },
    longest: { type: 'string', help: 'longest absence in seconds', default: '600' },
    seed: { type: 'string', help: 'of the absences', default: '1' },
  },
  run: (values, say) => measure(values, say),
}

async function measure(values: BenchValues, say: (line: string) => void): Promise<BenchResult> {
  const questions = readQuestions(values)
  const kinds = readKinds(values)
  const seconds = numberOption(values, 'seconds')
  const rate = numberOption(values, 'rate')
  const shortest = numberOption(values, 'shortest')
  const longest = numberOption(values, 'longest')
  const chance = seeded(numberOption(values, 'seed'))
  const stub = await Stub.open(String(values['from']), {
    address: String(values['server']),
    port: numberOption(values, 'port'),
  })
  const load = startLoad(stub, questions, rate)
  const absences: Absence[] = []
  const end = performance.now() + seconds * 1_000
  let away: Kind | undefined
  try {
    await sleep(30_000)
    while (performance.now() < end) {
      const kind = kinds[Math.floor(chance() * kinds.length)]!
      // Short and long ones alike: the logarithm is uniform.
      const length = shortest * (longest / shortest) ** chance()
      if (performance.now() + length * 1_000 > end) break
      load.mark(true)
      await run('sh', ['-c', kind.cut])
      away = kind
      await sleep(length * 1_000)
      const { asked, answered, failed } = load.counted()
      await run('sh', ['-c', kind.heal])
      away = undefined
      load.mark(false)
      const probes = choose(failed, load.untouched(), chance)
      const { elapsed, late } = await probe(stub, probes, chance)
      const absence: Absence = {
        kind: kind.name,
        awaySeconds: round(length, 1),
        asked,
        answered,
        probes: probes.length,
        lastMs: Math.round(Math.max(0, ...elapsed)),
        medianMs: Math.round(quantile(elapsed, 0.5)),
        late,
      }
      absences.push(absence)
      say(
        `${kind.name}: away ${absence.awaySeconds} s, ${answered} of ${asked} answered meanwhile; after the return ${probes.length - late.length} of ${probes.length} names within 5 s, the last after ${absence.lastMs} ms`,
      )
      await sleep((20 + 100 * chance()) * 1_000)
    }
    await sleep(Math.min(SETTLE_MS, seconds * 100))
    const never = await stillFailing(stub, [...absences.flatMap(({ late }) => late), ...load.failures])
    for (const absence of absences) absence.late = absence.late.filter((question) => !never.has(text(question)))
    const failures = load.failures.filter((failure) => !never.has(text(failure)))
    return resultOf(absences, failures, load, [...never])
  } finally {
    load.stop()
    if (away !== undefined) await run('sh', ['-c', away.heal])
    stub.close()
  }
}

function resultOf(
  absences: readonly Absence[],
  failures: readonly Failure[],
  load: Load,
  never: readonly string[],
): BenchResult {
  const late = failures.filter(({ sinceMs }) => sinceMs > SOON_MS)
  return {
    tables: [
      {
        title: 'Absences of the network',
        columns: ['kind', 'away s', 'asked', 'answered meanwhile', 'probes', 'late', 'median ms', 'last ms'],
        rows: absences.map((a) => [
          a.kind,
          a.awaySeconds,
          a.asked,
          a.answered,
          a.probes,
          a.late.length,
          a.medianMs,
          a.lastMs,
        ]),
      },
    ],
    targets: [
      target(
        'names that did not answer within 5 s of a return',
        absences.reduce((sum, a) => sum + a.late.length, 0),
        0,
      ),
      target('other questions that failed more than 5 s after a return', late.length, 0),
    ],
    data: {
      asked: load.asked,
      probes: absences.reduce((sum, a) => sum + a.probes, 0),
      absences,
      failuresAfterReturn: late,
      failuresSoonAfterReturn: failures.length - late.length,
      neverAnswered: never,
    },
  }
}

interface Load {
  readonly asked: number
  /** Failures of questions that were asked and ended with the network there. */
  readonly failures: readonly Failure[]
  mark(away: boolean): void
  /** Of the absence so far. */
  counted(): { readonly asked: number; readonly answered: number; readonly failed: readonly Question[] }
  /** Questions that are still to come. */
  untouched(): readonly Question[]
  stop(): void
}

/** Asks `rate` questions a second in the order of the list, from its start again when it is through. */
function startLoad(stub: Stub, questions: readonly Question[], rate: number): Load {
  const failures: Failure[] = []
  let asked = 0
  let away = false
  let marked = performance.now()
  let absence = { asked: 0, answered: 0, failed: [] as Question[] }
  const timer = setInterval(() => {
    const question = questions[asked % questions.length]!
    asked++
    const mine = absence
    const wasAway = away
    const since = performance.now() - marked
    if (wasAway) mine.asked++
    stub.ask(question.name, SOON_MS, question.type).then(({ rcode }) => {
      if (isAnswer(rcode)) {
        if (wasAway && away && mine === absence) mine.answered++
      } else if (wasAway) mine.failed.push(question)
      else if (!away) failures.push({ ...question, rcode, sinceMs: Math.round(since) })
    })
  }, 1_000 / rate)
  return {
    get asked() {
      return asked
    },
    failures,
    mark(now) {
      away = now
      marked = performance.now()
      if (now) absence = { asked: 0, answered: 0, failed: [] }
    },
    counted: () => absence,
    untouched: () => Array.from({ length: 2_000 }, (_, i) => questions[(asked + i) % questions.length]!),
    stop: () => clearInterval(timer),
  }
}

function choose(failed: readonly Question[], fresh: readonly Question[], chance: () => number): Question[] {
  const half = shuffled(distinct(failed), chance).slice(0, PROBES / 2)
  const rest = shuffled(distinct(fresh), chance).slice(0, PROBES - half.length)
  return distinct([...half, ...rest])
}

/** Asks all, again where an answer fails, until 5 s after now; elapsed times count from now, for those that answered. */
async function probe(stub: Stub, questions: readonly Question[], chance: () => number) {
  const returned = performance.now()
  const elapsed: number[] = []
  const late: Question[] = []
  const one = async (question: Question) => {
    await sleep(chance() * PROBE_SPREAD_MS)
    for (;;) {
      const left = SOON_MS - (performance.now() - returned)
      if (left <= 0) break
      const { rcode } = await stub.ask(question.name, left, question.type)
      if (isAnswer(rcode)) {
        elapsed.push(performance.now() - returned)
        return
      }
      await sleep(AGAIN_MS)
    }
    late.push(question)
  }
  await Promise.all(questions.map(one))
  return { elapsed, late }
}

/** Those that fail three times in a row long after the last return: the world's doing, not the absence's. */
async function stillFailing(stub: Stub, questions: readonly Question[]): Promise<Set<string>> {
  const never = new Set<string>()
  for (const question of distinct(questions)) {
    let good = false
    for (let i = 0; i < 3 && !good; i++) {
      good = isAnswer((await stub.ask(question.name, 10_000, question.type)).rcode)
      if (!good) await sleep(AGAIN_MS)
    }
    if (!good) never.add(text(question))
  }
  return never
}

const isAnswer = (rcode: number): boolean => rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN
const text = ({ name, type }: Question): string => `${name} ${type}`
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function distinct(questions: readonly Question[]): Question[] {
  return [...new Map(questions.map((question) => [text(question), question])).values()]
}

function readQuestions(values: BenchValues): Question[] {
  if (typeof values['names'] !== 'string') throw new RangeError('--names FILE is needed: `name type` a line')
  const questions = readFileSync(values['names'], 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name]) => name !== undefined && name !== '' && !/^[#;]/.test(name))
    .map(([name, type]) => ({ name: name!, type: type ?? 'A' }))
  if (questions.length === 0) throw new RangeError(`--names ${values['names']} has no question`)
  return questions
}

function readKinds(values: BenchValues): Kind[] {
  if (typeof values['kinds'] !== 'string') throw new RangeError('--kinds FILE is needed: how the network goes away')
  const kinds: unknown = JSON.parse(readFileSync(values['kinds'], 'utf8'))
  const isKind = (value: unknown): value is Kind =>
    typeof value === 'object' &&
    value !== null &&
    ['name', 'cut', 'heal'].every((key) => typeof (value as Record<string, unknown>)[key] === 'string')
  if (!Array.isArray(kinds) || kinds.length === 0 || !kinds.every(isKind))
    throw new RangeError('--kinds: every entry must have the texts name, cut and heal')
  return kinds
}
