/** What `chordns chunk` shows of a chain. */
import { equalBytes, type PeerId, type Store, toHex } from '../../base/index.ts'
import { type CertifiedBlock, storedBlocks } from '../../chain/index.ts'
import { peerIdFromPublicKey } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { KnownChain } from '../disk/book.ts'
import type { OpenChain } from '../disk/open.ts'
import { limits } from '../limits.ts'
import { type ChunkTransaction, decodeTransaction } from '../state/transactions.ts'

export interface BlockView {
  readonly height: number
  readonly id: string
  readonly time: number
  readonly proposer: PeerId
  readonly transactions: readonly { readonly kind: ChunkTransaction['kind']; readonly question: Question }[]
}

export interface ChunkChainView {
  /** Hex; undefined: nothing was recorded by these replicas yet. */
  readonly chain: string | undefined
  /**
   * `none`: no chain yet; `closed`: at rest; `open`; `following`: without a vote; `stalled`: without a quorum; `broken`: what
   * is stored is damaged; `not-mine`: this node is no replica of the chunk.
   */
  readonly state: 'none' | 'closed' | 'open' | 'following' | 'stalled' | 'broken' | 'not-mine'
  readonly height: number
  /** What the others say they have: above `height` while this node catches up. */
  readonly target: number
  /** Entries that wait to be recorded. */
  readonly waiting: number
  /** The chain before it, hex. */
  readonly previous: string | undefined
  /** Newest first. */
  readonly blocks: readonly BlockView[]
}

export interface ViewDeps {
  readonly isMine: boolean
  readonly known: KnownChain | undefined
  readonly open: (id: string) => OpenChain | undefined
  readonly isStalled: (id: string) => boolean
  readonly waiting: number
  readonly blocks: Store
}

export function viewOf({ isMine, known, open: opened, isStalled, waiting, blocks }: ViewDeps): ChunkChainView {
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
