/** The shared records of one node: what the rest of the program may do with them, and their life. */
import { type Cancel, type ChunkId, equalBytes, type PeerId } from '../../base/index.ts'
import type { Name, Question } from '../../dns/index.ts'
import { contentDigest, type Finding, isOutcome, type Outcome, type Security } from '../../evidence/index.ts'
import type { Expectation } from '../digests/digests.ts'
import type { ChunkEntry, EntryClaim, EntrySummary, SignedEntry } from '../entries/entry.ts'
import { type HandedOver, handOver } from '../handover/leaving.ts'
import { limits } from '../limits.ts'
import type { RingRead } from '../reads/ring-read.ts'
import { questionKey } from '../wire/question-key.ts'
import { type ChunkHoldings, chunkHoldings } from './holdings.ts'
import type { ChunksOptions } from './options.ts'
import { type ChunksDeps, type ChunksHooks, createParts, type Parts } from './parts.ts'
import { type ChunksStats, statsOf } from './stats.ts'

/** What is to be known of a signed answer to have it recorded. `own`: this node is to see to it. */
export interface SignedSummary extends Pick<EntrySummary, 'key' | 'seen' | 'own'> {
  readonly class: 'signed'
}

/** An entry as a block of a chain has it. */
export type RecordedClaim = Omit<EntryClaim, 'expires'> | Omit<SignedEntry, 'chunk'>

