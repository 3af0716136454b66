/**
 * The ring as a step machine: `step(context, state, event, now)` returns the state and the effects to carry out. It knows
 * no clock, no randomness and no socket, so that a run replays from its events. The state is one object that `step` owns:
 * hold only what it returned last.
 */
import type { PeerId } from '../../base/index.ts'
import { peerIdFromPublicKey } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { MembershipCount } from '../members/count.ts'
import { Detector } from '../members/detector.ts'
import { Expulsions } from '../members/expulsions.ts'
import { InvitationBook } from '../members/invitation-book.ts'
import { memberId, nextIncarnation, signEntry, tellsAddresses } from '../members/member.ts'
import { seats } from '../members/replicas.ts'
import { MemberTable } from '../members/table.ts'
import { WaitingRows } from '../members/waiting.ts'
import type { PersistedRing, RingStatus } from '../types.ts'
import type { RingReply } from '../wire/messages.ts'
import { readmit } from './admitting.ts'
import { answer } from './answer.ts'
import { exchangeAnswered, exchangeFailed, exchangeNowAndThen, startExchange } from './exchange.ts'
import { rememberVotes, voteOut } from './expelling.ts'
import { flush } from './gossip.ts'
import { announce, claimPlace, rememberInvitations, settleClaims, statementsAnswered } from './inviting.ts'
import { contacted, contactsDone, pageAnswered, pageFailed, pagesAgain, seek } from './joining.ts'
import { renewSelf, tell } from './membership.ts'
import { askAgain, maintain, operationAnswered, operationFailed } from './operations.ts'
import { recentAnswered } from './recent.ts'
import { abandonLookups, lookupAnswered, lookupFailed, startLookup } from './running-lookups.ts'
import type { Pending, RingContext, RingEffect, RingEvent, RingState, RingTimer, RingWork } from './state.ts'
import { branchFailed } from './tree.ts'
import { audit, peerGone, stabilise } from './watch.ts'
import {
  onWelcomeTimer,
  probeAnswered,
  probeFailed,
  probeWaiting,
  remember,
  welcomeAnswered,
  welcomeFailed,
} from './welcoming.ts'
import { changed, hurry, setTimer, wake } from './work.ts'

export interface RingStep {
  readonly state: RingState
  readonly effects: readonly RingEffect[]
}

/** A node that has not started. `persisted` is what it knew when it stopped. */
export function initialState(
  context: RingContext,
  now: number,
  persisted: PersistedRing = { largest: 1, incarnation: 0 },
): RingState {
  const self = signEntry(context.ringId, context.signer, {
    salt: context.salt,
    addresses: context.addresses(),
    status: 'alive',
    incarnation: nextIncarnation(persisted.incarnation, now),
  })
  const table = new MemberTable()
  table.put(self, 0)
  return {
    phase: 'idle',
    self,
    pointers: { self: self.id, predecessor: undefined, successors: [] },
    operation: undefined,
    candidate: undefined,
    auditDue: false,
    auditFailed: false,
    wakeSet: false,
    paceMs: context.options.stabiliseMs,
    watchedAt: Number.NEGATIVE_INFINITY,
    flushSet: false,
    turn: 0,
    nextToken: 1,
    refutedAt: Number.NEGATIVE_INFINITY,
    persisted: '',
    pending: new Map(),
    pinging: new Set(),
    table,
    count: new MembershipCount(now, persisted.largest),
    detector: new Detector(),
    accusations: new Map(),
    accused: new Map(),
    doubted: new Map(),
    outbox: new Map(),
    passed: new Map(),
    heard: undefined,
    outboxAccusations: [],
    exchange: undefined,
    exchangedAt: Number.NEGATIVE_INFINITY,
    compared: new Map(),
    credit: new Map(),
    strangers: new Map(),
    contacts: [],
    contactsTried: undefined,
    contactAttempts: 0,
    readings: new Map(),
    lookups: new Map(),
    proving: new Map(),
    signedList: undefined,
    fingers: { of: -1, ids: [] },
    expulsions: new Expulsions(),
    invitations: new InvitationBook(),
    claims: new Map(),
    statementsCompared: new Map(),
    waiting: new WaitingRows(),
    newcomers: { left: limits.NEWCOMERS_BURST, at: now },
    probes: { left: limits.PROBES_BURST, at: now },
    probeSet: false,
    trusting: true,
    gathering: undefined,
    gathered: { at: Number.NEGATIVE_INFINITY, vain: 0, wanted: false },
    stats: {
      malformed: 0,
      refused: 0,
      operations: 0,
      busy: 0,
      exchanges: 0,
      audits: 0,
      sparseLists: 0,
      requestsSent: 0,
      requestsServed: 0,
      waiting: 0,
      unreached: 0,
    },
  }
}

