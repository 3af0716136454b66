/**
 * Whether the sign guard's records are those of this node's chains. A mark stands in both files; where they differ, or the
 * records are gone, this node may have signed what it does not remember: it follows the chains that it has, and signs nothing
 * in them any more. New chains are not touched by that.
 */
import { concatBytes, equalBytes, isChordnsError, type Log, type Random, type Store } from '../../base/index.ts'

const KEY = { mark: 0, sealed: 1 } as const
const MARK_BYTES = 16
/** Where the mark stands in the votes: no chain id is that short. */
const VOTES_MARK = Uint8Array.of(0)

export interface Seals {
  isSealed(chainId: Uint8Array): boolean
  /** This node signs nothing in the chain any more. On disk when it returns. */
  seal(chainId: Uint8Array): void
  remove(chainId: Uint8Array): void
}

/** `store`: the marks' own part. `chains`: those that have blocks or were begun, as the store knows them. */
export function openSeals(store: Store, votes: Store, chains: readonly Uint8Array[], random: Random, log: Log): Seals {
  const ours = store.get(Uint8Array.of(KEY.mark))
  const theirs = markOf(votes)
  if (ours === undefined || theirs === undefined || !equalBytes(ours, theirs)) {
    if (ours !== undefined && chains.length > 0) {
      log.error(
        { chains: chains.length },
        'votes.db is not the one that belongs to data.db: this node follows its chunk chains, and signs nothing in them',
      )
      store.batch(
        chains.map((chainId) => ({ kind: 'put', key: sealKey(chainId), value: Uint8Array.of(1) })),
        { durable: true },
      )
    }
    const mark = theirs ?? random.bytes(MARK_BYTES)
    votes.batch([{ kind: 'put', key: VOTES_MARK, value: mark }], { durable: true })
    store.batch([{ kind: 'put', key: Uint8Array.of(KEY.mark), value: mark }], { durable: true })
  }
  return {
    isSealed: (chainId) => store.get(sealKey(chainId)) !== undefined,
    seal: (chainId) =>
      store.batch([{ kind: 'put', key: sealKey(chainId), value: Uint8Array.of(1) }], { durable: true }),
    remove: (chainId) => store.batch([{ kind: 'delete', key: sealKey(chainId) }], { durable: false }),
  }
}

function sealKey(chainId: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(KEY.sealed), chainId)
}

/** A mark that cannot be read is none: what else cannot be read there nobody knows. */
function markOf(votes: Store): Uint8Array | undefined {
  try {
    return votes.get(VOTES_MARK)
  } catch (error) {
    if (isChordnsError(error, 'STORE_FAILED')) return undefined
    throw error
  }
}
