/** Whole nodes as a subject of the suite: what must happen in their worlds, what must be found, and how a plan is shortened. */
import { shrink } from '../shrink.ts'
import type { Subject } from '../suite.ts'
import { makePlan, type Plan } from './plan.ts'
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
  'dates compared',
  'invitations',
  'invitations revoked',
  'guests let in',
  'guests inside',
  'guests refused: used',
  'restarts in turn',
  'entries remembered',
  'entries kept',
  'signed answers kept',
  'votes of later rounds',
] as const

export const nodeWorlds: Subject<Plan> = {
  name: 'nodes',
  makePlan: (seed) => makePlan(seed),
  describe: ({ kind, n, acceptFrom }) => ({ scenario: kind, size: `${n} members, ${acceptFrom}` }),
  runWorld,
  shrink: shortened,
  mustHappen: MUST_HAPPEN,
  plants: PLANTS,
}

function shortened(plan: Plan): Promise<Plan> {
  return shrink(plan, {
    runWorld,
    leastMembers: 2,
    lighter: (long) =>
      [0, 5, 20].filter((questions) => questions < long.questions).map((questions) => ({ ...long, questions })),
  })
}
