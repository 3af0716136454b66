/** Look-ups of a running node: asking one member after the other, and answering the look-ups of others. */
import type { PeerId, RingId } from '../../base/index.ts'
import { type FingerSpace, fingersOf } from '../chord/fingers.ts'
import { addPowerOfTwo, owns, shortId } from '../chord/ids.ts'
import {
  answered,
  beginLookup,
  type Directions,
  directions,
  type Lookup,
  nextContact,
  skipped,
  unanswered,
  type View,
} from '../chord/lookup.ts'
import { limits } from '../limits.ts'
import { examineList, membersByDensity, type SignedList, sameIds, signList } from '../members/list.ts'
import type { LookupMode } from '../types.ts'
import type { RingReply, RingRequest } from '../wire/messages.ts'
import { mergeRow } from './membership.ts'
import type { RingState, RingWork } from './state.ts'
import { log, sendRequest } from './work.ts'

const SPACE: FingerSpace<RingId> = { bits: 256, add: addPowerOfTwo }

/** Starts looking for the member that holds `key`; ends with exactly one `looked-up` effect for `reference`. */
export function startLookup(work: RingWork, reference: number, key: RingId, mode: LookupMode): void {
  const { state } = work
  if (state.phase !== 'member' || state.lookups.size >= limits.MAX_LOOKUPS) {
    work.effects.push({ kind: 'looked-up', reference, result: { key, owner: undefined, hops: 0, timeouts: 0 } })
    return
  }
  const own = ownDirections(work, key, mode)
  state.lookups.set(reference, beginLookup(state.self.id, key, own, mode !== 'chord'))
  if (mode !== 'table' || isPartial(work)) state.proving.set(reference, undefined)
  proceed(work, reference)
}

/** The member that was asked has answered; anything but directions is as good as silence. */
export function lookupAnswered(work: RingWork, from: PeerId, reference: number, reply: RingReply): void {
  const running = work.state.lookups.get(reference)
  if (running === undefined) return
  if (reply.type === 'directions') {
    // One row, signed, and only when we were wrong about the owner: our table lacked it, or gossip has not come by yet.
    if (reply.entry !== undefined) mergeRow(work, reply.entry, from)
    if (isProven(work, reference, reply.list)) answered(running, reply)
    else unanswered(running)
  } else unanswered(running)
  proceed(work, reference)
}

export function lookupFailed(work: RingWork, reference: number): void {
  const running = work.state.lookups.get(reference)
  if (running === undefined) return
  unanswered(running)
  proceed(work, reference)
}

/** This node leaves: whoever waits for a look-up hears that it found nobody. */
export function abandonLookups(work: RingWork): void {
  for (const [reference, running] of [...work.state.lookups]) finish(work, reference, running, undefined)
}

/** The other side of `find`. Nothing is verified and nothing is remembered for it, so that it costs us little. */
export function answerFind(
  work: RingWork,
  { key, shortCut, proof }: Extract<RingRequest, { type: 'find' }>,
): RingReply {
  const { state } = work
  if (state.phase !== 'member') return { type: 'ok' }
  const { predecessor } = state.pointers
  // The asker believes that we own the key, but our predecessor does: it may not know that one yet.
  const entry =
    predecessor !== undefined && owns(state.self.id, predecessor, key)
      ? state.table.aliveMember(predecessor)
      : undefined
  const list = proof === true ? ownList(work) : undefined
  return {
    type: 'directions',
    ...directions(viewOf(work), key, shortCut),
    entry,
    ...(list !== undefined && { list }),
  }
}

/** Where a look-up of this node starts: at the owner by its table, or on the way by its fingers. */
export function ownDirections(work: RingWork, key: RingId, mode: LookupMode): Directions<RingId> {
  return mode === 'table' ? byTable(work, key) : directions(viewOf(work), key, mode === 'chord+list')
}

