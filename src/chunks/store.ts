/** Records held in memory, bounded in bytes: the agreed entries of the chunks that this node keeps, and what it saw itself. */
import type { ChunkId } from '../base/index.ts'
import { type Question, rrsetKey } from '../dns/index.ts'
import { type Content, encodeCertificate, encodeOutcome, type FetchStart } from '../evidence/index.ts'
import { limits } from './limits.ts'
import type { ChunkEntry } from './types.ts'

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

/** Entries by question, with an index by chunk. */
export class EntryStore {
  readonly #entries: BoundedMap<ChunkEntry>
  readonly #chunks = new Map<ChunkId, Set<string>>()

  /** `onDrop` hears the key of each entry that goes, also when another takes its place. */
  constructor(maxBytes: number = limits.MAX_STORE_BYTES, onDrop: (key: string) => void = () => {}) {
    this.#entries = new BoundedMap(maxBytes, (key, entry) => {
      onDrop(key)
      const keys = this.#chunks.get(entry.chunk)
      keys?.delete(key)
      if (keys?.size === 0) this.#chunks.delete(entry.chunk)
    })
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#entries.bytes
  }

  get(question: Question, now: number): ChunkEntry | undefined {
    return this.#entries.get(questionKey(question), now)
  }

  put(entry: ChunkEntry): void {
    const bytes =
      encodeCertificate(entry.certificate).length + encodeOutcome(entry.outcome).length + limits.RECORD_OVERHEAD_BYTES
    const key = questionKey(entry.question)
    if (!this.#entries.set(key, entry, bytes, entry.expires)) return
    const keys = this.#chunks.get(entry.chunk)
    if (keys === undefined) this.#chunks.set(entry.chunk, new Set([key]))
    else keys.add(key)
  }

  drop(question: Question): void {
    this.#entries.delete(questionKey(question))
  }

  chunks(): ChunkId[] {
    return [...this.#chunks.keys()]
  }

  /** Unexpired entries of one chunk. */
  ofChunk(chunk: ChunkId, now: number): ChunkEntry[] {
    const found: ChunkEntry[] = []
    for (const key of [...(this.#chunks.get(chunk) ?? [])]) {
      const entry = this.#entries.get(key, now)
      if (entry !== undefined) found.push(entry)
    }
    return found
  }

  sweep(now: number): void {
    this.#entries.sweep(now)
  }
}
