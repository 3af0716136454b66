/** Somebody asked for a question: it counts as demand, and the demand may make a round worthwhile. */
import type { Clock, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { Intake } from '../entries/intake.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import { questionKey } from '../wire/question-key.ts'
import type { Demand } from './demand.ts'
import type { Rounds } from './rounds.ts'

export interface AskedDeps {
  readonly clock: Clock
  readonly demand: Demand
  readonly store: EntryStore
  readonly proofs: Pick<Proofs, 'has'>
  readonly intake: Pick<Intake, 'isCurrent'>
  readonly rounds: Pick<Rounds, 'want'>
}

export interface Asked {
  /** A member, or this node itself, had to fetch the answer: the ring had none. */
  forMissing(peer: PeerId, question: Question, seats: Seats): void
  /** A member, or this node itself, read an entry of this node. */
  forEntry(peer: PeerId, question: Question): void
  /** The signers of an entry are no majority any more. */
  renewIfWanted(question: Question): void
}

export function createAsked({ clock, demand, store, proofs, intake, rounds }: AskedDeps): Asked {
  return {
    forMissing(peer, question, seats) {
      demand.count(questionKey(question), peer, clock.monotonic())
      // What is signed needs no votes.
      if (proofs.has(question)) return
      const entry = store.get(question, clock.now())
      if (entry === undefined) rounds.want(question, false)
      else if (!intake.isCurrent(entry, seats)) rounds.want(question, true)
    },
    /** Near its end it is observed anew, if that pays, before anybody has to wait for it. */
    forEntry(peer, question) {
      demand.count(questionKey(question), peer, clock.monotonic())
      const entry = store.get(question, clock.now())
      if (entry === undefined) return
      const life = entry.expires - entry.seen
      if (entry.expires - clock.now() < life * limits.RENEW_PART) rounds.want(question, false, 'fresh')
    },
    renewIfWanted(question) {
      if (demand.of(questionKey(question), clock.monotonic()).members > 0) rounds.want(question, true)
    },
  }
}
