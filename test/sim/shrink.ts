/** The shortest plan that fails like a given one: what is not needed for the failure is left out. */
import type { WorldOutcome } from './suite.ts'

/** What all plans of worlds have. */
export interface Shrinkable {
  /** Members at the start. */
  readonly n: number
  readonly faults: readonly unknown[]
}

/** How a plan may be shortened beside leaving faults out. */
export interface Shortening<Plan> {
  readonly runWorld: (plan: Plan) => Promise<WorldOutcome>
  /** Fewer members than this are no world of its kind. */
  readonly leastMembers: number
  /** The same plan with less to do, the least first. */
  readonly lighter: (plan: Plan) => readonly Plan[]
}

/** How long one search takes at most: a failing world of a day takes ten seconds each time. Ms. */
const MOST_MS = 60_000

/** Leaves out one fault after the other, then members, then what `lighter` says, as long as the same check still fails. */
export async function shrink<Plan extends Shrinkable>(
  plan: Plan,
  { runWorld, leastMembers, lighter }: Shortening<Plan>,
): Promise<Plan> {
  const check = (await runWorld(plan)).failure?.check
  const end = performance.now() + MOST_MS
  const fails = async (shorter: Plan) => performance.now() < end && (await runWorld(shorter)).failure?.check === check
  const firstFailing = async (candidates: readonly Plan[], otherwise: Plan) => {
    for (const candidate of candidates) if (await fails(candidate)) return candidate
    return otherwise
  }
  let shortest = plan
  for (let i = plan.faults.length - 1; i >= 0; i--) {
    const faults = shortest.faults.filter((_, at) => at !== i)
    shortest = await firstFailing([{ ...shortest, faults }], shortest)
  }
  const smaller = Array.from({ length: Math.max(0, shortest.n - leastMembers) }, (_, i) => leastMembers + i)
  shortest = await firstFailing(
    smaller.map((n) => ({ ...shortest, n })),
    shortest,
  )
  return firstFailing(lighter(shortest), shortest)
}
