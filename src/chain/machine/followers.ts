/**
 * Those who hold a ledger's chain and do not validate. A node tells its followers of each block, out of allowances of their own, so that
 * they take nothing from validators; who finds no place is told of others who follow. A follower follows two, and can be followed itself.
 */
import type { ChainMessage } from '../blocks/messages.ts'
import { bareOf, isInline } from '../blocks/parts.ts'
import { limits } from '../limits.ts'
import type { CertifiedBlock } from '../types.ts'
import type { Allowance, ChainWork, Follower, PeerName } from './state.ts'
import { isOwnMember, memberNames, send } from './work.ts'

export function freshAllowance(requests: number, bytes: number, at: number): Allowance {
  return { requests, bytes, at }
}

/** Its place, or a new one where somebody has left. */
export function placeFor<S>(work: ChainWork<S>, name: PeerName): Follower | undefined {
  const { state, now } = work
  const known = state.followers.get(name)
  if (known !== undefined) return known
  if (state.followers.size >= limits.CHAIN_MAX_FOLLOWERS)
    for (const [other, { heardAt }] of state.followers) if (isGone(work, heardAt)) state.followers.delete(other)
  if (state.followers.size >= limits.CHAIN_MAX_FOLLOWERS) return undefined
  const left = freshAllowance(limits.CHAIN_FOLLOWER_BURST, limits.FOLLOWER_BYTES_BURST, now)
  const follower: Follower = { heardAt: now, height: 0, left }
  state.followers.set(name, follower)
  return follower
}

function isGone<S>({ context, now }: ChainWork<S>, heardAt: number): boolean {
  return now - heardAt > limits.FOLLOWER_SILENCE_TICKS * context.options.idleTickMs
}

/** Takes `cost` from what it may ask for, and from what all may: strangers share what nobody has a place for. */
export function mayAsk<S>(work: ChainWork<S>, from: PeerName, cost: number): boolean {
  const { state, now } = work
  const all = state.followersLeft
  refill(all, now, limits.FOLLOWERS_BURST, limits.FOLLOWERS_PER_SECOND, ALL_BYTES)
  const own = state.followers.get(from)?.left
  if (own !== undefined) refill(own, now, limits.CHAIN_FOLLOWER_BURST, limits.CHAIN_FOLLOWER_PER_SECOND, OWN_BYTES)
  // What was sent beyond the allowance is waited for.
  if (all.requests < cost || all.bytes <= 0) return false
  if (own !== undefined && (own.requests < cost || own.bytes <= 0)) return false
  all.requests -= cost
  if (own !== undefined) own.requests -= cost
  return true
}

const ALL_BYTES = [limits.FOLLOWERS_BYTES_BURST, limits.FOLLOWERS_BYTES_PER_SECOND] as const
const OWN_BYTES = [limits.FOLLOWER_BYTES_BURST, limits.FOLLOWER_BYTES_PER_SECOND] as const

function refill(
  left: Allowance,
  now: number,
  burst: number,
  perSecond: number,
  [bytesBurst, bytesPerSecond]: readonly [number, number],
): void {
  // A clock set back earns nothing.
  const seconds = Math.max(0, now - left.at) / 1_000
  left.at = now
  left.requests = Math.min(burst, left.requests + seconds * perSecond)
  left.bytes = Math.min(bytesBurst, left.bytes + seconds * bytesPerSecond)
}

/** What was sent to a follower. */
export function owe<S>({ state }: ChainWork<S>, to: PeerName, bytes: number): void {
  const own = state.followers.get(to)?.left
  if (own === undefined) return
  own.bytes -= bytes
  state.followersLeft.bytes -= bytes
}

/** Tells those who wait for it of the block that was decided. */
export function tellFollowers<S>(work: ChainWork<S>, { block, certificate }: CertifiedBlock): void {
  const { state } = work
  const { height } = block.header
  const message: ChainMessage = isInline(block)
    ? { type: 'blocks', blocks: [{ block, certificate }] }
    : { type: 'bare-block', bare: bareOf(block), certificate }
  const bytes = isInline(block) ? block.transactions.reduce((sum, one) => sum + one.length, 4_096) : 16_384
  const to: PeerName[] = []
  for (const [name, follower] of state.followers) {
    if (follower.height !== height || isGone(work, follower.heardAt) || !mayAsk(work, name, 1)) continue
    follower.height = height + 1
    owe(work, name, bytes)
    to.push(name)
  }
  send(work, to, message)
}

/** Whom to follow: those who were heard of, else validators, each follower beginning with another one. Not for validators. */
export function chooseUpstreams<S>(work: ChainWork<S>): void {
  const { context, state, now } = work
  if (context.options.schema === 1) return
  if (isOwnMember(work)) {
    state.upstreams = []
    return
  }
  const { heartbeatMs = 60_000 } = context.options
  // Nobody may keep us from the head for longer than light clients wait for it, whoever sent us where we are.
  if (now - state.decidedAt > STALE_HEARTBEATS * heartbeatMs) {
    state.upstreams = []
    state.candidates = []
    state.decidedAt = now
  }
  state.upstreams = state.upstreams.filter(({ heardAt }) => !isGone(work, heardAt))
  if (state.candidates.length === 0) state.candidates = validatorsInTurn(work)
  while (state.upstreams.length < limits.UPSTREAMS && state.candidates.length > 0) {
    const name = state.candidates.shift()!
    if (!state.upstreams.some((one) => one.name === name)) state.upstreams.push({ name, heardAt: now })
  }
}

const STALE_HEARTBEATS = 3

function validatorsInTurn<S>(work: ChainWork<S>): PeerName[] {
  const { context, state } = work
  const names = memberNames(work)
  const [first = 0, second = 0] = context.signer.publicKey
  const from = (first * 256 + second + state.upstreamTurn) % names.length
  state.upstreamTurn += limits.UPSTREAMS
  return [...names.slice(from), ...names.slice(0, from)]
}

export function heardFrom<S>({ state, now }: ChainWork<S>, from: PeerName): void {
  for (const one of state.upstreams) if (one.name === from) one.heardAt = now
}
