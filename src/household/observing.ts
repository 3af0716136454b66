/** A copy is not a vote: what others have told lies in the cache as if it had been fetched here. */
import { ChordnsError } from '../base/index.ts'
import type { OwnFetch } from '../chunks/index.ts'
import type { Household } from './household.ts'

/**
 * Fetches for observations, but none while members tell each other, nor of what one of them told. There may be members in the ring
 * that count observations (`acceptFrom: "majority"`). Rejects with HOUSEHOLD_UNSIGNED then.
 */
export function ownFetchBeside(
  household: Pick<Household, 'isWhole' | 'sourceOf'> | undefined,
  ownFetch: OwnFetch,
): OwnFetch {
  if (household === undefined) return ownFetch
  return async (question, signal, how) => {
    if (household.isWhole() || household.sourceOf(question) !== undefined)
      throw new ChordnsError('HOUSEHOLD_UNSIGNED', 'a household does not sign what it knows', {})
    return ownFetch(question, signal, how)
  }
}
