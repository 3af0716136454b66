/**
 * `Store` over SQLite, by the thread that calls: each batch is on disk when it returns. For those who look at a node that does not
 * run, for tests, and for the thread that writes for a node that does (`background/`).
 */
import { statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { ChordnsError, type Store, type StoreWrite } from '../../base/index.ts'
import { PairsReader, sealed } from './pairs.ts'
import { doing, openSqliteFile, type SqliteFile, type SqliteStoreOptions } from './sqlite-file.ts'

export interface SqliteStore extends Store {
  /** Values that were found damaged since it was opened. */
  readonly damaged: number
  stats(): StoreStats
}

export interface StoreStats {
  /** Of the file and its log of writes. */
  readonly bytes: number
  readonly batches: number
  /** Ms spent in `batch` since the start, and the longest one. */
  readonly writeMs: number
  readonly longestWriteMs: number
  /** Values that were found damaged since the start. */
  readonly damaged: number
}

/** Opens the file, makes it if it is not there. Throws as `openSqliteFile` does. */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new OpenStore(openSqliteFile(options), options)
}

class OpenStore implements SqliteStore {
  readonly #open: SqliteFile
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #reader: PairsReader
  readonly #put: StatementSync
  readonly #delete: StatementSync
  #isDurable = false
  #batches = 0
  #writeMs = 0
  #longestWriteMs = 0

  constructor(open: SqliteFile, { file, log }: SqliteStoreOptions) {
    const { database } = open
    this.#open = open
    this.#database = database
    this.#file = file
    this.#reader = new PairsReader(database, { file, log })
    this.#put = database.prepare('INSERT OR REPLACE INTO pairs VALUES (?, ?)')
    this.#delete = database.prepare('DELETE FROM pairs WHERE key = ?')
  }

  get damaged(): number {
    return this.#reader.damaged
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#do(() => this.#reader.get(key))
  }

  batch(writes: readonly StoreWrite[], { durable }: { readonly durable: boolean }): void {
    if (writes.length === 0) return
    const started = performance.now()
    this.#do(() => {
      if (durable !== this.#isDurable) {
        this.#database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
        this.#isDurable = durable
      }
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        for (const write of writes) {
          if (write.kind === 'put') this.#put.run(write.key, sealed(write.key, write.value))
          else this.#delete.run(write.key)
        }
        this.#database.exec('COMMIT')
      } catch (error) {
        // Some failures end the transaction by themselves.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
    const elapsed = performance.now() - started
    this.#batches++
    this.#writeMs += elapsed
    this.#longestWriteMs = Math.max(this.#longestWriteMs, elapsed)
  }

  /** Batches are written when they return. */
  written(done: (failure?: Error) => void): void {
    done()
  }

  *range(from: Uint8Array, to?: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    const pairs = this.#reader.range(from, to)
    for (let pair = this.#do(() => pairs.next()); pair.done !== true; pair = this.#do(() => pairs.next()))
      yield pair.value
  }

  close(): void {
    this.#open.close()
  }

  stats() {
    const rounded = (ms: number) => Math.round(ms * 10) / 10
    return {
      bytes: bytesOnDisk(this.#file),
      batches: this.#batches,
      writeMs: rounded(this.#writeMs),
      longestWriteMs: rounded(this.#longestWriteMs),
      damaged: this.#reader.damaged,
    }
  }

  #do<T>(work: () => T): T {
    if (!this.#database.isOpen) throw new ChordnsError('STORE_CLOSED', 'the store is closed', { file: this.#file })
    return doing(this.#file, work)
  }
}

/** Of the file and its log of writes. */
export function bytesOnDisk(file: string): number {
  return fileBytes(file) + fileBytes(`${file}-wal`)
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
