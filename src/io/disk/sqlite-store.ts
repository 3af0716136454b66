/**
 * `Store` over SQLite: one file, one table of keys and values. The file is ours alone while it is open, is never larger than
 * it may be, and one that cannot be read is put aside, not deleted: what was kept can be had again, a node that does not start
 * helps nobody.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { ChordnsError, concatBytes, errorText, type Log, type Store, type StoreWrite } from '../../base/index.ts'
import { limits } from '../limits.ts'

export interface SqliteStoreOptions {
  readonly file: string
  /** The file never grows above it; a batch that would make it is refused with STORE_FULL. */
  readonly maxBytes: number
  readonly log: Log
  /** Unix ms, for the name of a file that is put aside. */
  readonly now: () => number
  /** Ms to wait for another process to let go of the file; the process does nothing else meanwhile. */
  readonly patienceMs?: number
  /** A file that cannot be read stays where it is, and is an error: for those who only look. */
  readonly asItIs?: boolean
}

export interface SqliteStore extends Store {
  stats(): {
    /** Of the file and its log of writes. */
    readonly bytes: number
    readonly batches: number
    /** Ms spent in `batch` since the start, and the longest one. */
    readonly writeMs: number
    readonly longestWriteMs: number
    /** Values that were found damaged since the start. */
    readonly damaged: number
  }
}

/** "chor": a file with another mark is somebody else's. */
const APPLICATION_ID = 0x63686f72
/** Of the table and the form of its values. What the rooms put in has versions of its own. */
const SCHEMA_VERSION = 1
const PAGE_BYTES = 4_096
const CHECKSUM_BYTES = 4

/** Codes of SQLite that tell what to do. */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/**
 * Opens the file, makes it if it is not there. Throws STORE_BUSY when another process has it open, STORE_UNAVAILABLE when it
 * can be neither read nor made (permissions, a full disk), or is of no use and may not be put aside.
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { file, log } = options
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    makePrivate(file)
    const fault = tryOpen(options)
    if (!('why' in fault)) return fault
    if (options.asItIs) throw unavailable(file, fault.why)
    const aside = putAside(file, options.now())
    log.error(
      { file, aside, reason: fault.why },
      'the data file is of no use: it was put aside, and a new one is begun',
    )
    makePrivate(file)
    const fresh = tryOpen(options)
    if (!('why' in fresh)) return fresh
    throw unavailable(file, fresh.why)
  } catch (error) {
    if (error instanceof ChordnsError) throw error
    throw unavailable(file, errorText(error), error)
  }
}

/** The store, or why the file must be put aside. Other failures are thrown. */
function tryOpen(options: SqliteStoreOptions): SqliteStore | { readonly why: string } {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(options.file, { timeout: options.patienceMs ?? limits.STORE_BUSY_TIMEOUT_MS })
    const why = prepare(database, options.maxBytes)
    if (why === undefined) return new OpenStore(database, options)
    database.close()
    return { why }
  } catch (error) {
    if (database?.isOpen) database.close()
    const code = sqliteCode(error)
    if (code === SQLITE_NOTADB || code === SQLITE_CORRUPT) return { why: errorText(error) }
    if (code === SQLITE_BUSY) {
      const { file } = options
      const text = `${file} is in use by another process: each node needs a data directory of its own`
      throw new ChordnsError('STORE_BUSY', text, { file }, { cause: error })
    }
    throw error
  }
}

/** Sets the connection up. Returns why the file is not ours or not sound, if so. */
function prepare(database: DatabaseSync, maxBytes: number): string | undefined {
  const pragma = (text: string) => Object.values(database.prepare(`PRAGMA ${text}`).get() ?? {})[0]
  // Before anything is read: nobody else may have the file open, and no -shm file is needed.
  pragma('locking_mode = EXCLUSIVE')
  const application = pragma('application_id')
  const version = pragma('user_version')
  const isNew = application === 0 && version === 0 && pragma('page_count') === 0
  if (!isNew && application !== APPLICATION_ID) return 'a database of another program'
  if (!isNew && version !== SCHEMA_VERSION) return `schema version ${version} instead of ${SCHEMA_VERSION}`
  pragma('journal_mode = WAL')
  pragma('synchronous = NORMAL')
  pragma(`journal_size_limit = ${limits.STORE_LOG_BYTES}`)
  pragma(`max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`)
  if (isNew)
    database.exec(`BEGIN IMMEDIATE;
      CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${SCHEMA_VERSION};
      COMMIT`)
  const check = pragma('quick_check(1)')
  return check === 'ok' ? undefined : String(check)
}

