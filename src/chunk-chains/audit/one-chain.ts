/** One stored chain, checked from its start: every block, certificate, state root and transaction, and what stands beside it. */
import { equalBytes, isChordnsError, type Store } from '../../base/index.ts'
import {
  type CertifiedBlock,
  type ChainChecker,
  createChainChecker,
  type StoredBlock,
  storedBlocks,
  storedRecord,
  storedSnapshot,
  voteContradiction,
} from '../../chain/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { KnownChain } from '../disk/book.ts'
import { chunkApplication } from '../state/application.ts'
import { indexOfKey, QUORUM } from '../state/descriptor.ts'
import { verifySigned } from '../state/signed.ts'
import { type ChunkState, encodeState, totalsOf } from '../state/state.ts'

export interface OneChainDeps {
  readonly blocks: Store
  /** Undefined: the votes are not compared. */
  readonly votes: Store | undefined
  /** Whose votes they are. */
  readonly publicKey: Uint8Array | undefined
  readonly scheme: SignatureScheme
  readonly chunkBits: number
}

/** `height` 0: not of one block. */
type Accuse = (height: number, reason: string) => void

/**
 * Yields each sound block, until the end or the first fault. Returns the height up to which the chain is sound; infinite after a
 * fault, since nothing is known of what is behind it. `accuse`: owes nothing.
 */
export function* verifyOneChain(
  deps: OneChainDeps,
  known: KnownChain,
  accuse: Accuse,
): Generator<CertifiedBlock, number> {
  const { chainId, descriptor, totals } = known
  const { blocks, scheme, chunkBits, publicKey } = deps
  const application = chunkApplication(descriptor, chunkBits, { scheme, verifySigned })
  const checker = createChainChecker({
    chainId,
    validators: descriptor.validators,
    scheme,
    application,
    quorum: QUORUM,
  })
  checkLine(known, checker.state(), undefined, accuse)
  const votes = readVotes(deps.votes, known, accuse)
  const snapshot = readSnapshot(blocks, known, accuse)
  const index = publicKey === undefined ? -1 : indexOfKey(descriptor, publicKey)
  for (const stored of storedBlocks(chainId, blocks, 1)) {
    const place = checker.height + 1
    const fault = blockFault(checker, stored)
    if (fault !== undefined) {
      accuse(place, fault)
      return Number.POSITIVE_INFINITY
    }
    const decided = stored.decided!
    checkLine(known, checker.state(), decided.block.id, accuse)
    if (snapshot?.head.header.height === place && !equalBytes(snapshot.state, encodeState(checker.state())))
      accuse(place, 'the snapshot of this height is not its state')
    const odds = votes && voteContradiction(votes, decided, index)
    if (odds !== undefined) accuse(place, `votes.db is at odds with the block: ${odds}`)
    yield decided
  }
  if (checker.height < totals.height) accuse(checker.height + 1, `the block is missing: the chain had ${totals.height}`)
  if (votes !== undefined && votes.height > checker.height + 1)
    accuse(votes.height, 'votes.db knows of votes beyond the stored blocks')
  return checker.height
}

/** Takes the next block into the checker; what is wrong with it, if anything. */
function blockFault(checker: ChainChecker<ChunkState>, { height, decided }: StoredBlock): string | undefined {
  if (height !== checker.height + 1) return `the block is missing, or its bytes are damaged; the next one is ${height}`
  return decided === undefined ? 'the bytes are no block' : checker.next(decided)
}

/** What the book says of a chain at this height, if it is there. It may be behind the blocks, after a crash. */
function checkLine(known: KnownChain, state: ChunkState, headId: Uint8Array | undefined, accuse: Accuse): void {
  const totals = totalsOf(state)
  if (known.totals.height !== totals.height) return
  const same =
    known.totals.first === totals.first &&
    known.totals.last === totals.last &&
    known.totals.bytes === totals.bytes &&
    (headId === undefined || known.headId === undefined ? headId === known.headId : equalBytes(headId, known.headId))
  if (!same) accuse(totals.height, 'what is written of the chain is not what its blocks say')
}

function readVotes(votes: Store | undefined, { chainId }: KnownChain, accuse: Accuse) {
  if (votes === undefined) return undefined
  try {
    return storedRecord(chainId, votes)
  } catch (error) {
    if (!isChordnsError(error)) throw error
    accuse(0, `the record in votes.db cannot be read: ${error.message}`)
    return undefined
  }
}

function readSnapshot(blocks: Store, { chainId }: KnownChain, accuse: Accuse) {
  try {
    return storedSnapshot(chainId, blocks)
  } catch (error) {
    if (!isChordnsError(error)) throw error
    accuse(0, `the snapshot cannot be read: ${error.message}`)
    return undefined
  }
}
