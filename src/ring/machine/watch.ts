/** Watching the neighbours: who is pinged when, whom a witness accuses, and how parted rings find each other again. */
import type { PeerId, RingId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { tellsAddresses } from '../members/member.ts'
import type { MemberEntry } from '../types.ts'
import { isCrowded, keptMembers, reach } from './connections.ts'
import { exchangeNowAndThen, startExchange } from './exchange.ts'
import { countVotes, repeatVotes } from './expelling.ts'
import { lapseInvitations } from './inviting.ts'
import { accuse, countAccusers, lapse, renewSelf, repeatAccusations } from './membership.ts'
import { maintain } from './operations.ts'
import type { RingWork } from './state.ts'
import { tellsByTree } from './tree.ts'
import { refreshWelcomes } from './welcoming.ts'
import { ping, quietPaceMs, setTimer, spread } from './work.ts'

/** Audits of one of so many turns compare tables with any member, so that no neighbours can hide the rest of the ring. */
const ANY_PARTNER_EVERY = 16

/** The quick tick. */
export function stabilise(work: RingWork): void {
  const { state, context } = work
  const calm = isCalm(work)
  state.paceMs = Math.min(quietPaceMs(work), 2 * state.paceMs)
  setTimer(work, 'stabilise', state.paceMs, state.paceMs / 4)
  if (work.now - state.watchedAt >= 0.9 * context.options.stabiliseMs) watchNeighbours(work)
  bearWitness(work)
  if (!calm) maintain(work)
}

/**
 * Nothing has changed around this node for a while: in a large ring, where neighbours are pinged and changes of them come down the
 * tree as well, it stabilises after each audit.
 */
function isCalm({ state, context }: RingWork): boolean {
  if (!tellsByTree(state) || state.paceMs < context.options.stabiliseMs) return false
  return !state.auditDue && state.candidate === undefined
}

/** Each stabilise period: the neighbours that have answered and asked nothing for a while are pinged. What any room asks them counts. */
function watchNeighbours(work: RingWork): void {
  const { state, context } = work
  state.turn += 1
  state.watchedAt = work.now
  const withinMs = limits.PING_PERIODS * context.options.stabiliseMs
  for (const member of neighbours(work)) if (!state.detector.isThere(member.id, withinMs, work.now)) ping(work, member)
  const suspects = state.detector.suspects()
  const other = suspects[state.turn % Math.max(1, suspects.length)]
  const member = other === undefined ? undefined : state.table.aliveMember(other)
  if (member !== undefined) ping(work, member)
}

/** The last connection to a peer is gone: ask at once whether it is. */
export function peerGone(work: RingWork, peer: PeerId): void {
  const member = work.state.table.byPeer(peer)
  if (member?.status === 'alive' && neighbours(work).some(({ id }) => id === member.id)) ping(work, member)
}

/** The slow tick: finds what nothing else would find. */
export function audit(work: RingWork): void {
  const { state, context } = work
  state.auditDue = true
  lapse(work)
  lapseInvitations(work)
  countAccusers(work)
  repeatAccusations(work)
  refreshWelcomes(work)
  const moved = !tellsAddresses(state.self, context.addresses())
  if (moved || work.now - state.self.incarnation > limits.REFRESH_MS) renewSelf(work)
  lookForTheDead(work)
  const partner = partnerOf(work)
  if (partner !== undefined) {
    exchangeNowAndThen(work, partner.peer)
    repeatVotes(work, partner.peer)
  }
  countVotes(work)
  lookForStrangers(work)
  work.effects.push({ kind: 'contact', again: true })
}

/** With whom tables are compared. Where not all can be connected: one of the neighbours, who are, and now and then any member. */
function partnerOf({ state, context }: RingWork): MemberEntry | undefined {
  const isNear = isCrowded(state, context) && state.turn % ANY_PARTNER_EVERY !== 0
  const partners = isNear ? keptMembers(state, context).slice(0, 2 * reach(state, context)) : state.table.alive()
  return partners[spread(state.self.id, state.turn, 'partner') % partners.length]
}

/**
 * Everybody whose witness this node is, and everybody it points at, as far as it stays connected with them; in a large ring only the
 * first of its successors, since those after them have witnesses of their own.
 */
function neighbours(work: RingWork): MemberEntry[] {
  const { state, context } = work
  const { predecessor } = state.pointers
  const successors = state.pointers.successors.slice(0, tellsByTree(state) ? limits.WITNESSES / 2 : undefined)
  const out = new Map<RingId, MemberEntry>()
  for (const member of state.table.nearest(state.self.id)) out.set(member.id, member)
  for (const id of [predecessor, ...successors.slice(0, reach(state, context))]) {
    const member = id === undefined ? undefined : state.table.aliveMember(id)
    if (member !== undefined) out.set(member.id, member)
  }
  out.delete(state.self.id)
  return [...out.values()]
}

/** Accuses the neighbours of which nothing was heard for the grace time. */
function bearWitness(work: RingWork): void {
  const { state, context } = work
  const graceMs = context.options.graceMs ?? 20 * context.options.stabiliseMs
  for (const member of state.table.nearest(state.self.id)) {
    if (state.detector.silentFor(member.id, work.now) < graceMs) continue
    // Accused again only when it refuted meanwhile (which clears the record) or a grace time has passed.
    if (work.now - (state.accused.get(member.id) ?? -graceMs) < graceMs) continue
    accuse(work, member)
  }
}

/** Strangers that we met while neither was a member may have begun another ring since: tables are compared with one of them. */
function lookForStrangers(work: RingWork): void {
  const { strangers, table, turn } = work.state
  for (const [peer, { at }] of [...strangers]) {
    if (table.byPeer(peer) !== undefined || at < work.now - limits.FORGET_STRANGERS_MS) strangers.delete(peer)
  }
  const peers = [...strangers.keys()]
  const one = peers[turn % Math.max(1, peers.length)]
  if (one !== undefined) startExchange(work, one)
}

/**
 * After a partition each side may have declared the other dead. So the dead are pinged too, one an audit; who answers is
 * shown our table and refutes.
 */
function lookForTheDead(work: RingWork): void {
  const dead = [...work.state.table.dead()]
  const one = dead[work.state.turn % Math.max(1, dead.length)]
  if (one !== undefined) ping(work, one)
}
