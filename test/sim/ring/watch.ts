/** Looks over the shoulder of the pointer rules: what they adopt is held against who is really there. */
import type { RingId } from '../../../src/base/index.ts'
import { between, type PointerRules, type Pointers } from '../../../src/ring/index.ts'

export interface Oracle {
  /** Whether it is up. */
  readonly isUp: (id: RingId) => boolean
  /** For how long it has been down, ms; 0 when it is up. */
  readonly downFor: (id: RingId) => number
  /** Single failures in good weather: then more can be asked for. */
  readonly strict: boolean
  readonly violated: (what: string) => void
  readonly count: (what: string) => void
}

/** Longer than anybody waits for an answer: whoever is down for this long cannot have answered just now. Ms. */
const LONGEST_WAIT_MS = 600
/** In good weather no answer is on its way for longer. Ms. */
const LONGEST_WAY_MS = 260

export function watched(rules: PointerRules, oracle: Oracle): PointerRules {
  function look(before: Pointers, after: Pointers): Pointers {
    const name = before.self.slice(0, 4)
    const first = after.successors[0]
    const old = before.successors[0]
    // Whoever had no successor takes a whole list unseen (rule 2).
    if (first !== undefined && old !== undefined && first !== old) {
      const closer = between(before.self, first, old)
      if (closer && oracle.downFor(first) > (oracle.strict ? LONGEST_WAY_MS : LONGEST_WAIT_MS))
        oracle.violated(`${name} adopted a dead successor`)
    }
    if (!oracle.strict) return after
    const { predecessor } = before
    if (predecessor === undefined || after.predecessor === predecessor || after.predecessor === undefined) return after
    if (!between(predecessor, after.predecessor, before.self) && oracle.isUp(predecessor))
      oracle.violated(`${name} gave up a live predecessor for one further away`)
    return after
  }

  return {
    join: (pointers, member, context) => {
      oracle.count('joins')
      return look(pointers, rules.join(pointers, member, context))
    },
    joinBetween: (pointers, member, following, context) => {
      oracle.count('joins between')
      return look(pointers, rules.joinBetween(pointers, member, following, context))
    },
    successorAnswered(pointers, successor, context) {
      const result = rules.successorAnswered(pointers, successor, context)
      look(pointers, result.pointers)
      return result
    },
    successorDead(pointers, dead) {
      oracle.count('successors dead')
      const result = rules.successorDead(pointers, dead)
      if (result.pointers.successors.length === 0) oracle.count('lists dead')
      look(pointers, result.pointers)
      return result
    },
    closerAnswered(pointers, closer, context) {
      oracle.count('closer adopted')
      const result = rules.closerAnswered(pointers, closer, context)
      look(pointers, result.pointers)
      return result
    },
    rectify(pointers, candidate) {
      const result = rules.rectify(pointers, candidate)
      if (result.kind === 'check') oracle.count('predecessors checked')
      if (result.kind === 'adopted') look(pointers, result.pointers)
      return result
    },
    predecessorDead(pointers, candidate) {
      oracle.count('predecessors dead')
      return rules.predecessorDead(pointers, candidate)
    },
    audit(pointers, following) {
      const found = rules.audit(pointers, following)
      if (found !== undefined) oracle.count('audits that found one')
      return found
    },
  }
}
