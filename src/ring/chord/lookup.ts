/**
 * Iterative look-up of the member that holds a key, as a pure machine: `nextContact` says whom to ask, `answered` and
 * `unanswered` say what came of it. The asker stays in charge of the way (so a member can delay a look-up, and never pass it
 * on), goes around those that do not answer, and calls nobody the owner who has not answered himself. The result is for
 * finding and for measuring: who holds a key is decided by the asker's own table.
 */

import { limits } from '../limits.ts'
import { between, owns, type RingPlace } from './ids.ts'

/** What one member knows of the ring around it. */
export interface View<I extends RingPlace> {
  readonly self: I
  readonly predecessor: I | undefined
  /** Nearest first. */
  readonly successors: readonly I[]
  /** Nearest first. */
  readonly fingers: readonly I[]
}

/** Which way a member points. Both lists in the order in which to try them. */
export interface Directions<I extends RingPlace> {
  /** Members before the key. */
  readonly way: readonly I[]
  /** The owner as far as the successor list reaches over the key, and those who take its place when it is gone. */
  readonly owners: readonly I[]
  /** Of the one who answers: tells whether an owner still is one. */
  readonly predecessor: I | undefined
}

interface Planned<I extends RingPlace> {
  readonly id: I
  readonly asOwner: boolean
}

/** Mutable, owned by the functions of this file. */
export interface Lookup<I extends RingPlace> {
  readonly self: I
  readonly key: I
  readonly shortCut: boolean
  readonly ownPredecessor: I | undefined
  readonly tried: Set<I>
  /** Those of them that did not answer, in the order in which they were asked; and those that were asked once more. */
  readonly silent: Set<I>
  readonly repeated: Set<I>
  /** Whom to ask, the next one last. */
  plan: Planned<I>[]
  /** The best owner that has answered. */
  holder: I | undefined
  /** Whom the holder named as standing between the key and itself. */
  check: I | undefined
  asked: Planned<I> | undefined
  /** Members that answered. */
  hops: number
  /** Members that did not. */
  timeouts: number
}

export type NextContact<I extends RingPlace> =
  /** `vouched`: the neighbour that has answered believes it alive. */
  | { readonly kind: 'ask'; readonly id: I; readonly vouched: boolean }
  | { readonly kind: 'found'; readonly owner: I }
  /** Nobody is left to ask, or too many were asked. */
  | { readonly kind: 'lost' }

/**
 * What a member says when it is asked for a key. With `shortCut` the whole successor list routes; without, only the first
 * successor and the fingers do, as in the paper's Fig. 5, and the rest of the list stands in for those that fail.
 */
export function directions<I extends RingPlace>(view: View<I>, key: I, shortCut: boolean): Directions<I> {
  const { self, predecessor, successors } = view
  const alone = predecessor === undefined && successors.length === 0
  if (alone || (predecessor !== undefined && owns(predecessor, self, key))) {
    return { way: [], owners: [self, ...successors].slice(0, limits.LOOKUP_IDS), predecessor }
  }
  const owners = successors.filter((id) => owns(self, id, key))
  const fingers = nearestFirst(self, key, view.fingers)
  const ids = [...new Set([...fingers, ...nearestFirst(self, key, successors)])]
  const way = (shortCut ? nearestFirst(self, key, ids) : ids).slice(0, limits.LOOKUP_IDS)
  return { way, owners: owners.slice(0, limits.LOOKUP_IDS), predecessor }
}

/**
 * Begins with what the asker itself knows: its own `directions`, or the owners by its member table. With `shortCut` an
 * owner is asked as soon as somebody names one; without, only when nobody before the key is left to be asked.
 */
export function beginLookup<I extends RingPlace>(self: I, key: I, own: Directions<I>, shortCut: boolean): Lookup<I> {
  const lookup: Lookup<I> = {
    self,
    key,
    shortCut,
    ownPredecessor: own.predecessor,
    tried: new Set([self]),
    silent: new Set(),
    repeated: new Set(),
    plan: [],
    holder: undefined,
    check: undefined,
    asked: undefined,
    hops: 0,
    timeouts: 0,
  }
  follow(lookup, self, own)
  return lookup
}

