/** Telling where one stands, helping those who lack something, and catching up by certified blocks or a snapshot. */
import { concatBytes, equalBytes } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { namesNextSets, namesOwnSet } from '../blocks/header-sets.ts'
import type { StatusMessage } from '../blocks/messages.ts'
import { verifyCertificate } from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import type { BlockCertificate, CertifiedBlock, Snapshot, SnapshotHead, Validator, Vote } from '../types.ts'
import { decideOn, enterHeight } from './decide.ts'
import { execution } from './execute.ts'
import { historyAfter, takeSnapshotHead } from './head.ts'
import { sendProposal } from './part-sending.ts'
import { tellPool, trimPool } from './pool.ts'
import type { ChainWork, PeerName } from './state.ts'
import { faultsOf, hasScheme, mayServe, others, peerOf, persist, quorumOf, send, setTimer, spend } from './work.ts'

export function onTick<S>(work: ChainWork<S>): void {
  const { context, state } = work
  const busy = state.step !== 'idle' || state.pool.size > 0
  send(work, others(work), ownStatus(work))
  tellPool(work)
  setTimer(work, 'tick', busy ? context.options.tickMs : context.options.idleTickMs)
}

export function ownStatus<S>({ state }: ChainWork<S>): StatusMessage {
  const { height, round, log, validators } = state
  const entry = log.rounds.get(round)
  return {
    type: 'status',
    height,
    round,
    hasProposal: entry?.proposal !== undefined,
    prevotes: entry?.votes.prevote.bitmap(validators.length) ?? new Uint8Array(),
    precommits: entry?.votes.precommit.bitmap(validators.length) ?? new Uint8Array(),
  }
}

/** Sends a peer what it lacks, and tells it where we stand when it has what we lack. */
export function onStatus<S>(work: ChainWork<S>, from: PeerName, status: StatusMessage) {
  const { state } = work
  peerOf(work, from).claims = status.height
  if (status.height > state.height) return catchUp(work)
  if (!mayServe(work, from)) return
  if (status.height < state.height) return serveBehind(work, from, status.height)
  const entry = state.log.rounds.get(status.round)
  if (entry?.proposal !== undefined && !status.hasProposal) sendProposal(work, [from], entry.proposal)
  const votes = [
    ...(entry?.votes.prevote.without(status.prevotes) ?? []),
    ...(entry?.votes.precommit.without(status.precommits) ?? []),
    ...(status.round < state.round ? ownVotes(work) : []),
  ]
  if (votes.length > 0) send(work, [from], { type: 'votes', votes: votes.slice(0, limits.MAX_VOTES_PER_MESSAGE) })
  if (hasMore(work, status)) send(work, [from], ownStatus(work))
}

/** Of our round, so that f + 1 of us pull the peer on. */
function ownVotes<S>({ context, state }: ChainWork<S>): Vote[] {
  const own = state.log.indexOf(context.signer.publicKey)
  const entry = state.log.rounds.get(state.round)
  if (own === undefined || entry === undefined) return []
  return [...entry.votes.prevote.of(own), ...entry.votes.precommit.of(own)]
}

function hasMore<S>({ state }: ChainWork<S>, status: StatusMessage): boolean {
  if (status.round > state.round) return true
  const entry = state.log.rounds.get(status.round)
  const size = state.validators.length
  const more = (theirs: Uint8Array, ours: Uint8Array | undefined) =>
    theirs.subarray(0, Math.ceil(size / 8)).some((bits, i) => (bits & ~(ours?.[i] ?? 0)) !== 0)
  return (
    (status.hasProposal && entry?.proposal === undefined) ||
    more(status.prevotes, entry?.votes.prevote.bitmap(size)) ||
    more(status.precommits, entry?.votes.precommit.bitmap(size))
  )
}

/** One block behind is told what was decided; who is further behind is told where we stand, and asks one of us for it. */
export function serveBehind<S>(work: ChainWork<S>, to: PeerName, height: number): void {
  const { context, state } = work
  if (!context.rules.gossipsCertificates) return
  if (height === state.height - 1) serve(work, to, height)
  else send(work, [to], ownStatus(work))
}

