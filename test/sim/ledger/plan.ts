/** What happens in a world of ledgers, as data: made from a seed, replayed exactly, and shortened by leaving things out. */
import { type SeededRandom, seededRandom } from '../../../src/sim/index.ts'
import { type Plan as ChainPlan, makePlan as makeChainPlan } from '../chain/plan.ts'
import { HABITS, type Habit } from '../light/plan.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export interface Plan {
  readonly seed: number
  /** Validators at the start. */
  readonly n: number
  /** Root first; each with its own weather, in the same seconds. */
  readonly chains: readonly { readonly name: string; readonly plan: ChainPlan }[]
  readonly epochBlocks: number
  /** A chain has a block at least so often. */
  readonly heartbeatMs: number
  /** Transactions a day of one account. */
  readonly quotaADay: number
  /** Everybody sleeps for so long: all clocks are later from one moment to the next. */
  readonly jumps: readonly { readonly at: number; readonly ms: number }[]
  /** All who began are replaced, one after the other. */
  readonly turnsOver: boolean
  /** From this height on a third party's module is to run, on all chains; undefined: nobody wants it. */
  readonly activation: number | undefined
  /** All want the chains to link each other. */
  readonly linksChains: boolean
  /** Names have terms, which are so many of these long; undefined: they are had for ever. */
  readonly nameUnitMs: number | undefined
  /** Names that are kept back are voted on. */
  readonly keepsNames: boolean
  /** Names are for whoever has them in another TLD. */
  readonly isElsewhere: boolean
  /** From this height on other rules of names are to hold; undefined: nobody wants others. */
  readonly rulesFrom: number | undefined
  /** There is one that leads reviews, and all complain, propose and reply. */
  readonly isGoverned: boolean
  readonly followers: number
  /** Of the members that lie to followers. */
  readonly habits: readonly Habit[]
  /** Followers that sleep, so that they look again after all the rest. */
  readonly sleeps: readonly { readonly follower: number; readonly at: number; readonly until: number }[]
}

/** Large sets are seldom: what a height costs grows with the square of them. */
const SIZES: readonly number[] = [1, 2, 3, 4, 5, 1, 2, 3, 4, 6, 1, 2, 3, 4, 7]

/** `sizes`: how many validators a world may begin with; seeds take turns. */
export function makePlan(seed: number, sizes: readonly number[] = SIZES): Plan {
  const random = seededRandom(`ledgers ${seed}`)
  const n = sizes[seed % sizes.length]!
  const turnsOver = n <= 5 && random.below(4) === 0
  // Where nobody shares what the others have computed, a world takes four times as long.
  const onDisk = random.below(9) === 0 && n <= 4
  const names = ['root', 'p2p', 'home'].slice(0, random.below(4) === 0 && n <= 4 ? 3 : 2)
  const kind = {
    turnsOver,
    onDisk,
    lastsMs: turnsOver ? TURNOVER_MS : random.split('lasts').below(6) === 0 ? LONG_MS : SHORT_MS,
  }
  const chains = names.map((name, index) => ({ name, plan: chainPlan(seed * 3 + index, n, kind) }))
  const lastsMs = chains[0]!.plan.faultsMs
  const followers = 1 + random.below(2)
  const sleeps = Array.from({ length: random.below(3) }, () => {
    const at = random.below(lastsMs)
    return { follower: random.below(followers), at, until: at + 1_000 + random.below(lastsMs) }
  })
  const nameUnitMs = random.split('terms').below(2) === 0 ? undefined : unitOf(seed)
  const jumps = jumpsOf(random.split('jumps'), lastsMs)
  const isGoverned = random.split('governed').below(3) === 0
  const hasHours = isGoverned || (nameUnitMs ?? 0) >= MINUTE
  const naps = hasHours ? napsOf(random.split('naps'), lastsMs) : []
  const plan: Plan = {
    seed,
    n,
    chains,
    epochBlocks: 3 + random.below(4),
    heartbeatMs: 1_000,
    quotaADay: random.below(4) === 0 ? 12 : 1_000,
    jumps: [...jumps, ...naps].sort((a, b) => a.at - b.at),
    turnsOver,
    activation: undefined,
    linksChains: random.split('links').below(3) > 0,
    nameUnitMs,
    keepsNames: random.split('kept').below(3) === 0,
    isElsewhere: nameUnitMs !== undefined && random.split('elsewhere').below(6) === 0,
    rulesFrom: undefined,
    isGoverned,
    followers,
    habits: Array.from({ length: 1 + random.below(3) }, () => HABITS[random.below(HABITS.length)]!),
    sleeps,
  }
  // What comes about late in reviews and in the life of a name has worlds of its own, so that few seeds have it, too.
  if (n <= 2 && seed % 25 === 10) return governed(plan)
  if (n <= 2 && seed % 25 === 20) return living({ ...plan, keepsNames: true })
  if (n <= 2 && seed % 50 === 5) return ruled({ ...plan, nameUnitMs: seed % 4 === 1 ? undefined : unitOf(seed) })
  const activates = n <= 2 && !onDisk && random.split('activation').below(12) === 0
  if (activates) return activating(plan)
  const isLong = n <= 3 && !onDisk && (nameUnitMs !== undefined || isGoverned) && random.split('long').below(3) === 0
  return isLong ? quick(plan) : plan
}

