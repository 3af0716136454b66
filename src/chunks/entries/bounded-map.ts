/** Records held in memory, bounded in bytes, and the key of a question. */
import { type Question, rrsetKey } from '../../dns/index.ts'
import type { Content, FetchStart } from '../../evidence/index.ts'

export function questionKey(question: Question): string {
  return rrsetKey(question.name, question.type, question.class)
}

/** What this node fetched itself: what it may sign. Times are unix ms. */
export interface Sight {
  readonly question: Question
  readonly outcome: Content
  readonly digest: Uint8Array
  readonly start: FetchStart
  readonly ttl: number
  readonly when: number
  readonly expires: number
}

interface Kept<T> {
  readonly value: T
  readonly expires: number
  readonly bytes: number
}

/** Least recently used goes first when `maxBytes` are full; what has expired is not given out. */
export class BoundedMap<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #maxBytes: number
  readonly #onDrop: (key: string, value: T) => void
  #bytes = 0

  constructor(maxBytes: number, onDrop: (key: string, value: T) => void = () => {}) {
    this.#maxBytes = maxBytes
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#kept.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string, now: number): T | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    if (kept.expires <= now) {
      this.delete(key)
      return undefined
    }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    return kept.value
  }

  /** False when the value alone is larger than the whole. */
  set(key: string, value: T, bytes: number, expires: number): boolean {
    this.delete(key)
    if (bytes > this.#maxBytes) return false
    this.#kept.set(key, { value, bytes, expires })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.delete(oldest)
    }
    return true
  }

  /** Unexpired values. */
  values(now: number): T[] {
    return [...this.#kept.values()].filter(({ expires }) => expires > now).map(({ value }) => value)
  }

  delete(key: string): void {
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    this.#kept.delete(key)
    this.#bytes -= kept.bytes
    this.#onDrop(key, kept.value)
  }

  /** Drops what has expired. */
  sweep(now: number): void {
    for (const [key, kept] of this.#kept) if (kept.expires <= now) this.delete(key)
  }
}
