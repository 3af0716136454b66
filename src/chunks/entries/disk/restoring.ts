/** The return of agreed entries after a restart: a little at a time, and again when the ring has changed. */
import type { Cancel, Clock, Log } from '../../../base/index.ts'
import { limits } from '../../limits.ts'
import { questionKey } from '../../wire/question-key.ts'
import type { EntryClaim } from '../entry.ts'
import { readRow } from '../rows.ts'
import type { RowFile, SealedRow } from './row-file.ts'
import { createSlices } from './slices.ts'

export interface RestoringDeps {
  readonly clock: Clock
  readonly log: Log
  readonly file: RowFile
}

export interface RestoringHooks {
  /** Takes an entry in that convinces; returns false when it does not now. `isOwn`: this node has examined it before. */
  readonly admit: (entry: EntryClaim, isOwn: boolean) => boolean
}

export interface Restoring {
  /** Begins to read. */
  start(hooks: RestoringHooks): void
  /** An entry of this question came meanwhile, so the row of the last run does not wait any more. */
  forgetWaiting(key: string): void
  /** Tries again what waits. */
  again(): void
  /** Whether there is still something to read, or to try again. */
  isReading(): boolean
  /** The ring changed: what waits is tried again, soon. */
  changed(): void
  stop(): void
  stats(): { readonly restored: number; readonly waiting: number }
}

export function createRestoring({ clock, log, file }: RestoringDeps): Restoring {
  const waiting = new Set<string>()
  const slices = createSlices(clock, log)
  let admit: RestoringHooks['admit'] = () => false
  let restored = 0
  let retry: Cancel | undefined
  let stopped = false

  function tryRow(key: string, row: SealedRow | undefined): void {
    const entry = row && readRow(row.row)
    const isGone = entry === undefined || entry.expires <= clock.now() || questionKey(entry.question) !== key
    if (!isGone && !admit(entry, row!.isOwn)) {
      waiting.add(key)
      return
    }
    waiting.delete(key)
    if (isGone) file.forget(key)
    else {
      file.keep(key)
      restored++
    }
  }

  function again(): void {
    retry = undefined
    if (stopped || waiting.size === 0) return
    if (slices.isWorking) retry = clock.after(limits.ARCHIVE_RETRY_MS, again)
    else slices.begin([...waiting].values(), (key) => tryRow(key, file.read(key)))
  }

  return {
    start(hooks) {
      admit = hooks.admit
      const tryFound = ([key, row]: readonly [string, SealedRow]) => {
        if (file.found(key)) tryRow(key, row)
      }
      const end = () => {
        file.sweep()
        log.info({ restored, waiting: waiting.size }, 'read the agreed entries of the last run')
      }
      slices.begin(file.all(), tryFound, end)
    },
    forgetWaiting: (key) => void waiting.delete(key),
    again,
    isReading: () => slices.isWorking || retry !== undefined,
    changed() {
      if (!stopped && (waiting.size > 0 || slices.isWorking)) retry ??= clock.after(limits.ARCHIVE_RETRY_MS, again)
    },
    stop() {
      stopped = true
      slices.stop()
      retry?.()
    },
    stats: () => ({ restored, waiting: waiting.size }),
  }
}
