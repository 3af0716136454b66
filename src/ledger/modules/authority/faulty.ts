/** Who was removed for a fault and is to be taken up by the module of reviews, where the chain has one: it is told at the end of the block. */
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'

const { readCbor, readRow, readList, readHash, readBoolean } = ledgerReader

/** Stands on chains with reviews only, so that other chains replay to the same state. */
const REVIEWS_KEY = Uint8Array.of(13)
const QUEUE_KEY = Uint8Array.of(14)

export interface ReviewSettings {
  /** Whoever joins is a backup until all vote to promote it (N14). */
  readonly promotion: boolean
}

/** Undefined: nobody reviews nodes on this chain. */
export function reviewSettings(own: StateReader): ReviewSettings | undefined {
  const value = own.get(REVIEWS_KEY)
  if (value === undefined) return undefined
  const [promotion] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'reviews'), 1, 'reviews')
  return { promotion: readBoolean(promotion, 'promotion') }
}

/** From now on removed nodes wait for their repair. */
export function setReviews(own: Draft, { promotion }: ReviewSettings): void {
  own.set(REVIEWS_KEY, encodeCanonical([promotion]))
}

export function queueFault(own: Draft, account: Uint8Array): void {
  if (reviewSettings(own) === undefined) return
  own.set(QUEUE_KEY, encodeCanonical([...readQueue(own), account]))
}

/** Whom evidence has removed since this was called last. */
export function drainFaults(own: Draft): readonly Uint8Array[] {
  const all = readQueue(own)
  if (all.length > 0) own.delete(QUEUE_KEY)
  return all
}

function readQueue(own: StateReader): readonly Uint8Array[] {
  const value = own.get(QUEUE_KEY)
  if (value === undefined) return []
  return readList(readCbor(value, limits.MAX_VALUE_BYTES, 'queue'), limits.MAX_NODES, 'queue', (one) =>
    readHash(one, 'account'),
  )
}
