/** The seats of a chunk: who its replicas are now, by this node's own table. */
import type { ChunkId, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { MemberEntry, ReplicaSet, Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import { chunkOf, keyOfChunk } from './place.ts'

export interface Seats {
  readonly chunk: ChunkId
  /** Filled and empty seats together: what a majority is counted of. */
  readonly n: number
  /** The replicas, in ring order. */
  readonly members: readonly MemberEntry[]
  /** This node is one of them. */
  readonly mine: boolean
  /** All but this node, in ring order. */
  readonly others: readonly MemberEntry[]
  /** Those before this node in ring order that it believes live: they open a round first. */
  readonly before: readonly MemberEntry[]
}

export function seatsOf(ring: Ring, question: Question, chunkBits: number): Seats {
  return seatsOfChunk(ring, chunkOf(question.name, chunkBits), chunkBits)
}

export function seatsOfChunk(ring: Ring, chunk: ChunkId, chunkBits: number): Seats {
  return seatsIn(ring, chunk, ring.replicasOf(keyOfChunk(chunk, chunkBits)))
}

/** The seats that a replica set makes. Whoever keeps them keeps what does not change while the set is the same. */
export function seatsIn(ring: Ring, chunk: ChunkId, { n, members: all }: ReplicaSet): Seats {
  const members = all.slice(0, limits.MAX_REPLICAS)
  const isSelf = (member: MemberEntry) => member.id === ring.self.id
  const ahead = members.slice(0, Math.max(0, members.findIndex(isSelf)))
  return {
    chunk,
    n,
    members,
    mine: members.some(isSelf),
    others: members.filter((member) => !isSelf(member)),
    get before() {
      return ahead.filter((member) => !ring.isSuspect(member.id))
    },
  }
}

/** Whether this node and that peer are both replicas. */
export function bothReplicas(peer: PeerId, seats: Seats): boolean {
  return seats.mine && seats.members.some((member) => member.peer === peer)
}

export function peersOf(members: readonly MemberEntry[]): PeerId[] {
  return members.map((member) => member.peer)
}
