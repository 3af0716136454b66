/**
 * `npm run bench -- join`: three members hold so many certified entries; a fourth joins and pulls what it now keeps, while a
 * stub asks it all the time. Real processes on loopback; the certificates are signed with the members' own keys, and lie on
 * their disks when they start, as after a restart.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fromLatin1, scopedStore } from '../src/base/index.ts'
import { RecordTable } from '../src/chunk-chains/disk/recorded.ts'
import { dataSections } from '../src/chunk-chains/disk/sections.ts'
import { rowOf } from '../src/chunks/entries/rows.ts'
import { chunkOf } from '../src/chunks/index.ts'
import { questionKey } from '../src/chunks/wire/question-key.ts'
import { configLimits } from '../src/config/index.ts'
import { ed25519Signer, type Signer, sha256 } from '../src/crypto/index.ts'
import { Class, parseName, Type } from '../src/dns/index.ts'
import { contentDigest, signObservation } from '../src/evidence/index.ts'
import { loadOrCreateIdentity } from '../src/io/disk/keys.ts'
import { openSqliteStore } from '../src/io/disk/sqlite-store.ts'
import { median, quantile, round } from './lib/stats.ts'
import { Stub } from './lib/stub.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { type Cluster, type PeerProcess, simpleWorld, startCluster } from './lib/world-parts.ts'

const MEMBERS = 3
const ZONES = 30
/** The rooms of the chunks and of their chains in the data file. */
const CHUNKS_ROOM = 2
const CHAINS_ROOM = 4
/** Entries on disk were recorded when they were agreed on, in chains that have been pruned since. */
const PAST_CHAIN = sha256(fromLatin1('a chain of the past'))
const CHUNK_BITS = configLimits.NEW_RING_CHUNK_BITS
const TTL_SECONDS = 3_500
const QUESTIONS_PER_SECOND = 20
const STUB_TIMEOUT_MS = 5_000
const SAMPLE = 300
const BATCH = 500
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

export const benchmark: Benchmark = {
  summary: 'a fourth member joins three that hold many entries: seconds, bytes, its memory, and what a stub notices',
  options: {
    entries: { type: 'string', help: 'certified entries that the three hold', default: '100000' },
    wait: { type: 'string', help: 'seconds that each part may take', default: '900' },
  },
  namespace: false,
  programs: [],
  async run(values, say) {
    const entries = numberOption(values, 'entries')
    const waitMs = numberOption(values, 'wait') * 1_000
    if (entries < SAMPLE) throw new RangeError(`--entries must be at least ${SAMPLE}`)
    const zones = Object.fromEntries(
      Array.from({ length: ZONES }, (_, i) => [`zone${i}.org.`, '* 3600 A 192.0.2.7'] as const),
    )
    const world = await simpleWorld({ 'org.': '', ...zones })
    let cluster: Cluster | undefined
    const stop = async (code: number) => {
      await cluster?.stop()
      process.exit(code)
    }
    process.once('SIGINT', () => stop(130)).once('SIGTERM', () => stop(143))
    try {
      cluster = await startCluster({
        peers: MEMBERS,
        hints: world.hintsText(),
        authorityPort: world.port,
        replicas: MEMBERS - 1,
        admitAfter: 'auto',
      })
      return await joinOne(cluster, entries, waitMs, say)
    } finally {
      await cluster?.stop()
      await world.stopAll()
    }
  },
}

