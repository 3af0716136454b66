/** This node's own part in the rounds that it opens, and what rounds of one zone may cost. */
import type { Clock } from '../../base/index.ts'
import { type Question, suffixName } from '../../dns/index.ts'
import { roundNonce } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { Observed, OwnObservations } from '../observations/own-observations.ts'
import type { ObserveHow, RoundId } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { Rates } from '../wire/rates.ts'
import type { Demand } from './machine/demand.ts'
import type { Event } from './machine/round-state.ts'
import { worthSeconds } from './machine/worth.ts'

export interface Observing {
  /** Takes one of the rounds that this question's zone may cause now; false when there is none left. */
  admit(question: Question): boolean
  /** What an admitted round observed: names that exist are no flood, and count for less. */
  admitted(question: Question, observed: Observed): void
  /** Fetches for a round of this node's own. */
  observe(question: Question, id: RoundId, how: ObserveHow): Promise<Event<'observed' | 'put-off'>>
}

export function createObserving(clock: Clock, observations: OwnObservations, demand: Demand): Observing {
  const { ROUNDS_PER_ZONE_PER_SECOND, ROUNDS_PER_ZONE_BURST, MAX_RATED } = limits
  const zones = new Rates(clock, ROUNDS_PER_ZONE_PER_SECOND, ROUNDS_PER_ZONE_BURST, MAX_RATED)

  function admit(question: Question): boolean {
    return zones.spend(zoneOf(question))
  }

  function admitted(question: Question, observed: Observed): void {
    const isFound = typeof observed === 'object' && observed.outcome.kind === 'rrset'
    if (isFound) zones.giveBack(zoneOf(question), 1 - limits.FOUND_COUNTS_FOR)
  }

  return {
    admit,
    admitted,
    async observe(question, { nonce, attempt }, how) {
      // Further rounds of the same series are free: the first one was admitted.
      const isFirst = attempt === 1
      const observed = !isFirst || admit(question) ? await observations.observe(question, how) : 'busy'
      if (isFirst) admitted(question, observed)
      if (observed === 'busy') return { kind: 'put-off' }
      if (observed === undefined || observed === 'hidden') return { kind: 'observed', vote: undefined }
      demand.learn(questionKey(question), worthSeconds(observed.outcome))
      return { kind: 'observed', vote: observations.sign(observed, roundNonce(nonce, attempt)) }
    },
  }
}

function zoneOf({ name }: Question): string {
  return suffixName(name, Math.min(2, name.labels)).key
}
