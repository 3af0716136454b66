/** What this node answers to the requests of others. Pings at once, the state only between its own operations. */
import type { PeerId, RingId } from '../base/index.ts'
import { answerCompare, answerDigests } from './exchange.ts'
import { successorIndex } from './ids.ts'
import { contacted, meetStranger } from './joining.ts'
import { limits } from './limits.ts'
import { verifyEntry } from './member.ts'
import { addAccusation, mergeRow, mergeRows } from './membership.ts'
import { fitting, type RingReply, type RingRequest } from './messages.ts'
import { claim } from './operations.ts'
import type { Work } from './state.ts'
import type { MemberEntry } from './types.ts'

export function answer(work: Work, from: PeerId, request: RingRequest): RingReply {
  const { state } = work
  state.stats.requestsServed += 1
  const sender = state.table.byPeer(from)
  if (sender !== undefined) state.detector.heard(sender.id, work.now)
  // Whoever speaks to us as to a member has a ring that we look for.
  if (state.phase === 'seeking' && request.type !== 'ask-page') contacted(work, from)
  switch (request.type) {
    case 'ping':
      return { type: 'ok' }
    case 'ask-state':
      return stateReply(work, request.summary)
    case 'notify':
      return answerNotify(work, from, request.entry)
    case 'push':
      mergeRows(work, request.entries, from)
      for (const accusation of request.accusations) addAccusation(work, accusation)
      return { type: 'ok' }
    case 'ask-page':
      return page(work, from, request.entry, request.after)
    case 'ask-digests':
      return state.phase === 'member' ? answerDigests(work, request.summary) : { type: 'ok' }
    case 'compare':
      return state.phase === 'member' ? answerCompare(work, request) : { type: 'ok' }
  }
}

function stateReply(work: Work, summary: Uint8Array): RingReply {
  const { state } = work
  const { predecessor, successors } = state.pointers
  const mine = state.table.summary()
  const same = mine.every((byte, i) => byte === summary[i])
  const named: RingId[] = [state.self.id, ...(predecessor === undefined ? [] : [predecessor]), ...successors]
  return {
    type: 'state',
    member: state.phase === 'member',
    // Only between a query and its answer: who waits to ask a busy member again changes nothing, and two that both waited
    // while being busy would wait for each other.
    busy: state.phase === 'member' && state.operation?.token !== undefined,
    id: state.self.id,
    predecessor,
    successors: successors.slice(0, limits.MAX_SUCCESSORS),
    summary: mine,
    entries: same ? [] : fitting(named.flatMap((id) => state.table.aliveMember(id) ?? [])),
  }
}

/** A claim counts only from the member itself: that it speaks is what shows that it is alive. */
function answerNotify(work: Work, from: PeerId, entry: MemberEntry): RingReply {
  const { state } = work
  if (entry.peer !== from || state.phase !== 'member') return { type: 'ok' }
  mergeRow(work, entry, from)
  if (state.table.isAlive(entry.id)) claim(work, entry.id)
  return { type: 'ok' }
}

function page(work: Work, from: PeerId, asker: MemberEntry, after: RingId | undefined): RingReply {
  const { state } = work
  const member = state.phase === 'member'
  if (state.phase === 'seeking' && verifyEntry(work.context, asker)) meetStranger(work, from, asker)
  if (!member) return { type: 'page', member, self: state.self, entries: [], next: undefined }
  const all = state.table.alive()
  const ids = all.map(({ id }) => id)
  const at = after === undefined ? 0 : successorIndex(ids, after)
  // `after` itself was on the last page; an index of 0 says that nothing comes after it.
  const start = after === undefined ? 0 : ids[at] === after ? at + 1 : at === 0 ? ids.length : at
  const entries = fitting(all.slice(start, start + limits.MAX_ENTRIES))
  const last = entries.at(-1)
  const more = last !== undefined && start + entries.length < all.length
  return { type: 'page', member, self: state.self, entries, next: more ? last.id : undefined }
}