async function joinOne(
  cluster: Cluster,
  entries: number,
  waitMs: number,
  say: (line: string) => void,
): Promise<BenchResult> {
  for (const peer of cluster.peers) await peer.stop()
  await plant(cluster, entries)
  say(`${entries} entries are on the disks of ${MEMBERS}`)
  for (let index = 0; index < MEMBERS; index++) await cluster.start(index)
  const restoring = performance.now()
  for (const peer of cluster.peers)
    await until(
      waitMs,
      async () => {
        const { entries: held = 0, waiting } = await chunksOf(peer)
        // The nodes look some more up for themselves.
        return held >= entries && waiting === 0
      },
      `peer ${peer.index} restores`,
    )
  say(`they hold them again after ${round((performance.now() - restoring) / 1_000, 1)} s`)

  const started = performance.now()
  const joiner = await cluster.start(MEMBERS)
  const asking = new AbortController()
  const answers = askAllTheTime(joiner, entries, asking.signal)
  let last = await chunksOf(joiner)
  let told = 0
  await until(
    waitMs,
    async () => {
      last = await chunksOf(joiner)
      if (performance.now() - told > 5_000) {
        told = performance.now()
        say(`${last['entries']} entries, ${last['pulledBytes']} bytes, ${rssOf(joiner, 'VmRSS')} MB`)
      }
      return (last['pulled'] ?? 0) > 0 && last['runsWanted'] !== 0 && last['runsDone'] === last['runsWanted']
    },
    'the joiner is complete',
  )
  const seconds = round((performance.now() - started) / 1_000, 1)
  const peakMb = rssOf(joiner, 'VmHWM')
  asking.abort()
  const stub = await answers
  const { kept, missing } = await sample(joiner, entries)
  const restart = await restartOf(cluster, joiner, waitMs, say)
  const failures = stub.filter(({ rcode }) => rcode !== 0).length
  const times = stub.map(({ elapsedMs }) => elapsedMs)
  const row = {
    entries,
    joinerEntries: last['entries'] ?? 0,
    seconds,
    bytes: last['pulledBytes'] ?? 0,
    pullsFailed: last['pullsFailed'] ?? 0,
    peakRssMb: peakMb,
    memberPeakRssMb: cluster.peers.filter(({ index }) => index < MEMBERS).map((peer) => rssOf(peer, 'VmHWM')),
    sampleKept: kept,
    sampleMissing: missing,
    restart,
    questions: stub.length,
    failures,
    p50Ms: round(median(times), 1),
    p99Ms: round(quantile(times, 0.99), 1),
  }
  return {
    tables: [
      {
        title: `a fourth member joins three that hold ${entries} entries`,
        columns: ['entries it keeps', 'seconds', 'bytes', 'peak RSS MB', 'questions', 'failures', 'p50 ms', 'p99 ms'],
        rows: [[row.joinerEntries, seconds, row.bytes, peakMb, row.questions, failures, row.p50Ms, row.p99Ms]],
      },
      {
        title: 'the joiner is killed and starts again',
        columns: [
          'entries before',
          'entries again',
          'of these pulled',
          's to ready',
          's from ready to all entries',
          'CPU s until then',
        ],
        rows: [
          [
            restart.before,
            restart.after,
            restart.pulled,
            restart.readySeconds,
            restart.wholeSeconds,
            restart.cpuSeconds,
          ],
        ],
      },
    ],
    targets: [
      target('peak RSS of the joiner, MB', peakMb, 300),
      target('questions that failed meanwhile', failures, 0),
      target(`entries that are missing, of ${kept} sampled`, missing, 0),
    ],
    data: row,
  }
}

/** What the joiner wrote itself is there again, and is not asked of its peers. */
async function restartOf(cluster: Cluster, joiner: PeerProcess, waitMs: number, say: (line: string) => void) {
  const { entries: before = 0 } = await chunksOf(joiner)
  await joiner.stop('SIGKILL')
  const started = performance.now()
  const again = await cluster.start(joiner.index)
  const ready = performance.now()
  let [after, pulled] = [0, 0]
  await until(
    waitMs,
    async () => {
      const { entries = 0, waiting, ...rest } = await chunksOf(again)
      after = entries
      pulled = rest['pulled'] ?? 0
      // The others went on meanwhile: some are renewed.
      return entries >= 0.999 * before && waiting === 0
    },
    'the joiner restores',
  )
  const row = {
    before,
    after,
    pulled,
    readySeconds: round((ready - started) / 1_000, 1),
    wholeSeconds: round((performance.now() - ready) / 1_000, 1),
    cpuSeconds: round(cpuSecondsOf(again), 1),
  }
  say(`after a kill ${row.after} of ${row.before} entries are there again ${row.wholeSeconds} s after it was ready`)
  return row
}

const nameOf = (i: number) => `n${i}.zone${i % ZONES}.org`