/** Whom to ask now. Each `ask` must be followed by `answered`, `unanswered` or `skipped`. */
export function nextContact<I extends RingPlace>(lookup: Lookup<I>): NextContact<I> {
  const spent = lookup.tried.size > limits.LOOKUP_CONTACTS
  while (!spent && lookup.holder === undefined) {
    const next = lookup.plan.pop()
    if (next === undefined) break
    // We ourselves are the next owner that lives; nobody has to be asked for that.
    if (next.id === lookup.self) settle(lookup, next.id, lookup.ownPredecessor)
    else if (!lookup.tried.has(next.id)) return contact(lookup, next)
  }
  const { holder, check } = lookup
  lookup.check = undefined
  if (check !== undefined && !spent) {
    if (lookup.silent.has(check)) lookup.repeated.add(check)
    return contact(lookup, { id: check, asOwner: true }, true)
  }
  return holder === undefined ? { kind: 'lost' } : { kind: 'found', owner: holder }
}

/** asked -> answered: it points the way, or is the holder. */
export function answered<I extends RingPlace>(lookup: Lookup<I>, answer: Directions<I>): void {
  const asked = lookup.asked!
  lookup.asked = undefined
  lookup.hops += 1
  if (asked.asOwner) settle(lookup, asked.id, answer.predecessor)
  else follow(lookup, asked.id, answer)
}

/** asked -> silent: no answer, or nonsense. */
export function unanswered<I extends RingPlace>(lookup: Lookup<I>): void {
  passOver(lookup)
  lookup.timeouts += 1
}

/** asked -> silent, without a message: the asker knows no such member, or knows better. */
export function skipped<I extends RingPlace>(lookup: Lookup<I>): void {
  passOver(lookup)
}

function passOver<I extends RingPlace>(lookup: Lookup<I>): void {
  const { asked, holder } = lookup
  if (asked === undefined) return
  lookup.asked = undefined
  lookup.silent.add(asked.id)
  // The holder does not know that the one before it is gone, so it cannot know of others between the key and that one.
  if (holder !== undefined) lookup.check = [...lookup.silent].find((id) => mayHold(lookup, holder, id))
}

/** planned -> asked */
function contact<I extends RingPlace>(lookup: Lookup<I>, planned: Planned<I>, vouched = false): NextContact<I> {
  lookup.tried.add(planned.id)
  lookup.asked = planned
  return { kind: 'ask', id: planned.id, vouched }
}

/**
 * `from` points the way, and what it says comes before what was planned. Only what lies between it and the key brings us
 * on, so that no answer leads astray or back.
 */
function follow<I extends RingPlace>(lookup: Lookup<I>, from: I, { way, owners, predecessor }: Directions<I>): void {
  const { key, shortCut, tried, self } = lookup
  if (owners[0] === from) {
    settle(lookup, from, predecessor)
    return
  }
  const before = way
    .slice(0, limits.LOOKUP_IDS)
    .filter((id) => !tried.has(id) && between(from, id, key))
    .map((id) => ({ id, asOwner: false }))
  const after = owners
    .slice(0, limits.LOOKUP_IDS)
    .filter((id) => (id === self || !tried.has(id)) && owns(from, id, key))
    .map((id) => ({ id, asOwner: true }))
  const named = shortCut ? [...after, ...before] : [...before, ...after]
  lookup.plan = [...lookup.plan, ...named.reverse()].slice(-limits.LOOKUP_PLAN)
}

/**
 * `owner` has answered as one. Whom it knows between the key and itself is asked next: somebody who has just joined, or
 * somebody who did not answer us, once more, since one lost message is no death and the neighbour believes it alive.
 */
function settle<I extends RingPlace>(lookup: Lookup<I>, owner: I, predecessor: I | undefined): void {
  lookup.holder = owner
  lookup.check = predecessor !== undefined && mayHold(lookup, owner, predecessor) ? predecessor : undefined
}

/** `id` stands between the key and the holder, and has not answered yet although it may still do. */
function mayHold<I extends RingPlace>(lookup: Lookup<I>, holder: I, id: I): boolean {
  const { key, tried, silent, repeated } = lookup
  const open = !tried.has(id) || (silent.has(id) && !repeated.has(id))
  return open && id !== holder && owns(holder, id, key)
}

/** Those strictly between `from` and the key, nearest to the key first. */
function nearestFirst<I extends RingPlace>(from: I, key: I, ids: readonly I[]): I[] {
  return ids.filter((id) => between(from, id, key)).sort((a, b) => (a === b ? 0 : between(a, b, key) ? 1 : -1))
}
