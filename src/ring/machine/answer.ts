/** What this node answers to the requests of others. Pings at once, the state only between its own operations. */
import { compareBytes, type PeerId, type RingId } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { FINGERPRINT_BYTES } from '../members/digest.ts'
import { CHECKS_OF_A_STATEMENT } from '../members/invitations.ts'
import { verifyEntry } from '../members/member.ts'
import { signWelcome } from '../members/welcomes.ts'
import type { MemberEntry } from '../types.ts'
import { fitting, type RingReply, type RingRequest } from '../wire/messages.ts'
import { answerCompare, answerDigests } from './exchange.ts'
import { takeVotes, votesForJoiner } from './expelling.ts'
import { answerStatements, digestFor, takeStatements } from './inviting.ts'
import { contacted, meetStranger } from './joining.ts'
import { addAccusation, mergeRow, mergeRows, passRowsOn, testify } from './membership.ts'
import { claim } from './operations.ts'
import { recentRows } from './recent.ts'
import { answerRanges } from './reconcile.ts'
import { answerFind } from './running-lookups.ts'
import type { RingWork } from './state.ts'
import { expand, tellsByTree } from './tree.ts'

export function answer(work: RingWork, from: PeerId, request: RingRequest): RingReply {
  const { state } = work
  state.stats.requestsServed += 1
  if (state.expulsions.isExpelledPeer(from)) return { type: 'ok' }
  const sender = state.table.byPeer(from)
  if (sender !== undefined) state.detector.heard(sender.id, work.now)
  // Whoever speaks to us as to a member has a ring, and we seek one.
  if (state.phase === 'seeking' && request.type !== 'ask-page') contacted(work, from)
  switch (request.type) {
    case 'ping':
      return { type: 'ok' }
    case 'ask-state':
      return stateReply(work, request.summary, request.seen)
    case 'notify':
      return answerNotify(work, from, request.entry)
    case 'push':
      return answerPush(work, from, request)
    case 'ask-page':
      return page(work, from, request)
    case 'ask-digests':
      return state.phase === 'member' ? answerDigests(work, request.summary) : { type: 'ok' }
    case 'compare':
      return state.phase === 'member' ? answerCompare(work, request) : { type: 'ok' }
    case 'reconcile':
      return state.phase === 'member'
        ? {
            type: 'ranges',
            answers: answerRanges(state.table, request.ranges),
            ...digestFor(state.invitations, request.statements),
          }
        : { type: 'ok' }
    case 'ask-statements':
      return state.phase === 'member' ? answerStatements(work, request) : { type: 'ok' }
    case 'ask-welcome':
      return answerWelcome(work, from, request.entry)
    case 'find':
      return answerFind(work, request)
  }
}

function stateReply(work: RingWork, summary: Uint8Array, seen: Uint8Array | undefined): RingReply {
  const { state } = work
  const { predecessor, successors } = state.pointers
  const mine = state.table.summary()
  const same = mine.every((byte, i) => byte === summary[i])
  const named: RingId[] = [state.self.id, ...(predecessor === undefined ? [] : [predecessor]), ...successors]
  const rows = named.flatMap((id) => state.table.aliveMember(id) ?? [])
  const stamp = stampOf(named, rows)
  const member = state.phase === 'member'
  // Only between our request and its reply. While we wait to ask a busy member again we change nothing, and if we said
  // busy then, two such nodes would wait for each other.
  const busy = member && state.operation?.token !== undefined
  if (seen !== undefined && compareBytes(seen, stamp) === 0) return { type: 'unchanged', member, busy, summary: mine }
  return {
    type: 'state',
    member,
    busy,
    id: state.self.id,
    predecessor,
    successors: successors.slice(0, limits.MAX_SUCCESSORS),
    summary: mine,
    // In a large ring equal summaries are of a while ago.
    entries: same && !tellsByTree(state) ? [] : fitting(rows),
    stamp,
  }
}

/** Another one when the neighbours or their rows are others. */
function stampOf(ids: readonly RingId[], rows: readonly MemberEntry[]): Uint8Array {
  const text = [...ids, ...rows.map(({ incarnation }) => incarnation)].join()
  return sha256(new TextEncoder().encode(text)).slice(0, FINGERPRINT_BYTES)
}