export function onAskBlocks<S>(work: ChainWork<S>, from: PeerName, height: number): void {
  if (height < 1 || height >= work.state.height || !work.context.rules.gossipsCertificates) return
  // A follower's request is paid for already.
  if (work.state.followers.has(from) || spend(work, from, limits.REQUEST_CHECKS)) serve(work, from, height)
}

function serve<S>({ state, effects }: ChainWork<S>, to: PeerName, from: number): void {
  const head = state.snapshot?.head
  const helps = head !== undefined && head.header.height >= from
  effects.push({ kind: 'serveBlocks', to, from, snapshot: helps ? head : undefined })
}

/** C1 for a block that we may have, without it. */
export function onCommit<S>(work: ChainWork<S>, from: PeerName, certificate: BlockCertificate) {
  const { state } = work
  if (certificate.height > state.height) {
    const peer = peerOf(work, from)
    peer.claims = Math.max(peer.claims, certificate.height + 1)
    return catchUp(work)
  }
  if (certificate.height < state.height) return
  const block = state.log.block(certificate.blockId)
  if (block !== undefined) {
    if (state.backlog !== undefined || !isCertified(work, from, certificate)) return
    const verdict = decideOn(work, block, certificate, true)
    if (verdict === 'waits') state.backlog = { from, blocks: [{ block, certificate }] }
    return
  }
  const peer = peerOf(work, from)
  peer.claims = Math.max(peer.claims, certificate.height + 1)
  catchUp(work)
}

/** C1, lines 49-54 for those who missed the votes. Blocks come in order of height. */
export function onBlocks<S>(work: ChainWork<S>, from: PeerName, blocks: readonly CertifiedBlock[]): void {
  // The first of what waits is certified, so it will be decided, and others can wait for that.
  if (work.state.backlog !== undefined) return
  decideInOrder(work, from, [...blocks], false)
}

/** Goes on with the certified blocks that wait for the application; true when one of them was decided. */
export function takeBacklog<S>(work: ChainWork<S>): boolean {
  const { state } = work
  const { backlog, height } = state
  if (backlog === undefined || state.halted !== undefined) return false
  const first = backlog.blocks[0]
  if (first?.block.header.height === height && execution(work, first.block) === 'waits') return false
  state.backlog = undefined
  const isChecked = first?.block.header.height === height
  decideInOrder(work, backlog.from, backlog.blocks, isChecked)
  return state.height > height
}

/** `isChecked`: the certificate of the first was verified before. */
function decideInOrder<S>(work: ChainWork<S>, from: PeerName, blocks: CertifiedBlock[], isChecked: boolean): void {
  const { state } = work
  let decided = 0
  let isKnown = isChecked
  for (let next = blocks.shift(); next !== undefined; next = blocks.shift()) {
    const { block, certificate } = next
    if (block.header.height !== state.height) continue
    if (!isKnown && (!equalBytes(block.id, certificate.blockId) || !isCertified(work, from, certificate))) {
      state.stats.refused++
      break
    }
    isKnown = false
    const verdict = decideOn(work, block, certificate, true)
    if (verdict === 'halted') return
    if (verdict === 'waits') {
      state.backlog = { from, blocks: [next, ...blocks] }
      return
    }
    decided++
  }
  if (state.sync?.peer !== from) return
  // Whoever delivers is asked on at once; whoever does not loses its turn when the timer ends.
  if (decided > 0) {
    state.sync = undefined
    catchUp(work, from)
  }
}

export function isCertified<S>(work: ChainWork<S>, from: PeerName, certificate: BlockCertificate): boolean {
  const { context, state } = work
  return (
    certificate.height === state.height &&
    hasScheme(context, certificate) &&
    // What we asked for costs the peer nothing: one bad certificate ends the batch.
    (state.sync?.peer === from || spend(work, from, certificate.signatures.length)) &&
    verifyCertificate(
      context.scheme,
      context.chainId,
      state.validators,
      certificate,
      'precommit',
      quorumOf(work),
      (index, signature) => state.log.hasVote('precommit', certificate, index, signature),
    )
  )
}

