/**
 * The pointer rules of Chord as Zave corrected them (arXiv 1502.06461, 1610.01140), as data: pure functions over the
 * pointers of one node. The machine decides when they run; they decide what is adopted. In one sentence: no pointer is
 * adopted that has not itself just answered, and lists are always taken whole.
 */
import type { RingId } from '../../base/index.ts'
import { between, compareFrom } from './ids.ts'

/** The three things that Chord keeps. */
export interface Pointers {
  readonly self: RingId
  readonly predecessor: RingId | undefined
  /** Nearest first; never self, no duplicates, in ring order. */
  readonly successors: readonly RingId[]
}

/** What another member said about itself just now. */
export interface Answer {
  readonly id: RingId
  readonly predecessor: RingId | undefined
  readonly successors: readonly RingId[]
}

export interface RuleContext {
  /** Full list length. */
  readonly length: number
  /** False for ids that the member table knows to be gone; they are left out of adopted lists. */
  readonly isMember: (id: RingId) => boolean
}

export type NextStep =
  /** Ask this one for its state before adopting it (StabilizeFromPredecessor). */
  | { readonly kind: 'ask'; readonly id: RingId }
  | { readonly kind: 'notify'; readonly id: RingId }
  | { readonly kind: 'none' }

export type Rectified =
  | { readonly kind: 'adopted'; readonly pointers: Pointers }
  /** Adopt the candidate only if the present predecessor turns out to be dead. */
  | { readonly kind: 'check'; readonly id: RingId }
  | { readonly kind: 'kept' }

export interface PointerRules {
  /** Join, rule 2: the whole list of the member that precedes us; only then are we a member. */
  readonly join: (pointers: Pointers, member: Answer, context: RuleContext) => Pointers
  /**
   * Join where the list of `member`, who is further back since those before us are silent, does not reach us: the whole list
   * of one after us takes its place.
   */
  readonly joinBetween: (pointers: Pointers, member: Answer, following: Answer, context: RuleContext) => Pointers
  /** StabilizeFromSuccessor, rule 3, successor alive. */
  readonly successorAnswered: (
    pointers: Pointers,
    successor: Answer,
    context: RuleContext,
  ) => { readonly pointers: Pointers; readonly next: NextStep }
  /** Rule 3, successor dead: it is dropped, and the next is notified. */
  readonly successorDead: (pointers: Pointers, dead: RingId) => { readonly pointers: Pointers; readonly next: NextStep }
  /** StabilizeFromPredecessor, rule 4: the successor's predecessor has answered and is adopted. */
  readonly closerAnswered: (
    pointers: Pointers,
    closer: Answer,
    context: RuleContext,
  ) => { readonly pointers: Pointers; readonly next: NextStep }
  /** Rectify, rule 5: somebody who is alive claims to precede us. */
  readonly rectify: (pointers: Pointers, candidate: RingId) => Rectified
  /** Rule 5, second half: the present predecessor did not answer. */
  readonly predecessorDead: (pointers: Pointers, candidate: RingId) => Pointers
  /**
   * Audit: who, by the member table, should be asked because it stands closer than the first successor. Heals what Chord
   * alone cannot: a node whose successors all died, and two rings after a partition. `following` are the members after
   * us, in ring order, without those that do not answer us.
   */
  readonly audit: (pointers: Pointers, following: Iterable<RingId>) => RingId | undefined
}

export const zaveRules: PointerRules = {
  join(pointers, member, context) {
    // Whoever comes back under its old id is still in that list: it is not where the list comes round. Nor are those between
    // the member and us, where the one before us does not answer and we took the list of one further back.
    const after = member.successors.filter((id) => id !== pointers.self && !between(member.id, id, pointers.self))
    const list = [...after, member.id]
    return { ...pointers, predecessor: member.id, successors: orderedList(pointers.self, list, context) }
  },

  joinBetween(pointers, member, following, context) {
    return { ...adopt(pointers, following, context), predecessor: member.id }
  },

  successorAnswered(pointers, successor, context) {
    const adopted = adopt(pointers, successor, context)
    const closer = successor.predecessor
    if (closer !== undefined && context.isMember(closer) && between(pointers.self, closer, successor.id)) {
      return { pointers: adopted, next: { kind: 'ask', id: closer } }
    }
    return { pointers: adopted, next: { kind: 'notify', id: successor.id } }
  },

  successorDead(pointers, dead) {
    const successors = pointers.successors.filter((id) => id !== dead)
    const first = successors[0]
    return {
      pointers: { ...pointers, successors },
      next: first === undefined ? { kind: 'none' } : { kind: 'notify', id: first },
    }
  },

  closerAnswered(pointers, closer, context) {
    return { pointers: adopt(pointers, closer, context), next: { kind: 'notify', id: closer.id } }
  },

  rectify(pointers, candidate) {
    const { self, predecessor } = pointers
    if (candidate === self || candidate === predecessor) return { kind: 'kept' }
    if (predecessor === undefined || between(predecessor, candidate, self)) {
      return { kind: 'adopted', pointers: { ...pointers, predecessor: candidate } }
    }
    return { kind: 'check', id: predecessor }
  },

  predecessorDead(pointers, candidate) {
    return { ...pointers, predecessor: candidate }
  },

  audit(pointers, following) {
    for (const id of following) {
      const first = pointers.successors[0]
      if (first === undefined || between(pointers.self, id, first)) return id
      return undefined
    }
    return undefined
  },
}

/** The list that follows from a member that just answered: itself, then its own list. */
function adopt(pointers: Pointers, answer: Answer, context: RuleContext): Pointers {
  return { ...pointers, successors: orderedList(pointers.self, [answer.id, ...answer.successors], context) }
}

/** Cuts where the list comes round to us again, so that it stays in ring order, without self and without duplicates. */
function orderedList(self: RingId, list: readonly RingId[], context: RuleContext): RingId[] {
  const out: RingId[] = []
  let reached: RingId | undefined
  for (const id of list) {
    if (id === self || (reached !== undefined && compareFrom(self, id, reached) <= 0)) break
    reached = id
    if (context.isMember(id)) out.push(id)
    if (out.length === context.length) break
  }
  return out
}
