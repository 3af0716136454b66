/** Rings as a subject of the suite: what must happen in them, what must be found, and how a plan is shortened. */
import type { Subject } from '../suite.ts'
import { type Fault, makePlan, type Plan } from './plan.ts'
import { findPlant, PLANTS } from './plants.ts'
import { type Bugs, runWorld } from './world.ts'

const MUST_HAPPEN = [
  'joins',
  'leaves',
  'kills',
  'power failures',
  'crashes between effects',
  'restarts',
  'orphans',
  'successors dead',
  'lists dead',
  'predecessors dead',
  'predecessors checked',
  'closer adopted',
  'audits that found one',
  'accusations',
  'deaths agreed',
  'refutations',
  'bootstrap silent',
  'cuts',
  'clogs',
  'lost',
  'duplicated',
  'reordered',
  'clogged',
  'slow',
  'narrow',
  'reads agreed',
  'reads rotating',
  'reads divergent',
  'reads insufficient',
  'words certificate',
  'words vote',
  'words not-mine',
  'words failed',
  'truth despite liars',
  'lies of a majority',
  'survivors',
  'votes refused',
  'certificates refused',
  'lie silent',
  'lie forging',
  'lie stale',
  'lie selective',
  'lie wrongChunk',
  'lie lying',
  'deceived fetches',
  'fetches static',
  'fetches rotating',
  'fetches geographic',
  'fetches lame',
  'fetches absent',
] as const

export const ringWorlds: Subject<Plan> = {
  name: 'ring',
  makePlan: (seed) => makePlan(seed),
  describe: ({ scenario, n }) => ({ scenario, size: `${n} members` }),
  runWorld: (plan) => runWorld(plan),
  shrink: (plan) => shrink(plan),
  mustHappen: MUST_HAPPEN,
  plants: PLANTS.map((plant) => ({ name: plant.name, find: () => findPlant(plant) })),
}

/** Leaves out one fault after the other, then members and reads, as long as the same check still fails. */
export async function shrink(plan: Plan, bugs?: Bugs): Promise<Plan> {
  const check = (await runWorld(plan, bugs)).failure?.check
  const fails = async (shorter: Plan) => (await runWorld(shorter, bugs)).failure?.check === check
  let shortest = plan
  for (let i = plan.faults.length - 1; i >= 0; i--) {
    const faults: readonly Fault[] = shortest.faults.filter((_, at) => at !== i)
    if (await fails({ ...shortest, faults })) shortest = { ...shortest, faults }
  }
  for (let n = 3; n < shortest.n; n++) {
    if (!(await fails({ ...shortest, n }))) continue
    shortest = { ...shortest, n }
    break
  }
  for (const reads of [0, 6, 12]) {
    if (reads >= shortest.reads || !(await fails({ ...shortest, reads }))) continue
    shortest = { ...shortest, reads }
    break
  }
  return shortest
}
