/** The mistakes of the pseudo-code of 2001, as rules that can be put back: the checks must find each of them. */
import type { PointerRules } from '../../src/ring/chord/rules.ts'

export const BUGS_OF_2001: Readonly<Record<string, (rules: PointerRules) => PointerRules>> = {
  'a pointer is adopted that was not asked': (rules) => ({
    ...rules,
    successorAnswered(pointers, successor, context) {
      const result = rules.successorAnswered(pointers, successor, context)
      if (result.next.kind !== 'ask') return result
      const successors = [result.next.id, ...result.pointers.successors].slice(0, context.length)
      return { pointers: { ...result.pointers, successors }, next: { kind: 'notify', id: result.next.id } }
    },
  }),
  'a joiner takes a single successor': (rules) => ({
    ...rules,
    join(pointers, member, context) {
      const joined = rules.join(pointers, member, context)
      return { ...joined, predecessor: undefined, successors: joined.successors.slice(0, 1) }
    },
  }),
  'whoever notifies becomes the predecessor': (rules) => ({
    ...rules,
    rectify: (pointers, candidate) => ({ kind: 'adopted', pointers: { ...pointers, predecessor: candidate } }),
  }),
}
