/** Sending blocks that are larger than a message: the bare block to all, and each part to one, who hands it on to the others. */
import { latin1 } from '../../base/index.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { type BlockPart, BlockParts, bareOf, isInline } from '../blocks/parts.ts'
import { knownHashesOf } from '../blocks/transaction-lists.ts'
import { limits } from '../limits.ts'
import type { Block, Proposal } from '../types.ts'
import type { ChainWork, PeerName } from './state.ts'
import { others, send } from './work.ts'

/** A message of our own to all others. */
export function tellOthers<S>(work: ChainWork<S>, message: ChainMessage) {
  const to = others(work)
  if (message.type !== 'proposal') return send(work, to, message)
  sendProposal(work, to, message.proposal)
  if (isInline(message.proposal.block) || to.length === 0) return
  const { id: blockId, header } = message.proposal.block
  let turn = 0
  for (const part of new BlockParts(message.proposal.block.transactions).all()) {
    send(work, [to[turn % to.length]!], { type: 'part', height: header.height, blockId, part })
    turn++
  }
}

/** The proposal, or what is needed to ask for its parts. */
export function sendProposal<S>(work: ChainWork<S>, to: readonly PeerName[], proposal: Proposal): void {
  const { claim, block, proof } = proposal
  if (isInline(block)) send(work, to, { type: 'proposal', proposal })
  else send(work, to, { type: 'bare-proposal', claim, bare: bareOf(block), proof })
}

/** Answers a peer that may ask: from what is at hand, or from the store. */
export function servePart<S>(
  work: ChainWork<S>,
  to: PeerName,
  height: number,
  blockId: Uint8Array,
  from: number,
): void {
  const { state, effects } = work
  if (height > state.height) return
  const isNow = height === state.height
  const block = isNow ? state.log.block(blockId) : undefined
  const arrival = isNow ? state.arriving.get(latin1(blockId)) : undefined
  const part = block === undefined ? arrival?.partial.part(from) : partOf(block, from)
  if (part !== undefined) send(work, [to], { type: 'part', height, blockId, part })
  else if (height < state.height) effects.push({ kind: 'servePart', to, height, blockId, from })
}

/** Undefined also while the tree of a large block is not known yet, which comes when it has been applied: they ask again. */
function partOf(block: Block, from: number): BlockPart | undefined {
  const { transactions } = block
  const isKnown = isInline(block) || knownHashesOf(transactions) !== undefined
  return isKnown ? new BlockParts(transactions).from(from) : undefined
}

/** How much of transactions one block may have. */
export function mostTransactions(schema: 1 | 2): { readonly bytes: number; readonly count: number } {
  return schema === 1
    ? { bytes: limits.MAX_TRANSACTIONS_BYTES, count: limits.MAX_TRANSACTIONS }
    : { bytes: limits.MAX_LEDGER_TRANSACTIONS_BYTES, count: limits.MAX_LEDGER_TRANSACTIONS }
}
