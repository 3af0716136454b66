/**
 * The agreed entries that this node holds as a replica. An index in memory has a summary of each, so that a hundred thousand can
 * be compared and counted without reading one. The evidence itself lies in rows, packed: on the disk, or in memory where there is
 * no disk. The entries that were used last are also kept decoded.
 */
import { type ChunkId, equalBytes } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { questionKey } from '../wire/question-key.ts'
import { BoundedMap } from './bounded-map.ts'
import type { ChunkEntry, EntrySummary } from './entry.ts'
import { tagOf } from './order.ts'
import { readRow, rowOf } from './rows.ts'

/** Where rows lie outside of memory. */
export interface Disk {
  /** `get` has the row when this returns. `onLost`: called at once or later when it cannot be written, and must stay in memory. */
  put(key: string, row: Uint8Array, onLost: () => void): void
  get(key: string): Uint8Array | undefined
  /** The row is not needed any more. It is deleted with the next sweep. */
  drop(key: string): void
}

export interface EntryStoreOptions {
  readonly disk?: Disk
  readonly maxEntries?: number
  /** Bytes of all rows, in memory and on disk. */
  readonly maxBytes?: number
  /** Bytes of the rows that lie in memory. */
  readonly maxMemoryBytes?: number
  /** This node's public key: by it an entry is known as `own`. */
  readonly self?: Uint8Array
}

export interface PutOptions {
  readonly onDisk?: boolean
  readonly isUsed?: boolean
}

/**
 * The summaries of one chunk are linked to a ring (`before`, `after`): a `Set` for each of 65,536 chunks would cost more memory than
 * the summaries.
 */
interface Slot extends EntrySummary {
  before: Slot
  after: Slot
}

export class EntryStore {
  /** Least recently used first. */
  readonly #slots = new Map<string, Slot>()
  readonly #chunks = new Map<ChunkId, Slot>()
  readonly #rows = new Map<string, Uint8Array>()
  readonly #used = new BoundedMap<ChunkEntry>(limits.MAX_USED_BYTES)
  readonly #disk: Disk | undefined
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #maxMemoryBytes: number
  readonly #self: Uint8Array | undefined
  #bytes = 0
  #memoryBytes = 0

  constructor(options: EntryStoreOptions = {}) {
    this.#disk = options.disk
    this.#maxEntries = options.maxEntries ?? limits.MAX_ENTRIES
    this.#maxBytes = options.maxBytes ?? limits.MAX_STORE_BYTES
    this.#maxMemoryBytes = options.maxMemoryBytes ?? limits.MAX_MEMORY_BYTES
    this.#self = options.self
  }

  get size(): number {
    return this.#slots.size
  }

  /** Bytes of all rows, in memory and on disk. */
  get bytes(): number {
    return this.#bytes
  }

  get memoryBytes(): number {
    return this.#memoryBytes
  }

  get(question: Question, now: number): ChunkEntry | undefined {
    return this.byKey(questionKey(question), now)
  }

  byKey(key: string, now: number): ChunkEntry | undefined {
    const slot = this.#alive(key, now)
    if (slot === undefined) return undefined
    this.#slots.delete(key)
    this.#slots.set(key, slot)
    const used = this.#used.get(key, now)
    if (used !== undefined) return used
    const entry = this.#read(slot)
    if (entry !== undefined) this.#use(slot, entry)
    return entry
  }

  /** The row of an entry, to be passed on without reading it. */
  row(key: string): Uint8Array | undefined {
    return this.#slots.has(key) ? (this.#rows.get(key) ?? this.#disk?.get(key)) : undefined
  }

