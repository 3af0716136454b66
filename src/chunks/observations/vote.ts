/** Whether the vote of a replica counts: its signature, its seat, and that it is about this question and this content. Pure. */
import { equalBytes, type PeerId } from '../../base/index.ts'
import { sameName, sameQuestion } from '../../dns/index.ts'
import { contentDigest, evidenceLimits, maxAgreedSeconds, verifyObservation } from '../../evidence/index.ts'
import { outcomeFault } from '../entries/examine.ts'
import type { ReadContext } from '../seats/context.ts'
import type { LiveVote } from '../wire/messages.ts'

/** What is wrong with a live vote, or undefined when it counts. `now` is unix ms. */
export function voteFault(vote: LiveVote, from: PeerId, context: ReadContext, now: number): string | undefined {
  const { observation, outcome } = vote
  const seat = context.replicas.find((replica) => replica.peer === from)
  if (seat === undefined) return 'not a replica'
  if (!equalBytes(seat.publicKey, observation.observer)) return "another's observation"
  if (observation.ringId !== context.ringId) return 'wrong-ring'
  if (observation.chunk !== context.chunk) return 'wrong-chunk'
  if (!sameQuestion(observation.question, context.question)) return 'wrong-question'
  const wrong = outcomeFault(outcome, context.question)
  if (wrong !== undefined) return wrong
  if (!sameName(observation.apex, outcome.apex)) return 'an apex that it did not sign'
  if (observation.when > now + evidenceLimits.MAX_SKEW_MS) return 'from the future'
  const seconds = Math.min(observation.ttl, maxAgreedSeconds(context.question))
  if (observation.when + seconds * 1000 <= now) return 'expired'
  if (!equalBytes(contentDigest(context.question, outcome), observation.digest))
    return 'not the content that was signed'
  return verifyObservation(observation, context.scheme) ? undefined : 'forged signature'
}
