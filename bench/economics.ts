/**
 * What sharing costs and spares: one stream of questions dealt to members of a ring, and to as many resolvers that share nothing.
 * Whole nodes in virtual time, and the same stream on real processes: every figure of the former is held against the latter.
 * Counted are all queries to authorities (cuts, keys and addresses on the way included) and all requests between members.
 */
import { median, quantile, round } from './lib/stats.ts'
import { type Asking, streamOf } from './lib/stream.ts'
import {
  type Benchmark,
  type BenchResult,
  type Cell,
  numberOption,
  numbersOption,
  type Target,
  target,
} from './lib/types.ts'
import { createWorld } from './lib/world-parts.ts'
import { type Dealing, type Dealt, requestCount, type Sharing } from './models/dealt.ts'
import { dealVirtual } from './models/virtual-dealt.ts'
import { dealReal } from './real/dealt.ts'
import { delayedWorld } from './worlds/delayed.ts'
import { type SignedSpec, signedSpec } from './worlds/signed.ts'

const PORT = 53
const MODES: readonly Sharing[] = ['off', 'majority', 'any-member']
/** How far what virtual nodes cost may be from what real ones do. */
const APART = 0.1
/** What a ring may cost: upstream queries, times those without it; packets between members a question, at 8 members. */
const MOST_UPSTREAM: Readonly<Record<string, number>> = { majority: 1, 'any-member': 0.7 }
const MOST_PACKETS = 20
const PACKETS_AT = 8
/** Beyond this members believe each other no more than any others: `any-member` is for households. */
const HOUSEHOLD_MEMBERS = 16

interface Row extends Dealing, Dealt {
  readonly nodes: 'virtual' | 'real'
  readonly questions: number
}

export const benchmark: Benchmark = {
  summary:
    'upstream queries and messages of a ring against separate resolvers: whole virtual nodes, held against real ones',
  namespace: true,
  programs: [],
  options: {
    names: { type: 'string', help: 'distinct questions that there are', default: '500' },
    questions: { type: 'string', help: 'questions of the stream', default: '1000' },
    rate: { type: 'string', help: 'questions a second, at random moments', default: '25' },
    signed: { type: 'string', help: 'percent of the zones that are signed', default: '30' },
    members: { type: 'string', help: 'sizes, virtual and real', default: '3,8' },
    virtual: { type: 'string', help: 'sizes that are virtual only; `none`', default: '50' },
    modes: { type: 'string', help: 'of off, majority, any-member', default: MODES.join(',') },
    seed: { type: 'string', help: 'seed of world, stream and nodes', default: '1' },
  },
  async run(values, say) {
    const seed = numberOption(values, 'seed')
    const names = numberOption(values, 'names')
    const plain = delayedWorld({ names, seed, minDelayMs: 10, maxDelayMs: 60, dead: 0, port: PORT })
    const signed = signedSpec(plain, numberOption(values, 'signed'))
    const count = numberOption(values, 'questions')
    const stream = streamOf(plain.questions, { count, rate: numberOption(values, 'rate'), seed })
    const modes = String(values['modes']).split(',').map(modeOf)
    const both = numbersOption(values, 'members')
    const only = values['virtual'] === 'none' ? [] : numbersOption(values, 'virtual')
    const rows: Row[] = []
    const add = (row: Row) => {
      rows.push(row)
      say(
        `${row.nodes} ${row.members} ${row.sharing}: ${perQuestion(row, row.upstream.all)} upstream queries a question`,
      )
    }
    for (const members of [...both, ...only])
      for (const sharing of modes.filter((mode) => mode !== 'any-member' || members <= HOUSEHOLD_MEMBERS)) {
        const dealing = { members, sharing }
        const how = { ...signed, stream, seed }
        add({ nodes: 'virtual', ...dealing, questions: count, ...(await dealVirtual(how, dealing)) })
        if (both.includes(members)) add(await realRow(signed, stream, dealing))
      }
    return report(rows, { names, questions: count, rate: numberOption(values, 'rate'), signed: values['signed'], seed })
  },
}

function modeOf(text: string): Sharing {
  const mode = MODES.find((one) => one === text)
  if (mode === undefined) throw new RangeError(`--modes: ${text} is none of ${MODES.join(', ')}`)
  return mode
}

async function realRow(signed: SignedSpec, stream: readonly Asking[], dealing: Dealing): Promise<Row> {
  const world = await createWorld(signed.spec)
  try {
    const dealt = await dealReal({ world, anchor: signed.anchor, stream }, dealing)
    return { nodes: 'real', ...dealing, questions: stream.length, ...dealt }
  } finally {
    await world.stopAll()
  }
}

function perQuestion({ questions }: Row, count: number): number {
  return round(count / questions, 3)
}

