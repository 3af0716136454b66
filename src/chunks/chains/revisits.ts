/** After the start and after a change of the ring: what is held and nowhere recorded is looked up, a little at a time. */
import { type Cancel, type ChunkId, isChordnsError } from '../../base/index.ts'
import type { ChunkEntry } from '../types.ts'
import { limits } from './limits.ts'
import type { ChunkChainsModules } from './types.ts'

export interface Revisits {
  soon(): void
  stop(): void
}

export function createRevisits(
  { clock, chunks, entriesOf }: Pick<ChunkChainsModules, 'clock' | 'chunks' | 'entriesOf'>,
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

  function entriesIn(chunk: ChunkId): readonly ChunkEntry[] {
    try {
      return entriesOf(chunk)
    } catch (error) {
      // The disk: the chunk's turn comes again.
      if (isChordnsError(error)) return []
      throw error
    }
  }

  function go(): void {
    timer = undefined
    for (let looked = 0; looked < limits.REVISIT_SLICE && todo.length > 0; ) {
      const entries = entriesIn(todo.pop()!)
      for (const entry of entries) visit(entry)
      looked += Math.max(1, entries.length)
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
