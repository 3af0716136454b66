/**
 * How evenly the reads of names fall on the members (P31): the ring's own table and placement, and what is expected of so many askers
 * whose popularity is Zipf's, each with a cache of its own. Expected values, so nothing is drawn but ids and names.
 */

import { chunkOf, keyOfChunk } from '../src/chunks/index.ts'
import { parseName } from '../src/dns/index.ts'
import { signEntry } from '../src/ring/members/member.ts'
import { replicaSet } from '../src/ring/members/replicas.ts'
import { MemberTable } from '../src/ring/members/table.ts'
import { keyOf, scheme } from '../test/ring/world.ts'
import { round } from './lib/stats.ts'
import { type Benchmark, type Cell, numberOption, numbersOption } from './lib/types.ts'

interface LoadRow {
  readonly members: number
  readonly n: number
  readonly chunkBits: number
  /** Share of the members that serve anything. */
  readonly serving: number
  /** The busiest server over the mean of all members: by all names, without the 1,000 most popular, and by chunks alone. */
  readonly busiest: number
  readonly busiestOfTail: number
  readonly busiestOfChunks: number
  /** What the most popular name alone is, over the mean of all members, and how many would have to serve it for four times the mean. */
  readonly topName: number
  readonly serversOfTop: number
}

const HOT = 1_000

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
    ttl: { type: 'string', help: 'seconds that an asker keeps what it read', default: '300' },
  },
  async run(values, say) {
    const names = numberOption(values, 'names')
    const rows: LoadRow[] = []
    for (const members of numbersOption(values, 'sizes')) {
      const table = tableOf(members)
      const reads = readsPerSecond(names, members, numberOption(values, 'asks') / 86_400, numberOption(values, 'ttl'))
      for (const n of numbersOption(values, 'replicas')) {
        for (const chunkBits of numbersOption(values, 'bits')) {
          rows.push(measure(table, reads, n, chunkBits))
          say(JSON.stringify(rows.at(-1)))
        }
      }
    }
    return {
      tables: [
        {
          title: 'reads a member serves, the busiest over the mean of all members',
          columns: [
            'members',
            'seats',
            'chunks',
            'serve',
            'all names',
            `without the first ${HOT}`,
            'chunks alone',
            'first name',
            'servers for it',
          ],
          rows: rows.map((row): Cell[] => [
            ...[row.members, row.n, `2^${row.chunkBits}`, `${round(100 * row.serving, 1)} %`, row.busiest],
            ...[row.busiestOfTail, row.busiestOfChunks, row.topName, row.serversOfTop],
          ]),
        },
      ],
      targets: [],
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

function measure(table: MemberTable, reads: Float64Array, n: number, chunkBits: number): LoadRow {
  const members = table.aliveCount
  const all = new Float64Array(members)
  const tail = new Float64Array(members)
  const even = new Float64Array(members)
  const places = new Map<number, number[]>()
  const placesOf = (chunk: number): number[] => {
    const known = places.get(chunk)
    if (known !== undefined) return known
    const set = replicaSet(table, members, n - 1, keyOfChunk(chunk as ReturnType<typeof chunkOf>, chunkBits))
    const found = set.members.map(({ id }) => table.indexOf(id))
    places.set(chunk, found)
    return found
  }
  let total = 0
  for (const [rank, rate] of reads.entries()) {
    total += rate
    for (const place of placesOf(chunkOf(parseName(`name${rank}.example`), chunkBits))) {
      all[place]! += rate / n
      if (rank >= HOT) tail[place]! += rate / n
    }
  }
  for (let chunk = 0; chunk < 2 ** chunkBits; chunk++) for (const place of placesOf(chunk)) even[place]! += 1
  const mean = total / members
  const largest = (of: Float64Array) => of.reduce((a, b) => Math.max(a, b), 0)
  const sum = (of: Float64Array) => of.reduce((a, b) => a + b, 0)
  return {
    members,
    n,
    chunkBits,
    serving: round(even.filter((count) => count > 0).length / members, 4),
    busiest: round(largest(all) / mean, 1),
    busiestOfTail: round((largest(tail) * members) / sum(tail), 1),
    busiestOfChunks: round((largest(even) * members) / sum(even), 1),
    topName: round(reads[0]! / mean, 1),
    serversOfTop: Math.ceil(reads[0]! / mean / 4),
  }
}
