/**
 * What believing a reply of the ring costs the asker: a certificate, live votes that make a majority, and a signed answer with the
 * links of its chain of trust, cold and warm; how many round trips each takes (in virtual time, so exact), and how long over
 * links of 5 to 50 ms; and what the ring costs a name that it does not know, against the same node without a ring.
 */
import { Budget } from '../src/base/index.ts'
import { chunkOf } from '../src/chunks/index.ts'
import { EMPTY_READ, isEnough, readStep } from '../src/chunks/reads/read.ts'
import { type ChunkReply, decodeReply, encodeReply } from '../src/chunks/wire/messages.ts'
import { ed25519, ed25519Signer, peerIdFromPublicKey, sha256 } from '../src/crypto/index.ts'
import { Class, parseName, Type } from '../src/dns/index.ts'
import { buildCertificate, type Finding } from '../src/evidence/index.ts'
import { answer, ask, createWorld as createRing, paper, realKeys } from '../test/chunks/world.ts'
import { createStack, createWorld, demoSpec, signWorld } from '../test/world/index.ts'
import { median, quantile, round } from './lib/stats.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'
import { type ColdRound, coldMisses } from './real/read-cold.ts'
import { readLatency } from './real/read-latency.ts'

const SEATS = [3, 7]

export const benchmark: Benchmark = {
  summary:
    'what a read of the ring costs: CPU of each kind of evidence, time over links, misses with the ring and without',
  options: {
    reads: { type: 'string', default: '300', help: 'reads of each kind' },
    rtts: { type: 'string', default: '5,20,50', help: 'round trips of the links, ms' },
    'cold-names': { type: 'string', default: '300', help: 'names of a round that the ring does not know' },
    'cold-rounds': { type: 'string', default: '4', help: 'rounds with the ring, and as many without; 0: none' },
    seed: { type: 'string', default: '1', help: 'seed of the delayed Internet' },
  },
  namespace: true,
  programs: [],
  async run(values, say) {
    const reads = numberOption(values, 'reads')
    const rows: (string | number)[][] = []
    const data: Record<string, unknown> = { reads }
    const note = (kind: string, bytes: number, times: readonly number[]) => {
      const figures = { bytes, medianUs: round(median(times)), p99Us: round(quantile(times, 0.99)) }
      rows.push([kind, figures.bytes, figures.medianUs, figures.p99Us])
      data[kind] = figures
      say(`${kind}: ${figures.medianUs} us`)
    }
    for (const n of SEATS)
      for (const [kind, { bytes, times }] of evidenceOf(n, reads)) note(`${kind}, n = ${n}`, bytes, times)
    for (const [kind, { bytes, times }] of await proofs(Math.min(reads, 100))) note(kind, bytes, times)
    const trips = await roundTrips()
    data['roundTrips'] = trips
    const latency = await overLinks(String(values['rtts']), Math.min(reads, 100), say)
    data['latency'] = latency
    const cold = summariseCold(
      await coldMisses(
        {
          names: numberOption(values, 'cold-names'),
          rounds: numberOption(values, 'cold-rounds'),
          seed: numberOption(values, 'seed'),
        },
        say,
      ),
    )
    data['cold'] = cold
    return {
      tables: [
        { title: 'CPU of the asker for one read', columns: ['evidence', 'bytes heard', 'median us', 'p99 us'], rows },
        {
          title: 'reads over links, n = 3; bare: a message and its answer over the same link',
          columns: [
            'evidence',
            'RTT ms',
            'median ms',
            'p99 ms',
            'bare median ms',
            'bare p99 ms',
            'CPU ms',
            'median over bare + CPU',
          ],
          rows: latency.map((one) => Object.values(one)),
        },
        {
          title: 'cold misses: names that the ring does not know',
          columns: ['ring', 'questions', 'median ms', 'p90 ms', 'p99 ms', 'spared', 'failures'],
          rows: cold.rows.map((one) => Object.values(one)),
        },
      ],
      targets: [
        target('round trips of a read that a certificate answers', trips.certificate, 1),
        target(
          'median of a certificate over one round trip and its work, worst link',
          worst(latency, 'certificate'),
          1.05,
        ),
        target(
          'median of live votes over one round trip and their work, worst link',
          worst(latency, 'live votes'),
          1.05,
        ),
        ...(cold.rows.length < 2
          ? []
          : [
              target('median of a cold miss, ring on over ring off', cold.medianRatio, 1.03),
              target('p99 of a cold miss, ring on over ring off', cold.p99Ratio, 1.05),
              target('cold misses that failed', cold.failures, 0),
            ]),
      ],
      data,
    }
  },
}

