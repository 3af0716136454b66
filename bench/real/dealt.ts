/** A dealt stream on real nodes: processes of `chordns start` on the loopback interface of this namespace. */
import { readFileSync } from 'node:fs'
import { statusView } from '../../src/observe/views.ts'
import type { Asking } from '../lib/stream.ts'
import { Stub } from '../lib/stub.ts'
import { type PeerProcess, startCluster, type World } from '../lib/world-parts.ts'
import { type Dealing, type Dealt, requestsOf, requestsSince, TAIL_MS, upstreamOf, warmUp } from '../models/dealt.ts'

const PORT = 53
const STUB_TIMEOUT_MS = 8_000
const JOIN_MS = 60_000
const SETTLE_MS = 5_000
/** Asked of each before the stream, so that what is timed was compiled: special-use names, which cost no query. */
const WARM_NAMES = 300

export interface RealRun {
  readonly world: World
  readonly anchor: string | undefined
  readonly stream: readonly Asking[]
}

export async function dealReal(run: RealRun, { sharing, members }: Dealing): Promise<Dealt> {
  const isRing = sharing === 'majority' || sharing === 'any-member'
  const cluster = await startCluster({
    peers: members,
    hints: run.world.hintsText(),
    authorityPort: PORT,
    ...(run.anchor !== undefined && { anchors: run.anchor }),
    replicas: 2,
    admitAfter: 'auto',
    config: { cache: { persist: false }, ring: isRing ? { acceptFrom: sharing } : { enabled: false, bootstrap: [] } },
  })
  try {
    if (isRing) await oneRing(cluster.peers)
    return await play(run, cluster.peers)
  } finally {
    await cluster.stop()
  }
}

/** Waits until all of these know each other. */
export async function oneRing(peers: readonly PeerProcess[]): Promise<void> {
  const end = performance.now() + JOIN_MS
  const isWhole = async (peer: PeerProcess) => (await statusOf(peer)).ring?.members.length === peers.length
  while (!(await Promise.all(peers.map(isWhole))).every((whole) => whole)) {
    if (performance.now() > end) throw new Error('the peers do not become one ring in time')
    await pause(200)
  }
}

export async function statusOf({ statusPort }: PeerProcess) {
  // Without keep-alive: the server may close an idle connection just when it is used again.
  const reply = await fetch(`http://127.0.0.1:${statusPort}/status`, { headers: { connection: 'close' } })
  return statusView.parse(await reply.json())
}

async function play({ world, stream }: RealRun, peers: readonly PeerProcess[]): Promise<Dealt> {
  const stubs = await Promise.all(peers.map((peer) => Stub.open('127.0.0.1', peer)))
  const traffic = async () => requestsOf((await Promise.all(peers.map(statusOf))).map((one) => asTraffic(one.traffic)))
  try {
    for (const { name, type = 'A' } of warmUp(WARM_NAMES))
      await Promise.all(stubs.map((stub) => stub.ask(name, STUB_TIMEOUT_MS, String(type))))
    await pause(SETTLE_MS)
    const before = await traffic()
    world.clearLog()
    const segments = segmentsSent()
    const start = performance.now()
    const answers = await Promise.all(
      stream.map(async ({ question, at }, i) => {
        await pause(start + at - performance.now())
        return stubs[i % stubs.length]!.ask(question.name, STUB_TIMEOUT_MS, String(question.type ?? 'A'))
      }),
    )
    await pause(TAIL_MS)
    const packets = segmentsSent() - segments
    return {
      latencies: answers.map(({ elapsedMs }) => elapsedMs),
      failures: answers.filter(({ rcode }) => rcode !== 0 && rcode !== 3).length,
      upstream: upstreamOf(world),
      requests: requestsSince(await traffic(), before),
      packets,
    }
  } finally {
    for (const stub of stubs) stub.close()
  }
}

function asTraffic(counters: Readonly<Record<string, number>> | null) {
  return counters === null ? undefined : (counters as unknown as NonNullable<Parameters<typeof requestsOf>[0][number]>)
}

/**
 * TCP segments that all processes of this namespace have sent, acknowledgements included. What members say to each other is TCP;
 * queries to authorities are not, but for the few whose answers did not fit.
 */
function segmentsSent(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '))
  return Number(values?.[names?.indexOf('OutSegs') ?? -1])
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
