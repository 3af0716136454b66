/** Which delegations and keys are worth agreeing on: those of the zones of what is kept. */
import type { Clock } from '../../base/index.ts'
import { Class, type Question, Type } from '../../dns/index.ts'
import { delegationQuestion } from '../../evidence/index.ts'
import { questionKey } from '../entries/bounded-map.ts'
import { limits } from '../limits.ts'
import type { ChunkEntry } from '../types.ts'

export interface ZonesWanted {
  want(entry: ChunkEntry): void
}

export function createZonesWanted(parts: {
  readonly clock: Clock
  readonly want: (question: Question) => void
}): ZonesWanted {
  const { clock } = parts
  const wanted = new Map<string, number>()

  /**
   * Whose record is kept, its zone's delegation is wanted, and then its parent's, so that the name is found when the way there is
   * blocked; and the keys of a signed zone. Each keeper tells it four times an hour at most, so that the demand is that of the names.
   */
  function want({ outcome }: ChunkEntry): void {
    const zone = outcome.apex
    if (zone.labels > 0) wantOnce(delegationQuestion(zone))
    if (outcome.kind === 'delegation' && outcome.ds !== undefined) {
      wantOnce({ name: outcome.zone, type: Type.DNSKEY, class: Class.IN })
      if (zone.labels === 0) wantOnce({ name: zone, type: Type.DNSKEY, class: Class.IN })
    }
  }

  function wantOnce(question: Question): void {
    const key = questionKey(question)
    const now = clock.monotonic()
    const last = wanted.get(key)
    if (last !== undefined && now - last < limits.ZONE_WANTED_MS) return
    wanted.delete(key)
    wanted.set(key, now)
    if (wanted.size > limits.MAX_ZONES_WANTED) wanted.delete(wanted.keys().next().value!)
    // The others have the certificate a moment later, and want the same.
    parts.want(question)
  }

  return { want }
}
