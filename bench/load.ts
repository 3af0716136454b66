/**
 * How evenly the reads of names fall on the members (P31): the ring's own table, the placement of chunks and copies and the levels that
 * production computes, and what is expected of so many askers whose popularity is Zipf's, each with a cache of its own. Expected
 * values, so nothing is drawn but ids, names, and the places of copies.
 */

import { levelFor, serversAt } from '../src/chunks/copies/levels.ts'
import { hintOf } from '../src/chunks/copies/mark.ts'
import { type CopyRing, copyAt } from '../src/chunks/copies/places.ts'
import { chunkOf, keyOfChunk } from '../src/chunks/index.ts'
import { limits } from '../src/chunks/limits.ts'
import { parseName } from '../src/dns/index.ts'
import { signEntry } from '../src/ring/members/member.ts'
import { replicaSet } from '../src/ring/members/replicas.ts'
import { MemberTable } from '../src/ring/members/table.ts'
import { keyOf, scheme } from '../test/ring/world.ts'
import { round } from './lib/stats.ts'
import { type Benchmark, type Cell, numberOption, numbersOption, target } from './lib/types.ts'

interface LoadRow {
  readonly members: number
  readonly n: number
  readonly chunkBits: number
  /** Share of the members that serve anything. */
  readonly serving: number
  /** What the busiest serves over what all serve in the mean, without copies; by chunks alone; and of the first name alone. */
  readonly busiestWithoutCopies: number
  readonly busiestOfChunks: number
  readonly topName: number
  /** With copies: over the epochs, and in the worst of them. Reads of copies that are filled count as reads. */
  readonly busiest: number
  readonly busiestOfAnEpoch: number
  /** Names that have copies, copies of all, and reads that fill them, as a share of all reads. */
  readonly popular: number
  readonly copies: number
  readonly fills: number
}

interface Task {
  readonly table: MemberTable
  /** Of each name: reads a second. */
  readonly reads: Float64Array
  readonly ttl: number
  readonly n: number
  readonly chunkBits: number
  readonly epochs: number
}

const TARGET = 4

export const benchmark: Benchmark = {
  summary: 'how evenly reads fall on members, by ring size, replicas and number of chunks',
  namespace: false,
  programs: [],
  options: {
    sizes: { type: 'string', help: 'members', default: '1000,10000,100000' },
    replicas: { type: 'string', help: 'seats of a chunk', default: '3,7' },
    bits: { type: 'string', help: 'bits of a chunk', default: '8,12,16' },
    names: { type: 'string', help: 'names that are asked', default: '200000' },
    asks: { type: 'string', help: 'questions of a member a day', default: '1000' },
    ttl: { type: 'string', help: 'seconds that an asker, or a copy, keeps what it read', default: '300' },
    epochs: { type: 'string', help: 'times that copies move, over which the load is taken', default: '12' },
  },
  async run(values, say) {
    const names = numberOption(values, 'names')
    const ttl = numberOption(values, 'ttl')
    const epochs = numberOption(values, 'epochs')
    const rows: LoadRow[] = []
    for (const members of numbersOption(values, 'sizes')) {
      const table = tableOf(members)
      const reads = readsPerSecond(names, members, numberOption(values, 'asks') / 86_400, ttl)
      for (const n of numbersOption(values, 'replicas')) {
        for (const chunkBits of numbersOption(values, 'bits')) {
          rows.push(measure({ table, reads, ttl, n, chunkBits, epochs }))
          say(JSON.stringify(rows.at(-1)))
        }
      }
    }
    const largest = rows.at(-1)
    return {
      tables: [
        {
          title: `what a member serves, the busiest over the mean (over ${epochs} epochs of ${limits.EPOCH_MS / 60_000} minutes)`,
          columns: [
            'members',
            'seats',
            'chunks',
            'serve',
            'chunks alone',
            'first name',
            'no copies',
            'with copies',
            'worst epoch',
            'popular',
            'copies',
            'fills',
          ],
          rows: rows.map((row): Cell[] => [
            ...[row.members, row.n, `2^${row.chunkBits}`, `${round(100 * row.serving, 1)} %`],
            ...[row.busiestOfChunks, row.topName, row.busiestWithoutCopies, row.busiest, row.busiestOfAnEpoch],
            ...[row.popular, row.copies, `${round(100 * row.fills, 0)} %`],
          ]),
        },
      ],
      targets:
        largest === undefined
          ? []
          : [target(`busiest over mean, ${largest.members} members, ${largest.n} seats`, largest.busiest, TARGET)],
      data: { rows },
    }
  },
}

