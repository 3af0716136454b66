/**
 * A keeper gets what it lacks: after a change of the ring all that it now keeps, and at each repair what it missed. It asks one
 * of the other keepers of each run of chunks, another one if that one fails, and another one at the next repair: who leaves
 * something out hides it for one interval. What comes is a claim: each entry is verified against this node's own view.
 */
import {
  type Cancel,
  ChordnsError,
  type Clock,
  errorText,
  isChordnsError,
  type Log,
  type PeerId,
  type Random,
  type RequestOptions,
  sleep,
} from '../../base/index.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { type ArchivedEntry, readRow } from '../entries/rows.ts'
import { limits } from '../limits.ts'
import type { Run } from '../seats/runs.ts'
import { decodePullFrame, encodePull, type PullNote, pullNote } from '../wire/pull-messages.ts'

/** Asks a peer for more than fits into one frame. */
export type Bulk = (peer: PeerId, body: Uint8Array, options: RequestOptions) => AsyncIterable<Uint8Array>

export interface PullModules {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly bulk: Bulk
  readonly store: EntryStore
  /** Whether this node still reads what it has on its own disk. */
  readonly isReading: () => boolean
  readonly runs: () => readonly Run[]
  readonly isSuspect: (run: Run, peer: PeerId) => boolean
  /** `kept`; `useless`: known, expired, or no chunk of this node's; `wrong`: it does not hold, or may not be told. */
  readonly take: (from: PeerId, entry: ArchivedEntry, run: Run) => 'kept' | 'useless' | 'wrong'
  readonly fault: (peer: PeerId) => void
}

export interface PullStats {
  /** Runs of chunks of the round in work, and those of them that are done. */
  readonly runsWanted: number
  readonly runsDone: number
  /** Since the start. */
  readonly pulled: number
  readonly pulledBytes: number
  readonly pullsFailed: number
  /** Of requests and frames, at the last repair, over its interval. */
  readonly repairBytesPerSecond: number
}

export interface Pull {
  start(): void
  /** The ring changed. */
  changed(): void
  stop(): Promise<void>
  stats(): PullStats
}

