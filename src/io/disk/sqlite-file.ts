/**
 * One file of SQLite, with one table of keys and values: opened, checked, or put aside when it cannot be read; not deleted, since
 * what was kept can be had again, and a node that does not start helps nobody. It is ours alone while it is open.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ChordnsError, errorText, type Log } from '../../base/index.ts'
import { limits } from '../limits.ts'

export interface SqliteStoreOptions {
  readonly file: string
  /** The file never grows above it; a batch that would make it is refused with STORE_FULL. */
  readonly maxBytes: number
  readonly log: Log
  /** Unix ms, for the name of a file that is put aside. */
  readonly now: () => number
  /** Ms to wait for another process to let go of the file; the thread does nothing else meanwhile. */
  readonly patienceMs?: number
  /** A file that cannot be read stays where it is, and is an error: for those who only look. */
  readonly asItIs?: boolean
  /** Of a new file: a power of two. A file that is there keeps the pages that it has. Default: 4,096. */
  readonly pageBytes?: number
  /** Other threads of this process may read it meanwhile. */
  readonly isShared?: boolean
}

/** A file that is open. */
export interface SqliteFile {
  readonly database: DatabaseSync
  /** Twice is harmless. */
  close(): void
}

/** "chor": a file with another mark is somebody else's. */
const APPLICATION_ID = 0x63686f72
/** Of the table and the form of its values. What the rooms put in has versions of its own. */
const SCHEMA_VERSION = 1
const PAGE_BYTES = 4_096

/** Codes of SQLite that tell what to do. */
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/**
 * Opens the file, makes it if it is not there. Throws STORE_BUSY when another process has it open, STORE_UNAVAILABLE when it
 * can be neither read nor made (permissions, a full disk), or is of no use and may not be put aside.
 */
export function openSqliteFile(options: SqliteStoreOptions): SqliteFile {
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

/** Read only, beside whoever has it open `isShared` in this process. It never waits for a writer. */
export function openReader(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true, timeout: limits.STORE_BUSY_TIMEOUT_MS })
  } catch (error) {
    throw unavailable(file, errorText(error), error)
  }
}

/** The file, or why it must be put aside. Other failures are thrown. */
function tryOpen(options: SqliteStoreOptions): SqliteFile | { readonly why: string } {
  const { file, isShared = false } = options
  const timeout = options.patienceMs ?? limits.STORE_BUSY_TIMEOUT_MS
  const open: DatabaseSync[] = []
  const close = () => {
    for (const database of open.splice(0).reverse()) database.close()
  }
  try {
    if (isShared) open.push(lockBeside(file, timeout))
    const database = new DatabaseSync(file, { timeout })
    open.push(database)
    const why = prepare(database, options)
    if (why === undefined) return { database, close }
    close()
    return { why }
  } catch (error) {
    close()
    const code = sqliteCode(error)
    if (code === SQLITE_NOTADB || code === SQLITE_CORRUPT) return { why: errorText(error) }
    if (code === SQLITE_BUSY) {
      const text = `${file} is in use by another process: each node needs a data directory of its own`
      throw new ChordnsError('STORE_BUSY', text, { file }, { cause: error })
    }
    throw error
  }
}

/**
 * Whoever shares a file with readers cannot lock it against other processes by itself: an empty file beside it is locked instead. The
 * lock ends with the process, however it ends.
 */
function lockBeside(file: string, timeout: number): DatabaseSync {
  const beside = `${file}-lock`
  makePrivate(beside)
  const lock = new DatabaseSync(beside, { timeout })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (sqliteCode(error) === SQLITE_BUSY) throw error
    throw unavailable(beside, errorText(error), error)
  }
}

/** Sets the connection up. Returns why the file is not ours or not sound, if so. */
function prepare(
  database: DatabaseSync,
  { maxBytes, pageBytes = PAGE_BYTES, isShared = false }: SqliteStoreOptions,
): string | undefined {
  const pragma = (text: string) => Object.values(database.prepare(`PRAGMA ${text}`).get() ?? {})[0]
  // Before anything is read: nobody else may have the file open, and no -shm file is needed.
  if (!isShared) pragma('locking_mode = EXCLUSIVE')
  const application = pragma('application_id')
  const version = pragma('user_version')
  const isNew = application === 0 && version === 0 && pragma('page_count') === 0
  if (!isNew && application !== APPLICATION_ID) return 'a database of another program'
  if (!isNew && version !== SCHEMA_VERSION) return `schema version ${version} instead of ${SCHEMA_VERSION}`
  // Later it has no effect any more.
  if (isNew) pragma(`page_size = ${pageBytes}`)
  pragma('journal_mode = WAL')
  pragma('synchronous = NORMAL')
  pragma(`journal_size_limit = ${limits.STORE_LOG_BYTES}`)
  const page = Number(pragma('page_size'))
  pragma(`max_page_count = ${Math.floor(maxBytes / page)}`)
  // The log is folded back after as many bytes, whatever its pages are.
  pragma(`wal_autocheckpoint = ${Math.ceil(limits.STORE_FOLDED_BYTES / page)}`)
  if (isNew)
    database.exec(`BEGIN IMMEDIATE;
      CREATE TABLE pairs (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${SCHEMA_VERSION};
      COMMIT`)
  const check = pragma('quick_check(1)')
  return check === 'ok' ? undefined : String(check)
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

/** Work on an open file. What SQLite throws becomes STORE_FULL or STORE_FAILED. */
export function doing<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const sqlite = sqliteCode(cause)
    const code = sqlite === SQLITE_FULL ? 'STORE_FULL' : 'STORE_FAILED'
    throw new ChordnsError(code, `${file}: ${errorText(cause)}`, { file, sqlite }, { cause })
  }
}

function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  // The low byte; the rest says more of the same.
  return typeof code === 'number' ? code & 0xff : undefined
}
