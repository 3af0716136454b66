/** Blocks from the store for those who lack them. */
import { equalBytes } from '../../base/index.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { BlockParts, bareOf, isInline } from '../blocks/parts.ts'
import { knownHashesOf, noteHashes } from '../blocks/transaction-lists.ts'
import { limits } from '../limits.ts'
import type { ChainEffect, PeerName } from '../machine/state.ts'
import type { CertifiedBlock } from '../types.ts'
import type { ChainStore } from './chain-store.ts'
import type { Elsewhere } from './elsewhere.ts'

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

/** Parts of blocks from the store. The tree of a large block takes tens of milliseconds: it is made where the application works. */
export class PartServing {
  readonly #store: ChainStore
  readonly #elsewhere: Pick<Elsewhere<never>, 'hashes'> | undefined
  readonly #send: (to: PeerName, message: ChainMessage) => void
  /** What waits for the tree of the block that is kept decoded. */
  #waiting: Wish<'servePart'>[] = []

  constructor(
    store: ChainStore,
    elsewhere: Pick<Elsewhere<never>, 'hashes'> | undefined,
    send: (to: PeerName, message: ChainMessage) => void,
  ) {
    this.#store = store
    this.#elsewhere = elsewhere
    this.#send = send
  }

  serve(wish: Wish<'servePart'>): void {
    // They ask again.
    if (this.#waiting.length > 0) {
      if (this.#waiting.length < limits.MAX_WAITING_PARTS) this.#waiting.push(wish)
      return
    }
    const block = this.#store.blockToServe(wish.height)?.block
    if (block === undefined || !equalBytes(block.id, wish.blockId)) return
    const { transactions } = block
    const elsewhere = isInline(block) || knownHashesOf(transactions) !== undefined ? undefined : this.#elsewhere
    if (elsewhere === undefined) {
      this.#answer(wish, transactions)
      return
    }
    this.#waiting.push(wish)
    elsewhere.hashes(transactions, (hashes) => {
      noteHashes(transactions, hashes)
      for (const one of this.#waiting.splice(0)) this.serve(one)
    })
  }

  /** The chain has stopped: what was asked for elsewhere does not come any more. */
  stop(): void {
    this.#waiting = []
  }

  #answer({ to, height, blockId, from }: Wish<'servePart'>, transactions: readonly Uint8Array[]): void {
    const part = new BlockParts(transactions).from(from)
    if (part !== undefined) this.#send(to, { type: 'part', height, blockId, part })
  }
}

/** A header and two certificates are a kilobyte or more. */
function roughBytes(blocks: readonly CertifiedBlock[]): number {
  const bytes = blocks.reduce(
    (sum, { block }) => sum + block.transactions.reduce((all, one) => all + one.length, 1_500),
    0,
  )
  return Math.min(limits.MAX_MESSAGE_BYTES, bytes + 1_000)
}