/** none -> asked: one of those who say that they are ahead; `preferred` first. */
export function catchUp<S>(work: ChainWork<S>, preferred?: PeerName): void {
  const { state, now } = work
  if (state.backlog !== undefined || state.sync?.isFetching === true) return
  if (state.sync !== undefined && now < state.sync.deadline) return
  const ahead = [...state.peers].filter(([, { claims }]) => claims > state.height)
  const best = Math.max(0, ...ahead.map(([, { claims }]) => claims))
  const peer =
    preferred !== undefined && ahead.some(([name]) => name === preferred)
      ? preferred
      : ahead.find(([, { claims }]) => claims === best)?.[0]
  if (peer === undefined) {
    state.sync = undefined
    return
  }
  state.sync = { peer, deadline: now + limits.SYNC_TIMEOUT_MS, download: undefined, isFetching: false }
  send(work, [peer], { type: 'ask-blocks', from: state.height })
  setTimer(work, 'sync', limits.SYNC_TIMEOUT_MS)
}

/** The peer did not deliver in time: its word counts no more until it says it again, and another is asked. */
export function onSyncTimeout<S>(work: ChainWork<S>) {
  const { state, now } = work
  if (state.sync === undefined) return
  // What it sent is being applied, or the state of its header is being fetched: it has done its part.
  if (state.backlog !== undefined || state.sync.isFetching || isArriving(work))
    state.sync.deadline = now + limits.SYNC_TIMEOUT_MS
  if (now < state.sync.deadline) return setTimer(work, 'sync', state.sync.deadline - now)
  giveUp(work)
}

/** The decided block of this height comes in parts, one not long ago. */
function isArriving<S>({ state, now }: ChainWork<S>): boolean {
  return [...state.arriving.values()].some(
    ({ certified, progressAt }) => certified !== undefined && Math.abs(now - progressAt) < limits.SYNC_TIMEOUT_MS,
  )
}

/** asked, downloading -> none, or -> asked of another. */
function giveUp<S>(work: ChainWork<S>): void {
  const { state } = work
  const peer = state.sync && state.peers.get(state.sync.peer)
  if (peer !== undefined) peer.claims = 0
  state.sync = undefined
  catchUp(work)
}

/** asked -> downloading. A snapshot counts only from whom we asked, and only if validators that we know signed it. */
export function onSnapshot<S>(work: ChainWork<S>, from: PeerName, head: SnapshotHead) {
  const { state } = work
  if (state.sync?.peer !== from || state.sync.download !== undefined || head.header.height < state.height) return
  if (!spend(work, from, head.certificate.signatures.length * 2) || !isTrusted(work, head)) {
    state.stats.refused++
    return giveUp(work)
  }
  if ('worksElsewhere' in work.context.application) return fetchState(work, head)
  state.sync.download = { head, pieces: [] }
  askPiece(work)
}

/**
 * asked -> fetching. The head goes to disk before the first piece does, so that a restart goes on with it. Any who say they are past it may
 * be sources.
 */
function fetchState<S>(work: ChainWork<S>, head: SnapshotHead): void {
  const { state, effects } = work
  const { sync } = state
  if (sync === undefined) return
  sync.isFetching = true
  persist(work, { kind: 'persistSnapshot', snapshot: { head, state: new Uint8Array() } })
  const ahead = [...state.peers].filter(([, { claims }]) => claims > head.header.height).map(([name]) => name)
  effects.push({ kind: 'fetchState', head, from: [...new Set([sync.peer, ...ahead])] })
}

/** fetching -> none. `app`: the state of the head, which was proven piece by piece; undefined when no source has all of it. */
export function onFetched<S>(work: ChainWork<S>, head: SnapshotHead, app: S | undefined) {
  const { state } = work
  if (state.sync?.isFetching !== true) return
  state.sync.isFetching = false
  if (app === undefined || head.header.height < state.height) return giveUp(work)
  takeOver(work, { head, state: new Uint8Array() }, app)
}

/**
 * Enough of a set that we know. In a ledger that is a quorum of it, within the trusting period: those who were removed since, for lying, must
 * not be able to show a node that slept another chain (docs/decisions/0067).
 */
function isKnownSet<S>(work: ChainWork<S>, { header }: SnapshotHead, signers: readonly Uint8Array[]): boolean {
  const { context, state, now } = work
  const knownOf = (set: readonly Validator[]) =>
    set.filter(({ publicKey }) => signers.some((key) => equalBytes(key, publicKey))).length
  if (context.options.schema === 1) return knownOf(state.validators) > faultsOf(work)
  const own = { validators: state.validators, time: state.head.time }
  const isFuture = header.time > now + limits.MAX_DRIFT_MS
  return [own, context.trusts?.()].some(
    (one) =>
      one !== undefined &&
      !isFuture &&
      now - one.time <= limits.TRUSTING_PERIOD_MS &&
      knownOf(one.validators) >= context.rules.quorum(one.validators.length),
  )
}

