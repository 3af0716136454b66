/** Light followers as a subject of the suite: what must happen in their worlds, and what must be found. */
import { join } from 'node:path'
import { findInProcess } from '../planted-process.ts'
import type { PlantedMistake, Subject } from '../suite.ts'
import { MISTAKES, type Mistake } from './mistakes.ts'
import { HABITS, makePlan, type Plan } from './plan.ts'
import { runWorld } from './world.ts'

const MUST_HAPPEN = [
  'blocks',
  'removals',
  'sleeps',
  'wakes',
  'head fresh',
  'head stale',
  'head expired',
  'proven present',
  'proven absent',
  'unproven',
  'shown fork',
  'shown madeUp',
  ...HABITS.map((habit) => `lie ${habit}`),
]

/** Seeds within which each mistake is found. */
const WITHIN = 60

function planted({ name }: Mistake): PlantedMistake {
  return { name, find: () => findInProcess(join(import.meta.dirname, 'planted.ts'), name, String(WITHIN)) }
}

export const lightWorlds: Subject<Plan> = {
  name: 'light',
  makePlan,
  describe: ({ n, followers, habits }) => ({ scenario: habits[0]!, size: `${n} validators, ${followers} followers` }),
  runWorld,
  shrink,
  mustHappen: MUST_HAPPEN,
  enough: 80,
  plants: MISTAKES.map(planted),
}

/** Leaves out one step after the other as long as the same check still fails. */
async function shrink(plan: Plan): Promise<Plan> {
  const check = (await runWorld(plan)).failure?.check
  let shortest = plan
  for (let i = plan.steps.length - 1; i >= 0; i--) {
    const steps = shortest.steps.filter((_, at) => at !== i)
    if ((await runWorld({ ...shortest, steps })).failure?.check === check) shortest = { ...shortest, steps }
  }
  return shortest
}
