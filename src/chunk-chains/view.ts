/** What `chordns chunk` shows of a chain. */
import { equalBytes, type Store, toHex } from '../base/index.ts'
import { type CertifiedBlock, storedBlocks } from '../chain/index.ts'
import { peerIdFromPublicKey } from '../crypto/index.ts'
import type { KnownChain } from './book.ts'
import { limits } from './limits.ts'
import type { OpenChain } from './open.ts'
import { decodeTransaction } from './transactions.ts'
import type { BlockView, ChunkChainView } from './types.ts'

export interface ViewParts {
  readonly isMine: boolean
  readonly known: KnownChain | undefined
  readonly open: (id: string) => OpenChain | undefined
  readonly isStalled: (id: string) => boolean
  readonly waiting: number
  readonly blocks: Store
}

export function viewOf({ isMine, known, open: opened, isStalled, waiting, blocks }: ViewParts): ChunkChainView {
  if (known === undefined)
    return {
      chain: undefined,
      state: isMine ? 'none' : 'not-mine',
      height: 0,
      target: 0,
      waiting,
      previous: undefined,
      blocks: [],
    }
  const open = opened(known.id)
  const { height } = known.totals
  const previous = known.descriptor.previous
  const shown: BlockView[] = []
  for (const { decided } of storedBlocks(known.chainId, blocks, Math.max(1, height - limits.BLOCKS_SHOWN + 1)))
    if (decided !== undefined) shown.unshift(blockView(known, decided))
  return {
    chain: known.id,
    state: stateOf(known, open, isStalled(known.id)),
    height,
    target: Math.max(height, open?.chain.status().target ?? 0),
    waiting,
    previous: previous === undefined ? undefined : toHex(previous.chainId),
    blocks: shown.slice(0, limits.BLOCKS_SHOWN),
  }
}

function stateOf(known: KnownChain, open: OpenChain | undefined, isStalled: boolean): ChunkChainView['state'] {
  if (known.broken !== undefined) return 'broken'
  if (open === undefined) return isStalled ? 'stalled' : 'closed'
  return open.mode === 'follow' ? 'following' : 'open'
}

function blockView({ descriptor }: KnownChain, { block }: CertifiedBlock): BlockView {
  const { height, time, proposer } = block.header
  const validator = descriptor.validators.find(({ id }) => equalBytes(id, proposer))!
  return {
    height,
    id: toHex(block.id),
    time,
    proposer: peerIdFromPublicKey(validator.publicKey),
    transactions: block.transactions.map((raw) => {
      const { kind, question } = decodeTransaction(raw)
      return { kind, question }
    }),
  }
}
