/** What happens in a world of peers, as data: made from a seed, replayed exactly, and shortened by leaving faults out. */
import { type SeededRandom, seededRandom } from '../../../src/sim/index.ts'

export const SCENARIOS = ['churn', 'mass', 'partition', 'weather', 'crashes', 'mixed', 'chord'] as const
export type Scenario = (typeof SCENARIOS)[number]

/** What a liar does to those who ask it about records; its pointers are honest. */
export const HABITS = ['silent', 'forging', 'stale', 'selective', 'wrongChunk', 'lying'] as const
export type Habit = (typeof HABITS)[number]

export type Fault =
  /** One more member comes. */
  | { readonly kind: 'join'; readonly at: number }
  | { readonly kind: 'leave'; readonly at: number; readonly node: number }
  /**
   * After `effects` more messages and writes of the node its process is killed or its machine loses power, which tears what
   * was not synced. `downMs` undefined: it never comes back.
   */
  | {
      readonly kind: 'crash'
      readonly at: number
      readonly node: number
      readonly how: 'process' | 'power'
      readonly effects: number
      readonly downMs: number | undefined
    }
  /** One more comes, and as soon as it is a member, the successor that it took loses power for good. */
  | { readonly kind: 'orphan'; readonly at: number }
  /** One way only, unless there are two of it. */
  | ({ readonly kind: 'cut'; readonly at: number; readonly until: number } & Sides)
  | ({ readonly kind: 'clog'; readonly at: number; readonly until: number } & Sides)
  | { readonly kind: 'loss'; readonly at: number; readonly until: number; readonly rate: number }
  | { readonly kind: 'duplicates'; readonly at: number; readonly until: number; readonly rate: number }
  | { readonly kind: 'reorder'; readonly at: number; readonly until: number; readonly rate: number }
  | { readonly kind: 'slow'; readonly at: number; readonly until: number; readonly factor: number }
  | { readonly kind: 'narrow'; readonly at: number; readonly until: number; readonly bytesPerSecond: number }
  | { readonly kind: 'skew'; readonly node: number; readonly ms: number }
  | { readonly kind: 'liar'; readonly node: number; readonly habit: Habit }
  /** An authority, or somebody on the way to it, lies to this node only: it is honest, and wrong. */
  | { readonly kind: 'deceived'; readonly node: number }

