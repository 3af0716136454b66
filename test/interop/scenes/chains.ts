/**
 * All replicas are killed at once, at random moments under load, again and again: their chains must open, hold, and be one
 * history, and nobody may have signed two things in one place. The test runs it a few times, the benchmark `chains` many times.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Log, toHex } from '../../../src/base/index.ts'
import { type CertifiedBlock, storedBlocks, storedRecord } from '../../../src/chain/index.ts'
import { ChainBook } from '../../../src/chunk-chains/disk/book.ts'
import { dataSections } from '../../../src/chunk-chains/disk/sections.ts'
import { verifyChains } from '../../../src/chunk-chains/index.ts'
import { ed25519, ed25519Signer, rememberingScheme } from '../../../src/crypto/index.ts'
import { loadOrCreateIdentity } from '../../../src/io/index.ts'
import { openStoredChains } from '../../../src/peer/disk.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { type Cluster, type PeerProcess, startCluster } from '../../world/cluster.ts'
import { ask, simpleWorld } from '../../world/index.ts'
import { pause, statusOf } from './asking.ts'

export interface ChainKillsOptions {
  readonly kills: number
  readonly seed: number
  readonly say: (line: string) => void
  readonly signal?: AbortSignal
}

export interface ChainKillsResult {
  readonly kills: number
  /** Kills after which the chains went on from where they were. */
  readonly wentOn: number
  /** What `chain verify` found, `peer chain height: reason`. */
  readonly faults: readonly string[]
  /** Two blocks at one height, two votes in one place. */
  readonly contradictions: readonly string[]
  /** Of all peers' counters, summed over the runs. */
  readonly evidence: number
  /** Heights that were being decided when the power went: votes were out, the block was not. */
  readonly unfinished: number
  /** Times that all chains of one peer were checked from their starts. */
  readonly verified: number
  readonly chains: number
  readonly blocks: number
  readonly transactions: number
  readonly certificates: number
  readonly questions: number
}

/** Four replicas of every chunk: three decide. */
const PEERS = 4
const ZONES = 12
/** Chains wait while there are answers to give (docs/decisions/0102): on a busy machine for long. */
const GOING_ON_MS = 240_000
/** Of each of two askers, so that a machine of two cores has something left for chains. */
const QUESTION_EACH_MS = 150

type StoredRecord = NonNullable<ReturnType<typeof storedRecord>>

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} }

export async function runChainKills(options: ChainKillsOptions): Promise<ChainKillsResult> {
  const zones = Object.fromEntries(
    Array.from({ length: ZONES }, (_, i) => [`zone${i}.org.`, '* 45 A 192.0.2.7'] as const),
  )
  const world = await simpleWorld({ 'org.': '', ...zones })
  let cluster: Cluster | undefined
  try {
    cluster = await startCluster({
      peers: PEERS,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: PEERS - 1,
      admitAfter: 1,
      config: { ring: { chunkBits: 3 } },
    })
    return await killAll(cluster, options)
  } finally {
    await cluster?.stop()
    await world.stopAll()
  }
}

async function killAll(cluster: Cluster, { kills, seed, say, signal }: ChainKillsOptions): Promise<ChainKillsResult> {
  const random = seededRandom(`chains ${seed}`)
  const history = new History()
  let questions = 0
  let evidence = 0
  let wentOn = 0
  let done = 0
  let blocks = 0
  const isStopped = () => signal?.aborted === true
  while (done < kills && !isStopped()) {
    let ended = false
    const load = async () => {
      while (!ended) {
        const peer = cluster.peers[random.below(cluster.peers.length)]!
        // Old names again and again: they expire and are renewed.
        const name = `n${random.below(20 + done * 5)}.zone${random.below(ZONES)}.org`
        questions++
        await ask({ address: peer.address, port: peer.port }, { name }, { timeoutMs: 5_000 }).catch(() => undefined)
        await pause(QUESTION_EACH_MS)
      }
    }
    const background = [load(), load()]
    await goingOn(cluster.peers)
    await pause(random.below(2_500))
    for (const peer of cluster.peers) evidence += (await statusOf(peer)).chains?.['evidence'] ?? 0
    await pause(random.below(700))
    await Promise.all(
      cluster.peers.map(async (peer) => {
        await pause(random.below(30))
        await peer.stop('SIGKILL')
      }),
    )
    ended = true
    await Promise.all(background)
    done++
    // All blocks and votes of all peers are held together each time; from the start of each chain one peer is checked, and
    // all at every tenth kill and at the end.
    const isLast = done === kills || isStopped()
    for (const peer of cluster.peers)
      await history.read(peer, isLast || done % 10 === 0 || done <= 5 || peer.index === done % PEERS)
    const grown = history.blocks > blocks
    if (grown) wentOn++
    blocks = history.blocks
    say(
      `kill ${done}: ${history.chains} chains, ${history.blocks} blocks, ${history.transactions} transactions, ` +
        `${history.unfinished} heights unfinished, ${history.faults.length} faults, ${history.contradictions.length} contradictions`,
    )
    if (done === kills) break
    await cluster.start(0)
    await Promise.all([1, 2, 3].map((index) => cluster.start(index)))
  }
  return {
    kills: done,
    wentOn,
    faults: history.faults,
    contradictions: history.contradictions,
    evidence,
    unfinished: history.unfinished,
    verified: history.verified,
    chains: history.chains,
    blocks: history.blocks,
    transactions: history.transactions,
    certificates: history.certificates,
    questions,
  }
}

