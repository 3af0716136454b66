/** The hop benchmark on real members: look-ups of the ring and of kad-dht on the same libp2p nodes, at rest. */
import { errorText } from '../../src/base/index.ts'
import type { LookupMode } from '../../src/ring/types.ts'
import { median, quantile, round } from '../lib/stats.ts'
import type { FarOutcome, KadOutcome, KadSetting, RingOutcome } from './commands.ts'
import { Crew } from './crew.ts'

const MODES: readonly LookupMode[] = ['chord', 'chord+list', 'table']
const KADS: readonly KadSetting[] = [
  { k: 8, alpha: 1 },
  { k: 8, alpha: 'default' },
  { k: 20, alpha: 1 },
  { k: 20, alpha: 'default' },
]
const KS = [8, 20]
/** Patient: many members share few cores, and who takes a slow one for a dead one makes more work for all. */
const RING = { stabiliseMs: 2_000, auditMs: 20_000, pingTimeoutMs: 15_000 }
const JOIN_MS = 300_000
/** Look-ups of a row, about; at least one a member. */
const ROW = 200

export interface RealRow {
  readonly mode: string
  readonly n: number
  readonly lookups: number
  /** As in the model: members that answered, the owner included; Kademlia: depth of the first answer of a holder. */
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly messages: number
  readonly failures: number
  readonly messagesToEnd?: number
  /** Until the owner, or the first holder, has answered, ms: on one machine, whose cores all members share. */
  readonly msP50: number
  readonly msP99: number
  /** Peers in a routing table of this kind, mean. */
  readonly tableSize?: number
}

export interface RealHops {
  readonly rows: readonly RealRow[]
  /** Sizes that did not become a ring in time on this machine, and what was missing. */
  readonly givenUp: readonly { readonly n: number; readonly why: string }[]
}

export async function realRows(sizes: readonly number[], seed: number, say: (line: string) => void): Promise<RealHops> {
  const rows: RealRow[] = []
  const givenUp: { n: number; why: string }[] = []
  for (const size of sizes) {
    try {
      await addRows(rows, size, seed, say)
    } catch (error) {
      const why = errorText(error)
      say(`${size} real members were given up: ${why}`)
      givenUp.push({ n: size, why })
    }
  }
  return { rows, givenUp }
}

/** What was measured before something fails stays. */
async function addRows(rows: RealRow[], n: number, seed: number, say: (line: string) => void): Promise<void> {
  const crew = await Crew.begin({ size: n, ringId: `hops-${n}`, kads: KS, ring: RING, joinMs: JOIN_MS }, say)
  try {
    const ids = crew.members.map(({ id }) => id).sort()
    const peers = crew.members.map(({ peer }) => peer)
    const count = Math.max(1, Math.round(ROW / n))
    const add = (row: RealRow) => {
      say(
        `${n} real members, ${row.mode}: ${row.mean}, ${row.messages} requests, ${row.msP50} ms, ${row.failures} failed`,
      )
      rows.push(row)
    }
    // Processes one after the other: what is timed is a look-up, not the queue for the cores.
    for (const mode of MODES) {
      const outcomes = await crew.all<RingOutcome[]>({ op: 'lookups', mode, count, seed, ids }, false)
      add(ringRow(mode, n, outcomes.flat()))
    }
    await crew.all({ op: 'begin-kads' })
    await crew.all({ op: 'fill', k: Math.max(...KS), members: n })
    const seen = await crew.seen()
    const tables = seen.map(({ kads }) => kads)
    const connections = mean(seen.map((one) => one.connections))
    say(`${n} real members have filled their tables of Kademlia, each from ${connections} connections`)
    for (const setting of KADS) {
      const outcomes = await crew.all<KadOutcome[]>({ op: 'kad-lookups', setting, count, seed, peers }, false)
      add({
        ...kadRow(setting, n, outcomes.flat()),
        tableSize: mean(tables.map((sizes) => sizes[KS.indexOf(setting.k)]!)),
      })
    }
  } finally {
    await crew.end()
  }
}

/** Over links as long as those of the Internet: time over that of an empty message to the nearest holder and back, right before. */
export interface FarRow {
  readonly mode: string
  readonly n: number
  readonly lookups: number
  readonly p50: number
  readonly mean: number
  readonly p99: number
  readonly msP50: number
  readonly requests: number
  readonly failures: number
}

/** One look-up a member of each: it goes on until all of the k have answered, which takes seconds over such links. */
const FAR_KADS: readonly KadSetting[] = [
  { k: 20, alpha: 1 },
  { k: 20, alpha: 'default' },
]
const FAR_NAMES = 60
const FAR_READS = 20
const AGREED_MS = 120_000

