/**
 * Invitations: letting in who was invited, and telling everybody. Any member is a door. The inviter counts its own invitation: at its
 * door nobody waits, and uses at other doors get its word, or none. Where it does not answer, the doors go by what
 * they hear of each other in CLAIM_SETTLE_MS, before anybody has the secret (docs/decisions/0066).
 */
import { equalBytes, type PeerId } from '../../base/index.ts'
import { peerIdFromPublicKey, publicKeyFromPeerId } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { type InvitationBook, isConfirmed, isSurplusIn } from '../members/invitation-book.ts'
import { signUse, verifyClaim, verifyInvitation, verifyStatement } from '../members/invitations.ts'
import type {
  Invitation,
  InvitationFault,
  InvitationState,
  InvitationStatement,
  RememberedInvitations,
  Revocation,
} from '../types.ts'
import type { RingReply, RingRequest } from '../wire/messages.ts'
import { tellsAll } from './connections.ts'
import { forget } from './membership.ts'
import type { RingState, RingWork } from './state.ts'
import { changed, log, sendRequest, setTimer, spread, wake } from './work.ts'

/** An own invitation or revocation, verified. An invitation is told to nobody before it is used. */
export function announce(work: RingWork, what: Invitation | Revocation): void {
  if ('uses' in what) work.state.invitations.know(what, work.now)
  else take(work, [what], undefined)
  changed(work)
}

/** Answered by one `claimed` effect of this reference, in this step or a later one. */
export function claimPlace(
  work: RingWork,
  reference: number,
  {
    invitation,
    machine,
    claim,
  }: { readonly invitation: Invitation; readonly machine: Uint8Array; readonly claim: Uint8Array },
): void {
  const { state, context, now } = work
  const settle = (fault?: InvitationFault) => work.effects.push({ kind: 'claimed', reference, fault })
  const fault = faultOf(state, invitation, machine, now) ?? forgery(work, invitation, machine, claim)
  if (fault !== undefined) return void settle(fault)
  // It has the secret already, and asks again.
  if (isMember(state, machine)) return void settle()
  const use = signUse(context.ringId, context.signer, { invitation, machine, claim, at: Math.floor(now) })
  if (state.invitations.use(invitation, machine) === undefined && !state.invitations.add(use, now))
    return void settle('busy')
  log(work, 'info', { machine: peerIdFromPublicKey(machine) }, 'a machine claims an invitation')
  tellStatements(work, [use], undefined)
  changed(work)
  const known = state.invitations.use(invitation, machine)
  if ((known !== undefined && isConfirmed(known)) || state.table.aliveCount < 2) return void settle()
  if (state.claims.size === 0) setTimer(work, 'claims', limits.CLAIM_SETTLE_MS, 0)
  state.claims.set(reference, { invitation, machine, until: now + limits.CLAIM_SETTLE_MS })
}

/** The timer `claims`: the inviter has said nothing in time, so what the doors have heard of each other decides. */
export function settleClaims(work: RingWork): void {
  const { claims, invitations } = work.state
  for (const [reference, { invitation, machine, until }] of [...claims]) {
    if (until > work.now) continue
    claims.delete(reference)
    const fault = faultOf(work.state, invitation, machine, work.now)
    const isIn = fault === undefined && invitations.isAmongFirst(invitation, machine)
    work.effects.push({ kind: 'claimed', reference, fault: isIn ? undefined : (fault ?? 'used') })
  }
  const next = Math.min(...[...claims.values()].map(({ until }) => until))
  if (Number.isFinite(next)) setTimer(work, 'claims', Math.max(1, next - work.now), 0)
}

/** Statements of one message. Those that are new are told on; what they cost was charged before. */
export function takeStatements(work: RingWork, statements: readonly InvitationStatement[], from: PeerId): void {
  const { state, context } = work
  const fresh = statements.filter(
    (one) => !state.invitations.has(one) && isKnown(state, one.invitation.inviter) && verifyStatement(context, one),
  )
  take(work, fresh, from)
}

/** What was remembered of the last run. */
export function rememberInvitations(work: RingWork, { own, statements }: RememberedInvitations): void {
  const { state, context, now } = work
  for (const one of own) if (verifyInvitation(context, one)) state.invitations.know(one, now)
  for (const one of statements) if (verifyStatement(context, one)) state.invitations.add(one, now)
}