/** Waits until the chains have got on since the start, however busy the machine is. */
async function goingOn(peers: readonly PeerProcess[]): Promise<void> {
  const end = performance.now() + GOING_ON_MS
  while (performance.now() < end) {
    const decided = await Promise.all(peers.map(async (peer) => (await statusOf(peer)).chains?.['decided'] ?? 0))
    if (Math.min(...decided) >= 2) return
    await pause(400)
  }
}

/** All that the disks of all peers ever showed. */
class History {
  readonly faults: string[] = []
  readonly contradictions: string[] = []
  /** Whole checks. */
  verified = 0
  transactions = 0
  certificates = 0
  /** `chain height` -> block id. */
  readonly #blocks = new Map<string, string>()
  /** `chain height round signer` -> block id. */
  readonly #votes = new Map<string, string>()
  /** `peer chain` -> what the sign guard had last. */
  readonly #records = new Map<string, StoredRecord>()
  readonly #chains = new Set<string>()
  readonly #unfinished = new Set<string>()
  /** `peer chain` -> the height up to which its blocks were read. */
  readonly #read = new Map<string, number>()
  /** What was checked at the last kill need not be checked again by the test itself. */
  readonly #scheme = rememberingScheme(ed25519, 100_000)

  get unfinished(): number {
    return this.#unfinished.size
  }

  get blocks(): number {
    return this.#blocks.size
  }

  get chains(): number {
    return this.#chains.size
  }

  /** `whole`: as `chain verify` does. */
  async read(peer: PeerProcess, whole: boolean): Promise<void> {
    const data = dirname(peer.configFile)
    if (!existsSync(join(data, 'votes.db'))) return
    const kept = openStoredChains(data, quiet)
    if (kept === undefined) return
    try {
      const { publicKey } = ed25519Signer(await loadOrCreateIdentity(join(data, 'identity.key')))
      const parts = { store: kept.chains, votes: kept.votes, scheme: this.#scheme, chunkBits: 3, publicKey }
      if (whole) {
        this.verified++
        const work = verifyChains({ ...parts, damaged: kept.damaged })
        let next = work.next()
        while (next.done !== true) next = work.next()
        for (const { chain, height, reason } of next.value.faults)
          this.faults.push(`peer ${peer.index} ${chain.slice(0, 16)} ${height}: ${reason}`)
      }
      const places = dataSections(kept.chains)
      for (const known of new ChainBook(places.book, places.blocks).all()) {
        const from = this.#read.get(`${peer.index} ${known.id}`) ?? 0
        let height = from
        for (const { decided } of storedBlocks(known.chainId, places.blocks, from + 1)) {
          if (decided === undefined) continue
          height = decided.block.header.height
          this.#noteBlock(known.id, decided)
        }
        this.#read.set(`${peer.index} ${known.id}`, height)
        const record = kept.votes && storedRecord(known.chainId, kept.votes)
        if (record !== undefined) {
          if (record.height > height) this.#unfinished.add(`${known.id} ${record.height}`)
          this.#noteRecord(peer.index, known.id, record)
        }
      }
    } finally {
      kept.close()
    }
  }

  #noteBlock(chain: string, { block, certificate }: CertifiedBlock): void {
    this.#chains.add(chain)
    const { height, validatorsHash } = block.header
    const key = `${chain} ${height}`
    const id = toHex(block.id)
    const before = this.#blocks.get(key)
    if (before === undefined) {
      this.#blocks.set(key, id)
      this.transactions += block.transactions.length
    } else if (before !== id) this.contradictions.push(`two blocks: ${key}`)
    for (const one of [certificate, block.lastCertificate]) {
      if (one === undefined) continue
      this.certificates++
      for (const { index } of one.signatures) {
        const place = `${chain} ${one.height} ${one.round} ${toHex(validatorsHash)} ${index}`
        const voted = toHex(one.blockId)
        const other = this.#votes.get(place)
        if (other !== undefined && other !== voted) this.contradictions.push(`two precommits: ${place}`)
        this.#votes.set(place, voted)
      }
    }
  }

  /** The record only moves on, and what stands in it for a place stays. */
  #noteRecord(peer: number, chain: string, record: StoredRecord): void {
    const key = `${peer} ${chain}`
    const before = this.#records.get(key)
    this.#records.set(key, record)
    if (before === undefined) return
    if (record.height < before.height || (record.height === before.height && record.round < before.round))
      this.contradictions.push(`the sign guard went back: ${key}`)
    if (record.height !== before.height || record.round !== before.round) return
    for (const { step, digest } of before.signed) {
      const now = record.signed.find((one) => one.step === step)
      if (now === undefined || toHex(now.digest) !== toHex(digest))
        this.contradictions.push(`another ${step} in the same place: ${key} ${record.height} ${record.round}`)
    }
  }
}
