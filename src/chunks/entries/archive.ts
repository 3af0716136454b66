/**
 * Agreed entries on disk: written when they are accepted, read again after a restart. What is read is a claim like any other:
 * nothing counts before its certificate convinces this node again, of the replica set that it computes by then. Only the
 * signatures are not checked twice where the row's seal shows that this node has written it. An entry whose signers it does
 * not know yet waits for them, until the entry expires.
 */
import {
  type Cancel,
  type Clock,
  errorText,
  fromLatin1,
  isChordnsError,
  type Log,
  latin1,
  type Store,
  type StoreWrite,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { questionKey } from './bounded-map.ts'
import type { Disk } from './entry-store.ts'
import type { RowSeal } from './row-seal.ts'
import { type ArchivedEntry, readRow } from './rows.ts'

export interface ArchiveModules {
  /** Its keys are the archive's alone. */
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly seal: RowSeal
  /** Takes an entry that convinces; false: not now. `isOwn`: this node has examined it before. */
  readonly admit: (entry: ArchivedEntry, isOwn: boolean) => boolean
}

export interface Archive extends Disk {
  /** Begins to read, a little at a time. */
  start(): void
  sweep(): void
  /** Whether there is still something to read, or to try again. */
  isReading(): boolean
  /** The ring changed: what waits is tried again, soon. */
  changed(): void
  stop(): void
  /** `entries` on disk as far as they were read or written, those that came back, those that wait. */
  stats(): { readonly archived: number; readonly restored: number; readonly waiting: number }
}

export function createArchive({ store, clock, log, seal, admit }: ArchiveModules): Archive {
  const present = new Set<string>()
  const waiting = new Set<string>()
  const dropped = new Set<string>()
  let restored = 0
  let failing = false
  let work: Cancel | undefined
  let retry: Cancel | undefined
  let stopped = false

  function write(writes: readonly StoreWrite[]): boolean {
    try {
      store.batch(writes, { durable: false })
      failing = false
      return true
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (!failing) log.error({ code: error.code, error: errorText(error) }, 'agreed entries cannot be written to disk')
      failing = true
      return false
    }
  }

  /** A slice of what is on disk, then the next: the node answers meanwhile. */
  function readFrom(rows: Iterator<readonly [Uint8Array, Uint8Array]>): void {
    work = undefined
    for (let i = 0; i < limits.ARCHIVE_SLICE; i++) {
      const next = rows.next()
      if (next.done === true) {
        sweep()
        log.info({ restored, waiting: waiting.size }, 'read the agreed entries of the last run')
        return
      }
      const [key, value] = next.value
      const text = latin1(key)
      if (present.has(text) || dropped.has(text)) continue
      present.add(text)
      tryRow(text, value)
    }
    work = clock.after(0, () => guarded(() => readFrom(rows)))
  }

  function tryWaiting(keys: Iterator<string>): void {
    work = undefined
    for (let i = 0; i < limits.ARCHIVE_SLICE; i++) {
      const next = keys.next()
      if (next.done === true) return
      const value = store.get(fromLatin1(next.value))
      if (value === undefined) forget(next.value)
      else tryRow(next.value, value)
    }
    work = clock.after(0, () => guarded(() => tryWaiting(keys)))
  }

  function tryRow(key: string, value: Uint8Array): void {
    const { row, isOwn } = seal.unwrap(value)
    const entry = readRow(row)
    if (entry === undefined || entry.expires <= clock.now() || questionKey(entry.question) !== key) {
      forget(key)
      return
    }
    if (admit(entry, isOwn)) {
      waiting.delete(key)
      dropped.delete(key)
      restored++
    } else waiting.add(key)
  }

  function guarded(step: () => void): void {
    if (stopped) return
    try {
      step()
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.error({ code: error.code, error: errorText(error) }, 'the agreed entries of the last run cannot be read')
    }
  }

  function forget(key: string): void {
    waiting.delete(key)
    dropped.add(key)
  }

  function sweep(): void {
    if (dropped.size === 0) return
    write([...dropped].map((key) => ({ kind: 'delete', key: fromLatin1(key) })))
    for (const key of dropped) present.delete(key)
    dropped.clear()
  }

  function again(): void {
    retry = undefined
    if (stopped || waiting.size === 0) return
    if (work === undefined) guarded(() => tryWaiting([...waiting].values()))
    else retry = clock.after(limits.ARCHIVE_RETRY_MS, again)
  }

  return {
    start() {
      guarded(() => readFrom(store.range(new Uint8Array())[Symbol.iterator]()))
    },
    put(key, row) {
      waiting.delete(key)
      dropped.delete(key)
      present.add(key)
      return write([{ kind: 'put', key: fromLatin1(key), value: seal.wrap(row) }])
    },
    get(key) {
      try {
        const value = store.get(fromLatin1(key))
        return value && seal.unwrap(value).row
      } catch (error) {
        if (!isChordnsError(error)) throw error
        if (!failing) log.error({ code: error.code, error: errorText(error) }, 'agreed entries cannot be read')
        failing = true
        return undefined
      }
    },
    drop(key) {
      if (present.has(key)) dropped.add(key)
    },
    sweep() {
      if (stopped) return
      sweep()
      again()
    },
    isReading: () => work !== undefined || retry !== undefined,
    changed() {
      if (!stopped && waiting.size + (work === undefined ? 0 : 1) > 0)
        retry ??= clock.after(limits.ARCHIVE_RETRY_MS, again)
    },
    stop() {
      sweep()
      stopped = true
      work?.()
      retry?.()
    },
    stats: () => ({ archived: present.size, restored, waiting: waiting.size }),
  }
}
