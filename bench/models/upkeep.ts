/**
 * What it costs to keep the member table, and how fast it learns: the step machines of src/ring in virtual time. Bytes are
 * those of the messages; frames, Noise and TCP come on top on a real network.
 */
import { quantile, round } from '../lib/stats.ts'
import { idealWorld, type Node, type World } from './machines.ts'

export interface UpkeepTask {
  readonly n: number
  readonly seed: number
  /** Virtual seconds of each measurement. */
  readonly seconds: number
  /** Mean sessions to measure. */
  readonly sessionHours: readonly number[]
  /** Joins, signed leaves and silent deaths of which the spreading is watched, each. */
  readonly events: number
}

export interface UpkeepRow {
  readonly n: number
  /** Undefined: nobody came or went. */
  readonly sessionHours: number | undefined
  readonly seconds: number
  readonly joins: number
  readonly departures: number
  /** Sent, both directions of a request counted with their sender. */
  readonly bytesPerNodeSecond: number
  readonly messagesPerNodeSecond: number
}

export interface SpreadRow {
  readonly n: number
  readonly kind: 'join' | 'leave' | 'death'
  readonly events: number
  /** From the event until so many of the others know; medians over the events, and the slowest. Ms. */
  readonly half: number
  readonly most: number
  readonly all: number
  readonly slowest: number
  /** Events that not everybody knew within two minutes. */
  readonly unfinished: number
  /** Beyond what an idle ring sends. */
  readonly bytesPerNode: number
}

export interface UpkeepResult {
  readonly upkeep: readonly UpkeepRow[]
  readonly spread: readonly SpreadRow[]
}

/** As a node is configured if nothing is said. */
export const RING = { stabiliseMs: 1_000, auditMs: 10_000, graceMs: 20_000, pingTimeoutMs: 1_000 }
export const MEAN_DELAY_MS = 25
const WARM_UP_MS = 20_000
const WATCH_MS = 120_000

export function upkeep(task: UpkeepTask): UpkeepResult {
  const { n, seed, seconds, sessionHours, events } = task
  const fresh = () => {
    const world = idealWorld({ size: n, seed, meanDelayMs: MEAN_DELAY_MS, ring: RING, running: true, weigh: true })
    world.run(WARM_UP_MS)
    return world
  }
  const world = fresh()
  const idle = measured(world, n, seconds)
  const rows: UpkeepRow[] = [{ n, sessionHours: undefined, ...idle, joins: 0, departures: 0 }]
  const spread = (['join', 'leave', 'death'] as const).map((kind) =>
    spreading(world, kind, n, events, idle.bytesPerNodeSecond),
  )
  for (const hours of sessionHours) {
    const other = fresh()
    const count = comeAndGo(other, n / (3_600 * hours))
    rows.push({ n, sessionHours: hours, ...measured(other, n, seconds), ...count })
  }
  return { upkeep: rows, spread }
}

function measured(world: World, n: number, seconds: number) {
  const [bytes, messages] = [world.bytes, world.messages]
  world.run(1_000 * seconds)
  const per = (count: number) => round(count / n / seconds, 2)
  return {
    seconds,
    bytesPerNodeSecond: per(world.bytes - bytes),
    messagesPerNodeSecond: per(world.messages - messages),
  }
}

/** Departures at this rate, every second one unsigned, and a join for each, as memoryless as sessions are. */
function comeAndGo(world: World, perSecond: number): { joins: number; departures: number } {
  const count = { joins: 0, departures: 0 }
  const again = () => {
    world.at((-Math.log(1 - world.random()) * 1_000) / perSecond, () => {
      const node = world.pick(members(world))
      if (count.departures % 2 === 0) world.leave(node)
      else world.crash(node)
      count.departures += 1
      world.add([world.pick(members(world))])
      count.joins += 1
      again()
    })
  }
  again()
  return count
}

const members = (world: World): Node[] => world.up().filter(({ state }) => state.phase === 'member')

function spreading(world: World, kind: SpreadRow['kind'], n: number, events: number, idleBytes: number): SpreadRow {
  const delays: number[][] = []
  let unfinished = 0
  let bytes = 0
  for (let i = 0; i < events; i++) {
    const [before, began] = [world.bytes, world.now]
    const { known, others } = oneEvent(world, kind)
    world.runUntil(() => known.length >= others, WATCH_MS, 50)
    // What follows an event (new lists, comparing tables) belongs to it.
    world.run(10_000)
    bytes += world.bytes - before - (idleBytes * n * (world.now - began)) / 1_000
    if (known.length < others) unfinished += 1
    else delays.push([0.5, 0.98, 1].map((share) => quantile(known, share)))
  }
  const at = (which: number, share: number) =>
    round(
      quantile(
        delays.map((row) => row[which]!),
        share,
      ),
      0,
    )
  return {
    n,
    kind,
    events,
    half: at(0, 0.5),
    most: at(1, 0.5),
    all: at(2, 0.5),
    slowest: at(2, 1),
    unfinished,
    bytesPerNode: round(bytes / events / n, 1),
  }
}

/** Ms after the event at which each of the others knew it; grows while the world runs. */
function oneEvent(world: World, kind: SpreadRow['kind']): { known: number[]; others: number } {
  const known: number[] = []
  const done = new Set<Node>()
  let began: number | undefined = world.now
  const subject = kind === 'join' ? world.add([world.pick(members(world))]) : world.pick(members(world))
  if (kind === 'join' && subject.state.phase !== 'member') began = undefined
  const others = members(world).filter((node) => node !== subject)
  world.observe = (node) => {
    // A join counts from when the joiner is a member: what it tells the others is that.
    if (began === undefined && subject.state.phase === 'member') began = world.now
    if (node === subject || done.has(node) || began === undefined) return
    if (node.state.table.isAlive(subject.id) !== (kind === 'join')) return
    done.add(node)
    known.push(world.now - began)
  }
  if (kind === 'leave') world.leave(subject)
  if (kind === 'death') world.crash(subject)
  return { known, others: others.length }
}
