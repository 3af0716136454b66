/** The rows of agreed entries on the disk: handed to it at once, deleted together with the next sweep. */
import {
  errorText,
  fromLatin1,
  isChordnsError,
  type Log,
  latin1,
  type Store,
  type StoreWrite,
} from '../../../base/index.ts'
import type { Disk } from '../entry-store.ts'
import type { RowSeal } from './row-seal.ts'

export interface RowFileDeps {
  /** Its keys are this file's alone. */
  readonly store: Store
  readonly log: Log
  readonly seal: RowSeal
}

/** A row, and whether its seal shows that this node wrote it. */
export type SealedRow = ReturnType<RowSeal['unwrap']>

export interface RowFile extends Disk {
  /** Rows as they lie there, in the order of their keys. Throws the errors of the store. */
  all(): Iterator<readonly [string, SealedRow]>
  /** Throws the errors of the store. */
  read(key: string): SealedRow | undefined
  /** A row that was found on the disk; false: it is known already, or was dropped. */
  found(key: string): boolean
  /** The row is not to be deleted, though it was dropped. */
  keep(key: string): void
  /** To be deleted with the next sweep, as `drop`, whether it was found before or not. */
  forget(key: string): void
  /** Deletes what was dropped. */
  sweep(): void
  /** Rows as far as they were found or written. */
  readonly size: number
}

export function createRowFile({ store, log, seal }: RowFileDeps): RowFile {
  const present = new Set<string>()
  const dropped = new Set<string>()
  let failing = false

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

  function read(key: string): SealedRow | undefined {
    const value = store.get(fromLatin1(key))
    return value && seal.unwrap(value)
  }

  function* all(): Generator<readonly [string, SealedRow]> {
    for (const [key, value] of store.range(new Uint8Array())) yield [latin1(key), seal.unwrap(value)]
  }

  return {
    put(key, row, onLost) {
      dropped.delete(key)
      present.add(key)
      if (!write([{ kind: 'put', key: fromLatin1(key), value: seal.wrap(row) }])) return onLost()
      store.written((failure) => {
        if (failure !== undefined) onLost()
      })
    },
    get(key) {
      try {
        return read(key)?.row
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
    all,
    read,
    found(key) {
      if (present.has(key) || dropped.has(key)) return false
      present.add(key)
      return true
    },
    keep: (key) => void dropped.delete(key),
    forget: (key) => void dropped.add(key),
    sweep() {
      if (dropped.size === 0) return
      write([...dropped].map((key) => ({ kind: 'delete', key: fromLatin1(key) })))
      for (const key of dropped) present.delete(key)
      dropped.clear()
    },
    get size() {
      return present.size
    },
  }
}
