/**
 * A ring whose members are restarted one by one to another build, as an upgrade goes: while a stub asks all the time, none of its
 * questions may stay unanswered, and what the ring has agreed on must still be there at the end, without the authorities.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { chunkView } from '../src/observe/views.ts'
import { quantile, round, seeded } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import {
  type Cluster,
  composeSpec,
  createWorld,
  type PeerProcess,
  signWorld,
  startCluster,
  type World,
} from './lib/world-parts.ts'
import { type Build, Builds } from './real/builds.ts'
import { oneRing } from './real/dealt.ts'

const PORT = 53
const ZONES = 24
/** A third of them are signed. */
const SIGNED_EACH = 3
/** As a stub with two servers in resolv.conf does, only sooner: the other one is asked then. */
const TRY_MS = 1_000
const [NOERROR, NXDOMAIN] = [0, 3]
const TRIES = 3
const NAMES_PER_ZONE = 40
const ENTRIES_WITHIN_MS = 90_000
const AUTHORITY_MS = 15
/** Between names that are put into the ring: replicas take ten tells a second of one member, and a signed answer is told once. */
const PACE_MS = 250

export const benchmark: Benchmark = {
  summary: 'a ring of real nodes restarted one by one to a build of another protocol version, under questions',
  namespace: true,
  programs: ['git', 'tar'],
  options: {
    peers: { type: 'string', help: 'members', default: '5' },
    names: { type: 'string', help: 'names that are agreed on, or signed, before', default: '120' },
    rate: { type: 'string', help: 'questions a second meanwhile', default: '10' },
    from: { type: 'string', help: 'commit of the build before; `this`: these sources', default: 'this' },
    to: { type: 'string', help: '`next`: these sources with one protocol version more; `this`', default: 'next' },
    seed: { type: 'string', help: 'of questions and moments', default: '1' },
  },
  async run(values, say) {
    const builds = new Builds()
    const from = values['from'] === 'this' ? builds.asIs() : builds.at(String(values['from']))
    const to = values['to'] === 'next' ? builds.next() : builds.asIs()
    const { spec, anchorText } = worldSpec()
    const world = await createWorld(spec)
    const running = new Map<number, Build>()
    const peers = numberOption(values, 'peers')
    let cluster: Cluster | undefined
    try {
      cluster = await startCluster({
        peers,
        hints: world.hintsText(),
        authorityPort: PORT,
        anchors: anchorText,
        replicas: 2,
        admitAfter: 1,
        cli: (index) => (running.get(index) ?? from).cli,
        config: { log: { level: 'debug' } },
      })
      await oneRing(cluster.peers)
      say(`one ring of ${peers}: ${from.name}`)
      const names = Array.from({ length: numberOption(values, 'names') }, (_, i) => `n${i}.${zoneOf(i)}`)
      const chance = seeded(numberOption(values, 'seed'))
      const held = await hold({ cluster, world, names, say, chance })
      const scene: Scene = { cluster, world, names: held, say, chance }
      const asking = new Asking(scene, numberOption(values, 'rate'))
      const done = asking.run()
      const restarts: Restart[] = []
      for (let index = 0; index < peers; index++) {
        running.set(index, to)
        restarts.push(await restart(scene, index))
        say(`member ${index} runs ${to.name}: ready after ${restarts.at(-1)!.readyMs} ms`)
      }
      const mixed = restarts.map(({ mixedAgreed }) => mixedAgreed)
      asking.stop()
      await done
      const kept = await whatIsKept(scene)
      return report({
        from,
        to,
        asking,
        restarts,
        mixed,
        kept,
        versions: versionsSpoken(cluster.peers),
        names: held.length,
      })
    } finally {
      await cluster?.stop()
      await world.stopAll()
      builds.remove()
    }
  },
}

interface Scene {
  readonly cluster: Cluster
  readonly world: World
  readonly names: readonly string[]
  readonly say: (line: string) => void
  readonly chance: () => number
}

function zoneOf(i: number): string {
  return `zone${i % ZONES}.org.`
}
const SIGNED_ZONES: ReadonlySet<string> = new Set(
  Array.from({ length: ZONES }, (_, i) => i)
    .filter(isSigned)
    .map(zoneOf),
)
function isSigned(i: number): boolean {
  return (i % ZONES) % SIGNED_EACH === 0
}

