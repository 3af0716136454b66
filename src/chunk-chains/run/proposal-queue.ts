/**
 * Entries on their way to the record. All replicas hear of an entry; they propose it one after the other, so that as a rule it
 * travels once, and any one of them being there is enough.
 */
import type { Cancel, ChunkId, Clock } from '../../base/index.ts'
import { type ChunkEntry, questionKey, type SignedEntry } from '../../chunks/index.ts'
import type { Question } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { compareRecords } from '../state/order.ts'
import { recordOfEntry, type StateRecord } from '../state/state.ts'

/** `offered`: the chain has it; `later`: the chain is not there yet; `done`: nothing is left to do. */
export type Attempt = 'offered' | 'later' | 'done'

/** What a chain can record. */
export type RecordableEntry = ChunkEntry | SignedEntry

/** How long an entry waits before it is offered, ms. */
export interface ProposalWait {
  /** For others of its section, so that they share a block: the least of all that wait together. */
  readonly gatherMs: number
  /** And then for its turn among the replicas. */
  readonly turnMs: number
}

interface Waiting {
  readonly entry: RecordableEntry
  readonly turnMs: number
  /** It waits for others, and was not offered yet. */
  gathers: boolean
  /** Monotonic ms. */
  due: number
  tries: number
}

/** What waits in one section, which is known by its first chunk, and its timer for what is due next. */
interface Line {
  readonly entries: Map<string, Waiting>
  /** Until when what came so far waits for more. Monotonic ms. */
  gatherUntil: number
  cancel: Cancel | undefined
  at: number
}

/**
 * The way of one entry:
 *
 *     none -> waiting      `add`
 *     waiting -> due       its turn has come, or `kick`
 *     due -> waiting       `offered`, or `later`: it is tried again after a while
 *     any -> none          `settle`: a block recorded it; `done`; it expired, or was offered too often
 */
export class ProposalQueue {
  readonly #clock: Clock
  readonly #attempt: (entry: RecordableEntry) => Attempt
  readonly #mayBegin: (chunk: ChunkId) => boolean
  readonly #lines = new Map<ChunkId, Line>()
  /** Chunks with something due. */
  readonly #ready = new Set<ChunkId>()
  #draining: Cancel | undefined
  #size = 0
  #stopped = false

  /**
   * `attempt`: owes what became of the entry. It may record entries before it returns, and must not throw. `mayBegin`: owes whether the
   * chain of the chunk may have something to do now; what is due waits until then.
   */
  constructor(
    clock: Clock,
    attempt: (entry: RecordableEntry) => Attempt,
    mayBegin: (chunk: ChunkId) => boolean = () => true,
  ) {
    this.#clock = clock
    this.#attempt = attempt
    this.#mayBegin = mayBegin
  }

  get size(): number {
    return this.#size
  }

  waiting(chunk: ChunkId): number {
    return this.#lines.get(chunk)?.entries.size ?? 0
  }

