/** Light followers as a subject of the suite: what must happen in their worlds, and what must be found. */
import { execFile } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
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

const run = promisify(execFile)

function planted(mistake: Mistake): PlantedMistake {
  const script = fileURLToPath(new URL('planted.ts', import.meta.url))
  return {
    name: mistake.name,
    async find() {
      const { stdout } = await run(execPath, [script, mistake.name, String(WITHIN)])
      return (JSON.parse(stdout) as { readonly seed: number; readonly what: string } | null) ?? undefined
    },
  }
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
