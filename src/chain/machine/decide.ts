/** A block is decided: state, head and sets move on by one height, and everybody who may not know is told. */

import { decodeEvidence } from '../blocks/evidence.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { limits } from '../limits.ts'
import type { HistoryEdge } from '../trees/history.ts'
import type { Block, BlockCertificate, CertifiedBlock, Snapshot, SnapshotHead } from '../types.ts'
import { forgetAccusations } from './accusations.ts'
import { contentOf, execution, rulesAt } from './execute.ts'
import { tellFollowers } from './followers.ts'
import { moveHead } from './head.ts'
import { HeightLog } from './log.ts'
import { forgetDecided, scheduleStart, tellLater } from './pool.ts'
import type { ChainWork, PeerName } from './state.ts'
import { countCertificate } from './voting.ts'
import { halt, isOwnMember, nameAt, others, ownIndex, persist, send, setTimer } from './work.ts'

/**
 * any -> the next height. `certificate` was verified by the caller. `halted` when the block that a quorum decided is not valid here: more than f
 * have lied, or the application is not deterministic, and going on would make it worse. `waits`: the block is being applied elsewhere, and the
 * caller comes again.
 */
export function decideOn<S>(
  work: ChainWork<S>,
  block: Block,
  certificate: BlockCertificate,
  caughtUp: boolean,
): 'decided' | 'halted' | 'waits' {
  const { state, effects } = work
  const executed = execution(work, block)
  if (executed === 'waits') return 'waits'
  if (executed === undefined) {
    halt(work, `the decided block of height ${state.height} is not valid here`, block)
    return 'halted'
  }
  const content = contentOf(work, block)
  countCertificate(work, state.log, certificate)
  const decided = { block, certificate }
  const listeners = toTell(work, certificate)
  state.stats.decided++
  if (caughtUp) state.stats.caughtUp++
  const before = state.history
  const made = moveHead(state, block, certificate, executed)
  const snapshot = makeSnapshot(work, decided, before)
  persist(work, { kind: 'persistBlock', decided, snapshot, made })
  if ('worksElsewhere' in work.context.application)
    effects.push({ kind: 'commit', content, head: headOf(state, decided, before, 0) })
  forgetAccusations(work, (block.evidence ?? []).map(decodeEvidence))
  const { proofs, height } = state
  if (proofs.length > 0 && state.round > 0 && work.context.options.schema === 2)
    effects.push({ kind: 'keepProofs', height, proofs })
  effects.push({ kind: 'decided', decided, app: executed.state, caughtUp, results: executed.results.list })
  if (work.context.rules.gossipsCertificates) {
    send(work, listeners, { type: 'commit', certificate })
    if (state.followers.size > 0) tellFollowers(work, decided)
  }
  forgetDecided(work, block.transactions)
  enterHeight(work, state.height + 1)
  checkRules(work)
  return 'decided'
}

/** Schema 2: a release that does not know the rules of the height stops before it: whatever it did there would be wrong. */
export function checkRules<S>(work: ChainWork<S>): void {
  const { context, state } = work
  if (context.options.schema === 1) return
  const { now } = rulesAt(state)
  const isKnown = context.application.knowsRules?.(now) ?? now === context.options.rules
  if (!isKnown) halt(work, `rules ${now} come into force at height ${state.height}: they need a newer release`)
}

/** any -> idle: nothing of the height before is left but its votes. */
export function enterHeight<S>(work: ChainWork<S>, height: number): void {
  const { context, state, now } = work
  state.previousLog = state.log
  state.height = height
  state.round = 0
  state.step = 'idle'
  state.locked = undefined
  state.valid = undefined
  state.proofs = []
  state.log = new HeightLog(state.validators)
  recallLock(work)
  state.executions = new Map()
  state.executing = new Map()
  state.opposed = new Set()
  state.arriving = new Map()
  state.building = undefined
  state.decidedAt = now
  // Transactions left over from the last block have waited long enough for others.
  state.hasWaited = true
  tellLater(work)
  setTimer(work, 'tick', context.options.idleTickMs)
  scheduleStart(work)
}

/**
 * A validator whose blocks were lost comes back to the height in which it has signed by catching up: what it locked there it must
 * not forget. The guard keeps it from signing in the rounds before.
 */
function recallLock<S>({ state }: ChainWork<S>): void {
  const { record } = state
  if (record === undefined || record.height !== state.height) return
  state.locked = record.locked
  state.valid = record.valid
  if (record.valid !== undefined) state.proofs = [record.valid.proof]
  for (const held of [record.locked, record.valid]) if (held !== undefined) state.log.addBlock(held.block)
}

/** What came too early from whom: the caller feeds it to the machine again. */
export function drainEarly<S>({ state }: ChainWork<S>): { readonly from: PeerName; readonly message: ChainMessage }[] {
  const early: { from: PeerName; message: ChainMessage }[] = []
  for (const [from, peer] of state.peers) {
    for (const message of peer.early) early.push({ from, message })
    if (peer.early.length > 0) peer.early = []
  }
  return early
}

/**
 * Who is told of the decision: everybody in small sets; in large ones those whose precommit we lack, since they may lack those of
 * others, and a few more. Without it, a liar that sends its precommit to one half only would leave the other half behind for ever.
 */
function toTell<S>(work: ChainWork<S>, { round }: BlockCertificate): readonly PeerName[] {
  const { state } = work
  const { validators } = state
  // Who follows a ledger has nothing to tell those it follows.
  if (work.context.options.schema === 2 && !isOwnMember(work)) return []
  if (validators.length <= limits.COMMIT_TO_ALL) return others(work)
  const own = ownIndex(work) ?? 0
  const precommits = state.log.rounds.get(round)?.votes.precommit
  return validators.flatMap((_, index) => {
    if (index === own) return []
    const near = (index - own + validators.length) % validators.length <= limits.COMMIT_TO_SOME
    return near || precommits?.has(index) !== true ? [nameAt(work, index)] : []
  })
}

function makeSnapshot<S>(work: ChainWork<S>, decided: CertifiedBlock, before: HistoryEdge): Snapshot | undefined {
  const { context, state } = work
  const { snapshotEvery } = context.options
  if (snapshotEvery === 0 || state.height % snapshotEvery !== 0) return undefined
  const { application } = context
  // What has its state elsewhere gives it in pieces, of any height that is kept: here is only what proves them.
  const bytes = 'worksElsewhere' in application ? new Uint8Array() : application.snapshot(state.app)
  if (bytes.length > limits.MAX_SNAPSHOT_BYTES) {
    work.effects.push({ kind: 'noSnapshot', bytes: bytes.length })
    return undefined
  }
  state.snapshot = { head: headOf(state, decided, before, bytes.length), state: bytes }
  return state.snapshot
}

/** What others need to go on from a block that was just decided; `before`: the history before it. */
export function headOf(
  { previousValidators, validators, nextValidators }: ChainWork<unknown>['state'],
  { block: { header }, certificate }: CertifiedBlock,
  before: HistoryEdge,
  size: number,
): SnapshotHead {
  return {
    header,
    certificate,
    validators: previousValidators,
    nextValidators: validators,
    afterValidators: nextValidators,
    size,
    ...(header.ledger === undefined ? {} : { history: before.hashes }),
  }
}
