/**
 * Chord at rest, up to a million nodes: a node is its place in a sorted array of ids, and what it would have stored (its
 * list, its fingers, its table) is worked out when it is asked. The decisions are those of src/ring, run on numbers.
 */
import { type FingerSpace, fingersOf } from '../../src/ring/chord/fingers.ts'
import {
  answered,
  beginLookup,
  type Directions,
  directions,
  nextContact,
  unanswered,
} from '../../src/ring/chord/lookup.ts'

export type ChordMode = 'chord' | 'chord+list' | 'table'

export interface Outcome {
  /** Undefined: no owner was found. */
  readonly owner: number | undefined
  readonly hops: number
  readonly timeouts: number
  /** Members that were asked, with or without an answer; one may be asked twice. */
  readonly members: number
}

const BITS = 48
const SIZE = 2 ** BITS

const SPACE: FingerSpace<number> = { bits: BITS, add: (id, exponent) => (id + 2 ** exponent) % SIZE }

export class ChordModel {
  /** Sorted, distinct, 0 <= id < 2^48: exact in a float. */
  readonly ids: Float64Array
  /** 1: silent, and nobody has noticed yet. */
  readonly dead: Uint8Array
  readonly #successors: number

  constructor(size: number, successors: number, chance: () => number) {
    this.ids = distinctIds(size, chance)
    this.dead = new Uint8Array(size)
    this.#successors = Math.min(successors, size - 1)
  }

  randomKey(chance: () => number): number {
    return Math.floor(chance() * 2 ** 24) * 2 ** 24 + Math.floor(chance() * 2 ** 24)
  }

  /** Place of the first node at or after the key, dead ones included. */
  successorOf(key: number): number {
    const { ids } = this
    let low = 0
    let high = ids.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ids[middle]! < key) low = middle + 1
      else high = middle
    }
    return low === ids.length ? 0 : low
  }

  /** The id of the live node that holds a key. Undefined when all are dead. */
  ownerOf(key: number): number | undefined {
    const start = this.successorOf(key)
    for (let i = 0; i < this.ids.length; i++) {
      const at = (start + i) % this.ids.length
      if (this.dead[at] === 0) return this.ids[at]!
    }
    return undefined
  }

  /** What the node at this place answers. */
  directionsOf(at: number, key: number, mode: ChordMode): Directions<number> {
    const { ids } = this
    const size = ids.length
    const self = ids[at]!
    const predecessor = size === 1 ? undefined : ids[(at - 1 + size) % size]!
    if (mode === 'table') {
      const start = this.successorOf(key)
      const length = Math.min(this.#successors + 1, size)
      const owners = Array.from({ length }, (_, i) => ids[(start + i) % size]!)
      return { way: [], owners, predecessor }
    }
    const successors = Array.from({ length: this.#successors }, (_, i) => ids[(at + 1 + i) % size]!)
    const fingers = fingersOf(self, SPACE, (target) => ids[this.successorOf(target)]!)
    return directions({ self, predecessor, successors, fingers }, key, mode === 'chord+list')
  }

  /** `onAsk` hears of the place of each member that is asked. */
  lookup(from: number, key: number, mode: ChordMode, onAsk: (at: number) => void = () => {}): Outcome {
    const lookup = beginLookup(this.ids[from]!, key, this.directionsOf(from, key, mode), mode !== 'chord')
    for (;;) {
      const next = nextContact(lookup)
      if (next.kind !== 'ask') {
        const { hops, timeouts } = lookup
        const owner = next.kind === 'found' ? next.owner : undefined
        return { owner, hops, timeouts, members: lookup.tried.size - 1 }
      }
      const at = this.successorOf(next.id)
      onAsk(at)
      if (this.dead[at] === 1) unanswered(lookup)
      else answered(lookup, this.directionsOf(at, key, mode))
    }
  }
}

function distinctIds(size: number, chance: () => number): Float64Array {
  const draw = () => Math.floor(chance() * 2 ** 24) * 2 ** 24 + Math.floor(chance() * 2 ** 24)
  const ids = Float64Array.from({ length: size }, draw).sort()
  for (;;) {
    let twins = 0
    for (let i = 1; i < size; i++) {
      if (ids[i] !== ids[i - 1]) continue
      ids[i - 1] = draw()
      twins += 1
    }
    if (twins === 0) return ids
    ids.sort()
  }
}

/** The first `share` of a shuffled ring dies; at least one node lives. Returns the places of those that live. */
export function kill(dead: Uint8Array, share: number, chance: () => number): Uint32Array {
  const order = Uint32Array.from(dead, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1))
    const place = order[i]!
    order[i] = order[j]!
    order[j] = place
  }
  const count = Math.min(order.length - 1, Math.round(share * order.length))
  dead.fill(0)
  for (const place of order.subarray(0, count)) dead[place] = 1
  return order.subarray(count)
}
