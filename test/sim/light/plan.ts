/** What happens in a world of light followers, as data: made from a seed, replayed exactly, and shortened by leaving steps out. */
import { type SeededRandom, seededRandom } from '../../../src/sim/index.ts'

/** How a member that lies does it. `fork`: those who were removed go on with a chain of their own; `madeUp`: with sets of their own. */
export type Habit = 'fork' | 'madeUp' | 'namedSet' | 'withhold' | 'otherVersion' | 'wrongPath' | 'silent'

export const HABITS: readonly Habit[] = [
  'fork',
  'madeUp',
  'namedSet',
  'withhold',
  'otherVersion',
  'wrongPath',
  'silent',
]

export type Step =
  /** Blocks of a minute; the set changes in some of them. */
  | { readonly kind: 'blocks'; readonly count: number; readonly changes: number }
  /** Time passes in which the chain grows by a block a day, and followers that are awake look now and then. */
  | { readonly kind: 'days'; readonly count: number; readonly changes: boolean }
  /** A follower goes to sleep, or wakes with what is on its disk. */
  | { readonly kind: 'sleep' | 'wake'; readonly follower: number }
  /** The first lying member lies another way from now on; the others keep to theirs. */
  | { readonly kind: 'lie'; readonly habit: Habit }

export interface Plan {
  readonly seed: number
  /** Validators at the start. */
  readonly n: number
  readonly followers: number
  /** Of the members, beside two that are honest. */
  readonly habits: readonly Habit[]
  readonly steps: readonly Step[]
}

export function makePlan(seed: number): Plan {
  const random = seededRandom(`light ${seed}`)
  const habits = Array.from({ length: 1 + random.below(3) }, () => drawn(HABITS, random))
  const steps: Step[] = [{ kind: 'blocks', count: 3, changes: 0 }]
  const followers = 1 + random.below(3)
  const many = 8 + random.below(10)
  for (let i = 0; i < many; i++) steps.push(stepOf(random, followers))
  if (seed % SLEEPER_EVERY === 0) steps.push(...longSleep(random.below(followers)))
  for (let follower = 0; follower < followers; follower++) steps.push({ kind: 'wake', follower })
  steps.push({ kind: 'blocks', count: 3, changes: 0 })
  return { seed, n: 1 + random.below(7), followers, habits, steps }
}

/** By chance alone one world in four hundred has what follows. */
const SLEEPER_EVERY = 8

/** Somebody sleeps for so long beyond the trusting period that the whole set goes before it begins to end, and those who went go on with a chain of their own. */
function longSleep(follower: number): Step[] {
  const days: Step = { kind: 'days', count: 9, changes: true }
  return [
    { kind: 'wake', follower },
    { kind: 'sleep', follower },
    days,
    days,
    days,
    days,
    { kind: 'lie', habit: 'fork' },
  ]
}

function stepOf(random: SeededRandom, followers: number): Step {
  const follower = random.below(followers)
  switch (random.below(8)) {
    case 0:
    case 1:
      return { kind: 'blocks', count: 1 + random.below(12), changes: random.below(4) }
    case 2:
    case 3:
      return { kind: 'days', count: 1 + random.below(9), changes: random.below(3) > 0 }
    case 4:
    case 5:
      return { kind: 'sleep', follower }
    case 6:
      return { kind: 'wake', follower }
    default:
      return { kind: 'lie', habit: drawn(HABITS, random) }
  }
}

function drawn<T>(of: readonly T[], random: SeededRandom): T {
  return of[random.below(of.length)]!
}
