/** What a node has still to do for the links of its chain, as the newest state says. */
import { chainLimits, type LinkedRecord } from '../../../chain/index.ts'
import type { CborValue } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { hasVoice } from '../../tally.ts'
import type { StateReader } from '../../types.ts'
import { voterTerm } from '../authority/view.ts'
import { CHAIN_TALLIES, forkOf, LINKS, linkedOf, type RecordedFork } from './records.ts'

/** Another chain that this one is to link. */
export interface LinkQuestion {
  readonly origin: string
  /** What nodes vote on: `linkChainSubject` of its genesis, or `renewLinkSubject`. */
  readonly subject: CborValue
}

export interface LinkState {
  /** Undefined: it is not linked yet. */
  readonly record: LinkedRecord | undefined
  readonly fork: RecordedFork | undefined
  /** What is linked says nothing any more: it must begin anew. */
  readonly isOver: boolean
  /** The account has a vote on the subject, which is open, and has not given it. */
  readonly owesVote: boolean
}

/** One for each chain, in their order. `account`: undefined when nobody's vote is asked about. */
export function linkStates(
  state: StateReader,
  {
    account,
    time,
    chains,
  }: {
    readonly account: Uint8Array | undefined
    /** Unix ms. */
    readonly time: number
    readonly chains: readonly LinkQuestion[]
  },
): LinkState[] {
  const own = readerOf(state, LINKS)
  const mayVote = account !== undefined && voterTerm(state, account) !== undefined
  return chains.map(({ origin, subject }) => {
    const record = linkedOf(state, origin)
    const isOver = record !== undefined && !record.isForked && time - record.time > chainLimits.TRUSTING_PERIOD_MS
    const isOpen = record === undefined || isOver
    const owesVote = isOpen && mayVote && !hasVoice(own, CHAIN_TALLIES, { subject, account, time })
    return { record, fork: forkOf(state, origin), isOver, owesVote }
  })
}