export function createPull(modules: PullModules): Pull {
  const { clock, store, log } = modules
  const stopping = new AbortController()
  const counts = { runsWanted: 0, runsDone: 0, pulled: 0, pulledBytes: 0, pullsFailed: 0, repairBytesPerSecond: 0 }
  let timer: Cancel | undefined
  let soon: Cancel | undefined
  let round = 0
  let working: Promise<void> | undefined
  let again = false
  let loggedAt = 0
  let traffic = 0
  let readingSince: number | undefined

  /** The changes of a burst are handled together. */
  function beginSoon(): void {
    if (stopping.signal.aborted) return
    soon ??= clock.after(limits.HANDOVER_DELAY_MS, () => {
      soon = undefined
      begin()
    })
  }

  function begin(): void {
    if (stopping.signal.aborted) return
    if (modules.isReading()) {
      readingSince ??= clock.monotonic()
      if (clock.monotonic() - readingSince < limits.PULL_WAITS_MS) {
        beginSoon()
        return
      }
    }
    readingSince = undefined
    timer?.()
    timer = clock.after(limits.REPAIR_MS - modules.random.below(limits.REPAIR_JITTER_MS), begin)
    if (working !== undefined) {
      again = true
      return
    }
    working = all()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error: errorText(error) }, 'entries could not be pulled')
      })
      .finally(() => {
        working = undefined
        if (again) {
          again = false
          begin()
        }
      })
  }

  /** What is between two repairs is changed by none of them: each asks another keeper than the one before. */
  async function all(): Promise<void> {
    const runs = modules.runs()
    const turn = round++
    const before = counts.pulled
    traffic = 0
    loggedAt = clock.monotonic()
    counts.runsWanted = runs.length
    counts.runsDone = 0
    for (const run of runs) {
      if (stopping.signal.aborted) return
      await fill(run, turn)
      counts.runsDone++
    }
    counts.repairBytesPerSecond = Math.round(traffic / (limits.REPAIR_MS / 1000))
    const entries = counts.pulled - before
    if (entries > 0) log.info({ entries, bytes: traffic }, 'pulled the entries of the chunks that are kept here')
  }

  async function fill(run: Run, turn: number): Promise<void> {
    const { others } = run.seats
    const start = turn % others.length
    const order = [...others.slice(start), ...others.slice(0, start)].map(({ peer }) => peer)
    order.sort((a, b) => Number(modules.isSuspect(run, a)) - Number(modules.isSuspect(run, b)))
    for (const peer of order) if (await pullRun(peer, run)) return
  }

  /** Part after part. What came before a failure is named to the next peer, so that it goes on from there. */
  async function pullRun(peer: PeerId, run: Run): Promise<boolean> {
    for (const part of partsOf(run)) {
      try {
        await pullPart(peer, run, part)
      } catch (error) {
        if (stopping.signal.aborted || !isChordnsError(error)) throw error
        counts.pullsFailed++
        if (error.code === 'CHUNK_MALFORMED') modules.fault(peer)
        log.debug({ peer, code: error.code }, 'a pull failed')
        return false
      }
    }
    return true
  }

  /** So that the notes of each fit into one request. */
  function* partsOf({ first, last }: Run): Generator<Uint8Array> {
    const now = clock.now()
    const held = store.chunks().filter((chunk) => chunk >= first && chunk <= last)
    held.sort((a, b) => a - b)
    let from = first
    let have: PullNote[] = []
    for (const chunk of held) {
      const notes = store.notesOf(chunk, now).slice(0, limits.MAX_PULL_NOTES)
      if (have.length + notes.length > limits.MAX_PULL_NOTES) {
        yield encodePull({ first: from, last: (chunk - 1) as typeof last, have })
        from = chunk
        have = []
      }
      for (const { key, seen } of notes) have.push(pullNote(key, seen))
    }
    yield encodePull({ first: from, last, have })
  }

  async function pullPart(peer: PeerId, run: Run, body: Uint8Array): Promise<void> {
    const options = { timeoutMs: limits.PULL_TIMEOUT_MS, signal: stopping.signal }
    let useless = 0
    let wrong = 0
    let sinceRest = 0
    traffic += body.length
    for await (const frame of modules.bulk(peer, body, options)) {
      counts.pulledBytes += frame.length
      traffic += frame.length
      for (const row of decodePullFrame(frame)) {
        const entry = readRow(row)
        if (entry === undefined) throw rubbish(peer, 'a row')
        const verdict = modules.take(peer, entry, run)
        if (verdict === 'kept') counts.pulled++
        else if (verdict === 'useless') useless++
        else wrong++
        if (wrong > limits.MAX_PULL_WRONG) throw rubbish(peer, 'entries that do not hold')
        if (useless > limits.MAX_PULL_USELESS) throw rubbish(peer, 'entries that nobody asked for')
        // Verifying is work: questions have their turn in between.
        if (++sinceRest % limits.PULL_SLICE === 0) await sleep(clock, 0, stopping.signal)
      }
      tellProgress()
    }
  }

  function tellProgress(): void {
    if (clock.monotonic() - loggedAt < limits.PULL_LOG_MS) return
    loggedAt = clock.monotonic()
    const { runsDone, runsWanted, pulled, pulledBytes } = counts
    log.info({ runsDone, runsWanted, entries: pulled, bytes: pulledBytes }, 'pulling entries')
  }

  return {
    start: beginSoon,
    changed: beginSoon,
    async stop() {
      stopping.abort()
      timer?.()
      soon?.()
      await working
    },
    stats: () => ({ ...counts }),
  }
}

function rubbish(peer: PeerId, what: string) {
  return new ChordnsError('CHUNK_MALFORMED', `a pull brought ${what}`, { peer, what })
}