/** Rows come before accusations: they name the witnesses. What exceeds the allowance is dropped; the exchange brings it later. */
function answerPush(work: RingWork, from: PeerId, request: Extract<RingRequest, { type: 'push' }>): RingReply {
  const { accusations, votes = [], statements = [], until } = request
  const briefly = (request.brief ?? []).flatMap((row) => expand(work.state.table, row) ?? [])
  const entries = [...briefly, ...request.entries]
  const checks =
    entries.reduce((sum, entry) => sum + checksOf(work, entry), accusations.length + votes.length) +
    CHECKS_OF_A_STATEMENT * statements.length
  let granted = allowance(work, from, checks)
  const rows: MemberEntry[] = []
  for (const entry of entries) {
    granted -= checksOf(work, entry)
    if (granted < 0) break
    rows.push(entry)
  }
  mergeRows(work, rows, from, true)
  if (until !== undefined && work.state.phase === 'member') passRowsOn(work, rows, from, until)
  testify(work, from, rows)
  granted = Math.max(0, granted)
  for (const accusation of accusations.slice(0, granted)) addAccusation(work, accusation)
  granted = Math.max(0, granted - accusations.length)
  takeVotes(work, votes.slice(0, granted), from)
  granted = Math.max(0, granted - votes.length)
  takeStatements(work, statements.slice(0, Math.floor(granted / CHECKS_OF_A_STATEMENT)), from)
  return { type: 'ok' }
}

/** Signatures that a row may cost: one, or those of its accusers; for who is no member, of those who welcome it as well. */
function checksOf({ state }: RingWork, { id, signatures, welcomes = [] }: MemberEntry): number {
  return Math.max(1, signatures.length) + (state.table.isAlive(id) ? 0 : welcomes.length)
}

/** A claim counts only from the member itself: that it speaks is what shows that it is alive. */
function answerNotify(work: RingWork, from: PeerId, entry: MemberEntry): RingReply {
  const { state } = work
  if (entry.peer !== from || state.phase !== 'member' || allowance(work, from, 1) === 0) return { type: 'ok' }
  mergeRow(work, entry, from)
  if (state.table.isAlive(entry.id)) claim(work, entry.id)
  return { type: 'ok' }
}

/** A welcome is for who speaks to us itself, and has a seat with us. The member tells the others, with what it gathered. */
function answerWelcome(work: RingWork, from: PeerId, entry: MemberEntry): RingReply {
  const { state, context } = work
  const refused = { type: 'welcome', welcome: undefined } as const
  if (entry.peer !== from || state.phase !== 'member' || allowance(work, from, 1) === 0) return refused
  if (mergeRow(work, entry, from) === 'new') state.outbox.delete(entry.id)
  const member = state.table.aliveMember(entry.id)
  if (member === undefined) return refused
  const welcome = signWelcome(context.ringId, context.signer, member.publicKey, Math.floor(work.now))
  return { type: 'welcome', welcome }
}

function page(work: RingWork, from: PeerId, request: Extract<RingRequest, { type: 'ask-page' }>): RingReply {
  const { entry: asker, after, recent = false, bare = false } = request
  const { state } = work
  const member = state.phase === 'member'
  if (state.phase === 'seeking' && verifyEntry(work.context, asker)) meetStranger(work, from, asker)
  if (!member) return { type: 'page', member, self: state.self, entries: [], next: undefined }
  const rows = recent ? recentRows(work, after) : state.table.page(after, limits.MAX_ENTRIES + 1)
  // In a smaller ring whoever remembers some members holds all rows against their welcomes, and reads them of who joined before.
  const candidates = bare && state.table.aliveCount > limits.MAX_REMEMBERED ? rows.map(withoutWelcomes) : rows
  const entries = fitting(candidates)
  const next = entries.length < candidates.length ? entries.at(-1)?.id : undefined
  return {
    type: 'page',
    member,
    self: state.self,
    entries,
    next,
    ...(next === undefined && { votes: votesForJoiner(work) }),
  }
}

/** Its signature does not cover them. */
function withoutWelcomes({ welcomes: _, ...row }: MemberEntry): MemberEntry {
  return row
}

/** How many of the rows and accusations that a peer sends unasked are verified now: each may cost a signature check. */
function allowance(work: RingWork, from: PeerId, wanted: number): number {
  const { credit } = work.state
  const last = credit.get(from) ?? { checks: limits.CHECKS_BURST, at: work.now }
  const earned = (Math.max(0, work.now - last.at) / 1_000) * limits.CHECKS_PER_SECOND
  const checks = Math.min(limits.CHECKS_BURST, last.checks + earned)
  const granted = Math.min(wanted, Math.floor(checks))
  // Insertion order is age: whoever was silent longest is forgotten, and by then has earned its credit again.
  credit.delete(from)
  credit.set(from, { checks: checks - granted, at: work.now })
  if (credit.size > limits.MAX_CREDITS) credit.delete(credit.keys().next().value!)
  work.state.stats.refused += wanted - granted
  return granted
}
