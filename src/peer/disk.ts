/** What a node keeps between two runs: the files in the data directory, and which room's keys stand where in them. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ChordnsError, errorText, isChordnsError, type Log, type Store, scopedStore, settled } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import { type BackgroundStore, type DiskThread, ioLimits, openSqliteStore, startDiskThread } from '../io/index.ts'
import { LedgerPart, StorePart, VotesPart } from './rooms.ts'

const FILE = 'data.db'
/** The sign guard of the chains, apart: whoever restores data from a backup must not restore this. */
const VOTES_FILE = 'votes.db'
export const LEDGER_DIRECTORY = 'ledger'

export interface DiskDeps {
  readonly log: Log
}

export interface DiskHooks {
  /** Nothing is written any more. Owes that the node stops. */
  readonly onBroken: (failure: ChordnsError) => void
}

/** data.db, open: a store for each room that keeps something. Another thread writes it, and votes.db. */
export interface DataFile {
  readonly ring: Store
  readonly chunks: Store
  /** Signed answers of the chunks. */
  readonly proofs: Store
  readonly cache: Store
  /** Delegations that outlive their removal. */
  readonly kept: Store
  /** Blocks of the chunk chains. */
  readonly chains: Store
  /** What the boxes of a household have in common. */
  readonly settings: Store
  /** Values that were found damaged since it was opened. */
  readonly damaged: number
  stats(): ReturnType<BackgroundStore['stats']>
  /** Opens the votes of a member of a ring. Rejects with STORE_BUSY or STORE_UNAVAILABLE. */
  openVotes(): Promise<VotesFile>
  /** Opens what the ledgers keep beside their states. Rejects with STORE_BUSY or STORE_UNAVAILABLE. */
  openLedgers(): Promise<LedgerFiles>
  /** Resolves once all that was written so far, by all rooms, is on disk. */
  settled(): Promise<void>
  /** Closes the votes, too; all that was written is on disk when it resolves. */
  close(): Promise<void>
}

/** Blocks and sets of the ledgers, what was followed of them, and the sign guard of their voting key. */
export interface LedgerFiles {
  readonly blocks: Store
  readonly sets: Store
  readonly followed: Store
  /** Proofs of anchored names, and the last list of an endorsed ring with its proof. */
  readonly names: Store
  readonly lists: Store
  /** Checkpoints that were cosigned, and what this node witnessed of other logs. */
  readonly cosigned: Store
  readonly witnessed: Store
  readonly votes: Store
  /** That this file belongs to a voting key. */
  readonly marks: Store
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
export async function openDataFile(config: Config, { log }: DiskDeps, hooks: DiskHooks): Promise<DataFile | undefined> {
  const isMember = config.ring.enabled && !config.ring.byDefault
  const thread = startDiskThread({ log }, hooks)
  try {
    const store = await thread.open({
      file: join(config.data, FILE),
      maxBytes: ioLimits.MAX_STORE_BYTES,
      ...(!isMember && { patienceMs: 0 }),
    })
    return dataFile(store, thread, config.data)
  } catch (error) {
    await thread.close()
    if (isMember || !isChordnsError(error)) throw error
    log.warn(
      { code: error.code, error: errorText(error) },
      'the cache will not outlive this process, and nobody can be invited',
    )
    return undefined
  }
}

function dataFile(store: BackgroundStore, thread: DiskThread, data: string): DataFile {
  let votes: BackgroundStore | undefined
  let ledgerFiles: readonly BackgroundStore[] = []
  return {
    ring: partOf(store, StorePart.RING),
    chunks: partOf(store, StorePart.CHUNKS),
    proofs: partOf(store, StorePart.PROOFS),
    cache: partOf(store, StorePart.CACHE),
    kept: partOf(store, StorePart.KEPT),
    chains: partOf(store, StorePart.CHAINS),
    settings: partOf(store, StorePart.SETTINGS),
    get damaged() {
      return store.damaged
    },
    stats: () => store.stats(),
    async openVotes() {
      votes = await thread.open({ file: join(data, VOTES_FILE), maxBytes: ioLimits.MAX_VOTES_BYTES })
      return unforgetting(votes)
    },
    async openLedgers() {
      const directory = join(data, LEDGER_DIRECTORY)
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      const all = await thread.open({
        file: join(directory, 'blocks.db'),
        maxBytes: ioLimits.MAX_LEDGER_BLOCKS_BYTES,
        pageBytes: ioLimits.LEDGER_BLOCKS_PAGE_BYTES,
      })
      const guard = await thread.open({ file: join(directory, VOTES_FILE), maxBytes: ioLimits.MAX_VOTES_BYTES })
      ledgerFiles = [all, guard]
      const signed = unforgetting(guard)
      return {
        blocks: scopedStore(all, Uint8Array.of(LedgerPart.BLOCKS)),
        sets: scopedStore(all, Uint8Array.of(LedgerPart.SETS)),
        followed: scopedStore(all, Uint8Array.of(LedgerPart.FOLLOWED)),
        names: scopedStore(all, Uint8Array.of(LedgerPart.NAMES)),
        lists: scopedStore(all, Uint8Array.of(LedgerPart.LISTS)),
        cosigned: scopedStore(signed, Uint8Array.of(VotesPart.COSIGNED)),
        witnessed: scopedStore(signed, Uint8Array.of(VotesPart.WITNESSED)),
        votes: scopedStore(signed, Uint8Array.of(VotesPart.GUARD)),
        marks: scopedStore(signed, Uint8Array.of(VotesPart.MARKS)),
      }
    },
    async settled() {
      for (const file of ledgerFiles) await settled(file)
      await settled(store)
      if (votes !== undefined) await settled(votes)
    },
    close: () => thread.close(),
  }
}

function partOf(store: Store, part: StorePart): Store {
  return scopedStore(store, Uint8Array.of(part))
}

/** A vote that cannot be read is not a vote that was never cast: `get` throws STORE_FAILED for a damaged value. */
function unforgetting(store: Store & { readonly damaged: number }): VotesFile {
  const damaged = () => store.damaged
  return {
    get(key) {
      const before = damaged()
      const value = store.get(key)
      if (value === undefined && damaged() > before)
        throw new ChordnsError('STORE_FAILED', `${VOTES_FILE}: a record is damaged`, { file: VOTES_FILE })
      return value
    },
    batch: (writes, options) => store.batch(writes, options),
    written: (done) => store.written(done),
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
      damaged: () => store.damaged + (votes?.damaged() ?? 0),
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