/** On audits. */
export function lapseInvitations(work: RingWork): void {
  const { state, now } = work
  state.invitations.lapse(now, (key) => isMember(state, key))
}

/** Compares statements with a member whose digest differs, unless both have what they had the last time. */
export function compareStatements(work: RingWork, peer: PeerId, theirs: Uint8Array | undefined): void {
  const { state } = work
  if (theirs === undefined || state.phase !== 'member') return
  const mine = state.invitations.digest()
  const pair = `${mine.join()}/${theirs.join()}`
  if (equalBytes(mine, theirs) || state.statementsCompared.get(peer) === pair) return
  state.statementsCompared.set(peer, pair)
  if (state.statementsCompared.size > limits.GOSSIP_ALL)
    state.statementsCompared.delete(state.statementsCompared.keys().next().value!)
  sendRequest(work, peer, { type: 'ask-statements', marks: state.invitations.marks() }, { kind: 'statements' })
}

/** This node's digest, for an asker whose own is another. */
export function digestFor(book: InvitationBook, theirs: Uint8Array | undefined): { readonly statements?: Uint8Array } {
  const own = book.digest()
  return theirs === undefined || equalBytes(theirs, own) ? {} : { statements: own }
}

/** The other side of `ask-statements`: what the asker lacks, and marks of what it should send. */
export function answerStatements(
  work: RingWork,
  { marks }: Extract<RingRequest, { type: 'ask-statements' }>,
): RingReply {
  const { invitations } = work.state
  const theirs = new Set(marks.map((mark) => mark.join()))
  const own = invitations.marks()
  const mine = new Set(own.map((mark) => mark.join()))
  const lacking = own.filter((mark) => !theirs.has(mark.join())).slice(0, limits.MAX_STATEMENTS_OF_A_MESSAGE)
  return {
    type: 'statements',
    statements: lacking.flatMap((mark) => invitations.byMark(mark) ?? []),
    wanted: marks.filter((mark) => !mine.has(mark.join())).slice(0, limits.MAX_STATEMENTS_OF_A_MESSAGE),
  }
}

export function statementsAnswered(work: RingWork, peer: PeerId, reply: RingReply): void {
  if (reply.type !== 'statements') return
  const { invitations } = work.state
  const send = reply.wanted.flatMap((mark) => invitations.byMark(mark) ?? [])
  pushStatements(work, peer, send)
  const before = invitations.version
  takeStatements(work, reply.statements, peer)
  // A full message: there is more of it.
  const isFull = reply.statements.length === limits.MAX_STATEMENTS_OF_A_MESSAGE && invitations.version !== before
  if (isFull) sendRequest(work, peer, { type: 'ask-statements', marks: invitations.marks() }, { kind: 'statements' })
}

/** Why a machine cannot join by this invitation, as far as is known without checking a signature. */
export function faultOf(
  state: RingState,
  invitation: Invitation,
  machine: Uint8Array,
  now: number,
): InvitationFault | undefined {
  if (state.phase !== 'member' || state.claims.size >= limits.MAX_CLAIMS) return 'busy'
  if (state.expulsions.isExpelled(invitation.inviter) || !isKnown(state, invitation.inviter)) return 'unknown-inviter'
  return state.invitations.faultOf(invitation, machine, now)
}

export function invitationStates({ invitations }: RingState): InvitationState[] {
  return invitations.all().map((held) => {
    const { id, inviter, uses, at, expires } = held.invitation
    return {
      id: Buffer.from(id).toString('hex'),
      inviter: peerIdFromPublicKey(inviter),
      uses,
      at,
      expires,
      isRevoked: held.revocation !== undefined,
      machines: [...held.uses.values()].map((use) => ({
        peer: peerIdFromPublicKey(use.machine),
        door: peerIdFromPublicKey(use.door),
        at: use.at,
        isSurplus: isSurplusIn(held, use),
      })),
    }
  })
}

export function faultOfPeer(state: RingState, invitation: Invitation, peer: PeerId, now: number) {
  return faultOf(state, invitation, publicKeyFromPeerId(peer), now)
}

function forgery(work: RingWork, invitation: Invitation, machine: Uint8Array, claim: Uint8Array) {
  const { context } = work
  const isGenuine = verifyInvitation(context, invitation) && verifyClaim(context, invitation, machine, claim)
  return isGenuine ? undefined : 'forged'
}

