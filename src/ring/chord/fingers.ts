/**
 * Fingers: the members that a node can reach in one step and that halve the way to any key (Chord, section IV.C). They are
 * hints for look-ups and nothing else: no maintenance rule reads them.
 */
import { between, type RingPlace } from './ids.ts'

/** The arithmetic of one id space: 2^256 ids as hex on a real ring, exact numbers in a model of a million nodes. */
export interface FingerSpace<I extends RingPlace> {
  readonly bits: number
  /** (id + 2^exponent) modulo the ring: where finger `exponent` starts. 0 <= exponent < bits. */
  readonly add: (id: I, exponent: number) => I
}

/**
 * The distinct members that `successor` names for self + 2^0, self + 2^1, ..., from the nearest to the farthest: the first
 * is the successor, and there are about log2 N of them. `successor(target)` is the member at or after the target among all
 * that are known, self included.
 */
export function fingersOf<I extends RingPlace>(self: I, space: FingerSpace<I>, successor: (target: I) => I): I[] {
  const out: I[] = []
  let exponent = 0
  while (exponent < space.bits) {
    const finger = successor(space.add(self, exponent))
    // Nobody stands between the target and ourselves, nor then after any farther target.
    if (finger === self) break
    out.push(finger)
    exponent = firstBeyond(self, finger, space, exponent + 1)
  }
  return out
}

/** The first exponent from `low` on whose target lies after the finger: those before it would name that finger again. */
function firstBeyond<I extends RingPlace>(self: I, finger: I, space: FingerSpace<I>, low: number): number {
  let high = space.bits
  let start = low
  while (start < high) {
    const middle = (start + high) >>> 1
    if (between(finger, space.add(self, middle), self)) high = middle
    else start = middle + 1
  }
  return start
}
