/**
 * Reads over links with a delay: the code of the nodes in real time, in one process, with timers for links. What a read takes
 * beyond one round trip is held against a bare message over the same links, so that the timers do not count.
 */

import type { RingRead } from '../../src/chunks/index.ts'
import { systemClock } from '../../src/io/index.ts'
import {
  answer,
  ask,
  createWorld,
  type Node,
  paper,
  realKeys,
  type World,
  type WorldClock,
} from '../../test/chunks/world.ts'

const SEATS = 3
/** The certificate is there long before; on a busy machine it takes longer. */
const AGREED_WITHIN_MS = 30_000

export interface LatencyRow {
  readonly evidence: 'certificate' | 'live votes'
  readonly rttMs: number
  /** Of each read, and of a bare round trip right before it. Ms. */
  readonly reads: readonly number[]
  readonly bare: readonly number[]
  /** CPU of one read, of the asker and all replicas together, on average. Ms. */
  readonly cpuMs: number
}

/** The machine's time where the tests of the chunks have their virtual one. */
function realTime(): WorldClock {
  return {
    ...systemClock(),
    advanceAsync: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    run: (promise) => promise,
    pending: 0,
  }
}

export async function readLatency(rtts: readonly number[], reads: number): Promise<LatencyRow[]> {
  const clock = realTime()
  const world = createWorld({ ...realKeys, nodes: 5, n: SEATS, clock, options: { requestTimeoutMs: 2_000 } })
  const question = ask('www.example.com')
  const outcome = answer(question, [1])
  world.publish(question, outcome)
  const replicas = world.replicas(question)
  const [teller, asker] = world.outsiders(question) as [Node, Node]
  const rows: LatencyRow[] = []
  try {
    await agree(world, question, teller, replicas)
    for (const evidence of ['certificate', 'live votes'] as const) {
      for (const node of replicas)
        if (evidence === 'live votes')
          node.liar = async () => ({
            kind: 'vote',
            observation: paper(node.signer, question, outcome, clock.now()),
            outcome,
          })
      for (const rttMs of rtts) {
        for (const node of world.nodes) node.delayMs = rttMs
        // What runs first is compiled, and what was prepared for the last delay is through.
        for (let i = 0; i < 10; i++) accepted(await world.read(asker, question))
        const row = { evidence, rttMs, reads: [] as number[], bare: [] as number[], cpuMs: 0 }
        for (let i = 0; i < reads; i++) {
          row.bare.push(await timed(() => clock.advanceAsync(rttMs)))
          const before = process.cpuUsage()
          row.reads.push(await timed(async () => accepted(await world.read(asker, question))))
          const { user, system } = process.cpuUsage(before)
          row.cpuMs += (user + system) / 1_000 / reads
        }
        rows.push(row)
      }
    }
    return rows
  } finally {
    await world.stop()
  }
}

async function agree(world: World, question: ReturnType<typeof ask>, teller: Node, replicas: readonly Node[]) {
  await world.told(question, [teller], 100)
  const until = performance.now() + AGREED_WITHIN_MS
  while (replicas.some((node) => node.chunks.entry(question) === undefined)) {
    if (performance.now() > until) throw new Error('the replicas do not agree')
    await world.clock.advanceAsync(50)
  }
}

function accepted(read: RingRead): void {
  if (read.kind !== 'accepted') throw new Error(`the ring has it, and says ${read.kind}`)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
