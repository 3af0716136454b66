/**
 * Anti-entropy between two members: ranges whose fingerprints differ are narrowed down (`reconcile.ts`), then the missing rows go in
 * both directions. Each message fits one frame. With a member of the release before: a summary, then the digests of 256
 * buckets, then (id, incarnation) pairs of those that differ.
 */
import { type PeerId, type RingId, toHex } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import { fitting, type Pair, type RingReply, type RingRequest } from '../wire/messages.ts'
import { compareStatements } from './inviting.ts'
import { mergeRows } from './membership.ts'
import { everything, nextRanges, readAnswers } from './reconcile.ts'
import type { RingWork, TableExchange } from './state.ts'
import { sendRequest } from './work.ts'

/**
 * Starts an exchange with a member, unless one is in progress or the last one was about the same two tables: rows that one
 * side refuses would be sent again and again. `summary` is the other side's, where it is known.
 */
export function startExchange(work: RingWork, peer: PeerId, summary?: Uint8Array): void {
  const { state, context } = work
  if (state.phase !== 'member' || state.exchange !== undefined || peer === state.self.peer) return
  const mine = toHex(state.table.summary())
  const last = state.compared.get(peer)
  const theirs = summary === undefined ? last?.theirs : toHex(summary)
  if (last?.mine === mine && last.theirs === theirs && work.now - last.at < context.options.auditMs) return
  state.stats.exchanges += 1
  state.exchangedAt = work.now
  state.exchange = { peer, theirs, differences: everything(), remaining: [] }
  proceed(work, peer)
}

/**
 * An exchange because two tables differ, or for an audit: in a large ring not each time, since changes that gossip has not brought
 * yet make tables differ always.
 */
export function exchangeNowAndThen(work: RingWork, peer: PeerId, summary?: Uint8Array): void {
  const { state, now } = work
  const pauseMs = state.table.aliveCount * limits.EXCHANGE_PAUSE_PER_MEMBER_MS
  if (state.table.aliveCount > limits.GOSSIP_ALL && now - state.exchangedAt < pauseMs) return
  startExchange(work, peer, summary)
}

export function exchangeAnswered(work: RingWork, peer: PeerId, reply: RingReply): void {
  const { exchange, table } = work.state
  if (exchange?.peer !== peer) return
  if (reply.type === 'ranges') {
    compareStatements(work, peer, reply.statements)
    if (!readAnswers(table, exchange.differences, reply.answers)) exchange.differences.open = []
  } else if (reply.type === 'digests')
    exchange.remaining = reply.digests === undefined ? [] : table.differing(reply.digests)
  else if (reply.type === 'compared') mergeCompared(work, peer, reply.entries, reply.wanted)
  else exchange.differences.open = []
  proceed(work, peer)
}

/** `alive`: it answered that it cannot. A member of the release before does not know ranges. */
export function exchangeFailed(work: RingWork, alive: boolean): void {
  const { exchange, table } = work.state
  if (alive && exchange?.differences.asked[0] === '') {
    exchange.differences.asked = []
    const request = { type: 'ask-digests', summary: table.summary() } as const
    sendRequest(work, exchange.peer, request, { kind: 'exchange' })
  } else work.state.exchange = undefined
}

/** The other side of `ask-digests`. */
export function answerDigests(work: RingWork, summary: Uint8Array): RingReply {
  const { table } = work.state
  const same = toHex(table.summary()) === toHex(summary)
  return { type: 'digests', digests: same ? undefined : table.digests() }
}

