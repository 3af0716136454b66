/** Which members hold a key: a function of this node's own table and nothing else. */
import type { RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry, ReplicaSet } from '../types.ts'
import type { MemberTable } from './table.ts'

/** Who runs a member, as far as that is known: seats are spread over groups. */
export type GroupOf = (entry: MemberEntry) => string | undefined

const nobody: GroupOf = () => undefined

/**
 * successor(key) and r of those after it. n counts the seats: min(r + 1, the largest member count of 24 h); seats without
 * a living member are empty, but they count, so that who isolates a node is not its majority.
 */
export function replicaSet(
  table: MemberTable,
  largest: number,
  replicas: number,
  key: RingId,
  groupOf: GroupOf = nobody,
): ReplicaSet {
  const n = seats(table, largest, replicas)
  return { key, n, members: spreadOver(table.successors(key, candidates(n)), n, groupOf) }
}

/** n of a ring with this table. */
export function seats(table: MemberTable, largest: number, replicas: number): number {
  return Math.max(1, Math.min(replicas + 1, Math.max(largest, table.aliveCount)))
}

/** How many members after a key are looked at: beyond them nobody takes a seat, so that whoever joins far away changes nothing. */
export function candidates(n: number): number {
  return limits.SEATS_LOOKED_THROUGH * n
}

/**
 * `count` of the members, in ring order, so that no group has more than a minority of the seats where there is a choice: whoever
 * would be one too many of its group is passed over, and comes after all only where seats would stay empty.
 */
export function spreadOver(inOrder: readonly MemberEntry[], count: number, groupOf: GroupOf): MemberEntry[] {
  const most = Math.max(1, Math.ceil(count / 2) - 1)
  const taken = new Map<string, number>()
  const chosen = new Set<MemberEntry>()
  for (const entry of inOrder) {
    if (chosen.size === count) break
    const group = groupOf(entry)
    const already = group === undefined ? 0 : (taken.get(group) ?? 0)
    if (already >= most) continue
    if (group !== undefined) taken.set(group, already + 1)
    chosen.add(entry)
  }
  for (const entry of inOrder) {
    if (chosen.size === count) break
    chosen.add(entry)
  }
  return inOrder.filter((entry) => chosen.has(entry))
}
