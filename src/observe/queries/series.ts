/** What happened over time, in rings of fixed size: each second of a quarter of an hour, each minute of a day, each hour of a month. Pure. */
import { Times } from './quantiles.ts'

/** Columns of a series, and how a longer interval is made of shorter ones. */
const SUMMED = ['queries', 'atOnce', 'failed', 'blocked'] as const
const QUANTILES = ['p50', 'p95'] as const
export const COLUMNS = [...SUMMED, ...QUANTILES] as const
export type Column = (typeof COLUMNS)[number]

/** What one second had. */
export type Second = Readonly<Record<(typeof SUMMED)[number], number>> & { readonly times: Times }

export interface SeriesPicture {
  readonly stepSeconds: number
  /** Unix seconds, the oldest first; the values of each column are at the same places. */
  readonly at: readonly number[]
  readonly columns: Readonly<Record<Column, readonly number[]>>
}

const SPANS = {
  minutes: { stepSeconds: 1, length: 900 },
  day: { stepSeconds: 60, length: 1_440 },
  month: { stepSeconds: 3_600, length: 720 },
} as const
export type Span = keyof typeof SPANS
export const SPAN_NAMES = Object.keys(SPANS) as readonly Span[]

export class TimeSeries {
  readonly #rings = SPAN_NAMES.map((name) => ({ name, ring: new Ring(SPANS[name]) }))

  /** `at`: unix seconds. */
  add(at: number, second: Second): void {
    for (const { ring } of this.#rings) ring.add(at, second)
  }

  picture(span: Span): SeriesPicture {
    return this.#rings.find(({ name }) => name === span)!.ring.picture()
  }
}

class Ring {
  readonly #step: number
  readonly #length: number
  readonly #values: Float32Array
  readonly #at: Float64Array
  readonly #times = new Times()
  /** Of the interval that is not over; -1: there was none. */
  #newest = -1

  constructor({ stepSeconds, length }: { readonly stepSeconds: number; readonly length: number }) {
    this.#step = stepSeconds
    this.#length = length
    this.#values = new Float32Array(length * COLUMNS.length)
    this.#at = new Float64Array(length)
  }

  add(at: number, second: Second): void {
    const interval = Math.floor(at / this.#step)
    const start = (interval % this.#length) * COLUMNS.length
    // A clock that was set back goes on in the same interval.
    if (interval > this.#newest || this.#newest - interval > this.#length) {
      this.#newest = interval
      this.#at[interval % this.#length] = interval * this.#step
      this.#values.fill(0, start, start + COLUMNS.length)
      this.#times.clear()
    }
    SUMMED.forEach((column, i) => {
      this.#values[start + i]! += second[column]
    })
    this.#times.addAll(second.times)
    this.#values[start + SUMMED.length] = this.#times.quantile(0.5)
    this.#values[start + SUMMED.length + 1] = this.#times.quantile(0.95)
  }

  picture(): SeriesPicture {
    const places: number[] = []
    for (let i = this.#newest - this.#length + 1; i <= this.#newest; i++) {
      const place = ((i % this.#length) + this.#length) % this.#length
      if (this.#at[place] === i * this.#step && i > 0) places.push(place)
    }
    const column = (at: number) => places.map((place) => round(this.#values[place * COLUMNS.length + at]!))
    return {
      stepSeconds: this.#step,
      at: places.map((place) => this.#at[place]!),
      columns: Object.fromEntries(COLUMNS.map((name, at) => [name, column(at)])) as Record<Column, number[]>,
    }
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
