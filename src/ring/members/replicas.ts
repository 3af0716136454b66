/** Which members hold a key: a function of this node's own table and nothing else. */
import type { RingId } from '../../base/index.ts'
import type { ReplicaSet } from '../types.ts'
import type { MemberTable } from './table.ts'

/**
 * successor(key) and the next r members. n counts the seats: min(r + 1, the largest member count of 24 h); seats without
 * a living member are empty, but they count, so that who isolates a node is not its majority.
 */
export function replicaSet(table: MemberTable, largest: number, replicas: number, key: RingId): ReplicaSet {
  const n = seats(table, largest, replicas)
  return { key, n, members: table.successors(key, n) }
}

/** n of a ring with this table. */
export function seats(table: MemberTable, largest: number, replicas: number): number {
  return Math.max(1, Math.min(replicas + 1, Math.max(largest, table.aliveCount)))
}
