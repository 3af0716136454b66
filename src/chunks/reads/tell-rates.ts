/** How many tells go to one peer, and are taken of one: the same at both ends. */
import type { Clock } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { Rates } from '../wire/rates.ts'

/** Those of which a stub waits for the outcome have a rate of their own: hints of demand must not take their place. */
export function createTellRates(clock: Clock): (isAwaited: boolean) => Rates {
  const rate = (perSecond: number) => new Rates(clock, perSecond, perSecond, limits.MAX_RATED)
  const hints = rate(limits.TELLS_PER_SECOND)
  const awaited = rate(limits.AWAITED_TELLS_PER_SECOND)
  return (isAwaited) => (isAwaited ? awaited : hints)
}