/** `now` is Unix ms. */
export function step(context: RingContext, state: RingState, event: RingEvent, now: number): RingStep {
  const work: RingWork = { context, state, now, effects: [] }
  state.table.digest.settle(now)
  handle(work, event)
  return { state, effects: work.effects }
}

export function statusOf(context: RingContext, state: RingState): RingStatus {
  const { table, count, pointers, detector } = state
  return {
    self: state.self,
    joined: state.phase === 'member',
    predecessor: pointers.predecessor,
    successors: pointers.successors,
    members: table.alive(),
    suspects: detector.suspects(),
    largest: Math.max(count.largest, table.aliveCount),
    n: seats(table, count.largest, context.options.replicas),
    expulsions: state.expulsions.tallies().map(({ key, votes, isExpelled }) => {
      const id = memberId(key, context.salt)
      const others = table.aliveCount - Number(table.isAlive(id))
      const needed = Math.floor(others / 2) + 1
      const voters = votes.map(({ voter }) => peerIdFromPublicKey(voter))
      return { peer: peerIdFromPublicKey(key), id, isExpelled, voters, needed }
    }),
    stats: { ...state.stats, waiting: state.waiting.size },
  }
}

function handle(work: RingWork, event: RingEvent): void {
  const { state } = work
  switch (event.kind) {
    case 'start':
      if (state.phase !== 'idle') return
      // The transport may not have known its addresses when the state was made.
      if (!tellsAddresses(state.self, work.context.addresses())) renewSelf(work)
      if (event.votes !== undefined) rememberVotes(work, event.votes.votes, event.votes.expelled)
      remember(work, event.known)
      if (event.invitations !== undefined) rememberInvitations(work, event.invitations)
      changed(work)
      seek(work)
      return
    case 'timer':
      onTimer(work, event.timer)
      return
    case 'contacted':
      onContact(work, event.peer)
      return
    case 'contacts-done':
      contactsDone(work, event.tried)
      return
    case 'request': {
      const reply = answer(work, event.from, event.request)
      work.effects.push({ kind: 'respond', reply })
      return
    }
    case 'reply':
      onReply(work, event.token, event.reply, event.elapsedMs)
      return
    case 'failed':
      onFailure(work, event.token, event.alive)
      return
    case 'report':
      if (!state.table.isAlive(event.id) || event.id === state.self.id) return
      if (
        event.outcome === 'answered'
          ? state.detector.answered(event.id, work.now)
          : state.detector.failed(event.id, work.now)
      ) {
        wake(work)
      }
      if (event.outcome === 'failed') hurry(work)
      return
    case 'gone':
      peerGone(work, event.peer)
      return
    case 'compare':
      startExchange(work, event.peer)
      return
    case 'lookup':
      startLookup(work, event.reference, event.key, event.mode)
      return
    case 'refused':
      state.stats.refused += 1
      return
    case 'malformed':
      state.stats.malformed += 1
      return
    case 'listed':
      readmit(work)
      return
    case 'vote-out':
      voteOut(work, event.id)
      return
    case 'announce':
      announce(work, event.what)
      return
    case 'claim':
      claimPlace(work, event.reference, event)
      return
    case 'leave':
      leave(work)
      return
  }
}

function onTimer(work: RingWork, timer: RingTimer): void {
  const { state, context } = work
  const { auditMs } = context.options
  switch (timer) {
    case 'contact':
      if (state.phase === 'seeking') seek(work)
      return
    case 'flush':
      flush(work)
      return
    case 'page':
      pagesAgain(work)
      return
    case 'retry':
      askAgain(work)
      return
    case 'probe':
      probeWaiting(work)
      return
    case 'welcome':
      onWelcomeTimer(work)
      return
    case 'claims':
      settleClaims(work)
      return
    case 'wake':
      state.wakeSet = false
      maintain(work)
      return
    case 'stabilise':
      if (state.phase !== 'member') return
      stabilise(work)
      return
    case 'audit':
      if (state.phase !== 'member') return
      setTimer(work, 'audit', auditMs, auditMs / 4)
      audit(work)
      return
  }
}

