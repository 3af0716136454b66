/**
 * Runs of chunks that have the same replicas. The replicas are the same for all chunks whose keys lie between the ids of two
 * neighbours on the ring, so a node finds all chunks that it holds by computing one set for each member, not one for each chunk.
 */
import { asChunkId, type ChunkId } from '../../base/index.ts'
import type { Ring } from '../../ring/index.ts'
import { lastChunkAt } from './place.ts'
import { type Seats, seatsOfChunk } from './seats.ts'

export interface Run {
  /** Both included. */
  readonly first: ChunkId
  readonly last: ChunkId
  readonly seats: Seats
}

/** The runs of which this node is a replica, with others, in the order of chunks. */
export function ownRuns(ring: Ring, chunkBits: number): Run[] {
  const end = 2 ** chunkBits - 1
  // A run ends with the last chunk whose key is not above a member's id: that member is the successor of no key after it.
  const lasts = new Set<number>([end])
  for (const { id } of ring.members()) lasts.add(lastChunkAt(id, chunkBits))
  lasts.add(lastChunkAt(ring.self.id, chunkBits))
  const runs: Run[] = []
  let first = 0
  for (const last of [...lasts].sort((a, b) => a - b)) {
    const seats = seatsOfChunk(ring, asChunkId(first), chunkBits)
    if (seats.mine && seats.others.length > 0) runs.push({ first: asChunkId(first), last: asChunkId(last), seats })
    first = last + 1
  }
  return runs
}
