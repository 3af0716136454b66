/**
 * The chain as a step machine: `step(context, state, event, now)` returns the state and the effects to carry out. It knows
 * no clock, no disk and no socket, so a run replays from its events. The state is one object that `step` owns: hold only
 * what it returned last.
 */
import { ChordnsError, equalBytes, toHex } from '../../base/index.ts'
import { ZERO_HASH } from '../blocks/blocks.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { isValidatorSet } from '../blocks/validators.ts'
import { limits } from '../limits.ts'
import { emptyHistory } from '../trees/history.ts'
import type { CertifiedBlock, ChainStatus, Snapshot, SnapshotHead, Vote } from '../types.ts'
import { onAccusation } from './accusations.ts'
import { certifyArrival, onBareBlock, onBareProposal, onPart, onPartsTimer } from './arrivals.ts'
import { checkRules, drainEarly, headOf } from './decide.ts'
import { contentOf, execution, onExecuted } from './execute.ts'
import { isFollower, onFollowerMessage, onRedirect } from './follower-messages.ts'
import { chooseUpstreams, freshAllowance, heardFrom, owe } from './followers.ts'
import type { VoteRecord } from './guard.ts'
import { historyAfter, moveHead, takeSnapshotHead } from './head.ts'
import { type Hearings, hearingOf, refuseMessage } from './hearing.ts'
import { HeightLog } from './log.ts'
import { servePart, tellOthers } from './part-sending.ts'
import { offer, onAdmitted, onForget, scheduleStart, untilStart } from './pool.ts'
import { advance, onTimeout, proposeBuilt, startRound } from './rounds.ts'
import type { ChainContext, ChainEffect, ChainEvent, ChainState, ChainTimer, ChainWork, PeerName } from './state.ts'
import {
  catchUp,
  onAskBlocks,
  onAskPiece,
  onBlocks,
  onCommit,
  onFetched,
  onPiece,
  onSnapshot,
  onStatus,
  onSyncTimeout,
  onTick,
  serveBehind,
  takeBacklog,
} from './sync.ts'
import { countProposal, countVote, messagesOf } from './voting.ts'
import { mayServe, peerOf, SELF, setTimer, spend, timeoutMs, toSelf } from './work.ts'

export interface ChainStep<S> {
  readonly state: ChainState<S>
  readonly effects: readonly ChainEffect<S>[]
}

/** What survived the last run: the newest snapshot, decided blocks after it in order, and the sign guard's record. */
export interface Remembered {
  readonly snapshot: Snapshot | undefined
  readonly blocks: Iterable<CertifiedBlock>
  readonly record: VoteRecord | undefined
}

export const nothingRemembered: Remembered = { snapshot: undefined, blocks: [], record: undefined }

