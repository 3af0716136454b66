/** Counts what becomes of questions, without their names: what the overview and `chordns top` show at every level of privacy. */
import type { AnswerFacts } from '../metrics.ts'
import { Times } from './quantiles.ts'
import { type SeriesPicture, type Span, TimeSeries } from './series.ts'

/** What an answer rests on, or why there is none. */
export const OUTCOMES = [
  'secure',
  'agreed',
  'rotating',
  'divergent',
  'solo',
  'local',
  'blocked',
  'failed',
  'refused',
  'table',
] as const
export type AnswerOutcome = (typeof OUTCOMES)[number]

/** RFC 8914: 15 blocked, 16 censored, 17 filtered. */
const BLOCKED: ReadonlySet<number> = new Set([15, 17])
/** What is answered within this time was in memory: a look at another machine takes longer. */
const AT_ONCE_MS = 2
/** What an answer of the table takes, about; it is not measured one by one. */
const TABLE_MS = 0.05

/** Counters of the front end, since the start. */
export interface FrontCounters {
  /** Of all threads. */
  readonly queries: number
  /** Answers of the table, which `heard` is not told of. */
  readonly fromTable: number
}

/** Of one second. */
export interface Pace {
  readonly queries: number
  readonly atOnce: number
  readonly failed: number
  readonly p50: number
  readonly p95: number
}

export interface MeterPicture {
  /** Since the start of the node. */
  readonly outcomes: Readonly<Record<AnswerOutcome, number>>
  /** By the code of the extended error, for what failed. */
  readonly failures: Readonly<Record<string, number>>
  readonly queries: number
  readonly atOnce: number
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number }
  readonly lastSecond: Pace
}

export function outcomeOf({ rcode, security, provenance, ede }: AnswerFacts): AnswerOutcome {
  if (ede.some(({ code }) => BLOCKED.has(code))) return 'blocked'
  if (rcode === undefined || rcode === 'SERVFAIL') return 'failed'
  if (rcode === 'REFUSED' || rcode === 'FORMERR' || rcode === 'NOTIMP' || rcode === 'BADVERS') return 'refused'
  if (security === 'secure') return 'secure'
  if (provenance === 'agreed' || provenance === 'rotating' || provenance === 'divergent' || provenance === 'solo')
    return provenance
  return 'local'
}

export class Meter {
  readonly #counters: () => FrontCounters
  readonly #series = new TimeSeries()
  readonly #outcomes = Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as Record<AnswerOutcome, number>
  /** Codes are numbers of 16 bits, and few of them are ever given: the node makes them itself. */
  readonly #failures = new Map<number, number>()
  readonly #all = new Times()
  readonly #second = { atOnce: 0, failed: 0, blocked: 0, times: new Times() }
  #atOnce = 0
  #before: FrontCounters
  #last: Pace = { queries: 0, atOnce: 0, failed: 0, p50: 0, p95: 0 }

  constructor(counters: () => FrontCounters) {
    this.#counters = counters
    this.#before = counters()
  }

  heard(answer: AnswerFacts): void {
    const outcome = outcomeOf(answer)
    this.#outcomes[outcome]++
    if (outcome === 'failed') {
      const code = answer.ede[0]?.code ?? -1
      this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1)
      this.#second.failed++
    }
    if (outcome === 'blocked') this.#second.blocked++
    this.#second.times.add(answer.elapsedMs)
    if (answer.elapsedMs <= AT_ONCE_MS) this.#second.atOnce++
  }

  /** Once a second. `at`: unix seconds. */
  tick(at: number): void {
    const now = this.#counters()
    const fromTable = now.fromTable - this.#before.fromTable
    const second = this.#second
    second.times.add(TABLE_MS, fromTable)
    this.#outcomes.table += fromTable
    const queries = now.queries - this.#before.queries
    const atOnce = second.atOnce + fromTable
    this.#atOnce += atOnce
    this.#all.addAll(second.times)
    this.#series.add(at, { ...second, queries, atOnce })
    const { failed, times } = second
    this.#last = { queries, atOnce, failed, p50: times.quantile(0.5), p95: times.quantile(0.95) }
    this.#before = now
    second.times.clear()
    second.atOnce = second.failed = second.blocked = 0
  }

  picture(): MeterPicture {
    return {
      outcomes: { ...this.#outcomes },
      failures: Object.fromEntries([...this.#failures].map(([code, count]) => [String(code), count])),
      queries: this.#before.queries,
      atOnce: this.#atOnce,
      latency: { p50: this.#all.quantile(0.5), p90: this.#all.quantile(0.9), p99: this.#all.quantile(0.99) },
      lastSecond: this.#last,
    }
  }

  series(span: Span): SeriesPicture {
    return this.#series.picture(span)
  }
}
