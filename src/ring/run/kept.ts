/**
 * The members that a node stays connected with, however many there are: its ring neighbours on both sides, who are the replicas
 * of what it holds, watch it and are watched by it, and its fingers, over which changes travel far.
 */
import type { PeerId, RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { fingers } from '../machine/running-lookups.ts'
import type { RingState } from '../machine/state.ts'

/** The most important first. */
export function keptPeers(state: RingState): PeerId[] {
  const { table, pointers, self } = state
  const { predecessor, successors } = pointers
  const after = first(table.after(self.id))
  const before = first(table.before(self.id))
  const near = after.flatMap((id, i) => (before[i] === undefined ? [id] : [id, before[i]]))
  const ids = [...(predecessor === undefined ? [] : [predecessor]), ...successors.slice(0, 2), ...near]
  const out = new Set<PeerId>()
  for (const id of [...ids, ...fingers(state).toReversed()]) {
    const member = table.aliveMember(id)
    if (member !== undefined && member.id !== self.id) out.add(member.peer)
  }
  return [...out]
}

function first(members: Iterable<{ readonly id: RingId }>): RingId[] {
  const out: RingId[] = []
  for (const { id } of members) if (out.push(id) === limits.MAX_SUCCESSORS) break
  return out
}