/** Throws CHAIN_STORE when what was remembered does not fit together, and CHAIN_VALIDATORS for a bad genesis set. */
export function initialState<S>(context: ChainContext<S>, remembered: Remembered, now: number): ChainState<S> {
  const { genesis, application, options } = context
  if (!isValidatorSet(genesis))
    throw new ChordnsError('CHAIN_VALIDATORS', 'a validator set is 1 to 100, sorted by id, none twice', {
      count: genesis.length,
    })
  const state: ChainState<S> = {
    height: 1,
    head: { id: ZERO_HASH, header: undefined, certificate: undefined, time: options.genesisTime },
    app: application.initial(),
    history: emptyHistory,
    rules: { now: options.rules, next: undefined },
    previousValidators: genesis,
    validators: genesis,
    nextValidators: genesis,
    round: 0,
    step: 'idle',
    locked: undefined,
    valid: undefined,
    proofs: [],
    log: new HeightLog(genesis),
    previousLog: undefined,
    executions: new Map(),
    executing: new Map(),
    arriving: new Map(),
    opposed: new Set(),
    building: undefined,
    backlog: undefined,
    record: remembered.record,
    pool: new Map(),
    poolBytes: 0,
    admittedAt: new Map(),
    tellAgain: { at: now, waitMs: 0 },
    tickets: new Map(),
    waitingOf: new Map(),
    admitting: new Map(),
    forgetting: undefined,
    clearedAt: 0,
    hasWaited: false,
    peers: new Map(),
    followers: new Map(),
    followersLeft: freshAllowance(limits.FOLLOWERS_BURST, limits.FOLLOWERS_BYTES_BURST, now),
    upstreams: [],
    candidates: [],
    upstreamTurn: 0,
    sync: undefined,
    snapshot: undefined,
    accusations: [],
    decidedAt: now,
    skippedAt: Number.NEGATIVE_INFINITY,
    earlyTakenAt: 0,
    nextToken: 1,
    durableToken: 0,
    held: [],
    halted: undefined,
    stats: {
      decided: 0,
      laterRounds: 0,
      locks: 0,
      relocks: 0,
      reproposals: 0,
      skips: 0,
      caughtUp: 0,
      snapshots: 0,
      evidence: 0,
      malformed: 0,
      refused: 0,
      guarded: 0,
      resumed: 0,
    },
  }
  if (remembered.snapshot !== undefined) restoreSnapshot(context, state, remembered.snapshot)
  const work: ChainWork<S> = { context, state, now, effects: [] }
  for (const decided of remembered.blocks) replay(work, decided)
  state.log = new HeightLog(state.validators)
  return state
}

function restoreSnapshot<S>({ application }: ChainContext<S>, state: ChainState<S>, snapshot: Snapshot): void {
  const { head } = snapshot
  const app = 'worksElsewhere' in application ? undefined : application.restore(snapshot.state)
  if (app === undefined || !equalBytes(application.root(app), head.header.stateRoot))
    throw broken(head.header.height, 'the snapshot is not the state of its header')
  if (historyAfter(head) === undefined)
    throw broken(head.header.height, 'the history beside the snapshot is not that of its header')
  startFrom(state, head, app)
  state.snapshot = snapshot
}

/** From nothing to the height after `head`, whose state `app` is. */
export function startFrom<S>(state: ChainState<S>, head: SnapshotHead, app: S): void {
  state.height = head.header.height + 1
  takeSnapshotHead(state, head, app)
  state.log = new HeightLog(state.validators)
}

/**
 * An own block: it was verified before it was stored, but must still lead from the state before to the one it names. Where the application works
 * elsewhere, `waits` until the result has come.
 */
export function replay<S>(work: ChainWork<S>, { block, certificate }: CertifiedBlock): 'done' | 'waits' {
  const { state } = work
  const executed = execution(work, block)
  if (executed === 'waits') return 'waits'
  if (executed === undefined || !equalBytes(certificate.blockId, block.id))
    throw broken(block.header.height, 'a stored block does not follow from those before it')
  const content = contentOf(work, block)
  const before = state.history
  moveHead(state, block, certificate, executed)
  if ('worksElsewhere' in work.context.application)
    work.effects.push({ kind: 'commit', content, head: headOf(state, { block, certificate }, before, 0) })
  state.executions.clear()
  state.height++
  return 'done'
}

export function broken(height: number, what: string) {
  return new ChordnsError('CHAIN_STORE', `the stored chain is broken at height ${height}: ${what}`, { height, what })
}

/** `now` is Unix ms. */
export function step<S>(
  context: ChainContext<S>,
  state: ChainState<S>,
  event: ChainEvent<S>,
  now: number,
): ChainStep<S> {
  const work: ChainWork<S> = { context, state, now, effects: [] }
  if (state.halted === undefined) {
    handle(work, event)
    settle(work)
  }
  return { state, effects: work.effects }
}

export function statusOf<S>(context: ChainContext<S>, state: ChainState<S>): ChainStatus {
  return {
    height: state.height - 1,
    target: Math.max(state.height, ...[...state.peers.values()].map(({ claims }) => claims)) - 1,
    headId: state.head.id,
    stateRoot: context.application.root(state.app),
    round: state.round,
    step: state.step,
    validators: state.validators,
    waiting: state.pool.size,
    halted: state.halted,
    stats: { ...state.stats },
  }
}