  /** `onDisk`: the row is on the disk already. `isUsed`: somebody asked for it, so it is kept decoded too. */
  put(entry: ChunkEntry, { onDisk = false, isUsed = true }: PutOptions = {}): void {
    const key = questionKey(entry.question)
    const row = rowOf(entry)
    this.#delete(key)
    if (row.length > this.#maxBytes) return
    const { chunk, expires, seen } = entry
    const ring = this.#chunks.get(chunk)
    const self = this.#self
    const own = self !== undefined && entry.certificate.observations.some(({ observer }) => equalBytes(observer, self))
    const tag = tagOf(entry.question, entry.outcome)
    const slot = { key, chunk, class: entry.class, expires, seen, tag, own, bytes: row.length } as Slot
    slot.before = ring?.before ?? slot
    slot.after = ring ?? slot
    slot.before.after = slot
    slot.after.before = slot
    if (ring === undefined) this.#chunks.set(chunk, slot)
    this.#slots.set(key, slot)
    this.#bytes += slot.bytes
    if (this.#disk === undefined) this.#holdRow(slot, row)
    else if (!onDisk) this.#disk.put(key, row, () => this.#lost(slot, row))
    if (isUsed) this.#use(slot, entry)
    this.#makeRoom()
  }

  /** What is known of it without reading it. */
  summary(key: string, now: number): EntrySummary | undefined {
    return this.#alive(key, now)
  }

  drop(question: Question): void {
    this.#delete(questionKey(question))
  }

  chunks(): ChunkId[] {
    return [...this.#chunks.keys()]
  }

  hasChunk(chunk: ChunkId): boolean {
    return this.#chunks.has(chunk)
  }

  /** The unexpired entries of one chunk, each read when its turn comes. */
  *ofChunk(chunk: ChunkId, now: number): Iterable<ChunkEntry> {
    for (const { key } of this.summariesOf(chunk, now)) {
      const entry = this.peek(key, now)
      if (entry !== undefined) yield entry
    }
  }

  /** As `byKey`, for those who walk through many: they must not displace what is asked for. */
  peek(key: string, now: number): ChunkEntry | undefined {
    const slot = this.#alive(key, now)
    return slot && (this.#used.get(key, now) ?? this.#read(slot))
  }

  /** What is known of the unexpired entries of one chunk. */
  summariesOf(chunk: ChunkId, now: number): readonly EntrySummary[] {
    const first = this.#chunks.get(chunk)
    const summaries: EntrySummary[] = []
    for (let slot = first; slot !== undefined; slot = slot.after === first ? undefined : slot.after)
      if (slot.expires > now) summaries.push(slot)
    return summaries
  }

  /** Drops the decoded copies: they are read again when they are used. */
  forgetUsed(): void {
    this.#used.sweep(Number.POSITIVE_INFINITY)
  }

  sweep(now: number): void {
    this.#used.sweep(now)
    for (const { key, expires } of this.#slots.values()) if (expires <= now) this.#delete(key)
  }

  #alive(key: string, now: number): Slot | undefined {
    const slot = this.#slots.get(key)
    if (slot === undefined || slot.expires > now) return slot
    this.#delete(key)
    return undefined
  }

  /** An entry whose row the disk has lost is dropped. */
  #read(slot: Slot): ChunkEntry | undefined {
    const { key, chunk, expires, seen } = slot
    const row = this.#rows.get(key) ?? this.#disk?.get(key)
    const read = row && readRow(row)
    if (read === undefined || questionKey(read.question) !== key) {
      this.#delete(key)
      return undefined
    }
    const { question, certificate, outcome } = read
    return { question, chunk, class: slot.class, outcome, certificate, expires, seen }
  }

  #use({ key, bytes, expires }: Slot, entry: ChunkEntry): void {
    this.#used.set(key, entry, bytes * limits.DECODED_FACTOR, expires)
  }

  /** The disk could not take the row. It may have been some time. */
  #lost(slot: Slot, row: Uint8Array): void {
    if (this.#slots.get(slot.key) !== slot) return
    this.#holdRow(slot, row)
    this.#makeRoom()
  }

  #holdRow({ key }: Slot, row: Uint8Array): void {
    this.#rows.set(key, row)
    this.#memoryBytes += row.length + limits.ROW_OVERHEAD_BYTES
  }

  #makeRoom(): void {
    for (const oldest of this.#rows.keys()) {
      if (this.#memoryBytes <= this.#maxMemoryBytes) break
      this.#delete(oldest)
    }
    for (const oldest of this.#slots.keys()) {
      if (this.#bytes <= this.#maxBytes && this.#slots.size <= this.#maxEntries) break
      this.#delete(oldest)
    }
  }

  #delete(key: string): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    this.#slots.delete(key)
    this.#used.delete(key)
    this.#bytes -= slot.bytes
    const row = this.#rows.get(key)
    if (row !== undefined) {
      this.#rows.delete(key)
      this.#memoryBytes -= row.length + limits.ROW_OVERHEAD_BYTES
    }
    this.#disk?.drop(key)
    if (slot.after === slot) {
      this.#chunks.delete(slot.chunk)
      return
    }
    slot.before.after = slot.after
    slot.after.before = slot.before
    if (this.#chunks.get(slot.chunk) === slot) this.#chunks.set(slot.chunk, slot.after)
  }
}
