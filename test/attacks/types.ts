/** Attacks as scenarios that can be run and measured. */

/** What was measured; every figure is the worst of all runs. */
export interface Measured {
  /** How often the attacker got what he wanted: a false answer believed, a victim that no longer resolves. */
  readonly harm: number
  /** Queries to authorities for one question of a client. */
  readonly queries?: number
  /** Queries that reach the victim for one question of a client. */
  readonly victim?: number
  /** Bytes taken from authorities for one question. */
  readonly bytes?: number
  /** Time until the client has its answer, in ms of the world. */
  readonly ms?: number
  /** CPU of this process for one question, ms, the embedded servers' included. Reported, never judged. */
  readonly cpuMs?: number
  /** Signature checks and units of hashing that one question has paid for. */
  readonly signatures?: number
  readonly hashes?: number
  /** Bytes of the cache. */
  readonly cacheBytes?: number
  /** Figures that only this attack has. */
  readonly own?: Readonly<Record<string, number>>
}

export interface Bound {
  /** Key of `Measured`, or of its `own`. */
  readonly figure: string
  /** A number of its own: who loosens the constant must see this fail. */
  readonly atMost: number
  /** What the constant is now. */
  readonly limit?: number
  /** The constant behind it, as it is called in its limits.ts; or why this number. */
  readonly because: string
}

/** Bounds that were passed, or whose constants were loosened. */
export function exceeded(bounds: readonly Bound[], measured: Measured): Bound[] {
  return bounds.filter(({ figure, atMost, limit = 0 }) => !(figureOf(measured, figure) <= atMost) || limit > atMost)
}

export interface Attack {
  readonly name: string
  readonly reference: string
  readonly bounds: readonly Bound[]
  run(): Promise<Measured>
}

/** Something that is not there: listed, so that nobody takes its absence from the table for safety. */
export interface NotBuilt {
  readonly name: string
  readonly reference: string
  readonly notBuilt: string
}

/** Shapes of honest zones that bounds must not break. */
export interface Shape {
  readonly name: string
  readonly reference: string
  readonly bounds: readonly Bound[]
  run(): Promise<Measured>
}

export function figureOf(measured: Measured, figure: string): number {
  const { own, ...common } = measured
  const value = own?.[figure] ?? (common as Readonly<Record<string, number | undefined>>)[figure]
  if (value === undefined) throw new Error(`${figure} was not measured`)
  return value
}

/** The worse of both, figure by figure. */
export function worse(a: Measured, b: Measured): Measured {
  const { own: ownA = {}, ...commonA } = a
  const { own: ownB = {}, ...commonB } = b
  return { ...(maxima(commonA, commonB) as unknown as Measured), own: maxima(ownA, ownB) }
}

function maxima(a: object, b: object): Record<string, number> {
  const out: Record<string, number> = {}
  for (const [key, value] of [...Object.entries(a), ...Object.entries(b)]) {
    out[key] = Math.max(out[key] ?? Number.NEGATIVE_INFINITY, Number(value))
  }
  return out
}