/** Verified statements: what follows from them for the table, and for those who wait at this door. */
function take(work: RingWork, statements: readonly InvitationStatement[], from: PeerId | undefined): void {
  const { state, now } = work
  const fresh = statements.filter((one) => state.invitations.add(one, now))
  if (fresh.length === 0) return
  tellStatements(work, [...fresh, ...confirm(work, fresh)], from)
  unseatSurplus(work)
  for (const [reference, { invitation, machine }] of [...state.claims]) {
    const use = state.invitations.use(invitation, machine)
    const isOut = state.invitations.isSurplus(machine)
    if (use === undefined || (!isConfirmed(use) && !isOut)) continue
    state.claims.delete(reference)
    const fault = isOut ? (state.invitations.faultOf(invitation, machine, now) ?? 'used') : undefined
    work.effects.push({ kind: 'claimed', reference, fault })
  }
  changed(work)
}

/** This node's word on uses of its own invitations at other doors, as many as they allow. */
function confirm(work: RingWork, fresh: readonly InvitationStatement[]): InvitationStatement[] {
  const { state, context, now } = work
  return fresh.flatMap((one) => {
    if (one.kind !== 'use' || isConfirmed(one)) return []
    const { invitation, machine, claim } = one
    const isOwn = equalBytes(invitation.inviter, context.signer.publicKey)
    const isOver = state.invitations.faultOf(invitation, machine, now) === 'revoked' || one.at > invitation.expires
    if (!isOwn || isOver || !state.invitations.hasRoom(invitation)) return []
    const use = signUse(context.ringId, context.signer, { invitation, machine, claim, at: one.at })
    return state.invitations.add(use, now) ? [use] : []
  })
}

/** alive -> no row, for those who joined by a use too many. */
function unseatSurplus(work: RingWork): void {
  const { table, count, waiting, invitations, self } = work.state
  for (const key of invitations.surplusKeys()) {
    const row = table.byKey(key)
    if (row === undefined) continue
    if (row.id === self.id) {
      log(
        work,
        'warn',
        {},
        'the invitation by which this node joined was used by another, or revoked: it is let in no more',
      )
      continue
    }
    const since = table.row(row.id)?.since
    log(
      work,
      'warn',
      { peer: row.peer },
      'a member joined by an invitation that was used up or revoked: it has no seat',
    )
    table.remove(row.id)
    waiting.remove(row.id)
    forget(work, row)
    if (row.status === 'alive' && since !== undefined) count.left(since)
    count.observe(table.aliveCount, work.now)
  }
  wake(work)
}

/** A member, past or present, or somebody who was let in: whose word on who may join counts. */
function isKnown({ table, self, invitations }: RingState, key: Uint8Array): boolean {
  return equalBytes(key, self.publicKey) || table.byKey(key) !== undefined || invitations.inviterOf(key) !== undefined
}

function isMember({ table }: RingState, key: Uint8Array): boolean {
  return table.byKey(key)?.status === 'alive'
}

/** To everybody in a small ring, when this node is the first to know, and to the inviter always; else to a few. */
function tellStatements(work: RingWork, statements: readonly InvitationStatement[], from: PeerId | undefined): void {
  const { state, context } = work
  const { table, self, phase, turn } = state
  if (phase !== 'member' || statements.length === 0) return
  const others = table.alive().filter(({ id, peer }) => id !== self.id && peer !== from)
  const isFirst = from === undefined && tellsAll(state, context)
  const start = spread(self.id, turn, statements[0]!.at)
  const few = Math.min(limits.GOSSIP_FANOUT, others.length)
  const some = isFirst ? others : Array.from({ length: few }, (_, i) => others[(start + i * 7) % others.length]!)
  const inviters = statements.flatMap(({ invitation }) => table.byKey(invitation.inviter) ?? [])
  const peers = new Set([...some, ...inviters.filter(({ status }) => status === 'alive')].map(({ peer }) => peer))
  peers.delete(self.peer)
  for (const peer of peers) pushStatements(work, peer, statements)
}

function pushStatements(work: RingWork, peer: PeerId, statements: readonly InvitationStatement[]): void {
  for (let i = 0; i < statements.length; i += limits.MAX_STATEMENTS_OF_A_MESSAGE) {
    const part = statements.slice(i, i + limits.MAX_STATEMENTS_OF_A_MESSAGE)
    sendRequest(work, peer, { type: 'push', entries: [], accusations: [], statements: part }, { kind: 'push' })
  }
}
