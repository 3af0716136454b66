/** Who makes the block of a round. */
import type { Validator } from '../types.ts'

/** The patent's MOD rule, over the set in its order; the proposers of later rounds are its "second authorities". */
export function proposerOf(validators: readonly Validator[], height: number, round: number): Validator {
  return validators[(height + round) % validators.length]!
}
