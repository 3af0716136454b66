/** Worlds of ledgers as a subject of the suite: what must happen in them, and what must be found. */
import { join } from 'node:path'
import { findInProcess } from '../planted-process.ts'
import type { PlantedMistake, Subject } from '../suite.ts'
import { MISTAKES, type Mistake } from './mistakes.ts'
import { makePlan, type Plan } from './plan.ts'
import { runWorld } from './world.ts'

const MUST_HAPPEN = [
  'heights',
  'set changes',
  'turned over',
  'owners changed',
  'keys changed',
  'keys sold',
  'all sleep',
  'crashes',
  'full disk',
  'clock set',
  'evidence',
  'activated',
  'charge judged',
  'stuffed',
  'sleeps',
  'head fresh',
  'head stale',
  'head expired',
  'proven to a follower',
  'proven by a validator',
  'proven by a follower',
  'proven present',
  'proven absent',
  'file proven',
  'shown fork',
  'shown madeUp',
  ...both(
    'transfer',
    'endorse',
    'withdraw',
    'voteEndorser',
    'beacon',
    'voteNode',
    'votingKey',
    'commit',
    'register',
    'update',
    'updateByCds',
    'activate',
    'putEntry',
    'accuse',
    'answer',
    'twoNotes',
    'voteTld',
  ),
  ...both(
    'registerTerm',
    'renew',
    'restore',
    'lock',
    'cancel',
    'rollOwner',
    'setGuardians',
    'freeze',
    'recover',
    'guardiansCancel',
    'unused',
    'complain',
    'propose',
    'reply',
    'withdrawMotion',
    'repaired',
  ),
  ...['registered', 'grace', 'redemption', 'ending', 'free'].map((phase) => `phase ${phase}`),
  ...['transfer', 'roll', 'guardians', 'unlock', 'release', 'recovery'].map((what) => `waits: ${what}`),
  'frozen',
  ...both('openClaim', 'observe', 'proveClaim', 'voteAnchors', 'voteCertifier', 'vouch', 'takeBack'),
  ...['done', 'refused', 'lapsed', 'taken'].map((end) => `claim ${end}`),
  ...['remove', 'add', 'compensate', 'rules', 'hide', 'show'].map((what) => `won: ${what}`),
  ...['leave', 'machine', 'resign', 'release', 'linkChain', 'link', 'renewLink', 'noteFork', 'headerFork'].map(
    (kind) => `done ${kind}`,
  ),
  ...['transferName', 'updateTld', 'handOverTld', 'renewLink', 'noteFork', 'headerFork'].map(
    (kind) => `refused ${kind}`,
  ),
  'done freePages',
  ...both('keep', 'wish', 'title', 'setPolicy', 'settle'),
  ...['kept', 'freed', 'title', 'terms', 'other terms'].map((what) => `names: ${what}`),
  'refused nonsense',
  'refused nobody',
]

function both(...kinds: readonly string[]): string[] {
  return kinds.flatMap((kind) => [`done ${kind}`, `refused ${kind}`])
}

function planted({ name }: Mistake): PlantedMistake {
  return { name, find: () => findInProcess(join(import.meta.dirname, 'planted.ts'), name) }
}

/** `sizes`: of the first sets; default: 1 to 7. */
export function ledgerWorlds(sizes?: readonly number[]): Subject<Plan> {
  return {
    name: 'ledger',
    makePlan: (seed) => makePlan(seed, sizes),
    describe: ({ n, chains, turnsOver }) => ({
      scenario: turnsOver ? 'turns over' : 'stays',
      size: `${n} validators, ${chains.length} chains`,
    }),
    runWorld,
    shrink,
    mustHappen: MUST_HAPPEN,
    plants: MISTAKES.map(planted),
  }
}

/** How long one search takes at most, ms. */
const MOST_MS = 60_000

/** Leaves out one thing after the other as long as the same check still fails. */
async function shrink(plan: Plan): Promise<Plan> {
  const check = (await runWorld(plan)).failure?.check
  const end = performance.now() + MOST_MS
  let shortest = plan
  const attempt = async (shorter: Plan) => {
    if (performance.now() < end && (await runWorld(shorter)).failure?.check === check) shortest = shorter
  }
  for (const key of ['jumps', 'sleeps', 'habits'] as const)
    for (let i = shortest[key].length - 1; i >= 0; i--)
      await attempt({ ...shortest, [key]: shortest[key].filter((_, at) => at !== i) })
  for (const [index, { plan: first }] of plan.chains.entries())
    for (let i = first.faults.length - 1; i >= 0; i--) {
      const chains = shortest.chains.map((one, at) => {
        if (at !== index) return one
        return { ...one, plan: { ...one.plan, faults: one.plan.faults.filter((fault) => fault !== first.faults[i]) } }
      })
      await attempt({ ...shortest, chains })
    }
  return shortest
}
