/** Votes of endorsers, for who lists what is open. */
import type { CborValue } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { ledgerReader } from '../../refusal.ts'
import type { VotedOn } from '../../tally.ts'
import type { StateReader } from '../../types.ts'
import { ADMISSION } from './admission.ts'
import { VOTE_ENDORSER } from './payloads.ts'
import { openOnList, subjectFromValue, subjectText, subjectToValue } from './votes.ts'

const { readRow } = ledgerReader

export function openListVotes(state: StateReader, list: number): ReturnType<typeof openOnList> {
  return openOnList(readerOf(state, ADMISSION), list)
}

/** What a payload is a vote on, if it is one of this list. Refuses what is malformed. */
export function readListBallot(kind: number, fields: readonly CborValue[], list: number): VotedOn | undefined {
  if (kind !== VOTE_ENDORSER) return undefined
  const [number, field] = readRow(fields, 3, 'vote')
  if (number !== list) return undefined
  const subject = subjectFromValue(field)
  return { subject: subjectToValue(subject), text: subjectText(subject) }
}
