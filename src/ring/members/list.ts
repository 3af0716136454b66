/**
 * Signed successor lists: where an asker has no whole table of its own, the owner that a look-up ends at signs who follows it,
 * and the asker checks that the list is as dense as the ring. Members that are hidden leave gaps: who only shows the
 * members of his own, a share f of the ring, shows a list 1/f times as wide (Castro et al., OSDI 2002, section 4).
 */
import type { RingId } from '../../base/index.ts'
import { encodeCanonical, type Signer, signedBytes } from '../../crypto/index.ts'
import { compareFrom, distance, idToBytes } from '../chord/ids.ts'
import { limits } from '../limits.ts'
import type { SigningContext } from './member.ts'

export interface SignedList {
  /** Unix ms. */
  readonly at: number
  /** Nearest first. */
  readonly successors: readonly RingId[]
  readonly signature: Uint8Array
}

/** `unsigned`: not that member's word, not fit for a list, or of another time. `sparse`: much wider than the ring is dense. */
export type ListVerdict = 'sound' | 'unsigned' | 'sparse'

export function signList(
  ringId: string,
  signer: Signer,
  member: RingId,
  successors: readonly RingId[],
  at: number,
): SignedList {
  const list = successors.slice(0, limits.MAX_SUCCESSORS)
  return { at, successors: list, signature: signer.sign(listBytes(ringId, member, list, at)) }
}

/** `members`: how many the ring has, by what the asker knows. */
export function examineList(
  context: SigningContext,
  member: { readonly id: RingId; readonly publicKey: Uint8Array },
  list: SignedList,
  members: number,
  now: number,
): ListVerdict {
  const { at, successors, signature } = list
  if (Math.abs(now - at) > limits.MAX_LIST_AGE_MS || !isOrdered(member.id, successors)) return 'unsigned'
  const bytes = listBytes(context.ringId, member.id, successors, at)
  if (!context.scheme.verify(member.publicKey, bytes, signature)) return 'unsigned'
  return isSparse(member.id, successors, members) ? 'sparse' : 'sound'
}

/** True when the list spans more than SPARSE_LIST times what so many steps span in a ring of that many members. */
export function isSparse(from: RingId, successors: readonly RingId[], members: number): boolean {
  // A list that the whole ring fits into cannot be too wide, and one that should be full must nearly be.
  const full = Math.min(limits.LEAST_LIST, Math.floor(members / limits.SPARSE_LIST) - 1)
  if (full < 1) return false
  const last = successors.at(-1)
  if (last === undefined || successors.length < full) return true
  if (successors.length < limits.LEAST_LIST) return false
  return distance(from, last) > BigInt(limits.SPARSE_LIST) * (WHOLE / BigInt(members)) * BigInt(successors.length)
}

/** How many members a ring has in which this list is of ordinary density; for a node that does not know them all. */
export function membersByDensity(from: RingId, successors: readonly RingId[]): number {
  const last = successors.at(-1)
  if (last === undefined) return 1
  const width = distance(from, last)
  return width === 0n ? 1 : Math.max(1, Number((WHOLE * BigInt(successors.length)) / width))
}

const WHOLE = 1n << 256n

function isOrdered(from: RingId, ids: readonly RingId[]): boolean {
  return ids.every((id, i) => id !== from && (i === 0 || compareFrom(from, ids[i - 1]!, id) < 0))
}

function listBytes(ringId: string, member: RingId, successors: readonly RingId[], at: number): Uint8Array {
  return signedBytes(
    'chordns/successors/1',
    encodeCanonical([ringId, idToBytes(member), at, successors.map(idToBytes)]),
  )
}

/** True when two lists are the same. */
export function sameIds(a: readonly RingId[], b: readonly RingId[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}
