/** Resolutions that failed (RFC 9520), by context and question; the least recently used are dropped. */
import { RecentMap } from '../base/index.ts'
import type { Name, Question } from '../dns/index.ts'
import { limits } from './limits.ts'
import { clear, dropWhere, reaches, SEPARATOR } from './lru.ts'
import type { CacheContext, CachedFailure, Reach } from './types.ts'

export class FailureTable {
  readonly #entries = new RecentMap<string, CachedFailure>({ max: limits.MAX_FAILURES })

  get size(): number {
    return this.#entries.size
  }

  get(context: CacheContext, question: Question, nowMonotonic: number): CachedFailure | undefined {
    const entry = this.#entries.get(failureKey(context, question))
    return entry !== undefined && entry.expires > nowMonotonic ? entry : undefined
  }

  put(context: CacheContext, failure: CachedFailure): void {
    this.#entries.set(failureKey(context, failure.question), failure)
  }

  remove(context: CacheContext, question: Question): void {
    this.#entries.delete(failureKey(context, question))
  }

  forget(except?: string): void {
    dropWhere(this.#entries, ({ code }) => code !== except)
  }

  at(name: Name, reach: Reach): { readonly context: CacheContext; readonly failure: CachedFailure }[] {
    return [...this.#entries.entries()]
      .filter(([, failure]) => reaches(failure.question.name, name, reach))
      .map(([key, failure]) => ({ context: key.slice(0, key.indexOf(SEPARATOR)), failure }))
  }

  drop(name: Name, reach: Reach): number {
    return dropWhere(this.#entries, (entry) => reaches(entry.question.name, name, reach))
  }

  clear(): number {
    return clear(this.#entries)
  }
}

function failureKey(context: CacheContext, { name, type, class: classNumber }: Question): string {
  return `${context}${SEPARATOR}${type} ${classNumber} ${name.key}`
}