function worldSpec() {
  const hosts: Record<string, string> = {}
  const server = (name: string) => {
    hosts[name] = `127.53.1.${1 + Object.keys(hosts).length}`
    return name
  }
  const zone = (origin: string, text: string) => ({
    origin,
    nameServers: [1, 2].map((n) => server(`ns${n}.${origin === '.' ? 'root.' : origin}`)),
    text,
  })
  const leaves = Array.from({ length: ZONES }, (_, i) => zone(zoneOf(i), recordsOf(i)))
  const zones = [zone('.', ''), zone('org.', ''), ...leaves]
  const behaviours = Object.fromEntries(
    Object.keys(hosts).map((name) => [name.slice(0, -1), { delayMs: AUTHORITY_MS }]),
  )
  const signed = ['.', 'org.', ...leaves.filter((_, i) => isSigned(i)).map(({ origin }) => origin)]
  return signWorld(
    composeSpec({ hosts, zones, behaviours, port: PORT }),
    Object.fromEntries(signed.map((origin) => [origin, {}])),
  )
}

/**
 * Signed zones name each of their names: an answer out of a wildcard is inferred from its proof (RFC 8198) by whoever has the proof,
 * who tells nobody of it.
 */
function recordsOf(zone: number): string {
  if (!isSigned(zone)) return '* 3600 A 192.0.2.7\n'
  const numbers = Array.from({ length: NAMES_PER_ZONE }, (_, i) => zone + i * ZONES)
  return numbers.map((number) => `n${number} 3600 A 192.0.2.7\n`).join('')
}

/** Each name is asked of a member. Returns the names that are signed, and those that the ring has agreed on in time. */
async function hold(scene: Scene): Promise<string[]> {
  const { names, cluster, say } = scene
  let waiting = names.filter((_, i) => !isSigned(i))
  await askEach(scene, cluster.peers, names)
  const end = performance.now() + ENTRIES_WITHIN_MS
  for (let turn = 1; waiting.length > 0 && performance.now() < end; turn++) {
    await pause(1_000)
    const open: string[] = []
    for (const name of waiting) if ((await holders(cluster.peers, name)) < 3) open.push(name)
    waiting = open
    say(`${names.length - waiting.length} of ${names.length} names are held`)
    if (turn % 10 === 0) await askEach(scene, [cluster.peers[turn % cluster.peers.length]!], waiting)
  }
  if (waiting.length > names.length / 10) throw new Error(`not held in time: ${waiting.length} names`)
  return names.filter((name) => !waiting.includes(name))
}

async function askEach({ chance }: Scene, peers: readonly PeerProcess[], names: readonly string[]): Promise<void> {
  for (const name of names) {
    const peer = peers[Math.floor(chance() * peers.length)]!
    await fromApi(peer, `/lookup?name=${name}&type=A`)
    await pause(PACE_MS)
  }
}

/** Without keep-alive: the server may close an idle connection just when it is used again. */
async function fromApi({ statusPort }: PeerProcess, path: string, method: 'GET' | 'POST' = 'GET'): Promise<unknown> {
  const headers = { 'x-chordns': '1', connection: 'close' }
  const reply = await fetch(`http://127.0.0.1:${statusPort}${path}`, { method, headers })
  return reply.json()
}

/** How many members hold an entry for the name. */
async function holders(peers: readonly PeerProcess[], name: string): Promise<number> {
  let count = 0
  for (const peer of peers) if (chunkView.parse(await fromApi(peer, `/chunk?name=${name}`)).entries.length > 0) count++
  return count
}

interface Restart {
  readonly index: number
  /** From the signal until it had ended; until it was ready again. */
  readonly stopMs: number
  readonly readyMs: number
  /** Until all members knew each other again. */
  readonly ringMs: number
  /** A name that nobody had asked for before was agreed on while two builds ran. */
  readonly mixedAgreed: boolean
}

async function restart(scene: Scene, index: number): Promise<Restart> {
  const { cluster } = scene
  const began = performance.now()
  const since = () => Math.round(performance.now() - began)
  await cluster.peers.find((peer) => peer.index === index)!.stop('SIGTERM')
  const stopMs = since()
  await cluster.start(index)
  const readyMs = since()
  await oneRing(cluster.peers)
  const ringMs = since()
  // Unsigned: the zone of the first number that is none of those that are signed.
  const fresh = `fresh${index}.${zoneOf(1)}`
  await askEach(scene, cluster.peers, [fresh])
  let mixedAgreed = false
  for (const end = performance.now() + 20_000; !mixedAgreed && performance.now() < end; await pause(500))
    mixedAgreed = (await holders(cluster.peers, fresh)) >= 2
  return { index, stopMs, readyMs, ringMs, mixedAgreed }
}

/** A stub that asks one member after the other until it is answered. */
class Asking {
  readonly latencies: number[] = []
  readonly unanswered: string[] = []
  /** Answered by the second or third member that was asked. */
  again = 0
  readonly #scene: Scene
  readonly #rate: number
  #stopping = false