/**
 * The set of the snapshot signed it by quorum, and f + 1 validators of a set that we know are among the signers: one of
 * them is honest, and signs only what was decided.
 */
function isTrusted<S>(work: ChainWork<S>, head: SnapshotHead): boolean {
  const { context } = work
  const { header, certificate, validators } = head
  const quorum = context.rules.quorum(validators.length)
  const signers = certificate.signatures.flatMap(({ index }) => validators[index]?.publicKey ?? [])
  return (
    equalBytes(header.chainId, context.chainId) &&
    certificate.height === header.height &&
    equalBytes(certificate.blockId, blockIdOf(header)) &&
    (header.ledger === undefined) === (context.options.schema === 1) &&
    hasScheme(context, certificate) &&
    namesOwnSet(header, validators) &&
    namesNextSets(header, head.nextValidators, head.afterValidators) &&
    historyAfter(head) !== undefined &&
    isKnownSet(work, head, signers) &&
    verifyCertificate(context.scheme, context.chainId, validators, certificate, 'precommit', quorum)
  )
}

function askPiece<S>(work: ChainWork<S>) {
  const { state, now } = work
  const { sync } = state
  if (sync?.download === undefined) return
  const { head, pieces } = sync.download
  if (pieces.length * limits.SNAPSHOT_PIECE_BYTES >= head.size) return adopt(work, head, pieces)
  sync.deadline = now + limits.SYNC_TIMEOUT_MS
  send(work, [sync.peer], { type: 'ask-piece', height: head.header.height, index: pieces.length })
}

export function onAskPiece<S>(work: ChainWork<S>, from: PeerName, height: number, index: number): void {
  const { snapshot } = work.state
  if (snapshot === undefined || snapshot.head.header.height !== height) return
  const start = index * limits.SNAPSHOT_PIECE_BYTES
  const isPaid = work.state.followers.has(from)
  if (start >= snapshot.head.size || !(isPaid || spend(work, from, limits.REQUEST_CHECKS))) return
  const bytes = snapshot.state.subarray(start, start + limits.SNAPSHOT_PIECE_BYTES)
  send(work, [from], { type: 'piece', height, index, bytes })
}

export function onPiece<S>(work: ChainWork<S>, from: PeerName, height: number, index: number, bytes: Uint8Array): void {
  const { sync } = work.state
  if (sync?.peer !== from || sync.download === undefined) return
  const { head, pieces } = sync.download
  const expected = Math.min(limits.SNAPSHOT_PIECE_BYTES, head.size - index * limits.SNAPSHOT_PIECE_BYTES)
  if (height !== head.header.height || index !== pieces.length || bytes.length !== expected) return
  pieces.push(bytes)
  askPiece(work)
}

/** downloading -> none, and any step -> idle. The bytes count only when they are the state that the certified header names. */
function adopt<S>(work: ChainWork<S>, head: SnapshotHead, pieces: readonly Uint8Array[]) {
  const { context, state } = work
  const { application } = context
  const { header } = head
  if ('worksElsewhere' in application) return
  const bytes = concatBytes(...pieces)
  const restored = header.height >= state.height ? application.restore(bytes) : undefined
  if (restored === undefined || !equalBytes(application.root(restored), header.stateRoot)) {
    state.stats.refused++
    return giveUp(work)
  }
  const snapshot = { head, state: bytes }
  persist(work, { kind: 'persistSnapshot', snapshot })
  takeOver(work, snapshot, restored)
}

function takeOver<S>(work: ChainWork<S>, snapshot: Snapshot, app: S): void {
  const { state, effects } = work
  const { head } = snapshot
  takeSnapshotHead(state, head, app)
  state.snapshot = snapshot
  state.stats.snapshots++
  effects.push({ kind: 'adopted', head })
  state.sync = undefined
  trimPool(work)
  enterHeight(work, head.header.height + 1)
  // Nothing was heard of the height before: late votes for it are not counted.
  state.previousLog = undefined
  catchUp(work)
}
