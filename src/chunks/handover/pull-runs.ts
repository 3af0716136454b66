/**
 * How a replica pulls what it lacks: it asks half of the other replicas of each run of chunks, another one if one fails, and the
 * rest at the next repair, so that a replica that leaves an entry out hides it until the next repair only. What comes is a claim: each
 * entry is verified against this node's own view before it is taken in.
 */
import {
  ChordnsError,
  type Clock,
  isChordnsError,
  type Log,
  type PeerId,
  type RequestOptions,
  sleep,
} from '../../base/index.ts'
import type { EntryClaim } from '../entries/entry.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { readProofRow, type SignedClaim } from '../entries/proof-rows.ts'
import type { Proofs } from '../entries/proofs.ts'
import { readRow } from '../entries/rows.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Run } from '../seats/runs.ts'
import type { Seats } from '../seats/seats.ts'
import type { Faults } from '../wire/faults.ts'
import { decodePullFrame, encodePull, type PullMark, pullMark } from '../wire/pull-messages.ts'
import { PullProgress, type PullStats } from './pull-progress.ts'

/** Asks a peer for more than fits into one frame. */
export type Bulk = (peer: PeerId, body: Uint8Array, options: RequestOptions) => AsyncIterable<Uint8Array>

export interface PullRunsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly bulk: Bulk
  readonly store: EntryStore
  readonly proofs: Pick<Proofs, 'chunks' | 'marksOf'>
  readonly placement: Pick<Placement, 'ownRuns'>
  readonly faults: Faults
  /** Whether this node thinks now that the member does not answer. */
  readonly isSuspect: (member: Seats['members'][number]) => boolean
}

export type Pulled = 'taken' | 'useless' | 'refused'

export interface PullRunsHooks {
  /** Takes an entry in. `useless`: known, expired, or no chunk of this node's; `refused`: it does not hold, or may not be told. */
  readonly takeIn: (entry: EntryClaim, run: Run, from: PeerId) => Pulled
  /** The same for a signed answer, which is verified first. */
  readonly takeProof: (claim: SignedClaim, run: Run) => Promise<Pulled>
}

export interface RunPuller {
  /** All runs, one after another. */
  pullAll(): Promise<void>
  /** Those whose replicas are not the ones that they were last pulled from: of a change far away on the ring there are none. */
  pullChanged(): Promise<void>
  stats(): PullStats
}