  /**
   * none -> waiting. False when too many wait. `chunk`: the first of the section that has one chain with the entry's now. After the stop nothing
   * waits: its timer would keep a process for minutes.
   */
  add(entry: RecordableEntry, wait: ProposalWait, chunk: ChunkId = entry.chunk): boolean {
    if (this.#stopped) return true
    const { question } = entry
    const key = questionKey(question)
    const before = this.#lines.get(chunk)?.entries.get(key)
    if (before !== undefined && compareRecords(recordOfEntry(before.entry, 0), recordOfEntry(entry, 0)) >= 0)
      return true
    if (before === undefined && this.#size >= limits.MAX_PENDING) return false
    if (before === undefined) this.#size++
    const line = this.#lineOf(chunk)
    const due = this.#gatherUntil(line, wait.gatherMs) + wait.turnMs
    line.entries.set(key, { entry, turnMs: wait.turnMs, gathers: true, due, tries: 0 })
    this.#schedule(chunk)
    return true
  }

  /** All that gather in a line go together, as soon as one of them must. */
  #gatherUntil(line: Line, gatherMs: number): number {
    const now = this.#clock.monotonic()
    const wanted = now + gatherMs
    if (line.gatherUntil < now) line.gatherUntil = wanted
    if (wanted >= line.gatherUntil) return line.gatherUntil
    line.gatherUntil = wanted
    for (const waiting of line.entries.values())
      if (waiting.gathers) waiting.due = Math.min(waiting.due, wanted + waiting.turnMs)
    return wanted
  }

  /** any -> none, unless what waits was seen later than what was recorded. */
  settle(chunk: ChunkId, question: Question, record: StateRecord): void {
    const line = this.#lines.get(chunk)
    const key = questionKey(question)
    const waiting = line?.entries.get(key)
    if (line === undefined || waiting === undefined || compareRecords(record, recordOfEntry(waiting.entry, 0)) < 0)
      return
    line.entries.delete(key)
    this.#size--
    this.#schedule(chunk)
  }

  /** waiting -> due, all of the chunk that do not wait for others any more. */
  kick(chunk: ChunkId): void {
    const line = this.#lines.get(chunk)
    if (line === undefined) return
    const now = this.#clock.monotonic()
    if (line.gatherUntil > now) return
    for (const waiting of line.entries.values()) waiting.due = Math.min(waiting.due, now)
    this.#schedule(chunk)
  }

  stop(): void {
    this.#stopped = true
    for (const { cancel } of this.#lines.values()) cancel?.()
    this.#draining?.()
    this.#draining = undefined
    this.#lines.clear()
    this.#ready.clear()
    this.#size = 0
  }

  #lineOf(chunk: ChunkId): Line {
    const known = this.#lines.get(chunk)
    if (known !== undefined) return known
    const line: Line = { entries: new Map(), gatherUntil: Number.NEGATIVE_INFINITY, cancel: undefined, at: 0 }
    this.#lines.set(chunk, line)
    return line
  }

  #schedule(chunk: ChunkId): void {
    const line = this.#lines.get(chunk)
    if (line === undefined) return
    let next = Number.POSITIVE_INFINITY
    for (const { due } of line.entries.values()) next = Math.min(next, due)
    if (line.cancel !== undefined && line.at === next) return
    line.cancel?.()
    line.cancel = undefined
    if (line.entries.size === 0) {
      this.#lines.delete(chunk)
      return
    }
    line.at = next
    line.cancel = this.#clock.after(Math.max(0, next - this.#clock.monotonic()), () => {
      line.cancel = undefined
      this.#ready.add(chunk)
      this.#draining ??= this.#clock.after(0, () => this.#drain())
    })
  }

  /** A few at a time: each costs some signature checks, and questions are answered meanwhile. */
  #drain(): void {
    this.#draining = undefined
    let left: number = limits.PROPOSE_SLICE
    for (const chunk of this.#ready) {
      if (!this.#mayBegin(chunk)) continue
      left = this.#tryDue(chunk, left)
      if (left === 0) break
      this.#ready.delete(chunk)
      this.#schedule(chunk)
    }
    if (this.#ready.size === 0) return
    const pauseMs = left < limits.PROPOSE_SLICE ? limits.PROPOSE_PAUSE_MS : limits.PROPOSE_WAIT_MS
    this.#draining = this.#clock.after(pauseMs, () => this.#drain())
  }

  /** Tries what is due in the chunk, `most` at most; returns how many more there may be. */
  #tryDue(chunk: ChunkId, most: number): number {
    const line = this.#lines.get(chunk)
    if (line === undefined) return most
    const now = this.#clock.monotonic()
    let left = most
    for (const [key, waiting] of [...line.entries]) {
      if (waiting.due > now) continue
      if (left === 0) return 0
      left--
      waiting.gathers = false
      const isOver = waiting.entry.expires <= this.#clock.now() || waiting.tries >= limits.MAX_PROPOSALS
      const came = isOver ? 'done' : this.#attempt(waiting.entry)
      // A chain of one decides while it is offered.
      if (line.entries.get(key) !== waiting) continue
      if (came === 'offered') waiting.tries++
      if (came !== 'done') waiting.due = now + (came === 'later' ? limits.CHAIN_AGAIN_MS : limits.PROPOSE_AGAIN_MS)
      else if (line.entries.delete(key)) this.#size--
    }
    return left
  }
}
