/**
 * What changed while this node joined a large ring. It went to those who were known then, and tables are compared as they were
 * before it; so it is asked of the member before this node, which tells this node whatever it hears from now on.
 */
import type { PeerId, RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import type { RingReply } from '../wire/messages.ts'
import { mergeRows } from './membership.ts'
import type { RingWork } from './state.ts'
import { tellsByTree } from './tree.ts'
import { sendRequest } from './work.ts'

export function askRecent(work: RingWork, peer: PeerId, after?: RingId, pages = 0): void {
  const { state } = work
  if (!tellsByTree(state) || pages >= limits.RECENT_PAGES) return
  sendRequest(
    work,
    peer,
    { type: 'ask-page', entry: state.self, after, recent: true },
    { kind: 'recent', pages: pages + 1 },
  )
}

export function recentAnswered(work: RingWork, peer: PeerId, reply: RingReply, pages: number): void {
  if (work.state.phase !== 'member' || reply.type !== 'page' || !reply.member) return
  mergeRows(work, reply.entries, peer)
  if (reply.next !== undefined) askRecent(work, peer, reply.next, pages)
}

/** Rows after `after` that do not count yet in what tables are compared by. */
export function recentRows({ state: { table } }: RingWork, after: RingId | undefined): MemberEntry[] {
  const ids = table.digest.waiting().filter((id) => after === undefined || id > after)
  return ids
    .sort()
    .slice(0, limits.MAX_ENTRIES + 1)
    .flatMap((id) => table.get(id) ?? [])
}
