/**
 * Entries on their way to the record. All replicas hear of an entry; they propose it one after the other, so that as a rule it
 * travels once, and any one of them being there is enough.
 */
import type { Cancel, ChunkId, Clock } from '../../base/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import { questionKey } from '../../chunks/index.ts'
import type { Question } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { StateRecord } from '../state/state.ts'

/** `offered`: the chain has it; `later`: the chain is not there yet; `done`: nothing is left to do. */
export type Attempt = 'offered' | 'later' | 'done'

export interface ProposalQueue {
  /** Waits `delayMs` first. False when too many wait. */
  add(entry: ChunkEntry, delayMs: number): boolean
  /** A block recorded the question. */
  settle(chunk: ChunkId, question: Question, record: StateRecord): void
  /** All that waits in the chunk is tried now. */
  kick(chunk: ChunkId): void
  waiting(chunk: ChunkId): number
  readonly size: number
  stop(): void
}

interface Waiting {
  readonly entry: ChunkEntry
  due: number
  tries: number
}

export function createProposalQueue(clock: Clock, attempt: (entry: ChunkEntry) => Attempt): ProposalQueue {
  const chunks = new Map<ChunkId, { readonly entries: Map<string, Waiting>; cancel: Cancel | undefined; at: number }>()
  /** Lines with something due. */
  const ready = new Set<ChunkId>()
  let draining: Cancel | undefined
  let size = 0

  function schedule(chunk: ChunkId): void {
    const line = chunks.get(chunk)
    if (line === undefined) return
    let next = Number.POSITIVE_INFINITY
    for (const { due } of line.entries.values()) next = Math.min(next, due)
    if (line.cancel !== undefined && line.at === next) return
    line.cancel?.()
    line.cancel = undefined
    if (line.entries.size === 0) {
      chunks.delete(chunk)
      return
    }
    line.at = next
    line.cancel = clock.after(Math.max(0, next - clock.monotonic()), () => {
      line.cancel = undefined
      ready.add(chunk)
      draining ??= clock.after(0, drain)
    })
  }

  /** A few at a time: each costs some signature checks, and questions are answered meanwhile. */
  function drain(): void {
    draining = undefined
    let left: number = limits.PROPOSE_SLICE
    for (const chunk of ready) {
      left = run(chunk, left)
      if (left === 0) break
      ready.delete(chunk)
      schedule(chunk)
    }
    if (ready.size > 0) draining = clock.after(limits.PROPOSE_PAUSE_MS, drain)
  }

  /** Tries what is due, `most` at most; returns how many more there may be. */
  function run(chunk: ChunkId, most: number): number {
    const line = chunks.get(chunk)
    if (line === undefined) return most
    const now = clock.monotonic()
    let left = most
    for (const [key, waiting] of [...line.entries]) {
      if (waiting.due > now) continue
      if (left === 0) return 0
      left--
      const isOver = waiting.entry.expires <= clock.now() || waiting.tries >= limits.MAX_PROPOSALS
      const came = isOver ? 'done' : attempt(waiting.entry)
      // A chain of one decides while it is offered.
      if (line.entries.get(key) !== waiting) continue
      if (came === 'offered') waiting.tries++
      if (came !== 'done') waiting.due = now + (came === 'later' ? limits.CHAIN_AGAIN_MS : limits.PROPOSE_AGAIN_MS)
      else if (line.entries.delete(key)) size--
    }
    return left
  }

  return {
    add(entry, delayMs) {
      const { chunk, question } = entry
      const key = questionKey(question)
      let line = chunks.get(chunk)
      const before = line?.entries.get(key)
      if (before !== undefined && before.entry.seen >= entry.seen) return true
      if (before === undefined && size >= limits.MAX_PENDING) return false
      if (line === undefined) {
        line = { entries: new Map(), cancel: undefined, at: 0 }
        chunks.set(chunk, line)
      }
      if (before === undefined) size++
      line.entries.set(key, { entry, due: clock.monotonic() + delayMs, tries: 0 })
      schedule(chunk)
      return true
    },
    settle(chunk, question, record) {
      const line = chunks.get(chunk)
      const key = questionKey(question)
      const waiting = line?.entries.get(key)
      if (line === undefined || waiting === undefined) return
      if (record.seen < waiting.entry.seen) return
      line.entries.delete(key)
      size--
      schedule(chunk)
    },
    kick(chunk) {
      const line = chunks.get(chunk)
      if (line === undefined) return
      for (const waiting of line.entries.values()) waiting.due = Math.min(waiting.due, clock.monotonic())
      schedule(chunk)
    },
    waiting: (chunk) => chunks.get(chunk)?.entries.size ?? 0,
    get size() {
      return size
    },
    stop() {
      for (const { cancel } of chunks.values()) cancel?.()
      draining?.()
      chunks.clear()
      ready.clear()
      size = 0
    },
  }
}