function report(rows: readonly Row[], how: Readonly<Record<string, unknown>>): BenchResult {
  const twinOf = (row: Row) => rows.find((one) => one.nodes !== row.nodes && isSame(one, row))
  return {
    tables: [
      {
        title: `a question, of ${how['questions']} dealt in turn at ${how['rate']} a second: upstream queries and requests between members`,
        columns: ['members', 'mode', 'nodes', 'upstream', 'root', 'TLD', 'hosts', 'keys', 'addresses', 'over off'],
        rows: rows.map((row) => upstreamCells(row, rows)),
      },
      {
        title:
          'a question: requests between members by room, bytes of them, packets (real nodes: TCP segments); CPU of all members (real nodes); and times',
        columns: [
          'members',
          'mode',
          'nodes',
          'ring',
          'chunks',
          'chains',
          'household',
          'bytes',
          'packets',
          'CPU ms',
          'p50 ms',
          'p99 ms',
          'failures',
        ],
        rows: rows.filter(({ sharing, nodes }) => sharing !== 'off' || nodes === 'real').map(trafficCells),
      },
      {
        title: 'virtual nodes over real ones',
        columns: ['members', 'mode', 'upstream', 'requests'],
        rows: rows.flatMap((row) => {
          const real = row.nodes === 'virtual' ? twinOf(row) : undefined
          return real === undefined ? [] : [[row.members, row.sharing, ...apart(row, real)]]
        }),
      },
    ],
    targets: targetsOf(rows, twinOf),
    data: {
      ...how,
      rows: rows.map(({ latencies, ...row }) => ({ ...row, p50: median(latencies), p99: quantile(latencies, 0.99) })),
    },
  }
}

const isSame = (a: Row, b: Row) => a.members === b.members && a.sharing === b.sharing

function offOf(row: Row, rows: readonly Row[]): Row | undefined {
  return rows.find((one) => one.nodes === row.nodes && one.members === row.members && one.sharing === 'off')
}

function upstreamCells(row: Row, rows: readonly Row[]): Cell[] {
  const { all, root, tld, hosts, keys, addresses } = row.upstream
  const off = offOf(row, rows)
  const figures = [all, root, tld, hosts, keys, addresses].map((one) => perQuestion(row, one).toFixed(3))
  return [
    row.members,
    row.sharing,
    row.nodes,
    ...figures,
    off === undefined ? '-' : (all / off.upstream.all).toFixed(3),
  ]
}

function trafficCells(row: Row): Cell[] {
  const { ring, chunks, chains, household, bytes } = row.requests
  const figures = [ring, chunks, chains, household].map((one) => perQuestion(row, one).toFixed(2))
  const packets = row.packets === undefined ? '-' : perQuestion(row, row.packets).toFixed(1)
  const cpu = row.cpuMs === undefined ? '-' : perQuestion(row, row.cpuMs).toFixed(2)
  const times = [median(row.latencies), quantile(row.latencies, 0.99)].map((one) => round(one, 1))
  return [
    row.members,
    row.sharing,
    row.nodes,
    ...figures,
    Math.round(bytes / row.questions),
    packets,
    cpu,
    ...times,
    row.failures,
  ]
}

/** Virtual over real: upstream queries; requests, where there are any. */
function apart(virtual: Row, real: Row): [number, number | '-'] {
  const requests = requestCount(real.requests)
  return [
    round(virtual.upstream.all / real.upstream.all, 3),
    requests === 0 ? '-' : round(requestCount(virtual.requests) / requests, 3),
  ]
}

function targetsOf(rows: readonly Row[], twinOf: (row: Row) => Row | undefined): Target[] {
  return rows.flatMap((row) => {
    const what = `${row.nodes} nodes, ${row.members} members, ${row.sharing}`
    const off = offOf(row, rows)
    const most = MOST_UPSTREAM[row.sharing]
    const targets: Target[] = []
    if (off !== undefined && most !== undefined)
      targets.push(
        target(`${what}: upstream queries over ring off`, round(row.upstream.all / off.upstream.all, 3), most),
      )
    if (row.packets !== undefined && row.members === PACKETS_AT && most !== undefined)
      targets.push(target(`${what}: packets between members a question`, perQuestion(row, row.packets), MOST_PACKETS))
    const real = row.nodes === 'virtual' ? twinOf(row) : undefined
    if (real === undefined) return targets
    const [upstream, requests] = apart(row, real)
    targets.push(target(`${what}: upstream queries, apart from real nodes`, round(Math.abs(upstream - 1), 3), APART))
    if (requests !== '-')
      targets.push(target(`${what}: requests, apart from real nodes`, round(Math.abs(requests - 1), 3), APART))
    return targets
  })
}