interface LatencyFigures {
  readonly evidence: string
  readonly rttMs: number
  readonly median: number
  readonly p99: number
  readonly bareMedian: number
  readonly bareP99: number
  /** Of the asker and all replicas together, on average. */
  readonly cpuMs: number
  /** The median over that of a bare round trip and this work. */
  readonly timesBound: number
}

async function overLinks(list: string, reads: number, say: (line: string) => void): Promise<LatencyFigures[]> {
  const rows = await readLatency(list.split(',').map(Number), reads)
  return rows.map(({ evidence, rttMs, reads: times, bare, cpuMs }) => {
    const figures = {
      evidence,
      rttMs,
      median: round(median(times)),
      p99: round(quantile(times, 0.99)),
      bareMedian: round(median(bare)),
      bareP99: round(quantile(bare, 0.99)),
      cpuMs: round(cpuMs),
      timesBound: round(median(times) / (median(bare) + cpuMs), 3),
    }
    say(`${evidence} over ${rttMs} ms: ${figures.median} ms, bare ${figures.bareMedian} ms`)
    return figures
  })
}

function worst(rows: readonly LatencyFigures[], evidence: string): number {
  return Math.max(...rows.filter((row) => row.evidence === evidence).map(({ timesBound }) => timesBound))
}

function summariseCold(rounds: readonly ColdRound[]) {
  const of = (ring: boolean) => {
    const own = rounds.filter((one) => one.ring === ring)
    const times = own.flatMap(({ latencies }) => latencies)
    return {
      ring: ring ? 'on' : 'off',
      questions: times.length,
      median: round(median(times)),
      p90: round(quantile(times, 0.9)),
      p99: round(quantile(times, 0.99)),
      spared: own.reduce((sum, { spared }) => sum + spared, 0),
      failures: own.reduce((sum, { failures }) => sum + failures, 0),
    }
  }
  const [on, off] = [of(true), of(false)]
  return {
    rows: rounds.length === 0 ? [] : [on, off],
    medianRatio: round(on.median / off.median, 3),
    p99Ratio: round(on.p99 / off.p99, 3),
    failures: on.failures + off.failures,
    rounds: rounds.map(({ latencies, ...one }) => ({
      ...one,
      median: round(median(latencies)),
      p99: round(quantile(latencies, 0.99)),
    })),
  }
}

interface Measured {
  readonly bytes: number
  readonly times: number[]
}

