/** All that this node keeps of its chains on disk, opened together. */
import type { Log, Random, Store } from '../../base/index.ts'
import { ChainBook } from './book.ts'
import { RecordTable } from './recorded.ts'
import { openSeals, type Seals, type SealsSince } from './seals.ts'
import { dataSections } from './sections.ts'

export interface ChainsDisk {
  readonly book: ChainBook
  readonly recorded: RecordTable
  readonly seals: Seals
  /** The blocks, as the engine keeps them. */
  readonly blocks: Store
  /** The records of the sign guard. */
  readonly votes: Store
}

/** `store`: the chains' part of data.db. `votes`: votes.db. Throws STORE_* when they cannot be read. */
export function openChainsDisk(store: Store, votes: Store, random: Random, log: Log, since: SealsSince): ChainsDisk {
  const sections = dataSections(store)
  const book = new ChainBook(sections.book, sections.blocks)
  const chains = book.all().map(({ chainId }) => chainId)
  const seals = openSeals(sections.seals, votes, chains, random, log, since)
  return { book, recorded: new RecordTable(sections.recorded), seals, blocks: sections.blocks, votes }
}
