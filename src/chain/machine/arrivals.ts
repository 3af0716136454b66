/** Blocks that come in parts: gathering the parts, handing them on, and asking for those that do not come. */
import { equalBytes, latin1 } from '../../base/index.ts'
import type { LedgerMessage } from '../blocks/messages.ts'
import { PartialBlock } from '../blocks/partial.ts'
import type { BareBlock } from '../blocks/parts.ts'
import { verifyClaim } from '../blocks/signing.ts'
import { limits } from '../limits.ts'
import type { BlockCertificate } from '../types.ts'
import { proposerOf } from './proposer.ts'
import type { Arrival, ChainWork, PeerName } from './state.ts'
import { isCertified, onBlocks } from './sync.ts'
import { countProposal } from './voting.ts'
import { nameAt, others, ownIndex, send, setTimer, spend } from './work.ts'

type MessageOf<T extends LedgerMessage['type']> = Extract<LedgerMessage, { readonly type: T }>

/** A proposal of this height without its transactions. Only its proposer can make us gather anything. */
export function onBareProposal<S>(work: ChainWork<S>, from: PeerName, message: MessageOf<'bare-proposal'>) {
  const { context, state } = work
  const { claim, bare, proof } = message
  const { round } = claim
  const known = state.log.block(bare.id)
  if (known !== undefined) return countProposal(work, from, { claim, block: known, proof })
  if (round > state.round + limits.ROUNDS_AHEAD || round <= state.round - limits.ROUNDS_KEPT) return
  const before = state.arriving.get(latin1(bare.id))
  before?.sources.add(from)
  if (before?.claims.some((one) => one.claim.round === round) === true) return
  const isOfProposer =
    equalBytes(claim.blockId, bare.id) &&
    bare.header.height === state.height &&
    equalBytes(claim.signer, proposerOf(state.validators, state.height, round).publicKey)
  if (!isOfProposer || !spend(work, from, 1) || !verifyClaim(context.scheme, context.chainId, claim)) {
    state.stats.refused++
    return
  }
  const arrival = begin(work, bare, false)
  if (arrival === undefined || arrival.claims.length >= limits.ROUNDS_KEPT) return
  arrival.sources.add(from)
  arrival.claims.push({ from, claim, proof })
}

/** A decided block of this height without its transactions. */
export function onBareBlock<S>(work: ChainWork<S>, from: PeerName, { bare, certificate }: MessageOf<'bare-block'>) {
  const { state } = work
  if (bare.header.height !== state.height || state.backlog !== undefined) return
  const block = state.log.block(bare.id)
  if (block !== undefined) return onBlocks(work, from, [{ block, certificate }])
  if (!equalBytes(bare.id, certificate.blockId) || !isCertified(work, from, certificate)) {
    state.stats.refused++
    return
  }
  const arrival = begin(work, bare, true)
  if (arrival === undefined) return
  arrival.sources.add(from)
  arrival.certified ??= { from, certificate }
  askParts(work, arrival)
}

/** A certificate for a block that is coming: it is decided when it is whole. True when there is such a block. */
export function certifyArrival<S>(work: ChainWork<S>, from: PeerName, certificate: BlockCertificate): boolean {
  const arrival = work.state.arriving.get(latin1(certificate.blockId))
  if (arrival === undefined) return false
  arrival.sources.add(from)
  if (arrival.certified === undefined && isCertified(work, from, certificate)) arrival.certified = { from, certificate }
  return true
}

export function onPart<S>(work: ChainWork<S>, from: PeerName, message: MessageOf<'part'>): void {
  const { state, now } = work
  const key = latin1(message.blockId)
  const arrival = message.height === state.height ? state.arriving.get(key) : undefined
  if (arrival === undefined) return
  const taken = arrival.partial.take(message.part)
  if (taken === 'refused') {
    state.stats.refused++
    spend(work, from, limits.REQUEST_CHECKS)
  }
  if (taken !== 'new') return
  arrival.progressAt = now
  handOn(work, from, arrival, message)
  const wasAsked = arrival.asked.delete(message.part.from)
  const block = arrival.partial.whole()
  if (block === undefined) {
    if (wasAsked) askParts(work, arrival, from)
    return
  }
  state.arriving.delete(key)
  for (const { from: teller, claim, proof } of arrival.claims) countProposal(work, teller, { claim, block, proof })
  state.log.addBlock(block)
  const { certified } = arrival
  if (certified !== undefined) onBlocks(work, certified.from, [{ block, certificate: certified.certificate }])
}

/** Each part comes from its proposer once, to one of us; whoever gets it gives it to all others. */
function handOn<S>(work: ChainWork<S>, from: PeerName, arrival: Arrival, message: MessageOf<'part'>): void {
  const { state } = work
  if (ownIndex(work) === undefined) return
  const { length } = state.validators
  const isProposer = arrival.claims.some(({ claim }) => nameAt(work, (claim.height + claim.round) % length) === from)
  if (!isProposer) return
  const to = others(work).filter((name) => name !== from)
  send(work, to, message)
}

export function onPartsTimer<S>(work: ChainWork<S>): void {
  const { state } = work
  for (const arrival of state.arriving.values()) askParts(work, arrival)
  if (state.arriving.size > 0) setTimer(work, 'parts', limits.PART_WAIT_MS)
}

/** What is missing and was not asked for lately, each time of another peer; `only`: of this one, which has just sent a part. */
function askParts<S>(work: ChainWork<S>, arrival: Arrival, only?: PeerName): void {
  const { state, now } = work
  const { partial, asked, sources } = arrival
  const peers = only === undefined ? [...new Set([...sources, ...others(work)])] : [only]
  if (peers.length === 0) return
  const { id: blockId } = partial.bare
  let left = only === undefined ? limits.PARTS_ASKED : 1
  for (const from of partial.missing(limits.PARTS_ASKED)) {
    const { at, times } = asked.get(from) ?? { at: Number.NEGATIVE_INFINITY, times: 0 }
    // A clock set back must not hold us.
    if (left === 0 || (now >= at && now - at < limits.PART_WAIT_MS)) continue
    left--
    asked.set(from, { at: now, times: times + 1 })
    send(work, [peers[times % peers.length]!], { type: 'ask-part', height: state.height, blockId, from })
  }
}

/** What is gathered already, or a new one; undefined when there are too many. What is certified takes the place of what is not. */
function begin<S>(work: ChainWork<S>, bare: BareBlock, isCertain: boolean): Arrival | undefined {
  const { state, now } = work
  const key = latin1(bare.id)
  const known = state.arriving.get(key)
  if (known !== undefined) return known
  if (state.arriving.size >= limits.MAX_PARTIAL) {
    const worse = [...state.arriving].find(
      ([, { certified, claims }]) =>
        certified === undefined && (isCertain || claims.every(({ claim }) => claim.round < state.round)),
    )
    if (worse === undefined) return undefined
    state.arriving.delete(worse[0])
  }
  if (state.arriving.size === 0) setTimer(work, 'parts', limits.PART_WAIT_MS)
  const arrival: Arrival = {
    partial: new PartialBlock(bare),
    claims: [],
    certified: undefined,
    sources: new Set(),
    asked: new Map(),
    progressAt: now,
  }
  state.arriving.set(key, arrival)
  return arrival
}
