/**
 * After the start and after a change of the ring: what this node saw agreed and finds nowhere recorded is proposed, a little at a
 * time. What others agreed on before this node kept the chunk is carried over by its certificate, and is theirs to record.
 */
import { type Cancel, type ChunkId, isChordnsError } from '../../base/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import { limits } from '../limits.ts'
import type { ChunkChainsModules } from './types.ts'

export interface Revisits {
  soon(): void
  stop(): void
}

export function createRevisits(
  { clock, chunks, notesOf, entryOf }: Pick<ChunkChainsModules, 'clock' | 'chunks' | 'notesOf' | 'entryOf'>,
  isRecorded: (key: string, seen: number) => boolean,
  visit: (entry: ChunkEntry) => void,
): Revisits {
  let timer: Cancel | undefined
  let todo: ChunkId[] = []
  let again = false

  function begin(): void {
    again = false
    todo = [...chunks()]
    go()
  }

  /** Returns how many it looked at. */
  function look(chunk: ChunkId): number {
    const notes = notesOf(chunk)
    try {
      for (const { key, seen, own } of notes) {
        if (!own || isRecorded(key, seen)) continue
        const entry = entryOf(key)
        if (entry !== undefined) visit(entry)
      }
    } catch (error) {
      // The disk: the chunk's turn comes again.
      if (!isChordnsError(error)) throw error
    }
    return notes.length
  }

  function go(): void {
    timer = undefined
    for (let looked = 0; looked < limits.REVISIT_SLICE && todo.length > 0; ) {
      looked += Math.max(1, look(todo.pop()!))
    }
    if (todo.length > 0) timer = clock.after(limits.REVISIT_PAUSE_MS, go)
    else if (again) timer = clock.after(limits.REVISIT_AFTER_MS, begin)
  }

  return {
    soon() {
      if (timer === undefined) timer = clock.after(limits.REVISIT_AFTER_MS, begin)
      else again = true
    },
    stop() {
      timer?.()
      todo = []
    },
  }
}