function tableOf(members: number): MemberTable {
  const rows = Array.from({ length: members }, (_, i) =>
    signEntry('test', scheme.signer(keyOf(`load ${i}`)), {
      salt: new Uint8Array(),
      addresses: [],
      status: 'alive',
      incarnation: 1,
    }),
  )
  rows.sort((a, b) => (a.id < b.id ? -1 : 1))
  const table = new MemberTable()
  for (const entry of rows) table.put(entry, 0)
  return table
}

/** Of each name: what comes through the askers' caches. Zipf 0.95, as in the traces that docs of issue 12 name. */
function readsPerSecond(names: number, members: number, asksPerSecond: number, ttl: number): Float64Array {
  const weights = Float64Array.from({ length: names }, (_, rank) => (rank + 1) ** -0.95)
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => {
    const asks = (asksPerSecond * weight) / sum
    return (members * asks) / (1 + asks * ttl)
  })
}

function measure(task: Task): LoadRow {
  const { table, reads, n, chunkBits, epochs } = task
  const members = table.aliveCount
  const places = placesOf(task)
  const plain = new Float64Array(members)
  const even = new Float64Array(members)
  for (let chunk = 0; chunk < 2 ** chunkBits; chunk++) for (const place of places(chunk)) even[place]! += 1
  const total = reads.reduce((a, b) => a + b, 0)
  const mean = total / members
  const loads = Array.from({ length: epochs }, () => new Float64Array(members))
  let [popular, copies, fills] = [0, 0, 0]
  for (const [rank, rate] of reads.entries()) {
    const name = parseName(`name${rank}.example`)
    const replicas = places(chunkOf(name, chunkBits))
    for (const place of replicas) plain[place]! += rate / n
    const level = levelFor({ reads: rate, mean, n, members })
    if (level > 0) popular++
    const rates = ratesOf(rate, level, task.ttl)
    fills += rates.slice(0, -1).reduce((a, b) => a + b, 0)
    for (const place of replicas) for (const load of loads) load[place]! += rates[0]! / n
    for (let at = 1; at <= level; at++) {
      const count = serversAt(at, n)
      copies += count
      const hint = hintOf(name)
      for (const [epoch, load] of loads.entries())
        for (let number = 0; number < count; number++)
          load[copyPlace(table, { hint, level: at, number, epoch })]! += rates[at]! / count
    }
  }
  const whole = plain.map((_, place) => loads.reduce((sum, load) => sum + load[place]!, 0) / epochs)
  return {
    members,
    n,
    chunkBits,
    serving: round(even.filter((count) => count > 0).length / members, 4),
    busiestWithoutCopies: busiest(plain),
    busiestOfChunks: busiest(even),
    topName: round(reads[0]! / mean, 1),
    busiest: busiest(whole),
    busiestOfAnEpoch: loads.reduce((worst, load) => Math.max(worst, busiest(load)), 0),
    popular,
    copies,
    fills: round(fills / total, 3),
  }
}

/** Reads a second of each level: of the last by those who want the name, of each other one by the copies of the next, which are as askers are. */
function ratesOf(rate: number, level: number, ttl: number): number[] {
  const rates = [rate]
  for (let at = level; at > 0; at--) {
    const ofOne = rates[0]! / serversAt(at, 1)
    rates.unshift((serversAt(at, 1) * ofOne) / (1 + ofOne * ttl))
  }
  return rates
}

function placesOf({ table, n, chunkBits }: Task): (chunk: number) => number[] {
  const known = new Map<number, number[]>()
  return (chunk) => {
    const before = known.get(chunk)
    if (before !== undefined) return before
    const set = replicaSet(table, table.aliveCount, n - 1, keyOfChunk(chunk as ReturnType<typeof chunkOf>, chunkBits))
    const found = set.members.map(({ id }) => table.indexOf(id))
    known.set(chunk, found)
    return found
  }
}

function copyPlace(table: MemberTable, place: Parameters<typeof copyAt>[1]): number {
  const ring: CopyRing = { members: () => table.alive(), ownerOf: (key) => table.successors(key, 1)[0] }
  return table.indexOf(copyAt(ring, place)!.id)
}

function busiest(load: Float64Array): number {
  const sum = load.reduce((a, b) => a + b, 0)
  return round((load.reduce((a, b) => Math.max(a, b), 0) * load.length) / sum, 2)
}
