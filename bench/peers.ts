/**
 * `npm run bench -- peers`: many real peers, each in a network namespace of its own; some lose power at once. What has a
 * surviving copy must not be lost; what kept a majority of its signers answers without the authorities; the rest after it was
 * observed again.
 */
import { chunkView, lookupView, statusView } from '../src/observe/views.ts'
import { seededRandom } from '../src/sim/index.ts'
import { type Host, Hosts } from './lib/hosts.ts'
import { median, quantile, round, shuffled } from './lib/stats.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'
import { type Cluster, type PeerProcess, simpleWorld, startCluster } from './lib/world-parts.ts'

const ZONES = 60
const AT_ONCE = 5
const LIMIT_MS = 240_000
/** RFC 2544: nobody's addresses, and none that a resolver refuses to ask. */
const AUTHORITIES = '198.18'

export const benchmark: Benchmark = {
  summary:
    'many peers on machines of their own, some of which die at once: what is lost, what answers without authorities, time to repair',
  options: {
    peers: { type: 'string', help: 'peers, about 170 MiB each, with a network namespace each', default: '50' },
    kill: { type: 'string', help: 'how many of them die at once', default: '10' },
    names: { type: 'string', help: 'names that are agreed on before', default: '300' },
    seed: { type: 'string', help: 'of the names and victims', default: '1' },
  },
  namespace: true,
  programs: ['ip', 'unshare', 'nsenter'],
  async run(values, say) {
    const peers = numberOption(values, 'peers')
    const kill = numberOption(values, 'kill')
    const count = numberOption(values, 'names')
    const random = seededRandom(numberOption(values, 'seed'))
    const zones = Array.from({ length: ZONES }, (_, i) => [`zone${i}.org.`, '* 3600 A 192.0.2.7'] as const)
    const machines = Hosts.begin(`${AUTHORITIES}.0.0/16`)
    const world = await simpleWorld({ 'org.': '', ...Object.fromEntries(zones) }, { network: AUTHORITIES })
    const stop = new AbortController()
    const interrupt = () => stop.abort(new Error('interrupted'))
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const hosts = new Map<number, Host>()
    let cluster: Cluster | undefined
    try {
      cluster = await startCluster({
        peers: 1,
        hints: world.hintsText(),
        authorityPort: world.port,
        replicas: 2,
        admitAfter: 1,
        place: async (index) => {
          const host = await machines.add(index)
          hosts.set(index, host)
          return host
        },
      })
      for (let next = 1; next < peers; next += AT_ONCE) {
        const batch = Array.from({ length: Math.min(AT_ONCE, peers - next) }, (_, i) => next + i)
        await Promise.all(batch.map((index) => cluster!.start(index)))
        stop.signal.throwIfAborted()
        say(`${Math.min(next + AT_ONCE, peers)} peers run`)
      }
      const scene: Scene = { random, hosts, asked: new Map(), say, signal: stop.signal }
      const all = [...cluster.peers]
      const formedMs = await until(scene, 'one ring', () => isOneRing(scene, all))
      say(`one ring of ${peers} after another ${seconds(formedMs)}`)

      const names = Array.from({ length: count }, (_, i) => `n${i}.zone${random.below(ZONES)}.org`)
      const keepers = await agreeOn(scene, names, all)
      const victims = new Set(shuffled(all, () => random.below(1_000_000) / 1_000_000).slice(0, kill))
      const alive = all.filter((peer) => !victims.has(peer))
      const survivors = new Map(
        names.map((name) => [name, keepers.get(name)!.filter((peer) => !victims.has(peer)).length] as const),
      )
      await world.stopAll()
      // As when the power goes: the cable first, or the kernel would tell everybody that the connections have ended.
      for (const { index } of victims) hosts.get(index)!.cut()
      await Promise.all([...victims].map((peer) => peer.stop('SIGKILL')))
      const killedAt = performance.now()
      say(`${kill} of ${peers} killed, authorities off`)

      const withMajority = names.filter((name) => survivors.get(name)! >= 2)
      const withOne = names.filter((name) => survivors.get(name) === 1)
      const withNone = names.filter((name) => survivors.get(name) === 0)
      // At once, while the ring still believes in the dead.
      const atOnce = await answers(scene, alive, withMajority)
      const ringMs = await until(scene, 'one ring of those that live', () => isOneRing(scene, alive))
      say(`one ring of ${alive.length} ${seconds(ringMs)} after the kill`)
      // Full again: every keeper of today holds what kept a majority.
      let whole = 0
      await until(scene, 'all copies of what kept a majority', async () => {
        whole = 0
        for (const name of withMajority) if (await heldByAll(scene, alive, name)) whole++
        return whole === withMajority.length
      }).catch((error: unknown) => say(String(error)))
      const repairMs = performance.now() - killedAt
      say(`${whole} of ${withMajority.length} have all copies again ${seconds(repairMs)} after the kill`)
      const later = await answers(scene, alive, withMajority)
      const lost = await lostOf(scene, alive, [...withMajority, ...withOne])

      await world.restartAll()
      const anewFrom = performance.now()
      let notYet: readonly string[] = withOne
      const lookAgain = async () => {
        // Each try is one more member that asks: that is what makes the keepers look again, once they have rested.
        notYet = (await answers(scene, alive, notYet)).others
        say(`${withOne.length - notYet.length} of ${withOne.length} are agreed on again`)
        return notYet.length === 0
      }
      await until(scene, 'the others are agreed on again', lookAgain, 10_000).catch((error: unknown) =>
        say(String(error)),
      )
      const anew = withOne.length - notYet.length
      const anewMs = performance.now() - anewFrom

      const row = (what: string, total: number, { agreed, failed, ms }: Answers) => [
        what,
        total,
        agreed,
        failed,
        ms.length === 0 ? '-' : round(median(ms)),
        ms.length === 0 ? '-' : round(quantile(ms, 0.99)),
      ]
      return {
        tables: [
          {
            title: `${peers} peers, ${kill} killed at once, ${names.length} names agreed on before, n = 3, each on a machine of its own`,
            columns: ['asked of a random live peer', 'names', 'agreed', 'failed', 'p50 ms', 'p99 ms'],
            rows: [
              row('kept a majority, authorities off, at once', withMajority.length, atOnce),
              row('kept a majority, authorities off, after repair', withMajority.length, later),
            ],
          },
          {
            title: 'repair',
            columns: ['', 'value'],
            rows: [
              ['kill to one ring of those that live, s', round(ringMs / 1_000, 1)],
              ['kill to all copies of what kept a majority, s', round(repairMs / 1_000, 1)],
              ['entries with a surviving copy that are gone', lost.length],
              ['one copy survived', withOne.length],
              ['of those agreed again once the authorities were back', anew],
              ['seconds for that', round(anewMs / 1_000, 1)],
              ['no copy survived', withNone.length],
            ],
          },
        ],
        targets: [
          target('entries lost of which one copy survived', lost.length, 0),
          target(
            'with a majority, not answered without authorities after repair',
            withMajority.length - later.agreed,
            0,
          ),
          target('with one copy, not agreed again', withOne.length - anew, 0),
        ],
        data: {
          peers,
          kill,
          names: names.length,
          survivors: { majority: withMajority.length, one: withOne.length, none: withNone.length },
          atOnce,
          later,
          ringMs,
          repairMs,
          whole,
          lost,
          anew,
          anewMs,
        },
      }
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      await cluster?.stop()
      await world.stopAll()
      await machines.end()
    }
  },
}