/** The ring's reads and kad-dht's look-ups on the same nodes, whose links are long. */
export async function farRows(n: number, seed: number, say: (line: string) => void): Promise<FarRow[]> {
  const crew = await Crew.begin({ size: n, ringId: `far-${n}`, kads: KS, ring: RING, joinMs: JOIN_MS, far: seed }, say)
  const rows: FarRow[] = []
  const add = (row: FarRow) => {
    say(`${n} far members, ${row.mode}: ${row.p50} times the nearest, ${row.msP50} ms, ${row.failures} failed`)
    rows.push(row)
  }
  try {
    const names = Array.from({ length: FAR_NAMES }, (_, i) => `name${i}.example.com`)
    await agreed(crew, names)
    const read = { op: 'reads', names, count: FAR_READS } as const
    // First the digests, and how far everybody is.
    await crew.all({ ...read, seed })
    const reads = (await crew.all<FarOutcome[]>({ ...read, seed: seed + 1_000 }, false)).flat()
    const found = reads.filter((one) => one.found)
    add({
      mode: 'read, nearest first',
      n,
      ...farTimes(found),
      requests: mean(found.map(({ requests }) => requests)),
      failures: reads.length - found.length,
    })
    await crew.all({ op: 'begin-kads' })
    await crew.all({ op: 'fill', k: Math.max(...KS), members: n })
    const [peers, addresses] = [crew.members.map(({ peer }) => peer), crew.members.map(({ address }) => address)]
    for (const setting of FAR_KADS) {
      const all = await crew.all<KadOutcome[]>({ op: 'kad-lookups', setting, count: 1, seed, peers, addresses }, false)
      const asked = all.flat().filter(({ depth, nearestMs }) => depth !== 0 && nearestMs !== undefined)
      const answered = asked.filter(({ depth }) => depth !== undefined)
      add({
        mode: `kad-dht k=${setting.k} alpha=${setting.alpha}`,
        n,
        ...farTimes(answered.map(({ ms, nearestMs }) => ({ ms, nearestMs: nearestMs ?? Number.NaN }))),
        requests: mean(answered.map(({ messages }) => messages)),
        failures: asked.length - answered.length,
      })
    }
  } finally {
    await crew.end()
  }
  return rows
}

/** Some members tell the names, as if they had fetched them; waits until all replicas hold them. */
async function agreed(crew: Crew, names: readonly string[]): Promise<void> {
  const tellers = crew.members.slice(0, 10)
  for (const end = performance.now() + AGREED_MS; ; ) {
    const held = await crew.all<number[]>({ op: 'held', names })
    const open = names.filter((_, i) => held.reduce((sum, one) => sum + one[i]!, 0) < 3)
    if (open.length === 0) return
    if (performance.now() > end) throw new Error(`${open.length} names are not agreed on in time`)
    for (const [i, teller] of tellers.entries()) {
      const part = open.filter((_, at) => at % tellers.length === i)
      await crew.tellOne(teller.name, { op: 'tell', name: teller.name, names: part })
    }
    await new Promise((resolve) => setTimeout(resolve, 5_000))
  }
}

function farTimes(outcomes: readonly Pick<FarOutcome, 'ms' | 'nearestMs'>[]) {
  const stretch = outcomes.map(({ ms, nearestMs }) => round(ms / nearestMs, 3))
  return { lookups: outcomes.length, ...distribution(stretch), msP50: round(median(outcomes.map(({ ms }) => ms)), 1) }
}

function ringRow(mode: string, n: number, outcomes: readonly RingOutcome[]): RealRow {
  return {
    mode,
    n,
    lookups: outcomes.length,
    ...distribution(outcomes.map(({ hops }) => hops)),
    messages: mean(outcomes.map(({ hops, timeouts }) => hops + timeouts)),
    failures: outcomes.filter(({ right }) => !right).length,
    ...times(outcomes.map(({ ms }) => ms)),
  }
}

function kadRow({ k, alpha }: KadSetting, n: number, outcomes: readonly KadOutcome[]): RealRow {
  const found = outcomes.filter(({ depth }) => depth !== undefined)
  return {
    mode: `kad-dht k=${k} alpha=${alpha}`,
    n,
    lookups: outcomes.length,
    ...distribution(found.map(({ depth }) => depth!)),
    messages: mean(found.map(({ messages }) => messages)),
    failures: outcomes.length - found.length,
    messagesToEnd: mean(outcomes.map(({ messagesToEnd }) => messagesToEnd)),
    ...times(found.map(({ ms }) => ms)),
  }
}

const distribution = (samples: readonly number[]) => ({
  mean: mean(samples),
  p50: median(samples),
  p99: quantile(samples, 0.99),
})

const times = (ms: readonly number[]) => ({ msP50: round(median(ms)), msP99: round(quantile(ms, 0.99)) })

function mean(samples: readonly number[]): number {
  return round(samples.reduce((sum, value) => sum + value, 0) / Math.max(1, samples.length), 3)
}