class OpenStore implements SqliteStore {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #log: Log
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #first: StatementSync
  readonly #next: StatementSync
  #isDurable = false
  #batches = 0
  #writeMs = 0
  #longestWriteMs = 0
  #damaged = 0

  constructor(database: DatabaseSync, { file, log }: SqliteStoreOptions) {
    this.#database = database
    this.#file = file
    this.#log = log
    const page = limits.STORE_PAGE_PAIRS
    this.#get = database.prepare('SELECT value FROM pairs WHERE key = ?')
    this.#put = database.prepare('INSERT OR REPLACE INTO pairs VALUES (?, ?)')
    this.#delete = database.prepare('DELETE FROM pairs WHERE key = ?')
    this.#first = database.prepare(`SELECT key, value FROM pairs WHERE key >= ? ORDER BY key LIMIT ${page}`)
    this.#next = database.prepare(`SELECT key, value FROM pairs WHERE key > ? ORDER BY key LIMIT ${page}`)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const row = this.#do(() => this.#get.get(key))
    return row === undefined ? undefined : this.#checked(key, blob(row['value']))
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

  /** By pages: a statement that stays open would keep the log of writes from being folded back. */
  *range(from: Uint8Array, to?: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    let rows = this.#do(() => this.#first.all(from))
    for (;;) {
      for (const row of rows) {
        const key = blob(row['key'])
        if (to !== undefined && Buffer.compare(key, to) >= 0) return
        const value = this.#checked(key, blob(row['value']))
        if (value !== undefined) yield [key, value]
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < limits.STORE_PAGE_PAIRS) return
      rows = this.#do(() => this.#next.all(blob(last['key'])))
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  stats() {
    const bytes = fileBytes(this.#file) + fileBytes(`${this.#file}-wal`)
    const rounded = (ms: number) => Math.round(ms * 10) / 10
    return {
      bytes,
      batches: this.#batches,
      writeMs: rounded(this.#writeMs),
      longestWriteMs: rounded(this.#longestWriteMs),
      damaged: this.#damaged,
    }
  }

  #do<T>(work: () => T): T {
    if (!this.#database.isOpen) throw new ChordnsError('STORE_CLOSED', 'the store is closed', { file: this.#file })
    try {
      return work()
    } catch (cause) {
      const full = sqliteCode(cause) === SQLITE_FULL
      throw new ChordnsError(
        full ? 'STORE_FULL' : 'STORE_FAILED',
        `${this.#file}: ${errorText(cause)}`,
        { file: this.#file, sqlite: sqliteCode(cause) },
        { cause },
      )
    }
  }

  /** SQLite notices a torn page, not a bit that the disk turned. */
  #checked(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
    const value = opened(key, stored)
    if (value !== undefined) return value
    this.#damaged++
    if (this.#damaged === 1)
      this.#log.error({ file: this.#file }, 'a value in the data file is damaged: it is left out')
    return undefined
  }
}

/** value | CRC-32 of key and value. */
function sealed(key: Uint8Array, value: Uint8Array): Uint8Array {
  const checksum = new Uint8Array(CHECKSUM_BYTES)
  new DataView(checksum.buffer).setUint32(0, crc32(value, crc32(key)))
  return concatBytes(value, checksum)
}

function opened(key: Uint8Array, stored: Uint8Array): Uint8Array | undefined {
  const length = stored.length - CHECKSUM_BYTES
  if (length < 0) return undefined
  const value = stored.subarray(0, length)
  const checksum = new DataView(stored.buffer, stored.byteOffset + length).getUint32(0)
  return crc32(value, crc32(key)) === checksum ? value : undefined
}

function blob(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}

/** Who is asked, and what was resolved, is nobody else's business. SQLite gives its other files the mode of this one. */
function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
}

function putAside(file: string, now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]|\..*/g, '')
  let aside = `${file}.unreadable-${stamp}`
  for (let i = 2; existsSync(aside); i++) aside = `${file}.unreadable-${stamp}-${i}`
  // The log of writes belongs to the file: it goes first, so that a crash in between leaves no log to a new file.
  for (const suffix of ['-wal', '-shm', '']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  return aside
}

function unavailable(file: string, reason: string, cause?: unknown) {
  return new ChordnsError('STORE_UNAVAILABLE', `cannot open ${file}: ${reason}`, { file, reason }, { cause })
}

function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  // The low byte; the rest says more of the same.
  return typeof code === 'number' ? code & 0xff : undefined
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
