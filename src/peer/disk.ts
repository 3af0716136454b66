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
import { StorePart } from './rooms.ts'

const FILE = 'data.db'
/** The sign guard of the chains, apart: whoever restores data from a backup must not restore this. */
const VOTES_FILE = 'votes.db'

export interface DiskDeps {
  readonly clock: Clock
  readonly log: Log
}

/** data.db, open: a store for each room that keeps something. */
export interface DataFile {
  readonly ring: Store
  readonly chunks: Store
  /** Signed answers of the chunks. */
  readonly proofs: Store
  readonly cache: Store
  /** Blocks of the chunk chains. */
  readonly chains: Store
  stats(): ReturnType<SqliteStore['stats']>
  close(): void
}

/** votes.db, open. */
export interface VotesFile extends Store {
  /** Records that were found damaged since it was opened. */
  damaged(): number
}

/**
 * Undefined for a resolver without a ring that cannot have the file: it says so, and goes on with what it has in memory. A
 * member of a ring throws STORE_BUSY or STORE_UNAVAILABLE: it would forget what it acknowledged, or be there twice.
 */
export function openDataFile(config: Config, { clock, log }: DiskDeps): DataFile | undefined {
  const isMember = config.ring.enabled && !config.ring.byDefault
  const open = () =>
    openSqliteStore({
      file: join(config.data, FILE),
      maxBytes: ioLimits.MAX_STORE_BYTES,
      log,
      now: () => clock.now(),
      ...(!isMember && { patienceMs: 0 }),
    })
  try {
    const store = open()
    return {
      ring: partOf(store, StorePart.RING),
      chunks: partOf(store, StorePart.CHUNKS),
      proofs: partOf(store, StorePart.PROOFS),
      cache: partOf(store, StorePart.CACHE),
      chains: partOf(store, StorePart.CHAINS),
      stats: () => store.stats(),
      close: () => store.close(),
    }
  } catch (error) {
    if (isMember || !isChordnsError(error)) throw error
    log.warn(
      { code: error.code, error: errorText(error) },
      'the cache will not outlive this process, and nobody can be invited',
    )
    return undefined
  }
}

function partOf(store: Store, part: StorePart): Store {
  return scopedStore(store, Uint8Array.of(part))
}

/** The votes of a member of a ring. Throws STORE_BUSY or STORE_UNAVAILABLE. */
export function openVotes({ data }: Pick<Config, 'data'>, { clock, log }: DiskDeps): VotesFile {
  return unforgetting(
    openSqliteStore({
      file: join(data, VOTES_FILE),
      maxBytes: ioLimits.MAX_VOTES_BYTES,
      log,
      now: () => clock.now(),
    }),
  )
}

/** A vote that cannot be read is not a vote that was never cast: `get` throws STORE_FAILED for a damaged value. */
function unforgetting(store: SqliteStore): VotesFile {
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

/** The chains of a node that does not run, to look at. */
export interface StoredChains {
  readonly chains: Store
  readonly votes: Store | undefined
  /** Records of both files that were found damaged since they were opened. */
  damaged(): number
  close(): void
}

/**
 * Nothing is made, nothing put aside. Undefined when there is nothing. Throws STORE_BUSY while the node runs, and
 * STORE_UNAVAILABLE when a file cannot be read.
 */
export function openStoredChains(data: string, log: Log): StoredChains | undefined {
  const open = (name: string, maxBytes: number) => {
    const file = join(data, name)
    if (!existsSync(file)) return undefined
    return openSqliteStore({ file, maxBytes, log, now: () => 0, patienceMs: 0, asItIs: true })
  }
  const store = open(FILE, ioLimits.MAX_STORE_BYTES)
  if (store === undefined) return undefined
  try {
    const votesFile = open(VOTES_FILE, ioLimits.MAX_VOTES_BYTES)
    const votes = votesFile && unforgetting(votesFile)
    return {
      chains: partOf(store, StorePart.CHAINS),
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
