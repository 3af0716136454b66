/** What all parts of the machine do with a step: sending, persisting, timers, allowances. */
import { toHex } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { limits } from '../limits.ts'
import type { Block, BlockCertificate, Validator } from '../types.ts'
import type { VoteSet } from './log.ts'
import type { ChainContext, ChainEffect, ChainTimer, ChainWork, Held, PeerName, PeerState } from './state.ts'

/** Name of our own messages on their way back to us: no peer has it. */
export const SELF: PeerName = ''

export function quorumOf<S>(work: ChainWork<S>): number {
  return work.context.rules.quorum(work.state.validators.length)
}

/** Validators that may lie or fail without the rest being stuck or split: f. */
export function faultsOf<S>(work: ChainWork<S>): number {
  return work.state.validators.length - quorumOf(work)
}

export function ownIndex<S>({ context, state }: ChainWork<S>): number | undefined {
  return state.log.indexOf(context.signer.publicKey)
}

/** Whether a certificate has the form of this chain: what a header commits to has one form only. */
export function hasScheme<S>({ options }: ChainContext<S>, { scheme }: BlockCertificate): boolean {
  return (scheme === undefined) === (options.schema === 1)
}

/** A certificate of votes that were counted, in the form of this chain. */
export function certificateOf<S>(
  { context, state }: ChainWork<S>,
  votes: VoteSet,
  round: number,
  blockId: Uint8Array,
): BlockCertificate {
  const certificate = votes.certificate(state.height, round, blockId)
  return context.options.schema === 1 ? certificate : { scheme: 1, ...certificate }
}

const nameLists = new WeakMap<readonly Validator[], readonly { name: PeerName; key: string }[]>()

function namesOf(validators: readonly Validator[]): readonly { name: PeerName; key: string }[] {
  let names = nameLists.get(validators)
  if (names === undefined) {
    names = validators.map(({ id, publicKey }) => ({ name: toHex(id), key: toHex(publicKey) }))
    nameLists.set(validators, names)
  }
  return names
}

/** Whether a peer is a validator of this height or the next. */
export function isMember<S>({ state }: ChainWork<S>, name: PeerName): boolean {
  const { validators, nextValidators } = state
  return nameSetOf(validators).has(name) || nameSetOf(nextValidators).has(name)
}

/** The same of ourselves. */
export function isOwnMember<S>({ context, state }: ChainWork<S>): boolean {
  const own = toHex(context.signer.publicKey)
  return [state.validators, state.nextValidators].some((set) => namesOf(set).some(({ key }) => key === own))
}

/** Of this height, in order. */
export function memberNames<S>({ state }: ChainWork<S>): readonly PeerName[] {
  return namesOf(state.validators).map(({ name }) => name)
}

const nameSets = new WeakMap<readonly Validator[], ReadonlySet<PeerName>>()

function nameSetOf(validators: readonly Validator[]): ReadonlySet<PeerName> {
  let set = nameSets.get(validators)
  if (set === undefined) {
    set = new Set(namesOf(validators).map(({ name }) => name))
    nameSets.set(validators, set)
  }
  return set
}

/** The validators of this height and the next, without ourselves. Who only follows a ledger speaks to those it follows. */
export function others<S>(work: ChainWork<S>): readonly PeerName[] {
  const { context, state } = work
  if (context.options.schema === 2 && !isOwnMember(work)) return state.upstreams.map(({ name }) => name)
  const { validators, nextValidators } = state
  const known = otherLists.get(validators)
  if (known?.next === nextValidators && known.signer === context.signer) return known.names
  const own = toHex(context.signer.publicKey)
  const names = new Set<PeerName>()
  for (const set of new Set([validators, nextValidators]))
    for (const { name, key } of namesOf(set)) if (key !== own) names.add(name)
  const list = [...names]
  otherLists.set(validators, { next: nextValidators, signer: context.signer, names: list })
  return list
}

/** Asked for with each message; sets change rarely. */
const otherLists = new WeakMap<
  readonly Validator[],
  { readonly next: readonly Validator[]; readonly signer: Signer; readonly names: readonly PeerName[] }
>()

export function nameAt<S>({ state }: ChainWork<S>, index: number): PeerName {
  return namesOf(state.validators)[index]!.name
}

/** Sends once everything persisted so far is durable. */
export function send<S>(work: ChainWork<S>, to: readonly PeerName[], message: ChainMessage): void {
  if (to.length > 0) afterPersisting(work, { kind: 'send', to, message })
}

/** Hands an own message to ourselves, once it could be sent as well. */
export function toSelf<S>(work: ChainWork<S>, message: ChainMessage): void {
  afterPersisting(work, { kind: 'own', message })
}

function afterPersisting<S>({ state, effects }: ChainWork<S>, release: Held): void {
  const token = state.nextToken - 1
  if (release.kind === 'send' && state.durableToken >= token) effects.push(release)
  else state.held.push({ token, release })
}

type Persist = Extract<ChainEffect<never>, { token: number }>
type WithoutToken<T> = T extends unknown ? Omit<T, 'token'> : never

export function persist<S>({ state, effects }: ChainWork<S>, effect: WithoutToken<Persist>): void {
  effects.push({ ...effect, token: state.nextToken++ } as Persist)
}

export function setTimer<S>({ state, effects }: ChainWork<S>, timer: ChainTimer, afterMs: number): void {
  effects.push({ kind: 'timer', timer, afterMs, height: state.height, round: state.round })
}

/** A time-out of the current round: each failed round makes it longer, up to a bound that every timer can hold. */
export function timeoutMs<S>({ context, state }: ChainWork<S>, firstMs: number): number {
  return Math.min(limits.MAX_TIMEOUT_MS, firstMs + state.round * context.options.deltaMs)
}

/** `invalid`: the block that a quorum decided and this node cannot accept; that is kept until somebody has looked. */
export function halt<S>({ state, effects }: ChainWork<S>, reason: string, invalid?: Block): void {
  state.halted = reason
  effects.push({ kind: 'halt', reason, invalid })
}

export function peerOf<S>({ state, now }: ChainWork<S>, name: PeerName): PeerState {
  let peer = state.peers.get(name)
  if (peer === undefined) {
    peer = { credit: limits.CHECKS_BURST, creditAt: now, servedAt: Number.NEGATIVE_INFINITY, claims: 0, early: [] }
    // The oldest goes: whoever is a validator comes back with its next message.
    if (state.peers.size >= limits.MAX_PEERS) state.peers.delete(state.peers.keys().next().value!)
    state.peers.set(name, peer)
  }
  return peer
}

/** Subtracts `checks` from the peer's allowance; false when too little is left. Our own messages cost nothing. */
export function spend<S>(work: ChainWork<S>, name: PeerName, checks: number): boolean {
  if (name === SELF) return true
  const peer = peerOf(work, name)
  const earned = (Math.max(0, work.now - peer.creditAt) / 1_000) * limits.CHECKS_PER_SECOND
  peer.credit = Math.min(limits.CHECKS_BURST, peer.credit + earned)
  peer.creditAt = work.now
  if (peer.credit < checks) {
    work.state.stats.refused++
    return false
  }
  peer.credit -= checks
  return true
}

/** True at most once in a while for each peer: what makes an answer larger than its question rare. */
export function mayServe<S>(work: ChainWork<S>, name: PeerName): boolean {
  const peer = peerOf(work, name)
  const gap = Math.max(limits.SERVE_GAP_MS, work.context.options.tickMs / 8)
  // A clock set back must not silence us.
  if (work.now >= peer.servedAt && work.now - peer.servedAt < gap) return false
  peer.servedAt = work.now
  return true
}