/** The other side of `compare`: rows that the asker lacks or has older, and ids whose newer row it should send. */
export function answerCompare(work: RingWork, request: Extract<RingRequest, { type: 'compare' }>): RingReply {
  const { table } = work.state
  const theirs = new Map(request.pairs.map(({ id, incarnation }) => [id, incarnation]))
  const wanted: RingId[] = []
  const newer: MemberEntry[] = (request.hints ?? []).flatMap((hint) => table.byHint(hint) ?? [])
  for (const [id, incarnation] of theirs) {
    const mine = table.get(id)
    if (mine === undefined || incarnation > mine.incarnation) wanted.push(id)
    // Theirs is alive: a row of the same incarnation that says otherwise beats it.
    else if (mine.incarnation > incarnation || mine.status !== 'alive') newer.push(mine)
  }
  const lacking = [...new Set(request.buckets)].flatMap((bucket) =>
    table.bucket(bucket).filter(({ id }) => !theirs.has(id)),
  )
  // 36 bytes an id: what is wanted and what is sent share one frame.
  const room = Math.min(limits.MAX_ENTRIES_BYTES, limits.MAX_MESSAGE_BYTES - 1_000 - 36 * wanted.length)
  return { type: 'compared', entries: fitting([...lacking, ...newer], room), wanted }
}

/** Merges the rows that came, and sends what the other side wants or has an older row of. */
function mergeCompared(work: RingWork, peer: PeerId, entries: readonly MemberEntry[], wanted: readonly RingId[]): void {
  const { table } = work.state
  mergeRows(work, entries, peer)
  const send = new Map<RingId, MemberEntry>()
  for (const id of wanted) {
    const row = table.get(id)
    if (row !== undefined) send.set(id, row)
  }
  for (const entry of entries) {
    const row = table.get(entry.id)
    if (row !== undefined && (row.incarnation > entry.incarnation || row.status !== entry.status)) send.set(row.id, row)
  }
  const rows = fitting(send.values())
  if (rows.length > 0) sendRequest(work, peer, { type: 'push', entries: rows, accusations: [] }, { kind: 'push' })
}

/** The next request of the exchange in progress; ends it when nothing is left to be done. */
function proceed(work: RingWork, peer: PeerId): void {
  const { state } = work
  const { exchange } = state
  if (exchange === undefined) return
  const { differences } = exchange
  const ranges = nextRanges(state.table, differences)
  const purpose = { kind: 'exchange' } as const
  if (ranges.length > 0) {
    // What is known of invitations is compared along with the whole table.
    const isFirst = ranges[0]?.range === ''
    const statements = isFirst ? { statements: state.invitations.digest() } : {}
    sendRequest(work, peer, { type: 'reconcile', ranges, ...statements }, purpose)
    return
  }
  if (differences.wanted.length + differences.offered.length > 0) {
    const hints = differences.wanted.splice(0, limits.MAX_HINTS)
    const pairs = differences.offered.splice(0, limits.MAX_PAIRS / 2)
    sendRequest(work, peer, { type: 'compare', buckets: [], pairs, hints }, purpose)
    return
  }
  if (exchange.remaining.length > 0) {
    compareBuckets(work, exchange)
    return
  }
  sendNewer(work, peer, differences.newer)
  state.exchange = undefined
  state.compared.set(peer, { mine: toHex(state.table.summary()), theirs: exchange.theirs, at: work.now })
  if (state.compared.size > limits.GOSSIP_ALL) state.compared.delete(state.compared.keys().next().value!)
}

function sendNewer(work: RingWork, peer: PeerId, ids: readonly RingId[]): void {
  let rows = ids.flatMap((id) => work.state.table.get(id) ?? [])
  while (rows.length > 0) {
    const entries = fitting(rows)
    if (entries.length === 0) return
    sendRequest(work, peer, { type: 'push', entries, accusations: [] }, { kind: 'push' })
    rows = rows.slice(entries.length)
  }
}

/** The next buckets, as many as fit into one message. */
function compareBuckets(work: RingWork, exchange: TableExchange): void {
  const pairs: Pair[] = []
  const buckets: number[] = []
  for (const bucket of exchange.remaining) {
    const rows = work.state.table.bucket(bucket)
    if (buckets.length > 0 && pairs.length + rows.length > limits.MAX_PAIRS) break
    buckets.push(bucket)
    pairs.push(...rows.slice(0, limits.MAX_PAIRS).map(({ id, incarnation }) => ({ id, incarnation })))
  }
  exchange.remaining = exchange.remaining.slice(buckets.length)
  sendRequest(work, exchange.peer, { type: 'compare', buckets, pairs }, { kind: 'exchange' })
}