interface Scene {
  readonly random: ReturnType<typeof seededRandom>
  /** Who asked for a name before: it has the answer in its cache, whatever the ring does. */
  readonly asked: Map<string, Set<number>>
  /** By the number of the peer on it. */
  readonly hosts: ReadonlyMap<number, Host>
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** Asks for each name, and waits until all its keepers hold it. */
async function agreeOn(
  scene: Scene,
  names: readonly string[],
  peers: readonly PeerProcess[],
): Promise<Map<string, PeerProcess[]>> {
  const keepers = new Map<string, PeerProcess[]>()
  let waiting = [...names]
  await until(scene, 'names agreed on', async () => {
    for (const name of waiting) await lookup(scene, newAsker(scene, peers, name), name)
    const next: string[] = []
    for (const name of waiting) {
      const seats = await keepersOf(scene, peers, name)
      const held = await Promise.all(seats.map((peer) => holds(scene, peer, name)))
      if (seats.length === 3 && held.every(Boolean)) keepers.set(name, seats)
      else next.push(name)
    }
    waiting = next
    scene.say(`${keepers.size} of ${names.length} names are agreed on`)
    return waiting.length === 0
  })
  return keepers
}

interface Answers {
  readonly agreed: number
  /** Names that were answered otherwise, or not. */
  readonly others: readonly string[]
  readonly failed: number
  readonly ms: readonly number[]
}

/** Each name of one random peer: `agreed` as the answer says. */
async function answers(scene: Scene, peers: readonly PeerProcess[], names: readonly string[]): Promise<Answers> {
  const result = { agreed: 0, others: [] as string[], failed: 0, ms: [] as number[] }
  for (const name of names) {
    const seats = await keepersOf(scene, peers, name)
    // A keeper has looked itself, and answers from its own cache.
    const others = peers.filter((peer) => !seats.includes(peer))
    const view = await lookup(scene, newAsker(scene, others, name), name)
    result.ms.push(view.elapsedMs)
    if (view.provenance === 'agreed') result.agreed++
    else result.others.push(name)
    if (view.rcode !== 'NOERROR') result.failed++
  }
  return result
}

async function heldByAll(scene: Scene, alive: readonly PeerProcess[], name: string): Promise<boolean> {
  const seats = await keepersOf(scene, alive, name)
  return seats.length === 3 && (await Promise.all(seats.map((peer) => holds(scene, peer, name)))).every(Boolean)
}

/** Names that no live peer holds any more. */
async function lostOf(scene: Scene, alive: readonly PeerProcess[], names: readonly string[]): Promise<string[]> {
  const lost: string[] = []
  for (const name of names) {
    const held = await Promise.all(alive.map((peer) => holds(scene, peer, name)))
    if (!held.some(Boolean)) lost.push(name)
  }
  return lost
}

/** As the first of the peers sees it. */
async function keepersOf(scene: Scene, peers: readonly PeerProcess[], name: string): Promise<PeerProcess[]> {
  const view = chunkView.parse(await getJson(scene, peers[0]!, `/chunk?name=${name}`))
  const ids = new Set(view.replicas.map((one) => one.peer))
  return peers.filter((peer) => ids.has(peer.multiaddr.split('/p2p/')[1]!))
}

async function holds(scene: Scene, peer: PeerProcess, name: string): Promise<boolean> {
  return chunkView.parse(await getJson(scene, peer, `/chunk?name=${name}`)).entries.length > 0
}

/** A peer that has not asked for the name yet, while there is one. */
function newAsker({ asked, random }: Scene, peers: readonly PeerProcess[], name: string): PeerProcess {
  const before = asked.get(name) ?? new Set()
  asked.set(name, before)
  const fresh = peers.filter(({ index }) => !before.has(index))
  const choice = fresh.length > 0 ? fresh : peers
  const peer = choice[random.below(choice.length)]!
  before.add(peer.index)
  return peer
}

async function lookup(scene: Scene, peer: PeerProcess, name: string) {
  return lookupView.parse(await getJson(scene, peer, `/lookup?name=${name}&type=A`))
}

/** All know all, nobody else, and each successor list is exact. */
async function isOneRing(scene: Scene, peers: readonly PeerProcess[]): Promise<boolean> {
  const views = await Promise.all(peers.map(async (peer) => statusView.parse(await getJson(scene, peer, '/status'))))
  const ids = views.map((view) => view.ring?.id ?? '').sort()
  return views.every(({ ring }) => {
    if (ring === null || !ring.joined) return false
    const alive = ring.members.filter((one) => one.status === 'alive').map((one) => one.id)
    const at = ids.indexOf(ring.id)
    const after = [...ids.slice(at + 1), ...ids.slice(0, at)].slice(0, ring.successors.length)
    const exact = ring.successors.length === Math.min(16, ids.length - 1) && ring.successors.join() === after.join()
    return exact && alive.sort().join() === ids.join()
  })
}

async function until(
  { signal }: Scene,
  what: string,
  condition: () => Promise<boolean>,
  everyMs = 1_000,
): Promise<number> {
  const begun = performance.now()
  while (!(await condition())) {
    signal.throwIfAborted()
    if (performance.now() - begun > LIMIT_MS) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  return performance.now() - begun
}

function getJson({ hosts }: Scene, peer: PeerProcess, path: string): Promise<unknown> {
  return hosts.get(peer.index)!.get(peer.statusPort, path)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
