/**
 * The cache between two runs: what is new is written now and then, and read again at the start. What is read was validated by this
 * node itself, under rules that must still hold: rows of other rules are dropped, as are those that expired, and those of a
 * clock that was ahead. A row never lives longer than the record did.
 */
import {
  type Cancel,
  type Clock,
  compareBytes,
  errorText,
  isChordnsError,
  type Log,
  type Store,
  type StoreWrite,
} from '../base/index.ts'
import { encodeCanonical } from '../crypto/index.ts'
import { limits } from './limits.ts'
import type { Cache, CacheContents } from './types.ts'
import { delegationRow, entryRow, expiryOf, KIND, type RowKind, restoreRow, rowKey } from './warm-rows.ts'

export interface WarmCacheDeps {
  readonly cache: Cache & CacheContents
  /** Its keys are the warm cache's alone. */
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** A digest of all that entries are fetched from and validated by: hints, anchors, stub and forward zones. */
  readonly rules: Uint8Array
}

export interface WarmCache {
  /** Begins to read, a little at a time, and to write. */
  start(): void
  /** Writes what is new, and ends. */
  stop(): void
  /** Nothing of what is on disk may come back: it was flushed, or the rules have changed. */
  forget(rules?: Uint8Array): void
  /** Rows that came back at the start, and those that are on disk now. */
  stats(): { readonly restored: number; readonly onDisk: number }
}

export function createWarmCache(deps: WarmCacheDeps): WarmCache {
  return new StoredCache(deps)
}

const RULES_KEY = Uint8Array.of(0)

class StoredCache implements WarmCache {
  readonly #deps: WarmCacheDeps
  #rules: Uint8Array
  readonly #rows: Record<RowKind, number> = { [KIND.entry]: 0, [KIND.delegation]: 0 }
  #restored = 0
  /** What was stored in memory before this, unix ms, is on disk. */
  #writtenUntil = Number.NEGATIVE_INFINITY
  #failing = false
  #stopped = false
  #next: Cancel | undefined

  constructor(deps: WarmCacheDeps) {
    this.#deps = deps
    this.#rules = deps.rules
  }

  start(): void {
    // What is read is on disk already.
    this.#writtenUntil = this.#deps.clock.now()
    this.#inSlices(this.#reading(), 'the cache of the last run cannot be read', () => this.#writeLater())
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#next?.()
    this.#guarded('the cache cannot be written to disk', () => {
      for (const _ of this.#writing());
    })
  }

  forget(changed?: Uint8Array): void {
    if (this.#stopped) return
    this.#next?.()
    this.#rules = changed ?? this.#rules
    this.#guarded('the cache on disk cannot be emptied', () => this.#erase())
    // What is in memory now holds under the rules of now.
    this.#writtenUntil = Number.NEGATIVE_INFINITY
    this.#writeLater()
  }

  stats(): { readonly restored: number; readonly onDisk: number } {
    return { restored: this.#restored, onDisk: this.#rows[KIND.entry] + this.#rows[KIND.delegation] }
  }

  *#reading(): Generator<void> {
    const { cache, store, clock, log } = this.#deps
    const known = store.get(RULES_KEY)
    if (known === undefined || compareBytes(known, this.#rules) !== 0) {
      this.#erase()
      return
    }
    let inSlice = 0
    for (const [key, value] of store.range(Uint8Array.of(KIND.entry), Uint8Array.of(KIND.delegation + 1))) {
      const kind = key[0] as RowKind
      this.#rows[kind]++
      if (expiryOf(key) > clock.now() && restoreRow(cache, kind, value, clock.now())) this.#restored++
      if (++inSlice % limits.WARM_SLICE === 0) yield
    }
    log.info({ restored: this.#restored }, 'read the cache of the last run')
  }

  *#writing(): Generator<void> {
    const since = this.#writtenUntil
    const began = this.#deps.clock.now()
    const until = began + limits.WARM_LEAST_MS
    for (const kind of Object.values(KIND)) {
      this.#sweep(kind)
      yield
    }
    yield* this.#writingEntries(since, until)
    this.#writeDelegations(since, until)
    this.#writtenUntil = began
  }

  /** Entries that were stored at `since` or later and hold beyond `until` (unix ms). */
  *#writingEntries(since: number, until: number): Generator<void> {
    const { cache } = this.#deps
    for (let part = 0; part < cache.parts(); part++) {
      const keys = cache.keysOf(part, since, until)
      for (let from = 0; from < keys.length; from += limits.WARM_SLICE) {
        const writes: StoreWrite[] = []
        for (const key of keys.slice(from, from + limits.WARM_SLICE)) {
          const found = cache.entryAt(key)
          if (found === undefined || this.#isFull(KIND.entry)) continue
          const value = entryRow(found.context, found.entry)
          if (value === undefined) continue
          this.#rows[KIND.entry]++
          writes.push({ kind: 'put', key: rowKey(KIND.entry, found.entry.expires, key), value })
        }
        this.#write(writes)
        yield
      }
    }
  }

  #writeDelegations(since: number, until: number): void {
    const writes: StoreWrite[] = []
    for (const { context, cached } of this.#deps.cache.delegations()) {
      if (cached.stored < since || cached.expires <= until || this.#isFull(KIND.delegation)) continue
      this.#rows[KIND.delegation]++
      const key = rowKey(KIND.delegation, cached.expires, encodeCanonical([context, cached.delegation.zone.wire]))
      writes.push({ kind: 'put', key, value: delegationRow(context, cached) })
    }
    this.#write(writes)
  }

  #isFull(kind: RowKind): boolean {
    return this.#rows[kind] >= limits.MAX_WARM_ROWS
  }

  /** Deletes what has expired: rows lie in the order of their expiry. */
  #sweep(kind: RowKind): void {
    const { store, clock } = this.#deps
    const gone: StoreWrite[] = []
    for (const [key] of store.range(Uint8Array.of(kind), rowKey(kind, clock.now(), new Uint8Array())))
      gone.push({ kind: 'delete', key })
    this.#write(gone)
    this.#rows[kind] -= gone.length
  }

  #erase(): void {
    const gone: StoreWrite[] = []
    for (const [key] of this.#deps.store.range(new Uint8Array())) gone.push({ kind: 'delete', key })
    this.#write([...gone, { kind: 'put', key: RULES_KEY, value: this.#rules }])
    this.#rows[KIND.entry] = 0
    this.#rows[KIND.delegation] = 0
  }

  #write(writes: readonly StoreWrite[]): void {
    if (writes.length > 0) this.#deps.store.batch(writes, { durable: false })
  }

  #writeLater(): void {
    this.#next = this.#deps.clock.after(limits.WARM_EVERY_MS, () =>
      this.#inSlices(this.#writing(), 'the cache cannot be written to disk', () => this.#writeLater()),
    )
  }

  /** Runs the slices of a work one after the other, answering stubs between them, and then `end`. */
  #inSlices(work: Iterator<void>, failure: string, end: () => void): void {
    if (this.#stopped) return
    this.#next = this.#deps.clock.after(0, () => {
      let done = true
      this.#guarded(failure, () => {
        done = work.next().done === true
      })
      if (this.#stopped) return
      if (done) end()
      // No more waits for the disk than one slice.
      else this.#deps.store.written(() => this.#inSlices(work, failure, end))
    })
  }

  /** A disk that fails is told once, as `failure`, and holds nobody up: all of it is in memory. */
  #guarded(failure: string, step: () => void): void {
    try {
      step()
      this.#failing = false
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (!this.#failing) this.#deps.log.error({ code: error.code, error: errorText(error) }, failure)
      this.#failing = true
    }
  }
}
