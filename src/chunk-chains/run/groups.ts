/** The replicas of each section of chunks by this node's own table, as groups that chains are made for. */
import type { ChunkId, PeerId } from '../../base/index.ts'
import { keyOfChunk, type Section, sectionOfOneSet } from '../../chunks/index.ts'
import type { ReplicaSet, Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import { groupKey, type ReplicaGroup, replicaGroup } from '../state/descriptor.ts'

export interface GroupNow {
  readonly group: ReplicaGroup
  readonly key: string
  /** All but this node. */
  readonly others: readonly PeerId[]
}

export interface Groups {
  /** The same for all chunks of a section. Undefined when this node is no replica of the chunk, or the only one. */
  of(chunk: ChunkId): GroupNow | undefined
  /** The ring changed. */
  changed(): void
}

export function createGroups(ring: Pick<Ring, 'ringId' | 'self' | 'replicasOf'>, chunkBits: number): Groups {
  const known = new Map<ChunkId, GroupNow | undefined>()
  /** By the first chunk and the size of their sections. */
  const sections = new Map<string, GroupNow>()
  const setOf = (chunk: ChunkId) => ring.replicasOf(keyOfChunk(chunk, chunkBits))

  function compute(chunk: ChunkId): GroupNow | undefined {
    const set = setOf(chunk)
    const seated = set.members.slice(0, limits.MAX_VALIDATORS)
    if (seated.length < 2 || set.n > limits.MAX_VALIDATORS || !seated.some(({ id }) => id === ring.self.id))
      return undefined
    const section = sectionOfOneSet(chunk, chunkBits, setOf)
    const key = `${section.first}/${section.count}`
    const group = sections.get(key) ?? groupOf(section, set)
    sections.set(key, group)
    return group
  }

  function groupOf(section: Section, { n, members }: ReplicaSet): GroupNow {
    const seated = members.slice(0, limits.MAX_VALIDATORS)
    const group = replicaGroup(ring.ringId, section, n, seated)
    const others = seated.filter(({ id }) => id !== ring.self.id).map(({ peer }) => peer)
    return { group, key: groupKey(group), others }
  }

  return {
    of(chunk) {
      if (!known.has(chunk)) known.set(chunk, compute(chunk))
      return known.get(chunk)
    },
    changed() {
      known.clear()
      sections.clear()
    },
  }
}
