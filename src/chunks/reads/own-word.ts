/** What this node says of a question, to peers and to itself: a proof, an agreed entry, else what it observed. */
import type { Clock } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { Intake } from '../entries/intake.ts'
import type { Proofs } from '../entries/proofs.ts'
import type { OwnObservations } from '../observations/own-observations.ts'
import type { Witness } from '../observations/witness.ts'
import type { Rounds } from '../rounds/rounds.ts'
import type { Placement } from '../seats/placement.ts'
import type { ChunkReply } from '../wire/messages.ts'

export interface OwnWordDeps {
  readonly clock: Clock
  readonly placement: Pick<Placement, 'seatsOf'>
  readonly proofs: Pick<Proofs, 'word'>
  readonly store: EntryStore
  readonly intake: Pick<Intake, 'isCurrent'>
  readonly observations: OwnObservations
  readonly witness: Pick<Witness, 'keepsSecret'>
  readonly rounds: Pick<Rounds, 'keepsSecret'>
}

export type OwnWord = (question: Question) => ChunkReply

export function createOwnWord(deps: OwnWordDeps): OwnWord {
  const { store, observations } = deps
  return (question) => {
    const proof = deps.proofs.word(question)
    if (proof !== undefined) return proof
    const entry = store.get(question, deps.clock.now())
    if (entry !== undefined && deps.intake.isCurrent(entry, deps.placement.seatsOf(question)))
      return { kind: 'entry', certificate: entry.certificate, outcome: entry.outcome }
    const observation = observations.known(question)
    const isSecret = deps.witness.keepsSecret(question) || deps.rounds.keepsSecret(question)
    if (observation === undefined || isSecret) return { kind: 'unknown' }
    return { kind: 'vote', ...observations.sign(observation) }
  }
}
