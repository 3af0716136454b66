/**
 * Agreed entries on disk: written when they are taken in, read again after a restart. What is read is a claim like any other:
 * nothing counts before its certificate convinces this node again, of the replica set that it computes by then. Only the
 * signatures are not checked twice where the row's seal shows that this node has written it. An entry whose signers it does
 * not know yet waits for them, until the entry expires.
 */
import { type Cancel, type Clock, errorText, isChordnsError, type Log } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { questionKey } from '../wire/question-key.ts'
import type { EntryClaim } from './entry.ts'
import type { Disk } from './entry-store.ts'
import { createRowFile, type RowFileDeps, type SealedRow } from './row-file.ts'
import { readRow } from './rows.ts'

export interface ArchiveDeps extends RowFileDeps {
  readonly clock: Clock
  readonly log: Log
}

export interface ArchiveHooks {
  /** Takes an entry in that convinces; returns false when it does not now. `isOwn`: this node has examined it before. */
  readonly admit: (entry: EntryClaim, isOwn: boolean) => boolean
}

export interface Archive extends Disk {
  /** Begins to read, a little at a time. */
  start(hooks: ArchiveHooks): void
  sweep(): void
  /** Whether there is still something to read, or to try again. */
  isReading(): boolean
  /** The ring changed: what waits is tried again, soon. */
  changed(): void
  stop(): void
  stats(): ArchiveStats
}

export interface ArchiveStats {
  /** Entries on disk, as far as they were read or written. */
  readonly archived: number
  /** Of those of the last run: that came back, and that wait for members who signed them. */
  readonly restored: number
  readonly waiting: number
}

export function createArchive(deps: ArchiveDeps): Archive {
  const { clock, log } = deps
  const file = createRowFile(deps)
  const waiting = new Set<string>()
  let admit: ArchiveHooks['admit'] = () => false
  let restored = 0
  let work: Cancel | undefined
  let retry: Cancel | undefined
  let stopped = false

  /** A slice of what is on disk, then the next: the node answers meanwhile. */
  function readFrom(rows: Iterator<readonly [string, SealedRow]>): void {
    work = undefined
    for (let i = 0; i < limits.ARCHIVE_SLICE; i++) {
      const next = rows.next()
      if (next.done === true) {
        file.sweep()
        log.info({ restored, waiting: waiting.size }, 'read the agreed entries of the last run')
        return
      }
      const [key, row] = next.value
      if (file.found(key)) tryRow(key, row)
    }
    work = clock.after(0, () => guarded(() => readFrom(rows)))
  }

  function tryWaiting(keys: Iterator<string>): void {
    work = undefined
    for (let i = 0; i < limits.ARCHIVE_SLICE; i++) {
      const next = keys.next()
      if (next.done === true) return
      const row = file.read(next.value)
      if (row === undefined) forget(next.value)
      else tryRow(next.value, row)
    }
    work = clock.after(0, () => guarded(() => tryWaiting(keys)))
  }

  function tryRow(key: string, { row, isOwn }: SealedRow): void {
    const entry = readRow(row)
    if (entry === undefined || entry.expires <= clock.now() || questionKey(entry.question) !== key) {
      forget(key)
      return
    }
    if (admit(entry, isOwn)) {
      waiting.delete(key)
      file.keep(key)
      restored++
    } else waiting.add(key)
  }

  function forget(key: string): void {
    waiting.delete(key)
    file.forget(key)
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

  function again(): void {
    retry = undefined
    if (stopped || waiting.size === 0) return
    if (work === undefined) guarded(() => tryWaiting([...waiting].values()))
    else retry = clock.after(limits.ARCHIVE_RETRY_MS, again)
  }

  return {
    start(hooks) {
      admit = hooks.admit
      guarded(() => readFrom(file.all()))
    },
    put(key, row) {
      waiting.delete(key)
      return file.put(key, row)
    },
    get: file.get,
    drop: file.drop,
    sweep() {
      if (stopped) return
      file.sweep()
      again()
    },
    isReading: () => work !== undefined || retry !== undefined,
    changed() {
      if (!stopped && waiting.size + (work === undefined ? 0 : 1) > 0)
        retry ??= clock.after(limits.ARCHIVE_RETRY_MS, again)
    },
    stop() {
      file.sweep()
      stopped = true
      work?.()
      retry?.()
    },
    stats: () => ({ archived: file.size, restored, waiting: waiting.size }),
  }
}
