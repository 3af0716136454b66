/** Rings as a subject of the suite: what must happen in them, what must be found, and how a plan is shortened. */
import { shrink } from '../shrink.ts'
import type { Subject } from '../suite.ts'
import { makePlan, type Plan } from './plan.ts'
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
  shrink: (plan) => shortened(plan),
  mustHappen: MUST_HAPPEN,
  enough: 60,
  // Once or not at all in sixty worlds.
  rare: ['votes refused', 'words not-mine'],
  plants: PLANTS.map((plant) => ({ name: plant.name, find: () => findPlant(plant) })),
}

/** Fewer members, faults and reads, with the same mistakes put back. */
export function shortened(plan: Plan, bugs?: Bugs): Promise<Plan> {
  return shrink(plan, {
    runWorld: (shorter) => runWorld(shorter, bugs),
    leastMembers: 3,
    lighter: (long) => [0, 6, 12].filter((reads) => reads < long.reads).map((reads) => ({ ...long, reads })),
  })
}
