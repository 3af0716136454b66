/** Somebody asked for a question: it counts as demand, and the demand may make a round worthwhile. */
import type { Clock, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { evidenceLimits } from '../../evidence/index.ts'
import type { ChunkEntry } from '../entries/entry.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { Intake } from '../entries/intake.ts'
import { tagOf } from '../entries/order.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import { questionKey } from '../wire/question-key.ts'
import { ChangeRests } from './machine/change-rests.ts'
import type { Demand } from './machine/demand.ts'
import type { Rounds } from './rounds.ts'

export interface OnDemandDeps {
  readonly clock: Clock
  readonly demand: Demand
  readonly store: EntryStore
  readonly proofs: Pick<Proofs, 'has'>
  readonly intake: Pick<Intake, 'isCurrent'>
  readonly rounds: Pick<Rounds, 'want' | 'settled'>
}

/** What a member says of what it fetched. */
export interface SeenElsewhere {
  /** Of the content; undefined: it does not say. */
  readonly tag?: number | undefined
  /** The zone says that it has changed, and so has what the member sees. */
  readonly isChanged?: boolean
  /** A stub waits for what is agreed. */
  readonly isAwaited?: boolean
}

export interface OnDemand {
  /**
   * A member, or this node itself, had to fetch the answer: the ring had none, or was not asked. If an entry says something else than
   * what it saw, or its zone says that it has changed, the replicas look again.
   */
  missing(peer: PeerId, question: Question, seats: Seats, seen?: SeenElsewhere): void
  /** A member, or this node itself, read an entry of this node; `reads`: for so many, where it keeps a copy. */
  read(peer: PeerId, question: Question, reads?: number): void
  /** An entry was taken in: what was asked for is there. */
  entryTaken(entry: ChunkEntry): void
  /** A proof is held: what is signed needs no votes. */
  proofHeld(question: Question): void
  /** The signers of an entry are no majority any more. */
  renew(question: Question): void
}

export function createOnDemand({ clock, demand, store, proofs, intake, rounds }: OnDemandDeps): OnDemand {
  const changes = new ChangeRests()
  return {
    missing(peer, question, seats, seen = {}) {
      const key = questionKey(question)
      demand.count(key, peer, clock.monotonic())
      // What is signed needs no votes.
      if (proofs.has(question)) return
      const entry = store.get(question, clock.now())
      if (entry === undefined) rounds.want(question, false, 'known', seen.isAwaited)
      else if (!intake.isCurrent(entry, seats)) rounds.want(question, true, 'known', seen.isAwaited)
      else if (mayHaveChanged(entry, seen, clock.now()) && changes.mayLook(key, clock.monotonic()))
        rounds.want(question, true, 'fresh')
    },
    /** Near its end it is observed anew, if that pays, before anybody has to wait for it. */
    read(peer, question, reads) {
      demand.count(questionKey(question), peer, clock.monotonic(), reads)
      const entry = store.get(question, clock.now())
      if (entry === undefined) return
      const life = entry.expires - entry.seen
      if (entry.expires - clock.now() < life * limits.RENEW_PART) rounds.want(question, false, 'fresh')
    },
    entryTaken({ question, class: kind }) {
      rounds.settled(question)
      // A divergent entry spares nobody a fetch: for so long nobody opens a round again, and no more is it worth.
      if (kind === 'divergent') demand.learn(questionKey(question), evidenceLimits.DIVERGENT_MS / 1_000)
    },
    proofHeld: (question) => rounds.settled(question),
    renew(question) {
      if (demand.of(questionKey(question), clock.monotonic()).members > 0) rounds.want(question, true)
    },
  }
}

/** Of names that differ by asker or in time, a differing observation says nothing new; that the zone has changed does, of the latter. */
function mayHaveChanged(entry: ChunkEntry, { tag, isChanged = false }: SeenElsewhere, now: number): boolean {
  const { question, class: kind, outcome, seen } = entry
  if (kind === 'agreed' && tag !== undefined) return tag !== tagOf(question, outcome)
  return isChanged && kind !== 'divergent' && now - seen > limits.OBSERVED_ANEW_MS
}
