/**
 * Telling changes on; in a large ring down a tree (`tree.ts`). Whoever knows a change first tells all members of a small ring; whoever hears of it for the first
 * time tells a few more, so that everybody hears it in about log(N) steps. What is lost, the exchange repairs.
 */
import type { PeerId, RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { Accusation } from '../members/accusations.ts'
import type { MemberEntry } from '../types.ts'
import { fitting } from '../wire/messages.ts'
import { tellsAll } from './connections.ts'
import { fingers } from './running-lookups.ts'
import type { Change, RingWork } from './state.ts'
import { flushTree, tellsByTree } from './tree.ts'
import { sendRequest, setTimer, spread } from './work.ts'

/** Sends what waits in the outbox. */
export function flush(work: RingWork): void {
  const { state } = work
  state.flushSet = false
  if (state.phase !== 'member' && state.phase !== 'left') return
  if (state.phase === 'left') tellNeighbours(work)
  const next = flushTree(work)
  const changes = [...state.outbox.values()].filter(({ until }) => until === undefined)
  const first = removeFitting(
    work,
    changes.filter(({ from }) => from === undefined),
  )
  const heard = removeFitting(
    work,
    changes.filter(({ from }) => from !== undefined),
  )
  push(work, everybody(work, first), first)
  push(work, some(work, heard), heard)
  pushAccusations(work)
  if (state.outbox.size === 0 || state.phase === 'left') return
  state.flushSet = true
  const isFull = changes.length > first.length + heard.length
  setTimer(work, 'flush', isFull || next === undefined ? 20 : Math.max(20, next - work.now), 20)
}

/** Who leaves a large ring says so to its neighbours itself: the tree reaches those before it last. */
function tellNeighbours(work: RingWork): void {
  const { state } = work
  if (!tellsByTree(state)) return
  const request = { type: 'push', entries: [state.self], accusations: [] } as const
  for (const { peer } of state.table.nearest(state.self.id)) sendRequest(work, peer, request, { kind: 'push' })
}

function push(work: RingWork, members: Iterable<MemberEntry>, changes: readonly Change[]): void {
  const entries = changes.map(({ entry }) => entry)
  if (entries.length === 0) return
  for (const { peer } of members) sendRequest(work, peer, { type: 'push', entries, accusations: [] }, { kind: 'push' })
}

/** To the other witnesses, who count, and to the accused, who may refute. */
function pushAccusations(work: RingWork): void {
  const { state } = work
  const byPeer = new Map<PeerId, Accusation[]>()
  for (const accusation of state.outboxAccusations.splice(0)) {
    const accused = state.table.aliveMember(accusation.accused)
    if (accused === undefined) continue
    for (const { peer } of [accused, ...state.table.nearest(accused.id)]) {
      if (peer !== state.self.peer) byPeer.set(peer, [...(byPeer.get(peer) ?? []), accusation])
    }
  }
  for (const [peer, accusations] of byPeer) {
    sendRequest(work, peer, { type: 'push', entries: [], accusations }, { kind: 'push' })
  }
}

/** Removes from the outbox as much as one message holds, and returns it. */
function removeFitting(work: RingWork, changes: readonly Change[]): Change[] {
  const count = fitting(changes.map(({ entry }) => entry)).length
  const removed = changes.slice(0, count)
  for (const { entry } of removed) work.state.outbox.delete(entry.id)
  return removed
}

/** All members of a small ring; and who is said to be dead, so that it can refute. */
function everybody(work: RingWork, changes: readonly Change[]): readonly MemberEntry[] {
  if (changes.length === 0) return []
  const { state, context } = work
  const { table, self } = state
  const dead = changes.filter(({ entry }) => entry.status === 'dead').map(({ entry }) => entry)
  if (!tellsAll(state, context)) return [...dead, ...some(work, changes)]
  return [...dead, ...table.alive().filter(({ id }) => id !== self.id)]
}

/**
 * Ring neighbours, and members spread over the ring by a hash of what is told; not the one who told us. In a large ring these
 * are fingers: a node stays connected with them, so that telling opens no connections.
 */
function some(work: RingWork, changes: readonly Change[]): MemberEntry[] {
  if (changes.length === 0) return []
  const { state, context } = work
  const { table, self, pointers, turn } = state
  const chosen = new Map<RingId, MemberEntry>()
  const source = changes.length === 1 ? changes[0]?.from : undefined
  const add = (entry: MemberEntry | undefined) => {
    if (entry !== undefined && entry.id !== self.id && entry.peer !== source) chosen.set(entry.id, entry)
  }
  for (const id of [pointers.successors[0], pointers.successors[1], pointers.predecessor]) {
    if (id !== undefined) add(table.aliveMember(id))
  }
  const topic = changes[0]?.entry.id ?? ''
  const far = tellsAll(state, context) ? [] : fingers(state).flatMap((id) => table.aliveMember(id) ?? [])
  for (let i = 0; far.length > 0 && i < 2 * limits.GOSSIP_FANOUT && chosen.size < limits.GOSSIP_FANOUT; i++)
    add(far[spread(self.id, topic, turn, i) % far.length])
  for (let i = 0; i < 4 * limits.GOSSIP_FANOUT && chosen.size < limits.GOSSIP_FANOUT; i++) {
    add(table.aliveAt(spread(self.id, topic, turn, i) % table.aliveCount))
  }
  return [...chosen.values()]
}
