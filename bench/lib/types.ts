/** What a benchmark is, and what it leaves behind. */

export type Cell = string | number

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** A bound that a figure is held against. Only ratios of the same run are: absolute figures belong to a machine. */
export interface Target {
  readonly what: string
  readonly measured: number
  readonly atMost: number
  readonly met: boolean
}

export interface BenchResult {
  readonly tables: readonly Table[]
  readonly targets: readonly Target[]
  /** The figures behind the tables, for whoever wants to compute with them. */
  readonly data: Readonly<Record<string, unknown>>
  /** An SVG, written beside the figures. */
  readonly picture?: string
}

export interface BenchOption {
  readonly type: 'string' | 'boolean'
  readonly help: string
  /** Shown in `--help`; a missing one means off. */
  readonly default?: string
}

export type BenchValues = Readonly<Record<string, string | boolean | undefined>>

export interface Benchmark {
  readonly summary: string
  readonly options: Readonly<Record<string, BenchOption>>
  /** Needs port 53 on many loopback addresses: run in a network namespace of its own. */
  readonly namespace: boolean
  /** Programs beside Node; without them it cannot run. */
  readonly programs: readonly string[]
  run(values: BenchValues, say: (line: string) => void): Promise<BenchResult>
}

export function target(what: string, measured: number, atMost: number): Target {
  return { what, measured, atMost, met: measured <= atMost }
}

/** A whole number option. Throws a RangeError that names it. */
export function numberOption(values: BenchValues, name: string): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 0)
    throw new RangeError(`--${name} must be a whole number, not ${values[name]}`)
  return value
}

/** Whole numbers separated by commas. Throws a RangeError that names the option. */
export function numbersOption(values: BenchValues, name: string): number[] {
  const texts = String(values[name]).split(',')
  if (!texts.every((text) => /^[0-9]{1,9}$/.test(text)))
    throw new RangeError(`--${name} must be whole numbers separated by commas, not ${values[name]}`)
  return texts.map(Number)
}
