/**
 * After the start and after a change of the ring: what this node observed and finds nowhere recorded is proposed, a little at a
 * time. What others agreed on before this node was a replica came here by its certificate; those others record it.
 */
import { type Cancel, type ChunkId, type Clock, isChordnsError } from '../../base/index.ts'
import type { ChunkEntry, SignedEntry } from '../../chunks/index.ts'
import { limits } from '../limits.ts'
import type { HeldEntries } from './types.ts'

export interface Revisits {
  soon(): void
  stop(): void
}

/** `isRecorded`: owes whether what was seen at this time, or later, is recorded. `propose` must not throw. */
export function createRevisits(
  clock: Clock,
  { chunks, summariesOf, entryOf }: HeldEntries,
  isRecorded: (key: string, seen: number) => boolean,
  propose: (entry: ChunkEntry | SignedEntry) => void,
): Revisits {
  let timer: Cancel | undefined
  let todo: ChunkId[] = []
  let again = false
  let isStopped = false

  function begin(): void {
    again = false
    todo = [...chunks()]
    go()
  }

  /** Proposes what is not recorded. Returns how many entries the chunk has. */
  function revisit(chunk: ChunkId): number {
    const summaries = summariesOf(chunk)
    try {
      for (const { key, seen, own } of summaries) {
        if (!own || isRecorded(key, seen)) continue
        const entry = entryOf(key)
        if (entry !== undefined) propose(entry)
      }
    } catch (error) {
      // The disk: the chunk's turn comes again.
      if (!isChordnsError(error)) throw error
    }
    return summaries.length
  }

  function go(): void {
    timer = undefined
    for (let visited = 0; visited < limits.REVISIT_SLICE && todo.length > 0; ) {
      visited += Math.max(1, revisit(todo.pop()!))
    }
    if (todo.length > 0) timer = clock.after(limits.REVISIT_PAUSE_MS, go)
    else if (again) timer = clock.after(limits.REVISIT_AFTER_MS, begin)
  }

  return {
    soon() {
      if (isStopped) return
      if (timer === undefined) timer = clock.after(limits.REVISIT_AFTER_MS, begin)
      else again = true
    },
    stop() {
      isStopped = true
      timer?.()
      todo = []
    },
  }
}
