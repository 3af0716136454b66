/** What a node keeps between two runs: one file in the data directory, and which room's keys stand where in it. */
import { join } from 'node:path'
import { type Clock, errorText, isChordnsError, type Log, type Store, scopedStore } from './base/index.ts'
import type { Config } from './config/index.ts'
import { ioLimits, openSqliteStore, type SqliteStore } from './io/index.ts'

const FILE = 'data.db'

/** First byte of every key. Never given to another room: an old file may still hold the former one's. */
const Room = { RING: 1, CHUNKS: 2, CACHE: 3 } as const

export interface Kept {
  readonly ring: Store
  readonly chunks: Store
  readonly cache: Store
  stats(): ReturnType<SqliteStore['stats']>
  close(): void
}

/**
 * Undefined for a resolver without a ring that cannot have the file: it says so, and goes on with what it has in memory. A
 * member of a ring throws STORE_BUSY or STORE_UNAVAILABLE: it would forget what it acknowledged, or be there twice.
 */
export function openKept(config: Config, clock: Clock, log: Log): Kept | undefined {
  const open = () =>
    openSqliteStore({
      file: join(config.data, FILE),
      maxBytes: ioLimits.MAX_STORE_BYTES,
      log,
      now: () => clock.now(),
      ...(!config.ring.enabled && { patienceMs: 0 }),
    })
  try {
    const store = open()
    const part = (room: number) => scopedStore(store, Uint8Array.of(room))
    return {
      ring: part(Room.RING),
      chunks: part(Room.CHUNKS),
      cache: part(Room.CACHE),
      stats: () => store.stats(),
      close: () => store.close(),
    }
  } catch (error) {
    if (config.ring.enabled || !isChordnsError(error)) throw error
    log.warn({ code: error.code, error: errorText(error) }, 'the cache will not outlive this process')
    return undefined
  }
}
