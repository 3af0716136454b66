/** Who waits for what the ring agrees on: a stub of a node that serves only what others vouch for. */
import { type Clock, sleep } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { questionKey } from '../wire/question-key.ts'

export interface Awaited {
  /** Whether something comes for the question within so long. Rejects with ABORTED. */
  wait(question: Question, withinMs: number, signal: AbortSignal): Promise<boolean>
  came(question: Question): void
}

export function createAwaited(clock: Clock): Awaited {
  const waiting = new Map<string, Set<AbortController>>()
  return {
    async wait(question, withinMs, signal) {
      const key = questionKey(question)
      const here = waiting.get(key) ?? new Set()
      const one = new AbortController()
      waiting.set(key, here.add(one))
      try {
        await sleep(clock, withinMs, AbortSignal.any([signal, one.signal]))
        return false
      } catch (error) {
        if (signal.aborted || !one.signal.aborted) throw error
        return true
      } finally {
        here.delete(one)
        if (here.size === 0 && waiting.get(key) === here) waiting.delete(key)
      }
    },
    came(question) {
      for (const one of waiting.get(questionKey(question)) ?? []) one.abort()
    },
  }
}
