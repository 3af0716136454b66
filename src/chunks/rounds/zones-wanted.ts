/** Which delegations and keys are worth agreeing on: those of the zones of what this node holds. */
import type { Clock } from '../../base/index.ts'
import { Class, type Question, Type } from '../../dns/index.ts'
import { delegationQuestion } from '../../evidence/index.ts'
import type { ChunkEntry } from '../entries/entry.ts'
import { limits } from '../limits.ts'
import { questionKey } from '../wire/question-key.ts'

export interface ZonesWanted {
  /**
   * The questions that are worth agreeing on because this entry is held: the delegation of its zone (and, when that is held, of the
   * parent's), so that the name is found when the way there is blocked; and the keys of a signed zone. Each question is named four
   * times an hour at most, so that the demand for a zone is that for its names.
   */
  of(entry: ChunkEntry): readonly Question[]
}

export function createZonesWanted(clock: Clock): ZonesWanted {
  const wanted = new Map<string, number>()

  function isDue(question: Question): boolean {
    const key = questionKey(question)
    const now = clock.monotonic()
    const last = wanted.get(key)
    if (last !== undefined && now - last < limits.ZONE_WANTED_MS) return false
    wanted.delete(key)
    wanted.set(key, now)
    if (wanted.size > limits.MAX_ZONES_WANTED) wanted.delete(wanted.keys().next().value!)
    return true
  }

  return { of: ({ outcome }) => zoneQuestions(outcome).filter(isDue) }
}

function zoneQuestions(outcome: ChunkEntry['outcome']): Question[] {
  const zone = outcome.apex
  const questions = zone.labels > 0 ? [delegationQuestion(zone)] : []
  if (outcome.kind !== 'delegation' || outcome.ds === undefined) return questions
  questions.push({ name: outcome.zone, type: Type.DNSKEY, class: Class.IN })
  if (zone.labels === 0) questions.push({ name: zone, type: Type.DNSKEY, class: Class.IN })
  return questions
}
