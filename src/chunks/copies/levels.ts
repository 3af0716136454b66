/**
 * Which level a popular name needs. Copies form a tree: those of a level read of one of the level below, at random, and those of the
 * first of a replica. So a copy is read by those who want the name, and by a few copies of the next level once in a TTL (after random
 * trees, Karger et al. 1997).
 */
import { limits } from '../limits.ts'

export interface Popularity {
  /** Reads of the name a second, of all members. */
  readonly reads: number
  /** Reads that a member of this ring makes a second, in the mean: so many does one serve. */
  readonly mean: number
  /** Seats of a chunk, and members of the ring. */
  readonly n: number
  readonly members: number
}

/** Members that serve a name at a level. */
export function serversAt(level: number, n: number): number {
  return level === 0 ? n : limits.COPIES_OF_ONE ** level
}

/** The least level at which no server of the name is read more than its share for it. */
export function levelFor({ reads, mean, n, members }: Popularity): number {
  const share = Math.max(limits.SHARE_OF_A_NAME * mean, limits.LEAST_RATE)
  let level = 0
  while (level < deepest(members) && reads > share * serversAt(level, n)) level++
  return level
}

/** As `levelFor`; a level that was marked is left only where the next lower one would do with room to spare. */
export function nextLevel(marked: number, popularity: Popularity): number {
  const level = levelFor(popularity)
  if (level >= marked) return level
  return Math.min(marked, levelFor({ ...popularity, reads: limits.LEVEL_SLACK * popularity.reads }))
}

/** No more copies than a quarter of the members. */
function deepest(members: number): number {
  let level = 0
  while (level < limits.MAX_LEVEL && serversAt(level + 1, 1) <= members / 4) level++
  return level
}
