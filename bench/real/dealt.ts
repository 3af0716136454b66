/** A dealt stream on real nodes: processes of `chordns start`, on the loopback interface of this namespace or on machines of their own. */
import { readFileSync } from 'node:fs'
import { statusView } from '../../src/observe/views.ts'
import type { Host } from '../lib/hosts.ts'
import { cpuMsOf } from '../lib/processes.ts'
import type { Asking } from '../lib/stream.ts'
import { Stub, type StubAnswer } from '../lib/stub.ts'
import { type PeerProcess, startCluster, type World } from '../lib/world-parts.ts'
import {
  type Dealing,
  type Dealt,
  requestsOf,
  requestsSince,
  type Slow,
  TAIL_MS,
  upstreamOf,
  warmUp,
} from '../models/dealt.ts'

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
  /** Names of no stream that each fetches before it, and then asks of what the others fetched: for the same reason. Default: none. */
  readonly warmFetches?: number
  /** Where the members are, if not all on this namespace's loopback interface. */
  readonly lan?: Lan
}

export interface Lan {
  readonly hosts: readonly Host[]
  /** Packets that have gone from one to another. */
  packets(): number
}

export async function dealReal(run: RealRun, { sharing, members }: Dealing): Promise<Dealt> {
  const { lan } = run
  const isRing = sharing === 'majority' || sharing === 'any-member'
  const cluster = await startCluster({
    peers: members,
    hints: run.world.hintsText(),
    authorityPort: PORT,
    ...(run.anchor !== undefined && { anchors: run.anchor }),
    replicas: 2,
    admitAfter: 'auto',
    config: { cache: { persist: false }, ring: isRing ? { acceptFrom: sharing } : { enabled: false, bootstrap: [] } },
    ...(lan !== undefined && {
      place: async (index) => lan.hosts[index]!,
      own: async (index) => servingAt(lan.hosts[index]!.address),
    }),
  })
  try {
    if (isRing) await oneRing(cluster.peers, lan)
    return await play(run, cluster.peers)
  } finally {
    await cluster.stop()
  }
}

function servingAt(address: string) {
  const endpoint = `${address}:${PORT}`
  return { listen: { udp: [endpoint], tcp: [endpoint] }, access: { allow: ['0.0.0.0/0'] } }
}

/** Waits until all of these know each other. */
export async function oneRing(peers: readonly PeerProcess[], lan?: Lan): Promise<void> {
  const end = performance.now() + JOIN_MS
  const isWhole = async (peer: PeerProcess) => (await statusOf(peer, lan)).ring?.members.length === peers.length
  while (!(await Promise.all(peers.map(isWhole))).every((whole) => whole)) {
    if (performance.now() > end) throw new Error('the peers do not become one ring in time')
    await pause(200)
  }
}

export async function statusOf({ index, statusPort }: Pick<PeerProcess, 'index' | 'statusPort'>, lan?: Lan) {
  if (lan !== undefined) return statusView.parse(await lan.hosts[index]!.get(statusPort, '/status'))
  // Without keep-alive: the server may close an idle connection just when it is used again.
  const reply = await fetch(`http://127.0.0.1:${statusPort}/status`, { headers: { connection: 'close' } })
  return statusView.parse(await reply.json())
}

async function play({ world, stream, lan, warmFetches = 0 }: RealRun, peers: readonly PeerProcess[]): Promise<Dealt> {
  const stubs = await Promise.all(peers.map((peer) => Stub.open(lan === undefined ? '127.0.0.1' : '0.0.0.0', peer)))
  const statuses = () => Promise.all(peers.map((peer) => statusOf(peer, lan)))
  const traffic = async () => requestsOf((await statuses()).map((one) => asTraffic(one.traffic)))
  const packetsSent = () => (lan === undefined ? segmentsSent() : lan.packets())
  try {
    for (const { name, type = 'A' } of warmUp(WARM_NAMES))
      await Promise.all(stubs.map((stub) => stub.ask(name, STUB_TIMEOUT_MS, String(type))))
    await warmByFetching(stubs, warmFetches)
    await pause(SETTLE_MS)
    const before = await traffic()
    world.clearLog()
    const packetsBefore = packetsSent()
    const cpuBefore = cpuMs(peers)
    const start = performance.now()
    const answers = await Promise.all(
      stream.map(async ({ question, at }, i) => {
        await pause(start + at - performance.now())
        return stubs[i % stubs.length]!.ask(question.name, STUB_TIMEOUT_MS, String(question.type ?? 'A'))
      }),
    )
    await pause(TAIL_MS)
    const packets = packetsSent() - packetsBefore
    const cpu = cpuMs(peers) - cpuBefore
    return {
      latencies: answers.map(({ elapsedMs }) => elapsedMs),
      slowest: slowestOf(stream, answers, stubs.length),
      failures: answers.filter(({ rcode }) => rcode !== 0 && rcode !== 3).length,
      upstream: upstreamOf(world),
      requests: requestsSince(await traffic(), before),
      packets,
      cpuMs: cpu,
    }
  } finally {
    for (const stub of stubs) stub.close()
  }
}

/** Names of top-level domains that do not exist: only the root is asked, and nothing is known of the stream's zones afterwards. */
async function warmByFetching(stubs: readonly Stub[], count: number): Promise<void> {
  for (const round of [0, 1])
    for (let i = 0; i < count; i++)
      await Promise.all(
        stubs.map((stub, member) => stub.ask(`www.warm${i}-${(member + round) % stubs.length}.`, STUB_TIMEOUT_MS, 'A')),
      )
}

function cpuMs(peers: readonly PeerProcess[]): number {
  return peers.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0)
}

const SLOWEST = 12

function slowestOf(stream: readonly Asking[], answers: readonly StubAnswer[], members: number): Slow[] {
  const all = stream.map(({ question: { name, type = 'A' }, at }, i) => {
    const ms = Math.round(answers[i]!.elapsedMs)
    return { question: `${name} ${type}`, member: i % members, at: Math.round(at), ms }
  })
  return all.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST)
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