interface Sides {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export interface Plan {
  readonly seed: number
  readonly scenario: Scenario
  /** Members at the start. */
  readonly n: number
  /** r: n of a chunk is one more. */
  readonly replicas: number
  readonly successors: number
  readonly faultsMs: number
  /** Reads of the shared records, all in all. */
  readonly reads: number
  readonly realKeys: boolean
  readonly faults: readonly Fault[]
}

/** Everything about one concern is drawn from a stream of its own. */
export function makePlan(seed: number, only?: Scenario): Plan {
  const random = seededRandom(`ring ${seed}`)
  const scenario = only ?? SCENARIOS[seed % SCENARIOS.length]!
  const size = random.split('size')
  // Small rings are quick, and hold most mistakes; every eighth is large.
  const n = scenario === 'chord' ? 8 : size.below(8) === 0 ? 14 + size.below(11) : 4 + size.below(7)
  const faultsMs = scenario === 'chord' ? 60_000 : 8_000 + 2 * random.split('length').below(4_000)
  const faults: Fault[] = []
  const parts: Record<Scenario, (() => void)[]> = {
    churn: [() => comings(faults, n, faultsMs, random.split('comings'))],
    mass: [() => massFailure(faults, n, faultsMs, random.split('mass'))],
    partition: [() => cuts(faults, n, faultsMs, random.split('cuts'))],
    weather: [() => weather(faults, faultsMs, random.split('weather'), 4)],
    crashes: [() => crashes(faults, n, faultsMs, random.split('crashes'), 2 + random.split('many').below(5))],
    mixed: [
      () => comings(faults, n, faultsMs, random.split('comings')),
      () => cuts(faults, n, faultsMs, random.split('cuts')),
      () => weather(faults, faultsMs, random.split('weather'), 2),
      () => crashes(faults, n, faultsMs, random.split('crashes'), 2),
    ],
    chord: [() => orphans(faults)],
  }
  for (const part of parts[scenario]) part()
  if (scenario !== 'chord') {
    people(faults, n, random.split('people'))
    skews(faults, n, random.split('skews'))
  }
  return {
    seed,
    scenario,
    n,
    replicas: [2, 2, 4, 6][random.split('replicas').below(4)]!,
    successors: scenario === 'chord' ? 3 : 16,
    faultsMs,
    reads: scenario === 'chord' ? 0 : 24,
    realKeys: seed % 100 === 7,
    faults,
  }
}

function comings(faults: Fault[], n: number, faultsMs: number, random: SeededRandom): void {
  const count = 2 + random.below(5)
  for (let i = 0; i < count; i++) {
    const at = random.below(faultsMs)
    const node = 1 + random.below(n - 1)
    const dice = random.below(10)
    if (dice < 5) faults.push({ kind: 'join', at })
    else if (dice < 7) faults.push({ kind: 'leave', at, node })
    else faults.push({ kind: 'crash', at, node, how: 'power', effects: 0, downMs: back(random) })
  }
  if (random.below(3) === 0) faults.push({ kind: 'orphan', at: random.below(faultsMs) })
}

/** Up to half of the ring at one moment; some of it comes back. */
function massFailure(faults: Fault[], n: number, faultsMs: number, random: SeededRandom): void {
  const at = random.below(faultsMs / 2)
  const all = random.below(6) === 0
  const dead = all ? n : 1 + random.below(Math.floor(n / 2))
  const how = random.below(2) === 0 ? 'power' : 'process'
  for (const node of shuffled(n, random).slice(0, dead)) {
    // The first node is everybody's bootstrap address: it always comes back, and so do all when all fail.
    const downMs = all || node === 0 ? 500 + random.below(4_000) : back(random)
    faults.push({ kind: 'crash', at, node, how, effects: random.below(3), downMs })
  }
}

function cuts(faults: Fault[], n: number, faultsMs: number, random: SeededRandom): void {
  const count = 1 + random.below(2)
  for (let i = 0; i < count; i++) {
    const order = shuffled(n, random)
    const size = 1 + random.below(n - 1)
    const [from, to] = [order.slice(0, size), order.slice(size)]
    const at = random.below(faultsMs / 2)
    const until = at + 2_000 + random.below(faultsMs)
    const kind = random.below(4) === 0 ? 'clog' : 'cut'
    faults.push({ kind, at, until, from, to })
    // Every third is one-way.
    if (random.below(3) > 0) faults.push({ kind, at, until, from: to, to: from })
  }
}

function weather(faults: Fault[], faultsMs: number, random: SeededRandom, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = random.below(faultsMs)
    const span = { at, until: at + 1_000 + random.below(faultsMs) }
    const dice = random.below(5)
    if (dice === 0) faults.push({ kind: 'loss', ...span, rate: (1 + random.below(30)) / 100 })
    else if (dice === 1) faults.push({ kind: 'duplicates', ...span, rate: (1 + random.below(30)) / 100 })
    else if (dice === 2) faults.push({ kind: 'reorder', ...span, rate: (1 + random.below(40)) / 100 })
    else if (dice === 3) faults.push({ kind: 'slow', ...span, factor: 2 + random.below(4) })
    else faults.push({ kind: 'narrow', ...span, bytesPerSecond: 2_000 + random.below(20_000) })
  }
}

function crashes(faults: Fault[], n: number, faultsMs: number, random: SeededRandom, count: number): void {
  for (let i = 0; i < count; i++) {
    const node = random.below(n)
    const how = random.below(2) === 0 ? 'power' : 'process'
    const downMs = random.below(2) === 0 ? random.below(1_500) : 3_000 + random.below(9_000)
    faults.push({ kind: 'crash', at: random.below(faultsMs), node, how, effects: random.below(12), downMs })
  }
}

/** As soon as a joiner is a member, the successor that it took dies: the moment at which lists must be whole. */
function orphans(faults: Fault[]): void {
  for (let i = 0; i < 6; i++) faults.push({ kind: 'orphan', at: i * 9_000 })
}

/** Liars, and those who are lied to. How many sit on one chunk is counted when it matters. */
function people(faults: Fault[], n: number, random: SeededRandom): void {
  if (random.below(3) === 0) return
  const order = shuffled(n, random)
  const liars = 1 + random.below(Math.max(1, Math.floor(n / 3)))
  for (const node of order.slice(0, liars)) {
    if (random.below(4) === 0) faults.push({ kind: 'deceived', node })
    else faults.push({ kind: 'liar', node, habit: HABITS[random.below(HABITS.length)]! })
  }
}

function skews(faults: Fault[], n: number, random: SeededRandom): void {
  for (let node = 0; node < n; node++)
    if (random.below(3) === 0) faults.push({ kind: 'skew', node, ms: random.below(4_000) - 2_000 })
}

function back(random: SeededRandom): number | undefined {
  return random.below(2) === 0 ? undefined : 500 + random.below(9_000)
}

function shuffled(count: number, random: SeededRandom): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}
