/**
 * A chain whose stored blocks do not lead to its head, or whose sign guard's record cannot be read, is passed over: what is stored of
 * it is dropped, and it is taken anew from the other replicas. The guard's record stays where it can be read, so that nothing is
 * signed twice; where it cannot, this node never signs in that chain again.
 */
import { isChordnsError } from '../../base/index.ts'
import { dropChain, retireVotes, storedRecord } from '../../chain/index.ts'
import { NO_TOTALS } from '../state/state.ts'
import type { KnownChain } from './book.ts'
import type { ChainsDisk } from './disk.ts'

/** Throws STORE_* when it cannot be written down. */
export function startOver({ book, blocks, votes, seals }: ChainsDisk, known: KnownChain): void {
  if (!hasReadableRecord(known, votes)) {
    seals.seal(known.chainId)
    retireVotes(known.chainId, votes)
  }
  dropChain(known.chainId, blocks)
  // The others have its blocks: it is not taken for one that was never begun.
  known.proven ||= known.totals.height > 0
  book.advance(known, NO_TOTALS, undefined)
}

function hasReadableRecord({ chainId }: KnownChain, votes: ChainsDisk['votes']): boolean {
  try {
    storedRecord(chainId, votes)
    return true
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) return false
    throw error
  }
}
