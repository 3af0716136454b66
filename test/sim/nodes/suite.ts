/** Whole nodes as a subject of the suite: what must happen in their worlds, what must be found, and how a plan is shortened. */
import type { Subject } from '../suite.ts'
import { type Fault, makePlan, type Plan } from './plan.ts'
import { PLANTS } from './plants.ts'
import { runWorld } from './world.ts'

const MUST_HAPPEN = [
  'joins',
  'leaves',
  'kills',
  'power failures',
  'crashes between effects',
  'restarts',
  'votes lost',
  'lost votes noticed',
  'cut',
  'clog',
  'lost',
  'duplicated',
  'reordered',
  'slow',
  'narrow',
  'offline',
  'deceived',
  'strangers',
  'disk full',
  'disk failing',
  'disk forgetful',
  'clocks moved',
  'records moved',
  'answers: secure',
  'answers: agreed',
  'answers: rotating',
  'answers: solo',
  'answers: failed',
  'answers healed',
  'lies: of its own way to the authorities',
  'hand-overs',
  'entries held after a kill',
  'entries compared',
  'signed answers compared',
  'chains verified',
  'blocks verified',
  'certificates refused',
] as const

export const nodeWorlds: Subject<Plan> = {
  name: 'nodes',
  makePlan: (seed) => makePlan(seed),
  describe: ({ kind, n, acceptFrom }) => ({ scenario: kind, size: `${n} members, ${acceptFrom}` }),
  runWorld,
  shrink,
  mustHappen: MUST_HAPPEN,
  plants: PLANTS,
}

/** Leaves out one fault after the other, then members and questions, as long as the same check still fails. */
export async function shrink(plan: Plan): Promise<Plan> {
  const check = (await runWorld(plan)).failure?.check
  const fails = async (shorter: Plan) => (await runWorld(shorter)).failure?.check === check
  let shortest = plan
  for (let i = plan.faults.length - 1; i >= 0; i--) {
    const faults: readonly Fault[] = shortest.faults.filter((_, at) => at !== i)
    if (await fails({ ...shortest, faults })) shortest = { ...shortest, faults }
  }
  for (let n = 2; n < shortest.n; n++) {
    if (!(await fails({ ...shortest, n }))) continue
    shortest = { ...shortest, n }
    break
  }
  for (const questions of [0, 5, 20]) {
    if (questions >= shortest.questions || !(await fails({ ...shortest, questions }))) continue
    shortest = { ...shortest, questions }
    break
  }
  return shortest
}
