/** Whether the asker of a pull lacks an entry, by what it says of its own. Pure. */
import type { EntrySummary } from '../entries/entry.ts'
import { limits } from '../limits.ts'
import type { Marked } from '../wire/pull-messages.ts'

/**
 * Of one content, a later entry is new to the asker, unless it is of the same round: an entry is dated by the signers that count, and
 * two nodes with different tables count different signers. Of two contents dated close together both sides are to see both: each
 * then keeps the one that all prefer (`entries/order.ts`).
 */
export function lacksEntry(theirs: Marked | undefined, { seen, tag }: Pick<EntrySummary, 'seen' | 'tag'>): boolean {
  if (theirs === undefined) return true
  const isSame = theirs.tag === undefined || theirs.tag === tag
  return isSame ? theirs.at <= seen - limits.SAME_ROUND_MS : theirs.at <= seen + limits.SAME_ROUND_MS
}

/** The same for a signed answer: one of another content is new, and so is one that lasts for twice as long. `now` is unix ms. */
export function lacksProof(
  theirs: Marked | undefined,
  { expires, tag }: { readonly expires: number; readonly tag: number },
  now: number,
): boolean {
  if (theirs === undefined) return true
  if (theirs.tag === undefined) return theirs.at <= expires - limits.SAME_ROUND_MS
  return theirs.tag !== tag || theirs.at - now < (expires - now) / 2
}