/** Names have terms, and there is time for their ends. */
export function living(plan: Plan): Plan {
  const nameUnitMs = plan.nameUnitMs ?? unitOf(plan.seed)
  const more = napsOf(seededRandom(`more naps ${plan.seed}`), QUICK_MS)
  // Short terms end by themselves; whoever sleeps for hours would miss what comes after.
  const jumps = nameUnitMs < MINUTE ? [] : withNaps({ ...plan, jumps: more })
  return quick({ ...plan, nameUnitMs, jumps })
}

/** All complain and decide, and there is time for it. */
export function governed(plan: Plan): Plan {
  return quick({ ...plan, isGoverned: true, jumps: withNaps(plan) })
}

function withNaps({ seed, jumps }: Plan): Plan['jumps'] {
  return [...jumps, ...napsOf(seededRandom(`naps ${seed}`), QUICK_MS)].sort((a, b) => a.at - b.at)
}

/** A vote comes sixty blocks before what it is about. */
export function activating(plan: Plan): Plan {
  return { ...quick(plan, ACTIVATING_MS), activation: 72 + (plan.seed % 5) }
}

/** All want other rules of names, as long before. */
export function ruled(plan: Plan): Plan {
  return { ...quick(plan, ACTIVATING_MS), rulesFrom: 72 + (plan.seed % 5) }
}

/** How long it goes wrong. Most worlds are short, and there are many. */
const SHORT_MS = 1_200
const LONG_MS = 3_000
const TURNOVER_MS = 3_000
const QUICK_MS = 4_000
/** Some ninety heights. */
const ACTIVATING_MS = 6_000

/** Calm links, a block whenever there can be one, and more time. */
export function quick(plan: Plan, lastsMs: number = QUICK_MS): Plan {
  const chains = plan.chains.slice(0, 2).map(({ name, plan: one }) => ({
    name,
    plan: { ...one, faults: [], faultsMs: lastsMs, meanDelayMs: 3, submitEveryMs: 20, timeoutMs: 60 },
  }))
  return { ...plan, chains, heartbeatMs: 40 }
}

/** The weather, the liars and the disks of one chain, all chains for equally long. */
function chainPlan(
  seed: number,
  n: number,
  { turnsOver, onDisk, lastsMs }: { readonly turnsOver: boolean; readonly onDisk: boolean; readonly lastsMs: number },
): ChainPlan {
  const plan = makeChainPlan(seed, { n, ledger: true, onDisk, long: false })
  const spares = turnsOver ? n : 2
  return {
    ...plan,
    spares,
    faultsMs: lastsMs,
    meanDelayMs: Math.min(plan.meanDelayMs, 15),
    submitEveryMs: Math.min(plan.submitEveryMs, 40),
    keepBlocks: plan.keepBlocks === undefined ? undefined : 20,
    realKeys: false,
    // The sets are decided by those who are in them.
    faults: plan.faults
      .filter(({ kind }) => kind !== 'seats')
      .filter((fault) => isOf(fault, n + spares))
      .map((fault) => within(fault, lastsMs / plan.faultsMs)),
  }
}

/** All of it comes about in the time that there is. */
function within(fault: ChainPlan['faults'][number], share: number): ChainPlan['faults'][number] {
  if ('until' in fault) return { ...fault, at: fault.at * share, until: fault.until * share }
  return 'at' in fault ? { ...fault, at: fault.at * share } : fault
}

/** Of as many people as there are. */
function isOf(fault: ChainPlan['faults'][number], people: number): boolean {
  return !('node' in fault) || fault.node < people
}

/** Terms of seconds, or of hours: then everybody naps often enough to see their ends. */
function unitOf(seed: number): number {
  return [100, 30 * MINUTE, 250, 45 * MINUTE][seed % 4]!
}

function napsOf(random: SeededRandom, lastsMs: number): Plan['jumps'] {
  return Array.from({ length: 5 + random.below(8) }, () => ({
    at: random.below(lastsMs),
    ms: [5, 20, 31, 31, 61, 95][random.below(6)]! * MINUTE,
  }))
}

const JUMPS = [2 * MINUTE, 61 * MINUTE, 61 * MINUTE, 61 * MINUTE, 25 * HOUR, 3 * DAY, 8 * DAY, 15 * DAY, 31 * DAY]

function jumpsOf(random: SeededRandom, lastsMs: number): Plan['jumps'] {
  const jumps = Array.from({ length: random.below(4) }, () => ({
    at: random.below(lastsMs),
    ms: JUMPS[random.below(JUMPS.length)]!,
  }))
  return jumps.sort((a, b) => a.at - b.at)
}