/** Rules apply until none does; a new height then gets what came too early for it, which may decide that one as well. */
function settle<S>(work: ChainWork<S>): void {
  const { state } = work
  for (;;) {
    advance(work)
    if (takeBacklog(work) || release(work)) continue
    if (state.earlyTakenAt === state.height) return
    state.earlyTakenAt = state.height
    for (const { from, message } of drainEarly(work)) receive(work, from, message)
  }
}

function handle<S>(work: ChainWork<S>, event: ChainEvent<S>) {
  switch (event.kind) {
    case 'start':
      return begin(work)
    case 'message':
      return receive(work, event.from, event.message)
    case 'timer':
      return onTimer(work, event.timer, event.height, event.round)
    case 'persisted':
      return onPersisted(work, event.token)
    case 'submit':
      return offer(work, [event.transaction], 'submit')
    case 'accuse':
      return onAccusation(work, event)
    case 'served':
      return owe(work, event.to, event.bytes)
    case 'executed':
      return onExecuted(work, event.height, event.id, event.result)
    case 'built':
      return proposeBuilt(work, event.height, event.round, event.built)
    case 'admitted':
      return onAdmitted(work, event)
    case 'fetched':
      return onFetched(work, event.head, event.app)
  }
}

/** idle -> where it was: a validator that was in the middle of a height goes on with its round, its lock and what it signed. */
function begin<S>(work: ChainWork<S>): void {
  const { context, state } = work
  const { record } = state
  checkRules(work)
  if (state.halted !== undefined) return
  if (record !== undefined && record.height === state.height) {
    state.stats.resumed++
    state.round = record.round
    state.step = record.signed.some(({ step }) => step === 'precommit')
      ? 'precommit'
      : record.signed.some(({ step }) => step === 'prevote')
        ? 'prevote'
        : 'propose'
    state.locked = record.locked
    state.valid = record.valid
    if (record.valid !== undefined) state.proofs = [record.valid.proof]
    if (record.locked !== undefined) state.log.addBlock(record.locked.block)
    setTimer(work, 'propose', timeoutMs(work, context.options.proposeMs))
    for (const message of messagesOf(record, context.signer.publicKey)) {
      toSelf(work, message)
      tellOthers(work, message)
    }
  }
  chooseUpstreams(work)
  setTimer(work, 'tick', context.options.tickMs)
  scheduleStart(work)
}

function onTimer<S>(work: ChainWork<S>, timer: ChainTimer, height: number, round: number) {
  switch (timer) {
    case 'start':
      return onStart(work)
    case 'tick':
      chooseUpstreams(work)
      return onTick(work)
    case 'parts':
      return onPartsTimer(work)
    case 'forget':
      return onForget(work)
    case 'sync':
      return onSyncTimeout(work)
    default:
      return onTimeout(work, timer, height, round)
  }
}

function onStart<S>(work: ChainWork<S>): void {
  const { state } = work
  if (state.step !== 'idle' || state.forgetting !== undefined) return
  if (state.pool.size > 0) state.hasWaited = true
  const wait = untilStart(work)
  if (wait === 0) startRound(work, 0)
  else if (wait !== undefined) setTimer(work, 'start', wait)
}

function onPersisted<S>(work: ChainWork<S>, token: number): void {
  work.state.durableToken = Math.max(work.state.durableToken, token)
}

/** Lets go what waited for the disk; true when there was something. */
function release<S>(work: ChainWork<S>): boolean {
  const { state, effects } = work
  let released = false
  while (state.held.length > 0 && state.held[0]!.token <= state.durableToken) {
    const { release: held } = state.held.shift()!
    released = true
    if (held.kind === 'send') effects.push(held)
    else receive(work, SELF, held.message)
  }
  return released
}

