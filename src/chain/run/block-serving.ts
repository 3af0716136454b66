/** Blocks from the store for those who lack them. */
import { equalBytes } from '../../base/index.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { bareOf, isInline } from '../blocks/parts.ts'
import { limits } from '../limits.ts'
import { partsOf } from '../machine/part-sending.ts'
import type { ChainEffect } from '../machine/state.ts'
import type { CertifiedBlock } from '../types.ts'
import type { ChainStore } from './chain-store.ts'

type Wish<K extends ChainEffect<never>['kind']> = Extract<ChainEffect<never>, { readonly kind: K }>

export interface ServedBlocks {
  /** Undefined: there is nothing to send. */
  readonly message: ChainMessage | undefined
  /** What it comes to, about. */
  readonly bytes: number
}

/** As many as one message holds; of a large block its head. What is no longer kept is replaced by the snapshot. */
export function blocksFor(store: ChainStore, { from, snapshot }: Wish<'serveBlocks'>): ServedBlocks {
  const blocks = store.blocksFrom(from)
  return { message: messageOf(blocks, snapshot), bytes: roughBytes(blocks) }
}

function messageOf(
  blocks: readonly CertifiedBlock[],
  snapshot: Wish<'serveBlocks'>['snapshot'],
): ChainMessage | undefined {
  const [first] = blocks
  if (first === undefined) return snapshot && { type: 'snapshot', head: snapshot }
  if (isInline(first.block)) return { type: 'blocks', blocks }
  return { type: 'bare-block', bare: bareOf(first.block), certificate: first.certificate }
}

/** Undefined: there is no such block, or part. */
export function partFor(store: ChainStore, { height, blockId, from }: Wish<'servePart'>): ChainMessage | undefined {
  const block = store.blockToServe(height)?.block
  if (block === undefined || !equalBytes(block.id, blockId)) return undefined
  const part = partsOf(block).from(from)
  return part && { type: 'part', height, blockId, part }
}

/** A header and two certificates are a kilobyte or more. */
function roughBytes(blocks: readonly CertifiedBlock[]): number {
  const bytes = blocks.reduce(
    (sum, { block }) => sum + block.transactions.reduce((all, one) => all + one.length, 1_500),
    0,
  )
  return Math.min(limits.MAX_MESSAGE_BYTES, bytes + 1_000)
}
