/**
 * The simulations behind the Chord paper's Tables II and III: the step machines of src/ring in virtual time. Each row is a
 * simulation of its own, so that rows run beside each other.
 */
import { asRingId, type RingId } from '../../src/base/index.ts'
import type { LookupMode } from '../../src/ring/types.ts'
import { quantile, round, seeded } from '../lib/stats.ts'
import { kill } from './chord.ts'
import { frozenLookup, idealWorld, type Node, type World } from './machines.ts'
import { Truth } from './truth.ts'

export const MODES: readonly LookupMode[] = ['chord', 'chord+list', 'table']

/** As in the paper: 30 s between stabilisations, 50 ms mean delay, 500 ms until a silent node is given up. */
export const RING = { stabiliseMs: 30_000, auditMs: 120_000, graceMs: 30_000, pingTimeoutMs: 500 }
export const MEAN_DELAY_MS = 50

export interface Figures {
  readonly seed: number
  readonly mode: LookupMode
  readonly lookups: number
  /** Members that answered, the owner included. */
  readonly mean: number
  readonly p99: number
  /** Requests that nobody answered, per look-up. */
  readonly timeouts: number
  readonly failures: number
}

export interface FailureRow extends Figures {
  readonly share: number
}

export interface ChurnRow extends Figures {
  /** Joins per second, and as many silent departures. */
  readonly rate: number
  /** Counting a node that joins as the owner before its successor can have heard of it. */
  readonly strictFailures: number
  readonly joins: number
  readonly departures: number
}

export interface How {
  readonly n: number
  readonly lookups: number
  readonly perSecond: number
  readonly warmUpSeconds: number
  readonly seed: number
}

/** Table II: the ring stands still, so that every look-up meets the ring as it was when they died. */
export function afterFailures({ n, lookups, seed }: How, shares: readonly number[]): FailureRow[] {
  const world = idealWorld({ size: n, seed, meanDelayMs: MEAN_DELAY_MS, ring: RING, running: false })
  const byId = new Map(world.nodes.map((node) => [node.id, node]))
  const ring = world.nodes.map(({ id }) => id).sort()
  const dead = new Uint8Array(n)
  return shares.flatMap((share) => {
    const chance = seeded(seed + Math.round(100 * share))
    const alive = [...kill(dead, share, chance)].map((place) => world.nodes[place]!)
    for (const [i, node] of world.nodes.entries()) node.up = dead[i] === 0
    const living = ring.filter((id) => byId.get(id)!.up)
    return MODES.map((mode) => {
      const outcomes = Array.from({ length: lookups }, () => {
        const key = randomKey(chance)
        const result = frozenLookup(world, byId, alive[Math.floor(chance() * alive.length)]!, key, mode)
        return { ...result, right: result.owner === (living.find((id) => id >= key) ?? living[0]) }
      })
      return { seed, share, ...figures(mode, outcomes) }
    })
  })
}

interface Outcome {
  readonly hops: number
  readonly timeouts: number
  readonly right: boolean
}

/** Table III: one ring, in which each mode looks up as many keys, each from a random node. */
export function underChurn(how: How, rate: number): ChurnRow[] {
  const world = idealWorld({ size: how.n, seed: how.seed, meanDelayMs: MEAN_DELAY_MS, ring: RING, running: true })
  const truth = new Truth(world)
  const chance = seeded(how.seed + Math.round(1_000 * rate))
  const count = { joins: 0, departures: 0 }
  const modeOf = new Map<number, LookupMode>()
  const outcomes = new Map(MODES.map((mode) => [mode, [] as (Outcome & { readonly strict: boolean })[]]))
  let reference = 0

  poisson(world, chance, rate, () => {
    // A contact that answers, as a bootstrap address would.
    world.add([pick(world.up().filter(isMember), chance)])
    count.joins += 1
  })
  poisson(world, chance, rate, () => {
    const up = world.up()
    if (up.length <= 2) return
    const node = pick(up, chance)
    truth.left(node)
    world.crash(node)
    count.departures += 1
  })
  world.lookedUp = (_, ended, { owner, hops, timeouts }) => {
    const judgement = truth.end(ended, owner)
    const rows = outcomes.get(modeOf.get(ended)!)!
    modeOf.delete(ended)
    if (judgement !== undefined && rows.length < how.lookups) rows.push({ hops, timeouts, ...judgement })
  }
  world.run(1_000 * how.warmUpSeconds)
  for (const mode of MODES) {
    poisson(world, chance, how.perSecond, () => {
      reference += 1
      const key = randomKey(chance)
      modeOf.set(reference, mode)
      truth.begin(reference, key)
      world.feed(pick(world.up().filter(isMember), chance), { kind: 'lookup', reference, key, mode })
    })
  }
  while ([...outcomes.values()].some((rows) => rows.length < how.lookups)) world.run(1_000)
  return MODES.map((mode) => {
    const rows = outcomes.get(mode)!
    return {
      seed: how.seed,
      rate,
      ...figures(mode, rows),
      strictFailures: rows.filter(({ strict }) => !strict).length,
      ...count,
    }
  })
}

const isMember = ({ state }: Node): boolean => state.phase === 'member'

/** Something that happens `perSecond` times a second on average, without memory. */
function poisson(world: World, chance: () => number, perSecond: number, happen: () => void): void {
  if (perSecond === 0) return
  world.at((-Math.log(1 - chance()) * 1_000) / perSecond, () => {
    happen()
    poisson(world, chance, perSecond, happen)
  })
}

function figures(mode: LookupMode, outcomes: readonly Outcome[]): Omit<Figures, 'seed'> {
  const hops = outcomes.map((outcome) => outcome.hops)
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    mode,
    lookups: outcomes.length,
    mean: round(sum(hops) / outcomes.length, 3),
    p99: quantile(hops, 0.99),
    timeouts: round(sum(outcomes.map(({ timeouts }) => timeouts)) / outcomes.length, 3),
    failures: outcomes.filter(({ right }) => !right).length,
  }
}

function randomKey(chance: () => number): RingId {
  const part = () =>
    Math.floor(chance() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return asRingId(Array.from({ length: 8 }, part).join(''))
}

function pick<T>(items: readonly T[], chance: () => number): T {
  return items[Math.floor(chance() * items.length)]!
}
