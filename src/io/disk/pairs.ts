/** The table of keys and values, as one connection reads it: each value with a checksum, and long ranges by pages. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { concatBytes, type Log, piecesOf, type StoredBytes } from '../../base/index.ts'
import { limits } from '../limits.ts'

const CHECKSUM_BYTES = 4

export class PairsReader {
  readonly #file: string
  readonly #log: Log
  readonly #get: StatementSync
  readonly #first: StatementSync
  readonly #next: StatementSync
  #damaged = 0

  constructor(database: DatabaseSync, { file, log }: { readonly file: string; readonly log: Log }) {
    this.#file = file
    this.#log = log
    const page = limits.STORE_PAGE_PAIRS
    this.#get = database.prepare('SELECT value FROM pairs WHERE key = ?')
    this.#first = database.prepare(`SELECT key, value FROM pairs WHERE key >= ? ORDER BY key LIMIT ${page}`)
    this.#next = database.prepare(`SELECT key, value FROM pairs WHERE key > ? ORDER BY key LIMIT ${page}`)
  }

  /** Values that were found damaged. */
  get damaged(): number {
    return this.#damaged
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const row = this.#get.get(key)
    return row === undefined ? undefined : this.#checked(key, blob(row['value']))
  }

  /** By pages: a statement that stays open would keep the log of writes from being folded back. */
  *range(from: Uint8Array, to?: Uint8Array): Generator<readonly [Uint8Array, Uint8Array]> {
    let rows = this.#first.all(from)
    for (;;) {
      for (const row of rows) {
        const key = blob(row['key'])
        if (to !== undefined && Buffer.compare(key, to) >= 0) return
        const value = this.#checked(key, blob(row['value']))
        if (value !== undefined) yield [key, value]
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < limits.STORE_PAGE_PAIRS) return
      rows = this.#next.all(blob(last['key']))
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

/** As it is stored: value | CRC-32 of key and value. */
export function sealed(key: Uint8Array, value: StoredBytes): Uint8Array {
  const pieces = piecesOf(value)
  const checksum = new Uint8Array(CHECKSUM_BYTES)
  new DataView(checksum.buffer).setUint32(
    0,
    pieces.reduce((sum, piece) => crc32(piece, sum), crc32(key)),
  )
  return concatBytes(...pieces, checksum)
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
