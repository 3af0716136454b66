/**
 * Agreed entries on disk: written when they are taken in, read again after a restart. What is read is a claim like any other:
 * nothing counts before its certificate convinces this node again, of the replica set that it computes by then. Only the
 * signatures are not checked twice where the row's seal shows that this node has written it. An entry whose signers it does
 * not know yet waits for them, until the entry expires.
 */
import type { Clock } from '../../../base/index.ts'
import type { Disk } from '../entry-store.ts'
import { createRestoring, type Restoring } from './restoring.ts'
import { createRowFile, type RowFileDeps } from './row-file.ts'

export interface ArchiveDeps extends RowFileDeps {
  readonly clock: Clock
}

export interface ArchiveStats {
  /** Entries on disk, as far as they were read or written. */
  readonly archived: number
  /** Of those of the last run: that came back, and that wait for members who signed them. */
  readonly restored: number
  readonly waiting: number
}

export interface Archive extends Disk, Pick<Restoring, 'start' | 'isReading' | 'changed' | 'stop'> {
  /** Deletes what was dropped, and tries again what waits. */
  sweep(): void
  stats(): ArchiveStats
}

export function createArchive(deps: ArchiveDeps): Archive {
  const file = createRowFile(deps)
  const restoring = createRestoring({ ...deps, file })
  let stopped = false
  return {
    put(key, row, onLost) {
      restoring.forgetWaiting(key)
      file.put(key, row, onLost)
    },
    get: file.get,
    drop: file.drop,
    start: restoring.start,
    isReading: restoring.isReading,
    changed: restoring.changed,
    sweep() {
      if (stopped) return
      file.sweep()
      restoring.again()
    },
    stop() {
      file.sweep()
      stopped = true
      restoring.stop()
    },
    stats: () => ({ archived: file.size, ...restoring.stats() }),
  }
}