/** What this node knows around itself, without those that do not answer it. */
function viewOf(work: RingWork): View<RingId> {
  const { pointers, detector, self } = work.state
  const answering = (id: RingId) => !detector.isSuspect(id)
  const { predecessor, successors } = pointers
  return {
    self: self.id,
    predecessor,
    successors: successors.filter(answering),
    fingers: fingers(work.state).filter(answering),
  }
}

function proceed(work: RingWork, reference: number): void {
  const { state } = work
  const running = state.lookups.get(reference)!
  for (;;) {
    const next = nextContact(running)
    if (next.kind !== 'ask') {
      finish(work, reference, running, next.kind === 'found' ? next.owner : undefined)
      return
    }
    // Only members of our own table are asked: nobody can make us dial whom he likes.
    const member = state.table.aliveMember(next.id)
    if (member === undefined || (state.detector.isSuspect(next.id) && !next.vouched)) {
      skipped(running)
      continue
    }
    const { key, shortCut } = running
    const proof = state.proving.has(reference) && running.asked?.asOwner === true
    if (state.proving.has(reference)) state.proving.set(reference, proof ? member : undefined)
    // Believed alive by its neighbour, and perhaps only slow: the second wait is twice the longest, as RFC 6298 backs off.
    const waitMs = next.vouched ? 2 * work.context.options.pingTimeoutMs : undefined
    sendRequest(
      work,
      member.peer,
      { type: 'find', key, shortCut, ...(proof && { proof }) },
      { kind: 'lookup', reference },
      waitMs,
    )
    return
  }
}

function finish(work: RingWork, reference: number, lookup: Lookup<RingId>, owner: RingId | undefined): void {
  const { key, hops, timeouts } = lookup
  work.state.lookups.delete(reference)
  work.state.proving.delete(reference)
  work.effects.push({ kind: 'looked-up', reference, result: { key, owner, hops, timeouts } })
}

/** True when the own table cannot hold all members: then others have to be believed, and checked. */
function isPartial(work: RingWork): boolean {
  return work.state.table.size >= limits.MAX_MEMBERS
}

/** True when nothing had to be proven, or the owner's list is its own and as dense as the ring. */
function isProven(work: RingWork, reference: number, list: SignedList | undefined): boolean {
  const { context, state, now } = work
  const owner = state.proving.get(reference)
  if (owner === undefined) return true
  const { pointers, table } = state
  const members = isPartial(work)
    ? Math.max(table.aliveCount, membersByDensity(state.self.id, pointers.successors))
    : table.aliveCount
  const verdict = list === undefined ? 'unsigned' : examineList(context, owner, list, members, now)
  if (verdict === 'sound') return true
  state.stats.sparseLists += 1
  log(work, 'warn', { member: shortId(owner.id), verdict }, 'the successor list of an owner does not fit the ring')
  return false
}

/** One signature for as long as the list stays the same. */
function ownList(work: RingWork): SignedList {
  const { state, context, now } = work
  const successors = state.pointers.successors.slice(0, limits.MAX_SUCCESSORS)
  const last = state.signedList
  if (last !== undefined && now - last.at < limits.LIST_KEPT_MS && sameIds(last.successors, successors)) return last
  const list = signList(context.ringId, context.signer, state.self.id, successors, Math.floor(now))
  state.signedList = list
  return list
}

/** The owner and those who would take its place, by our own table. */
function byTable(work: RingWork, key: RingId): Directions<RingId> {
  const { table, pointers } = work.state
  return {
    way: [],
    owners: table.successors(key, limits.LOOKUP_IDS).map(({ id }) => id),
    predecessor: pointers.predecessor,
  }
}

/** By the table as it is now; worked out again only when the table has changed. */
export function fingers(state: RingState): readonly RingId[] {
  const { version } = state.table
  if (state.fingers.of !== version) {
    const successor = (target: RingId) => state.table.successors(target, 1)[0]?.id ?? state.self.id
    state.fingers = { of: version, ids: fingersOf(state.self.id, SPACE, successor) }
  }
  return state.fingers.ids
}
