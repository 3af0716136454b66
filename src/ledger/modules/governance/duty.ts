/** What a member has still to reply to reviews, as the newest state says. */
import { equalBytes } from '../../../base/index.ts'
import type { StateReader } from '../../types.ts'
import { networkNodeOf, voterTerm } from '../authority/view.ts'
import type { Reason } from './kinds.ts'
import { motionsOf } from './view.ts'

export interface OpenReview {
  readonly motion: number
  readonly account: Uint8Array
  readonly reason: Reason
  readonly heights: readonly number[]
  /** By what the accused is known in sets; undefined: it brought no voting key, or is no node any more. */
  readonly accusedId: Uint8Array | undefined
  /** It had a seat for an epoch and signed nothing. */
  readonly isIdle: boolean
  /** Undefined: this member has said nothing yet. */
  readonly reply: boolean | undefined
}

export interface ReviewState {
  readonly mayReply: boolean
  readonly open: readonly OpenReview[]
}

/** `account`: who asks. */
export function reviewQuestion(state: StateReader, account: Uint8Array): ReviewState {
  const isOwn = (voice: { readonly account: Uint8Array }) => equalBytes(voice.account, account)
  const open = motionsOf(state).flatMap(({ number: motion, subject, inFavour, against }) => {
    if (subject.kind !== 'remove') return []
    const node = networkNodeOf(state, subject.account)
    const reply = inFavour.some(isOwn) ? true : against.some(isOwn) ? false : undefined
    const { account: accused, reason, heights } = subject
    return [
      { motion, account: accused, reason, heights, accusedId: node?.voting?.id, isIdle: node?.isIdle === true, reply },
    ]
  })
  return { mayReply: voterTerm(state, account) !== undefined, open }
}
