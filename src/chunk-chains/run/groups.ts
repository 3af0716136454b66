/** The replicas of each chunk by this node's own table, as groups that chains are made for. */
import type { ChunkId, PeerId } from '../../base/index.ts'
import { keyOfChunk } from '../../chunks/index.ts'
import type { Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import { groupKey, type ReplicaGroup, replicaGroup } from '../state/descriptor.ts'

export interface GroupNow {
  readonly group: ReplicaGroup
  readonly key: string
  /** All but this node. */
  readonly others: readonly PeerId[]
}

export interface Groups {
  /** Undefined when this node is no replica of the chunk, or the only one. */
  of(chunk: ChunkId): GroupNow | undefined
  /** The ring changed. */
  changed(): void
}

export function createGroups(ring: Pick<Ring, 'ringId' | 'self' | 'replicasOf'>, chunkBits: number): Groups {
  const known = new Map<ChunkId, GroupNow | undefined>()

  function compute(chunk: ChunkId): GroupNow | undefined {
    const { n, members } = ring.replicasOf(keyOfChunk(chunk, chunkBits))
    const seated = members.slice(0, limits.MAX_VALIDATORS)
    if (seated.length < 2 || n > limits.MAX_VALIDATORS || !seated.some(({ id }) => id === ring.self.id))
      return undefined
    const group = replicaGroup(ring.ringId, chunk, n, seated)
    const others = seated.filter(({ id }) => id !== ring.self.id).map(({ peer }) => peer)
    return { group, key: groupKey(group), others }
  }

  return {
    of(chunk) {
      if (!known.has(chunk)) known.set(chunk, compute(chunk))
      return known.get(chunk)
    },
    changed: () => known.clear(),
  }
}