function receive<S>(work: ChainWork<S>, from: PeerName, message: ChainMessage) {
  if (isFollower(work, from)) return onFollowerMessage(work, from, message)
  heardFrom(work, from)
  const { of, hear } = hearingOf(OF_MEMBERS, message)
  if (of === 'ledgers' && work.context.options.schema === 1) return refuseMessage(work)
  hear(work, from, message as never)
}

/** What validators say, and those whom a follower follows. `of`: the chains in which it is said. */
const OF_MEMBERS: Hearings<{ readonly of: 'all' | 'ledgers' }> = {
  proposal: {
    of: 'all',
    hear(work, from, message) {
      const { height } = message.proposal.claim
      if (height === work.state.height) countProposal(work, from, message.proposal)
      else elsewhere(work, from, height, message)
    },
  },
  votes: {
    of: 'all',
    hear(work, from, { votes }) {
      for (const vote of votes) receiveVote(work, from, vote)
    },
  },
  commit: {
    of: 'all',
    hear(work, from, { certificate }) {
      if (!certifyArrival(work, from, certificate)) onCommit(work, from, certificate)
    },
  },
  blocks: { of: 'all', hear: (work, from, { blocks }) => void onBlocks(work, from, blocks) },
  status: { of: 'all', hear: (work, from, message) => void onStatus(work, from, message) },
  'ask-blocks': { of: 'all', hear: (work, from, message) => void onAskBlocks(work, from, message.from) },
  snapshot: { of: 'all', hear: (work, from, { head }) => void onSnapshot(work, from, head) },
  'ask-piece': { of: 'all', hear: (work, from, { height, index }) => void onAskPiece(work, from, height, index) },
  piece: { of: 'all', hear: (work, from, { height, index, bytes }) => void onPiece(work, from, height, index, bytes) },
  transactions: { of: 'all', hear: (work, _, { transactions }) => void offer(work, transactions, 'peer') },
  'bare-proposal': {
    of: 'ledgers',
    hear(work, from, message) {
      const { height } = message.claim
      if (height === work.state.height) onBareProposal(work, from, message)
      else elsewhere(work, from, height, message)
    },
  },
  'bare-block': { of: 'ledgers', hear: (work, from, message) => void onBareBlock(work, from, message) },
  'ask-part': {
    of: 'ledgers',
    hear(work, from, { height, blockId, from: part }) {
      if (spend(work, from, limits.REQUEST_CHECKS)) servePart(work, from, height, blockId, part)
    },
  },
  part: { of: 'ledgers', hear: (work, from, message) => void onPart(work, from, message) },
  redirect: { of: 'ledgers', hear: (work, from, { to }) => void onRedirect(work, from, to.map(toHex)) },
}

function receiveVote<S>(work: ChainWork<S>, from: PeerName, vote: Vote) {
  const { state } = work
  if (vote.height === state.height) return countVote(work, from, state.log, vote)
  if (vote.height === state.height - 1 && state.previousLog !== undefined)
    countVote(work, from, state.previousLog, vote)
  elsewhere(work, from, vote.height, { type: 'votes', votes: [vote] })
}

/** A message of another height: the next one's is kept for a moment, an older one's sender is helped. */
function elsewhere<S>(work: ChainWork<S>, from: PeerName, height: number, message: ChainMessage) {
  const { state } = work
  if (from === SELF) return
  if (height < state.height) {
    // The last votes of the height before come late as a rule: their senders have decided as well.
    if (height < state.height - 1 && mayServe(work, from)) serveBehind(work, from, height)
    return
  }
  const peer = peerOf(work, from)
  peer.claims = Math.max(peer.claims, height)
  if (height !== state.height + 1) return catchUp(work)
  if (peer.early.length >= limits.MAX_EARLY_EACH) return
  // One proposal each: they are large.
  const isProposal = ({ type }: ChainMessage) => type === 'proposal' || type === 'bare-proposal'
  if (isProposal(message) && peer.early.some(isProposal)) return
  peer.early.push(message)
}