/** Each entry once, signed by all, on the disk of each. */
async function plant(cluster: Cluster, entries: number): Promise<void> {
  const dirs = Array.from({ length: MEMBERS }, (_, i) => join(cluster.dir, `peer-${i}`))
  const signers: Signer[] = []
  for (const dir of dirs) signers.push(ed25519Signer(await loadOrCreateIdentity(join(dir, 'identity.key'))))
  const files = dirs.map((dir) =>
    openSqliteStore({ file: join(dir, 'data.db'), maxBytes: 384 * 1024 * 1024, log: quiet, now: () => Date.now() }),
  )
  const stores = files.map((file) => scopedStore(file, Uint8Array.of(CHUNKS_ROOM)))
  const records = files.map(
    (file) => new RecordTable(dataSections(scopedStore(file, Uint8Array.of(CHAINS_ROOM))).recorded),
  )
  for (let at = 0; at < entries; at += BATCH) {
    const length = Math.min(BATCH, entries - at)
    const batch = Array.from({ length }, (_, i) => entryOf(at + i, signers))
    const writes = batch.map((entry) => ({
      kind: 'put' as const,
      key: fromLatin1(questionKey(entry.question)),
      value: rowOf(entry),
    }))
    const rows = batch.map(({ question, digest, seen, expires }) => ({
      question,
      row: { chainId: PAST_CHAIN, height: 1, class: 'agreed' as const, digest, time: seen, seen, expires },
    }))
    for (const store of stores) store.batch(writes, { durable: false })
    for (const recorded of records) recorded.write(rows)
  }
  for (const file of files) file.close()
}

function entryOf(i: number, signers: readonly Signer[]) {
  const name = parseName(nameOf(i))
  const question = { name, type: Type.A, class: Class.IN }
  const apex = parseName(`zone${i % ZONES}.org`)
  const rdatas = [Uint8Array.of(192, 0, 2, 7)]
  const rrset = { name, type: Type.A, class: Class.IN, ttl: TTL_SECONDS, rdatas, signatures: [] }
  const outcome = { kind: 'rrset' as const, rrset, apex, proofs: [] }
  const chunk = chunkOf(name, CHUNK_BITS)
  const seen = Date.now()
  const digest = contentDigest(question, outcome)
  const nonce = new Uint8Array(16)
  const word = { ringId: 'demo', chunk, question, apex, digest, ttl: TTL_SECONDS, when: seen, nonce }
  const observations = signers.map((signer) => signObservation({ ...word, start: 'parent' }, signer))
  const certificate = { kind: 'agreed' as const, contents: [], observations }
  const expires = seen + TTL_SECONDS * 1_000
  return { question, chunk, class: 'agreed' as const, outcome, certificate, expires, seen, digest }
}

/** Names that the ring holds and new ones in turn. */
async function askAllTheTime(peer: PeerProcess, entries: number, signal: AbortSignal) {
  const stub = await Stub.open('127.0.0.1', peer)
  const open: ReturnType<Stub['ask']>[] = []
  for (let i = 0; !signal.aborted; i++) {
    const name = i % 2 === 0 ? nameOf((i * 7_919) % entries) : `new${i}.zone${i % ZONES}.org`
    open.push(stub.ask(name, STUB_TIMEOUT_MS))
    await pause(1_000 / QUESTIONS_PER_SECOND)
  }
  const answers = await Promise.all(open)
  stub.close()
  return answers
}

/** Whether names that the joiner must keep are there, by its own word. */
async function sample(joiner: PeerProcess, entries: number): Promise<{ kept: number; missing: number }> {
  let kept = 0
  let missing = 0
  for (let i = 0; i < SAMPLE; i++) {
    const view = (await get(joiner, `/chunk?name=${nameOf(Math.floor((i * entries) / SAMPLE))}`)) as {
      readonly replicas: readonly { readonly self: boolean }[]
      readonly entries: readonly unknown[]
    }
    if (!view.replicas.some(({ self }) => self)) continue
    kept++
    if (view.entries.length === 0) missing++
  }
  return { kept, missing }
}

async function chunksOf(peer: PeerProcess): Promise<Readonly<Record<string, number>>> {
  const view = (await get(peer, '/status')) as { readonly chunks: Readonly<Record<string, number>> }
  return view.chunks
}

async function get(peer: PeerProcess, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${peer.statusPort}${path}`)
  if (!response.ok) throw new Error(`${path}: HTTP status ${response.status}`)
  return response.json()
}

/** User and system, since its start; clock ticks are 10 ms on every Linux that Node runs on. */
function cpuSecondsOf({ pid }: PeerProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** MB of 10^6 bytes. */
function rssOf({ pid }: PeerProcess, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return round((Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1_024) / 1e6, 1)
}

async function until(limitMs: number, done: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs / 1_000} s: ${what}`)
    await pause(500)
  }
}