function onContact(work: RingWork, peer: PeerId): void {
  if (work.state.phase === 'member') startExchange(work, peer)
  else contacted(work, peer)
}

function onReply(work: RingWork, token: number, answered: RingReply, elapsedMs: number): void {
  const { state } = work
  const pending = removePending(work, token)
  if (pending === undefined) return
  const reply = pending.purpose.kind === 'operation' ? wholeState(state, pending.peer, answered) : answered
  const member = state.table.byPeer(pending.peer)
  if (member?.status === 'alive' && state.detector.answered(member.id, work.now, elapsedMs)) wake(work)
  switch (pending.purpose.kind) {
    case 'operation':
      if (state.operation?.token === token) operationAnswered(work, pending.peer, reply)
      if (reply.type === 'state' && reply.member && differs(work, reply.summary)) {
        exchangeNowAndThen(work, pending.peer, reply.summary)
      }
      return
    case 'page':
      pageAnswered(work, pending.peer, reply)
      return
    case 'recent':
      recentAnswered(work, pending.peer, reply, pending.purpose.pages)
      return
    case 'exchange':
      exchangeAnswered(work, pending.peer, reply)
      return
    case 'statements':
      statementsAnswered(work, pending.peer, reply)
      return
    case 'welcome':
      welcomeAnswered(work, pending.peer, reply)
      return
    case 'probe':
      probeAnswered(work, pending.purpose.id)
      return
    case 'ping':
      // Somebody who was declared dead answers: it has to hear of it.
      if (member?.status === 'dead') startExchange(work, pending.peer)
      return
    case 'lookup':
      lookupAnswered(work, pending.peer, pending.purpose.reference, reply)
      return
    case 'notify':
    case 'push':
      return
  }
}

/** The state of a member that says what has changed of it since it was asked last. */
function wholeState(state: RingState, peer: PeerId, reply: RingReply): RingReply {
  if (reply.type === 'state') state.heard = { peer, reply }
  if (reply.type !== 'unchanged' || state.heard?.peer !== peer) return reply
  const { member, busy, summary } = reply
  return { ...state.heard.reply, member, busy, summary, entries: [] }
}

function onFailure(work: RingWork, token: number, alive: boolean): void {
  const { state } = work
  const pending = removePending(work, token)
  if (pending === undefined) return
  const member = state.table.byPeer(pending.peer)
  if (member?.status === 'alive' && !alive) {
    hurry(work)
    if (state.detector.failed(member.id, work.now)) wake(work)
  }
  switch (pending.purpose.kind) {
    case 'operation':
      if (state.operation?.token === token) operationFailed(work, alive ? 'hindered' : 'silent')
      return
    case 'page':
      pageFailed(work, pending.peer, alive)
      return
    case 'exchange':
      exchangeFailed(work, alive)
      return
    case 'lookup':
      lookupFailed(work, pending.purpose.reference)
      return
    case 'welcome':
      welcomeFailed(work)
      return
    case 'probe':
      probeFailed(work, pending.purpose.id, alive)
      return
    case 'push': {
      const { branch, changes = [], tries = 0 } = pending.purpose
      if (branch !== undefined) branchFailed(work, branch, changes, tries)
      return
    }
    case 'ping':
    case 'notify':
    case 'statements':
    case 'recent':
      return
  }
}

function removePending(work: RingWork, token: number): Pending | undefined {
  const { state } = work
  const pending = state.pending.get(token)
  state.pending.delete(token)
  if (pending?.purpose.kind === 'ping') state.pinging.delete(pending.peer)
  return pending
}

function differs(work: RingWork, summary: Uint8Array): boolean {
  const mine = work.state.table.summary()
  return mine.some((byte, i) => byte !== summary[i])
}

/** any -> left. Says so, once, to those who would otherwise have to find out. */
function leave(work: RingWork): void {
  const { state } = work
  if (state.phase === 'member') {
    renewSelf(work, 'left')
    state.phase = 'left'
    tell(work, state.self, undefined)
    flush(work)
  }
  state.phase = 'left'
  state.operation = undefined
  abandonLookups(work)
}
