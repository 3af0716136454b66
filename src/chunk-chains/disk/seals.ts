/**
 * Whether the sign guard's records are those of this node's chains, and of its key. A mark stands in both files; where they differ, or
 * the records are gone, or both files are new and the key is not, this node may have signed what it does not remember. It signs
 * nothing in the chains that it has, nor in those that it hears of within a day: a chain that was there before is full by then. What
 * it follows so it never signs in; chains that begin later are not touched by that.
 */
import {
  type Clock,
  concatBytes,
  equalBytes,
  isChordnsError,
  type Log,
  type Random,
  type Store,
} from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { readCbor, readInteger } from '../state/reading.ts'

const KEY = { mark: 0, sealed: 1, until: 2 } as const
const MARK_BYTES = 16
/** Where the mark stands in the votes: no chain id is that short. */
const VOTES_MARK = Uint8Array.of(0)

export interface Seals {
  isSealed(chainId: Uint8Array): boolean
  /** This node signs nothing in the chain any more. On disk when it returns. */
  seal(chainId: Uint8Array): void
}

export interface SealsSince {
  readonly clock: Pick<Clock, 'now'>
  /** The key has been used in chains before. */
  readonly isUsedKey: boolean
}

/** `store`: the marks' own part. `chains`: those that have blocks or were begun, as the store knows them. */
export function openSeals(
  store: Store,
  votes: Store,
  chains: readonly Uint8Array[],
  random: Random,
  log: Log,
  { clock, isUsedKey }: SealsSince,
): Seals {
  const ours = store.get(Uint8Array.of(KEY.mark))
  const theirs = markOf(votes)
  if (ours === undefined || theirs === undefined || !equalBytes(ours, theirs)) {
    const isForgotten = ours !== undefined || (theirs === undefined && isUsedKey)
    if (isForgotten) {
      log.error(
        { chains: chains.length },
        'votes.db is not the one that belongs to data.db and to this key: this node follows its chunk chains, and signs nothing in them for a day',
      )
      const until = clock.now() + limits.MAX_CHAIN_MS + limits.FULL_SKEW_MS
      store.batch(
        [
          ...chains.map((chainId) => ({ kind: 'put', key: sealKey(chainId), value: Uint8Array.of(1) }) as const),
          { kind: 'put', key: Uint8Array.of(KEY.until), value: encodeCanonical(until) },
        ],
        { durable: true },
      )
    }
    const mark = theirs ?? random.bytes(MARK_BYTES)
    votes.batch([{ kind: 'put', key: VOTES_MARK, value: mark }], { durable: true })
    store.batch([{ kind: 'put', key: Uint8Array.of(KEY.mark), value: mark }], { durable: true })
  }
  const stored = store.get(Uint8Array.of(KEY.until))
  const until = stored === undefined ? 0 : readInteger(readCbor(stored, 16, 'time'), 0, Number.MAX_SAFE_INTEGER, 'time')
  const seal = (chainId: Uint8Array) =>
    store.batch([{ kind: 'put', key: sealKey(chainId), value: Uint8Array.of(1) }], { durable: true })
  return {
    isSealed(chainId) {
      if (store.get(sealKey(chainId)) !== undefined) return true
      if (clock.now() >= until) return false
      seal(chainId)
      return true
    },
    seal,
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
