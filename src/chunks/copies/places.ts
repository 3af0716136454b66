/**
 * Which member has a copy: the one after a hash of name, level, number and epoch. Places on the ring are drawn at random, so some
 * members stand behind gaps ten times as wide as others: a hash counts only if its member is near, which makes all members nearly
 * equally likely. With each epoch the copies go to others, so that no member has the bad luck of a day.
 */
import { asRingId, type RingId, toHex } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import type { NameHint } from './mark.ts'

export type CopyRing = Pick<Ring, 'members' | 'ownerOf'>

export interface CopyPlace {
  readonly hint: NameHint
  readonly level: number
  /** Below the number of copies of the level. */
  readonly number: number
  readonly epoch: number
}

/** Changes once in EPOCH_MS, for each name at another time. */
export function epochOf(hint: NameHint, nowMs: number): number {
  const part = Number.parseInt(hint.slice(0, 6), 16) / 2 ** 24
  return Math.floor(nowMs / limits.EPOCH_MS + part)
}

export function copyAt(ring: CopyRing, { hint, level, number, epoch }: CopyPlace): MemberEntry | undefined {
  const reach = (limits.REACH * TOP) / Math.max(1, ring.members().length)
  let last: MemberEntry | undefined
  for (let attempt = 0; attempt < limits.MAX_PLACES_TRIED; attempt++) {
    const key = keyOfPlace({ hint, level, number, epoch }, attempt)
    last = ring.ownerOf(key)
    if (last === undefined || ahead(key, last.id) <= reach) return last
  }
  return last
}

/** 48 bits of an id tell distances well enough. */
const TOP = 2 ** 48
const TOP_DIGITS = 12

function ahead(from: RingId, to: RingId): number {
  return (topOf(to) - topOf(from) + TOP) % TOP
}

function topOf(id: RingId): number {
  return Number.parseInt(id.slice(0, TOP_DIGITS), 16)
}

/** Where the search for the member begins. */
export function keyOfPlace({ hint, level, number, epoch }: CopyPlace, attempt: number): RingId {
  const text = ['chordns/copy/1', hint, level, number, epoch, attempt].join('/')
  return asRingId(toHex(sha256(new TextEncoder().encode(text))))
}
