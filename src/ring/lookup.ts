/**
 * Iterative look-up of the member that holds a key, as a pure machine: `nextContact` says whom to ask, `answered` and
 * `unanswered` say what came of it. The asker stays in charge of the way (so a member can delay a look-up, and never pass it
 * on), goes around those that do not answer, and takes nobody for the owner who has not answered himself. The result is for
 * finding and for measuring: who holds a key is decided by the asker's own table.
 */
import { between, owns, type Place } from './ids.ts'
import { limits } from './limits.ts'

/** What one member knows of the ring around it. */
export interface View<I extends Place> {
  readonly self: I
  readonly predecessor: I | undefined
  /** Nearest first. */
  readonly successors: readonly I[]
  /** Nearest first. */
  readonly fingers: readonly I[]
}

/** Which way a member points. */
export interface Directions<I extends Place> {
  /** True: `ids` are the owner and those who take its place when it is gone. False: members before the key, nearest first. */
  readonly owners: boolean
  readonly ids: readonly I[]
  /** Of the one who answers: tells whether an owner still is one. */
  readonly predecessor: I | undefined
}

/** Mutable, owned by the functions of this file. */
export interface Lookup<I extends Place> {
  readonly self: I
  readonly key: I
  readonly ownPredecessor: I | undefined
  readonly tried: Set<I>
  /** Members before the key that may be asked, nearest to the key last. */
  way: I[]
  owners: I[]
  /** The best owner that has answered. */
  holder: I | undefined
  asked: { readonly id: I; readonly asOwner: boolean } | undefined
  /** Members that answered. */
  hops: number
  /** Members that did not. */
  timeouts: number
}

export type NextContact<I extends Place> =
  | { readonly kind: 'ask'; readonly id: I }
  | { readonly kind: 'found'; readonly owner: I }
  /** Nobody is left to ask, or too many were asked. */
  | { readonly kind: 'lost' }

/**
 * What a member says when it is asked for a key. With `shortCut` the whole successor list routes; without, only the first
 * successor and the fingers do, as in the paper's Fig. 5, and the rest of the list stands in for those that fail.
 */
export function directions<I extends Place>(view: View<I>, key: I, shortCut: boolean): Directions<I> {
  const { self, predecessor, successors } = view
  const point = (owners: boolean, ids: readonly I[]): Directions<I> => ({
    owners,
    ids: ids.slice(0, limits.LOOKUP_IDS),
    predecessor,
  })
  const alone = predecessor === undefined && successors.length === 0
  if (alone || (predecessor !== undefined && owns(predecessor, self, key))) return point(true, [self, ...successors])
  const reach = shortCut ? successors.length : Math.min(1, successors.length)
  for (let i = 0; i < reach; i++) {
    if (owns(self, successors[i]!, key)) return point(true, successors.slice(i))
  }
  const list = nearestFirst(self, key, successors)
  const fingers = nearestFirst(self, key, view.fingers)
  // Without the short cut the list comes last, however near to the key it reaches.
  const ids = new Set([...fingers, ...list])
  return point(false, shortCut ? nearestFirst(self, key, [...ids]) : [...ids])
}

/** Begins with what the asker itself knows: its own `directions`, or the owners by its member table. */
export function beginLookup<I extends Place>(self: I, key: I, own: Directions<I>): Lookup<I> {
  const lookup: Lookup<I> = {
    self,
    key,
    ownPredecessor: own.predecessor,
    tried: new Set([self]),
    way: [],
    owners: [],
    holder: undefined,
    asked: undefined,
    hops: 0,
    timeouts: 0,
  }
  follow(lookup, self, own)
  return lookup
}

/** Whom to ask now. Each `ask` must be followed by `answered`, `unanswered` or `skipped`. */
export function nextContact<I extends Place>(lookup: Lookup<I>): NextContact<I> {
  const spent = lookup.tried.size > limits.LOOKUP_CONTACTS
  let owner = spent ? undefined : lookup.owners.shift()
  if (owner === lookup.self) {
    // We ourselves are the next that lives; nobody has to be asked for that.
    settle(lookup, owner, lookup.ownPredecessor)
    owner = lookup.owners.shift()
  }
  if (owner !== undefined) return contact(lookup, owner, true)
  if (lookup.holder !== undefined) return { kind: 'found', owner: lookup.holder }
  const next = spent ? undefined : lookup.way.pop()
  return next === undefined ? { kind: 'lost' } : contact(lookup, next, false)
}

/** The one that was asked has answered. */
export function answered<I extends Place>(lookup: Lookup<I>, answer: Directions<I>): void {
  const asked = lookup.asked!
  lookup.asked = undefined
  lookup.hops += 1
  if (asked.asOwner) settle(lookup, asked.id, answer.predecessor)
  else follow(lookup, asked.id, answer)
}

/** The one that was asked did not answer, or with nonsense. */
export function unanswered<I extends Place>(lookup: Lookup<I>): void {
  lookup.asked = undefined
  lookup.timeouts += 1
}

/** The one that was to be asked was not: the asker knows no such member, or knows better. Costs no message. */
export function skipped<I extends Place>(lookup: Lookup<I>): void {
  lookup.asked = undefined
}

function contact<I extends Place>(lookup: Lookup<I>, id: I, asOwner: boolean): NextContact<I> {
  lookup.tried.add(id)
  lookup.asked = { id, asOwner }
  return { kind: 'ask', id }
}

/** `from` points the way. Only what lies between it and the key brings us on, so that no answer leads astray or back. */
function follow<I extends Place>(lookup: Lookup<I>, from: I, { owners, ids, predecessor }: Directions<I>): void {
  const { key, tried, self } = lookup
  const named = ids.slice(0, limits.LOOKUP_IDS)
  if (!owners) {
    const better = named.filter((id) => !tried.has(id) && between(from, id, key))
    // What was named last stands nearest to the key and is tried first, also what was a second choice until now.
    const rest = lookup.way.filter((id) => !better.includes(id))
    lookup.way = [...rest, ...better.reverse()].slice(-limits.LOOKUP_WAY)
    return
  }
  if (named[0] === from) {
    settle(lookup, from, predecessor)
    return
  }
  lookup.owners = named.filter((id) => (id === self || !tried.has(id)) && owns(from, id, key))
}

/** `owner` has answered as one. Somebody who joined between the key and it is known to it first, and is asked next. */
function settle<I extends Place>(lookup: Lookup<I>, owner: I, predecessor: I | undefined): void {
  lookup.holder = owner
  const closer = predecessor !== undefined && predecessor !== owner && owns(owner, predecessor, lookup.key)
  lookup.owners = closer && !lookup.tried.has(predecessor) ? [predecessor] : []
}

/** Those strictly between `from` and the key, nearest to the key first. */
function nearestFirst<I extends Place>(from: I, key: I, ids: readonly I[]): I[] {
  return ids.filter((id) => between(from, id, key)).sort((a, b) => (a === b ? 0 : between(a, b, key) ? 1 : -1))
}