export function createRunPuller(deps: PullRunsDeps, hooks: PullRunsHooks, stopping: AbortSignal): RunPuller {
  const { clock, log } = deps
  const progress = new PullProgress(clock, log)
  let turn = 0
  /** The runs as they were when they were pulled last. */
  let pulled: readonly Run[] = []

  const pullAll = () => pullRuns(deps.placement.ownRuns(), [], turn++)

  async function pullChanged(): Promise<void> {
    const runs = deps.placement.ownRuns()
    const same = runs.filter((run) => pulled.some((before) => isWithin(run, before)))
    if (same.length === runs.length) pulled = same
    else
      await pullRuns(
        runs.filter((run) => !same.includes(run)),
        same,
        turn,
      )
  }

  /** `same`: the runs that need not be pulled again. */
  async function pullRuns(runs: readonly Run[], same: readonly Run[], thisTurn: number): Promise<void> {
    const done = [...same]
    progress.begin(runs.length)
    for (const run of runs) {
      if (stopping.aborted) return
      if (await pullRun(run, thisTurn)) done.push(run)
      progress.runDone()
    }
    pulled = done
    progress.end()
  }

  /**
   * Pulls from half of the other replicas, and from the other half at the next turn: so what any of them has is here within two
   * repairs. In the place of one that cannot give the whole run, another one is asked.
   */
  async function pullRun(run: Run, thisTurn: number): Promise<boolean> {
    const { others } = run.seats
    const half = Math.ceil(others.length / 2)
    const start = (thisTurn % 2) * (others.length - half)
    const order = [...others.slice(start), ...others.slice(0, start)]
    order.sort((a, b) => Number(deps.isSuspect(a)) - Number(deps.isSuspect(b)))
    let left = half
    for (const { peer } of order) {
      if (left === 0) break
      if (await pullRunFrom(peer, run)) left--
    }
    return left < half
  }

  /** Part after part. The next peer is told what came before a failure, so that it goes on from there. */
  async function pullRunFrom(peer: PeerId, run: Run): Promise<boolean> {
    for (const body of partsOf(run, deps, clock.now())) {
      try {
        await pullPart(peer, run, body)
      } catch (error) {
        if (stopping.aborted || !isChordnsError(error)) throw error
        progress.failed()
        if (error.code === 'CHUNK_MALFORMED') deps.faults.add(peer)
        log.debug({ peer, code: error.code }, 'a pull failed')
        return false
      }
    }
    return true
  }

  async function pullPart(peer: PeerId, run: Run, body: Uint8Array): Promise<void> {
    let [useless, refused, sinceRest] = [0, 0, 0]
    progress.requested(body)
    for await (const frame of deps.bulk(peer, body, { timeoutMs: limits.PULL_TIMEOUT_MS, signal: stopping })) {
      progress.frameCame(frame)
      for (const row of decodePullFrame(frame)) {
        const result = await takeRow(row, run, peer)
        if (result === 'taken') progress.entryTaken()
        else if (result === 'useless') useless++
        else refused++
        if (refused > limits.MAX_PULL_WRONG) throw rubbish(peer, 'entries that do not hold')
        if (useless > limits.MAX_PULL_USELESS) throw rubbish(peer, 'entries that nobody asked for')
        // Verifying is work: questions have their turn in between.
        if (++sinceRest % limits.PULL_SLICE === 0) await sleep(clock, 0, stopping)
      }
      progress.logNowAndThen()
    }
  }

  async function takeRow(row: Uint8Array, run: Run, peer: PeerId): Promise<Pulled> {
    const entry = readRow(row)
    if (entry !== undefined) return hooks.takeIn(entry, run, peer)
    const claim = readProofRow(row)
    if (claim === undefined) throw rubbish(peer, 'a row')
    return hooks.takeProof(claim, run)
  }

  return { pullAll, pullChanged, stats: () => progress.stats() }
}

/** True for a run, or a part of one, that has the same replicas as before. */
function isWithin(run: Run, before: Run): boolean {
  if (run.first < before.first || run.last > before.last) return false
  const [ids, idsBefore] = [run, before].map(({ seats }) => seats.others.map(({ id }) => id).sort())
  return ids!.join() === idsBefore!.join()
}

/** Requests for a run, in parts, so that the marks of what is held of each part fit into one request. */
function* partsOf(
  { first, last }: Run,
  { store, proofs: answers }: Pick<PullRunsDeps, 'store' | 'proofs'>,
  now: number,
): Generator<Uint8Array> {
  const held = [...new Set([...store.chunks(), ...answers.chunks()])].filter((one) => one >= first && one <= last)
  held.sort((a, b) => a - b)
  let from = first
  let have: PullMark[] = []
  let proofs: PullMark[] = []
  for (const chunk of held) {
    const summaries = store.summariesOf(chunk, now).slice(0, limits.MAX_PULL_MARKS)
    const signed = answers.marksOf(chunk).slice(0, limits.MAX_PROOF_MARKS)
    const isFull =
      have.length + summaries.length > limits.MAX_PULL_MARKS || proofs.length + signed.length > limits.MAX_PROOF_MARKS
    if (isFull && chunk > from) {
      yield encodePull({ first: from, last: (chunk - 1) as typeof last, have, proofs })
      from = chunk
      have = []
      proofs = []
    }
    for (const { key, seen, tag } of summaries) have.push(pullMark(key, seen, tag))
    for (const { key, expires, tag } of signed) proofs.push(pullMark(key, expires, tag))
  }
  yield encodePull({ first: from, last, have, proofs })
}

function rubbish(peer: PeerId, what: string) {
  return new ChordnsError('CHUNK_MALFORMED', `a pull brought ${what}`, { peer, what })
}
