/**
 * Chunks are many, so that each member of a large ring holds some. What has a price of its own, as a digest or a chain has, is made for
 * a section: chunks that follow each other, whose numbers begin with the same bits. So a small ring pays for 256 sections at most,
 * however many chunks it has. Pure.
 */
import { asChunkId, type ChunkId } from '../../base/index.ts'
import type { ReplicaSet } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import { lastChunkAt } from './place.ts'

/** Chunks from `first` on. `count` is a power of two, and `first` a multiple of it. */
export interface Section {
  readonly first: ChunkId
  readonly count: number
}

/** Returns the replicas of a chunk. */
export type SetOf = (chunk: ChunkId) => ReplicaSet

/** Of the largest sections: how many chunks each has. */
export function chunksOfSection(chunkBits: number): number {
  return 2 ** Math.max(0, chunkBits - limits.SECTION_BITS)
}

/** The section around the chunk that has so many chunks. */
export function sectionOf(chunk: ChunkId, count: number): Section {
  return { first: asChunkId(chunk - (chunk % count)), count }
}

export function isInSection(chunk: ChunkId, { first, count }: Section): boolean {
  return chunk >= first && chunk < first + count
}

/** The largest section around the chunk whose chunks all have the same replicas. */
export function sectionOfOneSet(chunk: ChunkId, chunkBits: number, setOf: SetOf): Section {
  for (let count = chunksOfSection(chunkBits); count > 1; count /= 2) {
    const section = sectionOf(chunk, count)
    if (hasOneSet(section, chunkBits, setOf)) return section
  }
  return sectionOf(chunk, 1)
}

/** The sets of a section, each with the first chunk that has it; the same members in another order are another set. */
export function* setsIn(
  { first, count }: Section,
  chunkBits: number,
  setOf: SetOf,
): Generator<{ readonly chunk: ChunkId; readonly set: ReplicaSet }> {
  const end = first + count
  let next: number = first
  while (next < end) {
    const chunk = asChunkId(next)
    const set = setOf(chunk)
    yield { chunk, set }
    const owner = set.members[0]
    // The first replica is that of all chunks up to its own id. Where its id is before the chunk, nobody's lies between here and the end.
    const last = owner === undefined ? end : lastChunkAt(owner.id, chunkBits)
    if (last < next) return
    next = last + 1
  }
}

function hasOneSet(section: Section, chunkBits: number, setOf: SetOf): boolean {
  let whole: ReplicaSet | undefined
  for (const { set } of setsIn(section, chunkBits, setOf)) {
    whole ??= set
    if (!isSameSet(whole, set)) return false
  }
  return true
}

/** In whatever order. */
function isSameSet(a: ReplicaSet, b: ReplicaSet): boolean {
  if (a.members === b.members) return true
  if (a.n !== b.n || a.members.length !== b.members.length) return false
  const ids = new Set(a.members.map(({ id }) => id))
  return b.members.every(({ id }) => ids.has(id))
}
