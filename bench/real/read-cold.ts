/**
 * Names that the ring does not know: real peers in front of a delayed Internet, with their ring and without, the same questions,
 * in turn. No round is held, so nothing is ever agreed and every digest says no.
 */
import { type AskQuestion, ask, createWorld, type PeerProcess, startCluster, type World } from '../lib/world-parts.ts'
import { delayedWorld } from '../worlds/delayed.ts'
import { oneRing, statusOf } from './dealt.ts'

const PORT = 53
const STUB_TIMEOUT_MS = 8_000
const CONCURRENCY = 4
const PEERS = 5
/** Few chunks, so that a few names bring the digests of all of them. */
const CHUNK_BITS = 3
/** Asked before it is measured, of each resolver alike. */
const WARM_NAMES = 60
/** Above every number of askers: no round pays. */
const NEVER = 1_000

export interface ColdRound {
  readonly ring: boolean
  readonly round: number
  readonly latencies: readonly number[]
  readonly failures: number
  /** Questions that no replica was asked, since no digest named them. */
  readonly spared: number
}

export interface ColdOptions {
  readonly names: number
  readonly rounds: number
  readonly seed: number
}

export async function coldMisses(
  { names, rounds, seed }: ColdOptions,
  say: (line: string) => void,
): Promise<ColdRound[]> {
  const plain = delayedWorld({ names: names + WARM_NAMES, seed, minDelayMs: 10, maxDelayMs: 60, dead: 0, port: PORT })
  const world = await createWorld(plain.spec)
  const done: ColdRound[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      for (const ring of round % 2 === 0 ? [true, false] : [false, true]) {
        const one = await oneRound(world, plain.questions, ring, round)
        say(`cold round ${round + 1}, ring ${ring ? 'on' : 'off'}: ${one.latencies.length} names, ${one.spared} spared`)
        done.push(one)
      }
    }
    return done
  } finally {
    await world.stopAll()
  }
}

async function oneRound(world: World, questions: readonly AskQuestion[], ring: boolean, round: number) {
  const cluster = await startCluster({
    peers: ring ? PEERS : 1,
    hints: world.hintsText(),
    authorityPort: PORT,
    replicas: 2,
    admitAfter: NEVER,
    config: { ring: ring ? { chunkBits: CHUNK_BITS } : { enabled: false } },
  })
  try {
    const peer = cluster.peers[0]!
    if (ring) await oneRing(cluster.peers)
    const failed = { count: 0 }
    await askAll(peer, questions.slice(0, WARM_NAMES), failed)
    const before = ring ? await sparedBy(peer) : 0
    const latencies = await askAll(peer, questions.slice(WARM_NAMES), failed)
    return { ring, round, latencies, failures: failed.count, spared: ring ? (await sparedBy(peer)) - before : 0 }
  } finally {
    await cluster.stop()
  }
}

async function askAll(
  peer: PeerProcess,
  questions: readonly AskQuestion[],
  failed: { count: number },
): Promise<number[]> {
  const waiting = [...questions]
  const latencies: number[] = []
  const client = async () => {
    for (let question = waiting.shift(); question !== undefined; question = waiting.shift()) {
      const started = performance.now()
      try {
        const flags = { timeoutMs: STUB_TIMEOUT_MS }
        const first = await ask(peer, question, flags)
        const reply = first.tc ? await ask({ ...peer, protocol: 'tcp' }, question, flags) : first
        if (reply.rcode === 2) failed.count++
      } catch {
        // Counted, and its time with the others.
        failed.count++
      }
      latencies.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, client))
  return latencies
}

async function sparedBy(peer: PeerProcess): Promise<number> {
  return (await statusOf(peer)).chunks?.['spared'] ?? 0
}
