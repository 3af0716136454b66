/**
 * Peers that are killed at random moments while they are asked and agree: what a peer had acknowledged, it must still have
 * afterwards. The test runs it a few times, the benchmark `kills` many times.
 */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { seededRandom } from '../../../src/sim/index.ts'
import { type Cluster, type PeerProcess, startCluster } from '../../world/cluster.ts'
import { ask, simpleWorld } from '../../world/index.ts'
import { chunkOf, pause, statusOf } from './asking.ts'

export interface KillsOptions {
  readonly kills: number
  readonly peers: number
  readonly seed: number
  readonly say: (line: string) => void
  readonly signal?: AbortSignal
}

export interface KillsResult {
  readonly kills: number
  /** Entries that a peer had shown before it was killed (the newest 300 of each), summed over the kills. */
  readonly acknowledged: number
  /** Entries that came back from the disk of the peer itself, summed over the kills. */
  readonly restored: number
  /** Of the acknowledged, not there again in time: `peer name`. */
  readonly lost: readonly string[]
  /** Files of data directories that SQLite finds fault with, or that were put aside. */
  readonly damaged: readonly string[]
  /** From exec to the line `ready`, ms, one a restart. */
  readonly readyMs: readonly number[]
  /** From exec until all that had been acknowledged was there again, ms. */
  readonly wholeMs: readonly number[]
  readonly questions: number
  readonly failed: number
}

const ZONES = 30
/** A machine that is busy otherwise takes longer to check what is on its disk: late is not lost. */
const BACK_MS = 240_000
/** Asking for each costs time in which nobody is killed; the newest are what a crash could take. */
const MOST_CHECKED = 300

export async function runKills(options: KillsOptions): Promise<KillsResult> {
  const random = seededRandom(options.seed)
  const zones = Object.fromEntries(
    Array.from({ length: ZONES }, (_, i) => [`zone${i}.org.`, '* 3600 A 192.0.2.7'] as const),
  )
  const world = await simpleWorld({ 'org.': '', ...zones })
  let cluster: Cluster | undefined
  try {
    cluster = await startCluster({
      peers: options.peers,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
    })
    // What is agreed by a ring that is still coming together is certified by other replicas than those of the whole one.
    await untilWhole(cluster)
    return await killThem(cluster, options, random)
  } finally {
    await cluster?.stop()
    await world.stopAll()
  }
}

async function killThem(
  cluster: Cluster,
  { kills, say, signal }: KillsOptions,
  random: ReturnType<typeof seededRandom>,
): Promise<KillsResult> {
  const names: string[] = []
  const acknowledged = new Map<number, Set<string>>(cluster.peers.map(({ index }) => [index, new Set()]))
  const result = {
    kills: 0,
    acknowledged: 0,
    restored: 0,
    lost: [] as string[],
    damaged: [] as string[],
    readyMs: [] as number[],
    wholeMs: [] as number[],
  }
  let down: number | undefined
  let ended = false
  let questions = 0
  let failed = 0

  /** New names, a few at a time, of any peer that runs. */
  async function load(): Promise<void> {
    while (!ended) {
      const up = cluster.peers.filter(({ index }) => index !== down)
      const peer = up[random.below(up.length)]!
      const name = `n${names.length}.zone${random.below(ZONES)}.org`
      names.push(name)
      questions++
      const killsThen = result.kills
      try {
        const reply = await ask({ address: peer.address, port: peer.port }, { name }, { timeoutMs: 60_000 })
        if (reply.answers.length === 0) failed++
      } catch (error) {
        // The peer may have been killed, and may even be back, while the question waited.
        if (peer.index !== down && result.kills === killsThen) {
          failed++
          say(`${name} at peer ${peer.index}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
      await pause(80)
    }
  }

  /** What a peer shows, it has acknowledged. */
  async function watch(): Promise<void> {
    let next = 0
    while (!ended) {
      const recent = names.slice(Math.max(next, names.length - 60))
      next = Math.max(0, names.length - 60)
      for (const peer of cluster.peers) {
        if (peer.index === down) continue
        const known = acknowledged.get(peer.index)!
        for (const name of recent) {
          if (known.has(name) || down === peer.index) continue
          if (await holds(peer, name).catch(() => false)) known.add(name)
        }
      }
      // Looking at all again and again would take the time that they need to agree.
      await pause(300)
    }
  }

  const background = [load(), load(), watch()]
  try {
    await pause(5_000)
    while (result.kills < kills && signal?.aborted !== true) {
      await pause(500 + random.below(2_500))
      const victim = cluster.peers[random.below(cluster.peers.length)]!
      const known = acknowledged.get(victim.index)!
      down = victim.index
      await victim.stop('SIGKILL')
      result.kills++
      const promised = [...known].slice(-MOST_CHECKED)
      result.acknowledged += promised.length
      const begun = performance.now()
      const back = await cluster.start(victim.index)
      result.readyMs.push(performance.now() - begun)
      const missing = await until(back, promised, begun + BACK_MS)
      result.wholeMs.push(performance.now() - begun)
      result.restored += (await statusOf(back)).chunks?.['restored'] ?? 0
      for (const name of missing) {
        result.lost.push(`peer ${victim.index}: ${name}`)
        known.delete(name)
      }
      down = undefined
      say(
        `kill ${result.kills}: peer ${victim.index}, ${promised.length} entries acknowledged, ${missing.length} lost, ` +
          `ready after ${result.readyMs.at(-1)!.toFixed(0)} ms, whole after ${result.wholeMs.at(-1)!.toFixed(0)} ms`,
      )
    }
  } finally {
    ended = true
    await Promise.all(background)
  }
  for (const peer of cluster.peers) {
    await peer.stop('SIGKILL')
    result.damaged.push(...damageOf(dirname(peer.configFile)))
  }
  return { ...result, questions, failed }
}

/** All know all. */
async function untilWhole({ peers }: Cluster): Promise<void> {
  const end = performance.now() + BACK_MS
  for (const peer of peers) {
    for (;;) {
      const { ring } = await statusOf(peer)
      const seen = ring?.members.length ?? 0
      if (ring?.joined === true && seen === peers.length) break
      if (performance.now() > end) throw new Error(`peer ${peer.index} sees ${seen} of ${peers.length} members`)
      await pause(100)
    }
  }
}

async function until(peer: PeerProcess, names: readonly string[], end: number): Promise<string[]> {
  let missing = [...names]
  for (;;) {
    const next: string[] = []
    const queue = missing.values()
    const worker = async () => {
      for (const name of queue) if (!(await holds(peer, name))) next.push(name)
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    missing = next
    if (missing.length === 0 || performance.now() > end) return missing
    await pause(300)
  }
}

async function holds(peer: PeerProcess, name: string): Promise<boolean> {
  return (await chunkOf(peer, name)).entries.length > 0
}

/** What SQLite finds wrong, and files that were put aside. */
function damageOf(data: string): string[] {
  const found: string[] = []
  for (const file of readdirSync(data)) {
    const path = join(data, file)
    if (/\.db\..*\d/.test(file)) found.push(path)
    if (!file.endsWith('.db')) continue
    const database = new DatabaseSync(path)
    const verdict = Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0]
    if (verdict !== 'ok') found.push(`${path}: ${verdict}`)
    database.close()
  }
  return found
}
