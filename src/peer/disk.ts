/** What a node keeps between two runs: the files in the data directory, and which room's keys stand where in them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  ChordnsError,
  type Clock,
  errorText,
  isChordnsError,
  type Log,
  type Store,
  scopedStore,
} from '../base/index.ts'
import type { Config } from '../config/index.ts'
import { ioLimits, openSqliteStore, type SqliteStore } from '../io/index.ts'

const FILE = 'data.db'
/** The sign guard of the chains, apart: whoever restores data from a backup must not restore this. */
const VOTES_FILE = 'votes.db'

/** First byte of every key. Never given to another room: an old file may still hold the former one's. */
const Room = { RING: 1, CHUNKS: 2, CACHE: 3, CHAINS: 4 } as const

export interface Kept {
  readonly ring: Store
  readonly chunks: Store
  readonly cache: Store
  /** Blocks of the chunk chains. */
  readonly chains: Store
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
      chains: part(Room.CHAINS),
      stats: () => store.stats(),
      close: () => store.close(),
    }
  } catch (error) {
    if (config.ring.enabled || !isChordnsError(error)) throw error
    log.warn({ code: error.code, error: errorText(error) }, 'the cache will not outlive this process')
    return undefined
  }
}

/** The votes of a member of a ring. Throws STORE_BUSY or STORE_UNAVAILABLE. */
export function openVotes(config: Config, clock: Clock, log: Log): Store & { damaged(): number } {
  return unforgetting(
    openSqliteStore({
      file: join(config.data, VOTES_FILE),
      maxBytes: ioLimits.MAX_VOTES_BYTES,
      log,
      now: () => clock.now(),
    }),
  )
}

/** A vote that cannot be read is not a vote that was never cast: `get` throws STORE_FAILED for a damaged value. */
function unforgetting(store: SqliteStore): Store & { damaged(): number } {
  const damaged = () => store.stats().damaged
  return {
    get(key) {
      const before = damaged()
      const value = store.get(key)
      if (value === undefined && damaged() > before)
        throw new ChordnsError('STORE_FAILED', `${VOTES_FILE}: a record is damaged`, { file: VOTES_FILE })
      return value
    },
    batch: (writes, options) => store.batch(writes, options),
    range: (from, to) => store.range(from, to),
    close: () => store.close(),
    damaged,
  }
}

/**
 * The chains of a node that does not run, to look at: nothing is made, nothing put aside. Undefined when there is nothing.
 * Throws STORE_BUSY while the node runs, and STORE_UNAVAILABLE when a file cannot be read.
 */
export function openKeptChains(
  data: string,
  log: Log,
): { readonly chains: Store; readonly votes: Store | undefined; damaged(): number; close(): void } | undefined {
  const open = (name: string) => {
    const file = join(data, name)
    const maxBytes = name === FILE ? ioLimits.MAX_STORE_BYTES : ioLimits.MAX_VOTES_BYTES
    return existsSync(file)
      ? openSqliteStore({ file, maxBytes, log, now: () => 0, patienceMs: 0, asItIs: true })
      : undefined
  }
  const store = open(FILE)
  if (store === undefined) return undefined
  try {
    const votesFile = open(VOTES_FILE)
    const votes = votesFile && unforgetting(votesFile)
    return {
      chains: scopedStore(store, Uint8Array.of(Room.CHAINS)),
      votes,
      damaged: () => store.stats().damaged + (votes?.damaged() ?? 0),
      close() {
        store.close()
        votes?.close()
      },
    }
  } catch (error) {
    store.close()
    throw error
  }
}