export interface Chunks {
  start(): void
  stop(): Promise<void>
  /**
   * Asks the nearest replica that has it by its digest, or all of them, and stops at the first sufficient proof or at > n/2 equal votes. `onDoubt` is called once, when
   * the first of them has nothing: it may still end well, but one need not wait for it.
   */
  read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead>
  /**
   * Whether the ring may have something for a question, by the digests of its replicas. `no`: one need not ask, and nobody hears
   * of the name. A hint, never evidence.
   */
  expects(question: Question): Expectation
  /**
   * After own iteration: tells the replicas the question, never the answer, except one that is `secure`. Fire and forget; bounded.
   * `outcome` is what was found: a name whose addresses are private is not told at all. `isAwaited`: a stub waits for what is agreed.
   */
  tell(question: Question, outcome?: Outcome, security?: Security, why?: { readonly isAwaited?: boolean }): void
  /**
   * After `tell` with `isAwaited`: whether this node hears within so long that something is agreed on the question; false at once where no
   * round is to be expected. Rejects with ABORTED.
   */
  agreed(question: Question, withinMs: number, signal: AbortSignal): Promise<boolean>
  /** Answers a chunk message of a peer. */
  handle(from: PeerId, body: Uint8Array): Promise<Uint8Array>
  /** Answers a replica that pulls entries. */
  supply(from: PeerId, body: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Entries this node holds as a replica. */
  entry(question: Question): ChunkEntry | undefined
  /** Chunks of which this node holds entries; summaries of the unexpired entries of one; and one entry by the key of its summary. */
  held(): readonly ChunkId[]
  summariesOf(chunk: ChunkId): readonly (EntrySummary | SignedSummary)[]
  entryOf(key: string): ChunkEntry | SignedEntry | undefined
  view(name: Name): ChunkHoldings
  /** Recent p90 of ring reads in ms, held within 5-200 (30 at first): what the hedge goes by. */
  hedgeMs(): number
  stats(): ChunksStats
  /** Hears of each entry that was agreed on, and of each answer that was found to be signed. */
  onAgreed(listener: (entry: ChunkEntry | SignedEntry) => void): Cancel
  /**
   * This node has fetched a content that is newer than what it had: its zone says that it changed. Where the ring holds another one, it is
   * observed anew, by all replicas.
   */
  observedAnew(question: Question, finding: Finding): void
  /** The chunk's chain has decided this: what the chain has is what its replicas hold. */
  recorded(claim: RecordedClaim): void
  /** Before `stop`, while the ring still counts this node: what no other replica has goes to one. Takes a few seconds at most. */
  handOver(): Promise<HandedOver>
}

export function createChunks(deps: ChunksDeps, hooks: ChunksHooks, options: ChunksOptions): Chunks {
  const { clock, ring } = deps
  const parts = createParts(deps, hooks, options)
  const { placement, store, proofs, reading, digests } = parts
  return {
    ...lifeOf(parts),
    read: async (question, signal, onDoubt) =>
      placement.mayShare(question)
        ? reading.read(question, signal, onDoubt)
        : { kind: 'insufficient', reason: 'private', replies: [] },
    expects(question) {
      // Where one member's word is enough, a replica may have what no digest names: an observation of its own.
      if (options.acceptFrom === 'any-member' || !placement.mayShare(question)) return 'unknown'
      if (parts.choosing.isPopular(question)) return 'yes'
      const held = proofs.has(question) || store.summary(questionKey(question), clock.now()) !== undefined
      return digests.expects(question, placement.seatsOf(question), held)
    },
    tell: parts.telling.tell,
    agreed: async (question, withinMs, signal) =>
      parts.telling.expectsRound(question) && parts.follow.settled(question, withinMs, signal),
    handle: parts.answering.answer,
    supply: parts.supply.handle,
    entry: (question) => store.get(question, clock.now()),
    held: () => [...new Set([...store.chunks(), ...proofs.chunks()])],
    summariesOf: (chunk) => [...store.summariesOf(chunk, clock.now()), ...signedSummaries(proofs, chunk)],
    entryOf: (key) => proofs.entryOf(key) ?? store.peek(key, clock.now()),
    view: (name) => chunkHoldings(name, ring, options.chunkBits, store, proofs, clock),
    hedgeMs: reading.hedgeMs,
    stats: () => statsOf(parts),
    handOver: () => handOver(parts),
    onAgreed: parts.follow.onAgreed,
    observedAnew: (question, finding) => observedAnew(parts, question, finding),
    recorded(claim) {
      if ('links' in claim) return parts.inBackground(takeRecorded(parts, claim))
      const result = parts.intake.recorded(claim)
      if (result.kind === 'taken') parts.follow.taken(result.taken)
    },
  }
}

/** Whatever is recorded of a question will do: a content that is new was proposed when it came. */
function signedSummaries(proofs: Parts['proofs'], chunk: ChunkId): SignedSummary[] {
  return proofs.marksOf(chunk).map(({ key, isFresh }) => ({ key, class: 'signed', seen: 0, own: isFresh }))
}

async function takeRecorded(
  { placement, proofs }: Parts,
  { question, outcome, links, expires }: Omit<SignedEntry, 'chunk'>,
): Promise<void> {
  if (!placement.seatsOf(question).mine || !placement.mayShare(question)) return
  await proofs.offer(question, outcome, links, expires, 'recorded')
}

/** A replica opens a round in which no earlier fetch counts; others tell it, and that it has changed. */
function observedAnew(parts: Parts, question: Question, { outcome, evidence }: Finding): void {
  const { placement, store, clock, telling, rounds } = parts
  if (!placement.mayShare(question)) return
  telling.tell(question, outcome, evidence.security, { isChanged: true })
  const held = store.get(question, clock.now())
  const isOld = held !== undefined && clock.now() - held.seen > limits.OBSERVED_ANEW_MS
  if (
    isOld &&
    isOutcome(held.outcome) &&
    !equalBytes(contentDigest(question, held.outcome), contentDigest(question, outcome))
  )
    rounds.want(question, true, 'fresh')
}

/** What begins, recurs and ends. */
function lifeOf(parts: Parts): Pick<Chunks, 'start' | 'stop'> {
  const { clock, ring, archive, intake, follow, handover, pull, digests } = parts
  const cancels: Cancel[] = []

  function sweep(): void {
    if (parts.stopping.aborted) return
    parts.store.sweep(clock.now())
    for (const part of [archive, parts.observations, parts.commitments, parts.witness, parts.proofs]) part?.sweep()
    cancels[0] = clock.after(limits.SWEEP_MS, sweep)
  }

  return {
    start() {
      cancels[0] = clock.after(limits.SWEEP_MS, sweep)
      cancels[1] = ring.onChange(() => {
        handover.changed()
        pull?.changed()
        archive?.changed()
        digests.ringChanged()
      })
      archive?.start({
        admit(claim, isOwn) {
          const result = intake.restored(claim, isOwn)
          if (result.kind === 'taken') follow.taken(result.taken)
          return result.kind !== 'refused'
        },
      })
      parts.proofs.start()
      parts.refreshing.start()
      digests.start()
      parts.spreading.start()
      pull?.start()
    },
    async stop() {
      parts.stop.abort()
      for (const cancel of cancels) cancel()
      parts.rounds.stop()
      digests.stop()
      parts.spreading.stop()
      archive?.stop()
      parts.proofs.stop()
      parts.refreshing.stop()
      await Promise.all([parts.observations.stop(), handover.stop(), parts.pushes.stop(), pull?.stop()])
    },
  }
}