  constructor(scene: Scene, rate: number) {
    this.#scene = scene
    this.#rate = rate
  }

  stop(): void {
    this.#stopping = true
  }

  async run(): Promise<void> {
    const { chance } = this.#scene
    const open: Promise<void>[] = []
    for (let i = 0; !this.#stopping; i++) {
      open.push(this.#ask(i))
      await pause((-Math.log(1 - chance()) * 1_000) / this.#rate)
    }
    await Promise.all(open)
  }

  /** Every fourth question is for a name that nobody has asked for. */
  async #ask(i: number): Promise<void> {
    const { names, cluster, chance } = this.#scene
    const name = i % 4 === 3 ? `new${i}.${zoneOf(i)}` : names[Math.floor(chance() * names.length)]!
    const first = Math.floor(chance() * cluster.peers.length)
    const began = performance.now()
    for (let turn = 0; turn < TRIES; turn++) {
      const { address, port } = cluster.peers[(first + turn) % cluster.peers.length]!
      const stub = await Stub.open('127.0.0.1', { address, port })
      const { rcode } = await stub.ask(name, TRY_MS)
      stub.close()
      if (rcode !== NOERROR && rcode !== NXDOMAIN) continue
      this.latencies.push(performance.now() - began)
      if (turn > 0) this.again++
      return
    }
    this.unanswered.push(name)
  }
}

interface Kept {
  /** Names that are answered by every member without authorities and with its own cache emptied of them. */
  readonly answered: number
  readonly lost: readonly string[]
}

async function whatIsKept({ cluster, world, names, say }: Scene): Promise<Kept> {
  await world.stopAll()
  const lost: string[] = []
  for (const [i, name] of names.entries()) {
    const isProven = SIGNED_ZONES.has(name.slice(name.indexOf('.') + 1))
    const peer = cluster.peers[i % cluster.peers.length]!
    const { address, port } = peer
    await fromApi(peer, `/cache/flush?name=${name}`, 'POST')
    const stub = await Stub.open('127.0.0.1', { address, port })
    const { rcode } = await stub.ask(name, 10_000)
    stub.close()
    if (rcode !== 0) lost.push(`${name}${isProven ? ' (signed)' : ''}`)
  }
  say(`${names.length - lost.length} of ${names.length} names are answered without the authorities`)
  return { answered: names.length - lost.length, lost }
}

/** Which versions the members agreed on at hello, by their logs: how often each. */
function versionsSpoken(peers: readonly PeerProcess[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const peer of peers)
    for (const [, version] of peer.log().matchAll(/"version":(\d+)[^\n]*a peer was let in/g))
      counts[version!] = (counts[version!] ?? 0) + 1
  return counts
}

interface Findings {
  readonly from: Build
  readonly to: Build
  readonly asking: Asking
  readonly restarts: readonly Restart[]
  readonly mixed: readonly boolean[]
  readonly kept: Kept
  readonly versions: Readonly<Record<string, number>>
  readonly names: number
}

function report({ from, to, asking, restarts, mixed, kept, versions, names }: Findings): BenchResult {
  const { latencies, unanswered, again } = asking
  const asked = latencies.length + unanswered.length
  return {
    tables: [
      {
        title: `${restarts.length} members, from ${from.name} to ${to.name}`,
        columns: ['member', 'ended after ms', 'ready after ms', 'ring whole after ms', 'a new name agreed on'],
        rows: restarts.map((one) => [one.index, one.stopMs, one.readyMs, one.ringMs, one.mixedAgreed ? 'yes' : 'no']),
      },
      {
        title: 'a stub meanwhile, which asks the next member after a second',
        columns: ['questions', 'unanswered', 'answered by another', 'p50 ms', 'p99 ms', 'longest ms'],
        rows: [
          [asked, unanswered.length, again, ...[0.5, 0.99, 1].map((share) => round(quantile(latencies, share), 1))],
        ],
      },
      {
        title: 'what the ring held before, asked without authorities',
        columns: ['names', 'answered', 'lost', 'versions spoken'],
        rows: [
          [
            names,
            kept.answered,
            kept.lost.length,
            Object.entries(versions)
              .map(([version, times]) => `${version}: ${times}`)
              .join(', '),
          ],
        ],
      },
    ],
    targets: [
      target('questions unanswered', unanswered.length, 0),
      target('names of the ring lost', kept.lost.length, 0),
      target('restarts after which a new name was not agreed on', mixed.filter((agreed) => !agreed).length, 0),
    ],
    data: {
      from: from.name,
      to: to.name,
      asked,
      unanswered,
      again,
      latencies: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), longest: Math.max(...latencies) },
      restarts,
      kept,
      versions,
    },
  }
}
