/**
 * The rule that decides whether a round pays, alone: fetches of single names by N members over a ring, against the same questions
 * put to N resolvers that share nothing. A fetch is one query here; what whole nodes ask and send is `economics`.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { round, seeded } from './lib/stats.ts'
import { type Benchmark, type BenchResult, numberOption, type Target, target } from './lib/types.ts'
import { noSums, type SharedName, SharingModel, type SharingRules, type Sums } from './models/sharing.ts'

const SIZES = [8, 100, 1_000, 10_000]
const REPLICAS = [3, 7]
const ADMIT_AFTER: readonly (number | 'auto')[] = [1, 2, 4, 'auto']
const SIGNED_PERCENT = [10, 50]
/** `auto` must never ask more than this times what separate resolvers ask. */
const MOST = 1.05
const AT_1000_OF_7 = 0.7

/**
 * TTLs of A records: the shares of 6.26 M names that OpenDNS saw in 2012 (9.8 % up to one minute, 16.3 % up to two, 39.9 % up
 * to five, 70.1 % up to an hour), each step put on values that are in use. Percent of the names, seconds.
 */
const TTLS: readonly (readonly [percent: number, seconds: number])[] = [
  [3, 20],
  [6.8, 60],
  [6.5, 120],
  [23.6, 300],
  [8, 900],
  [6, 1_800],
  [16.2, 3_600],
  [12, 14_400],
  [17.9, 86_400],
]

interface Row extends Sums {
  readonly members: number
  readonly n: number
  readonly admitAfter: number | 'auto'
  readonly acceptFrom: 'majority' | 'any-member'
  readonly signedPercent: number
  /** Upstream queries a question: over the ring, and separate. */
  readonly perQuestion: number
  readonly separatePerQuestion: number
  readonly ratio: number
  /** Of all questions; of those that the own cache did not answer. */
  readonly ringShare: number
  readonly ringShareOfMisses: number
}

export const benchmark: Benchmark = {
  summary: 'the rule that decides whether a round pays: fetches of single names by 8 to 10,000 members',
  namespace: false,
  programs: [],
  options: {
    names: { type: 'string', help: 'list of names, most asked first, # for comments; without it they are generated' },
    hosts: { type: 'string', help: 'host names below each name of the list', default: '5' },
    exponent: { type: 'string', help: 'of the Zipf law', default: '0.95' },
    'per-hour': { type: 'string', help: 'questions of one member an hour', default: '200' },
    hours: { type: 'string', help: 'counted hours, after one that fills the caches', default: '8' },
    questions: { type: 'string', help: 'most questions of a row: fewer hours for large rings', default: '6000000' },
    divergent: { type: 'string', help: 'percent of names whose answer depends on where one asks', default: '5' },
    'max-n': { type: 'string', help: 'largest ring', default: '10000' },
    seed: { type: 'string', help: 'seed of members, questions and TTLs', default: '1' },
  },
  async run(values, say) {
    const list = typeof values['names'] === 'string' ? namesOf(values['names']) : undefined
    const names = (list ?? Array.from({ length: 6_000 }, (_, i) => `name-${i}.example`)).length
    const universe = {
      count: names * numberOption(values, 'hosts'),
      exponent: Number(values['exponent']),
      perHour: numberOption(values, 'per-hour'),
      divergent: numberOption(values, 'divergent'),
      seed: numberOption(values, 'seed'),
      list,
    }
    if (!(universe.exponent > 0 && universe.exponent < 3)) throw new RangeError('--exponent must be between 0 and 3')
    if (universe.count === 0 || universe.perHour === 0)
      throw new RangeError('--hosts and --per-hour must be at least 1')
    const time = { hours: numberOption(values, 'hours'), questions: numberOption(values, 'questions') }
    const rows: Row[] = []
    for (const signedPercent of SIGNED_PERCENT) {
      const shared = universeOf(universe, signedPercent)
      for (const members of SIZES.filter((size) => size <= numberOption(values, 'max-n')))
        for (const n of REPLICAS)
          for (const [acceptFrom, admitAfter] of [
            ...ADMIT_AFTER.map((after) => ['majority', after] as const),
            ['any-member', 'auto'] as const,
          ]) {
            const countedMs = Math.min(time.hours, time.questions / (members * universe.perHour)) * 3_600_000
            const countFromMs = 3_600_000
            const rules = { members, n, admitAfter, acceptFrom, countFromMs, untilMs: countFromMs + countedMs }
            const row = { ...rowOf(rules, shared, universe.seed), signedPercent }
            rows.push(row)
            say(
              `${members} members, n = ${n}, ${acceptFrom}, ${admitAfter}, ${signedPercent} %: ${round(row.ratio, 3)}`,
            )
          }
    }
    return report(rows, { ...universe, list: undefined, names: list === undefined ? 'generated' : 'list', ...time })
  },
}

function namesOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const names = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  if (names.length === 0) throw new RangeError(`--names: no names in ${file}`)
  return names
}

interface Universe {
  readonly count: number
  readonly exponent: number
  readonly perHour: number
  readonly divergent: number
  readonly seed: number
  readonly list: readonly string[] | undefined
}

/** Names in the order of how often they are asked; what a name is like depends on the name, not on its place. */
function universeOf(universe: Universe, signedPercent: number): SharedName[] {
  const { count, exponent, perHour, divergent, seed, list } = universe
  const weights = Array.from({ length: count }, (_, i) => (i + 1) ** -exponent)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const size = list?.length ?? count
  return weights.map((weight, i) => {
    const text = `${seed} ${Math.floor(i / size)} ${list?.[i % size] ?? `name-${i}`}`
    const [ttl, isSigned, diverges] = chances(text)
    const signed = isSigned < signedPercent / 100
    return {
      rate: ((weight / sum) * perHour) / 3_600_000,
      ttlSeconds: ttlOf(ttl),
      signed,
      divergent: !signed && diverges < divergent / 100,
    }
  })
}

/** Three numbers in [0, 1) of a text. */
function chances(text: string): readonly [number, number, number] {
  const digest = createHash('sha256').update(text).digest()
  const at = (offset: number) => digest.readUInt32BE(offset) / 2 ** 32
  return [at(0), at(4), at(8)]
}

function ttlOf(chance: number): number {
  let percent = 0
  for (const [share, seconds] of TTLS) {
    percent += share
    if (chance * 100 < percent) return seconds
  }
  return TTLS.at(-1)![1]
}

function rowOf(rules: SharingRules, names: readonly SharedName[], seed: number): Omit<Row, 'signedPercent'> {
  const model = new SharingModel(rules, seeded(seed))
  const sums = noSums()
  for (const name of names) model.run(name, sums)
  const { questions, fetches, looks, separate, fromRing, cached } = sums
  const { members, n, admitAfter, acceptFrom } = rules
  return {
    ...{ members, n, admitAfter, acceptFrom },
    ...sums,
    perQuestion: (fetches + looks) / questions,
    separatePerQuestion: separate / questions,
    ratio: (fetches + looks) / separate,
    ringShare: fromRing / questions,
    ringShareOfMisses: fromRing / (questions - cached),
  }
}

function report(rows: readonly Row[], data: Readonly<Record<string, unknown>>): BenchResult {
  const targets: Target[] = rows
    .filter(({ admitAfter }) => admitAfter === 'auto')
    .map(({ members, n, acceptFrom, signedPercent, ratio }) => {
      const strict = members === 1_000 && n === 7 && acceptFrom === 'majority'
      const what = `auto, ${members} members, n = ${n}, ${acceptFrom}, ${signedPercent} % signed: times separate resolvers`
      return target(what, round(ratio, 3), strict ? AT_1000_OF_7 : MOST)
    })
  const tables = SIGNED_PERCENT.map((percent) => ({
    title: `fetches a client question, ${percent} % of the names signed`,
    columns: ['members', 'n', 'accept', 'admitAfter', 'ring', 'separate', 'ratio', 'by ring %', 'of misses %'],
    rows: rows
      .filter(({ signedPercent }) => signedPercent === percent)
      .map((row) => [
        row.members,
        row.n,
        row.acceptFrom,
        String(row.admitAfter),
        row.perQuestion.toFixed(4),
        row.separatePerQuestion.toFixed(4),
        row.ratio.toFixed(3),
        (100 * row.ringShare).toFixed(1),
        (100 * row.ringShareOfMisses).toFixed(1),
      ]),
  }))
  return { tables, targets, data: { ...data, ttls: TTLS, rows } }
}