/** Decodes what the replicas sent, and counts it until it suffices. */
function evidenceOf(n: number, reads: number): [string, Measured][] {
  const signers = Array.from({ length: n }, (_, i) => ed25519Signer(sha256(Uint8Array.of(7, i))))
  const question = ask('www.example.com')
  const outcome = answer(question, [1])
  const now = 1_800_000_000_000
  const observations = signers.map((signer) => paper(signer, question, outcome, now))
  const replicas = signers.map(({ publicKey }) => ({ peer: peerIdFromPublicKey(publicKey), publicKey }))
  const context = {
    ringId: 'world',
    chunk: chunkOf(question.name, 8),
    question,
    n,
    replicas,
    scheme: ed25519,
    policy: { acceptFrom: 'majority', strict: false, admission: 'psk', zoneSecurity: 'indeterminate' } as const,
  }
  const certificate = buildCertificate(observations, {
    ...context,
    replicas: replicas.map((one) => one.publicKey),
    now,
  })
  if (certificate === undefined) throw new Error('a majority makes a certificate')
  const measure = (replies: readonly ChunkReply[]): Measured => {
    const frames = replies.map(encodeReply)
    const times: number[] = []
    let bytes = 0
    for (let i = 0; i < reads; i++) {
      const started = performance.now()
      let state = EMPTY_READ
      bytes = 0
      for (let at = 0; !isEnough(state); at++) {
        const frame = frames[at]!
        bytes += frame.length
        state = readStep(state, context, replicas[at]!.peer, 0, { kind: 'reply', reply: decodeReply(frame) }, now)
      }
      times.push((performance.now() - started) * 1_000)
    }
    return { bytes, times }
  }
  return [
    ['certificate', measure([{ kind: 'entry', certificate, outcome }])],
    ['live votes', measure(observations.map((observation) => ({ kind: 'vote', observation, outcome })))],
  ]
}

/** Validates one signed answer two labels below the root: with all links from the peer, and with the keys known. */
async function proofs(reads: number): Promise<[string, Measured][]> {
  const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'example.com.': {} })
  const world = await createWorld(signed.spec, { sockets: false })
  const stack = () => createStack(world, { anchors: signed.anchorText }).recursor
  const budget = (queries: number) =>
    new Budget({ queries, bytes: 1e6, timeMs: 10_000, signatures: 120, hashes: 600 }, () => performance.now())
  const request = (queries: number) => ({
    budget: budget(queries),
    signal: new AbortController().signal,
    origin: 'any' as const,
    checkingDisabled: false,
  })
  const name = parseName('www.example.com')
  const question = { name, type: Type.A, class: Class.IN }
  const first = stack()
  const found = await first.resolve({ ...request(100), question })
  const finding: Finding = { ...found, evidence: { security: 'indeterminate', provenance: 'solo', observers: [] } }
  const links = first.links(name, 0)
  const reply = (given: typeof links): Uint8Array =>
    encodeReply({ kind: 'proof', outcome: found.outcome, seconds: 300, ...(given.length > 0 && { links: given }) })
  const measure = async (given: typeof links, recursors: () => ReturnType<typeof stack>): Promise<Measured> => {
    const frame = reply(given)
    const times: number[] = []
    for (let i = 0; i < reads; i++) {
      const recursor = recursors()
      const started = performance.now()
      const heard = decodeReply(frame)
      if (heard.kind !== 'proof') throw new Error('a proof was sent')
      const judged = await recursor.validate({ ...finding, outcome: heard.outcome }, request(0), heard.links ?? [])
      times.push((performance.now() - started) * 1_000)
      if (judged.evidence.security !== 'secure') throw new Error('what is signed is secure')
    }
    return { bytes: frame.length, times }
  }
  const warm = stack()
  await warm.validate(finding, request(0), links)
  return [
    ['proof, three zones, nothing known', await measure(links, stack)],
    ['proof, keys known', await measure([], () => warm)],
  ]
}

/** Of a read by a member that keeps nothing, in virtual time. */
async function roundTrips(): Promise<{ readonly certificate: number }> {
  const world = createRing({ ...realKeys, nodes: 5, n: 3 })
  try {
    const question = ask('www.example.com')
    world.publish(question, answer(question, [1]))
    const [teller, asker] = world.outsiders(question)
    await world.told(question, [teller!], 10_000)
    const rttMs = 40
    for (const node of world.nodes) node.delayMs = rttMs
    const started = world.clock.now()
    const read = await world.read(asker!, question)
    if (read.kind !== 'accepted') throw new Error(`the ring has it, and says ${read.kind}`)
    return { certificate: (world.clock.now() - started) / rttMs }
  } finally {
    await world.stop()
  }
}
