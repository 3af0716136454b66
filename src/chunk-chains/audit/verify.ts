/**
 * Checks stored chains from their starts, without believing anything that is stored: every block, certificate, state root and
 * transaction, and that this node's votes are not at odds with them. A slice at a time, so that a node answers meanwhile.
 */
import { equalBytes, isChordnsError, type Store, toHex } from '../../base/index.ts'
import {
  createChainChecker,
  storedBlocks,
  storedChains,
  storedRecord,
  storedSnapshot,
  voteContradiction,
} from '../../chain/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { ChainBook, type KnownChain } from '../disk/book.ts'
import { RecordTable } from '../disk/recorded.ts'
import { dataSections } from '../disk/sections.ts'
import { limits } from '../limits.ts'
import { chunkApplication } from '../state/application.ts'
import { indexOfKey } from '../state/descriptor.ts'
import { rememberingScheme } from '../state/remembering.ts'
import { type ChunkState, encodeState, totalsOf } from '../state/state.ts'

/** Something that is wrong, and where. */
export interface ChainFault {
  /** Hex. */
  readonly chain: string
  /** -1: nothing says of which. */
  readonly chunk: number
  /** 0: not of one block. */
  readonly height: number
  readonly reason: string
}

export interface VerifyReport {
  readonly state: 'running' | 'done'
  readonly chains: { readonly checked: number; readonly total: number }
  readonly blocks: number
  readonly transactions: number
  /** At most MAX_FAULTS of them. */
  readonly faults: readonly ChainFault[]
}

export interface VerifyParts {
  /** The chains' part of data.db. */
  readonly store: Store
  /** Undefined: the votes are not compared. */
  readonly votes: Store | undefined
  readonly scheme: SignatureScheme
  readonly chunkBits: number
  /** Values that the stores found damaged, and left out, so far. */
  readonly damaged?: () => number
  /** Whose votes they are. */
  readonly publicKey: Uint8Array | undefined
}

/** Yields after each block and after each chain; the last value has the state `done`. */
export function* verifyChains(parts: VerifyParts): Generator<VerifyReport, VerifyReport> {
  const { store, chunkBits } = parts
  // Each precommit stands in two certificates.
  const scheme = rememberingScheme(parts.scheme)
  const places = dataSections(store)
  const chains = new ChainBook(places.book, places.blocks).all()
  const faults: ChainFault[] = []
  const damagedBefore = parts.damaged?.() ?? 0
  let checked = 0
  let blocks = 0
  let transactions = 0
  const heights = new Map<string, number>()
  const report = (state: VerifyReport['state']): VerifyReport => ({
    state,
    chains: { checked, total: chains.length },
    blocks,
    transactions,
    faults: [...faults],
  })
  const accuse = (known: KnownChain, height: number, reason: string) => {
    if (faults.length < limits.MAX_FAULTS)
      faults.push({ chain: known.id, chunk: known.descriptor.chunk, height, reason })
  }

  for (const known of chains) {
    const { chainId, descriptor, totals } = known
    const checker = createChainChecker({
      chainId,
      validators: descriptor.validators,
      scheme,
      application: chunkApplication(descriptor, chunkBits, scheme),
    })
    checkLine(known, checker.state(), undefined, accuse)
    const record = readVotes(parts, known, accuse)
    const snapshot = readSnapshot(places.blocks, known, accuse)
    let sound = true
    for (const { height, decided } of storedBlocks(chainId, places.blocks, 1)) {
      const place = checker.height + 1
      const reason =
        height !== place
          ? `the block is missing, or its bytes are damaged; the next one is ${height}`
          : decided === undefined
            ? 'the bytes are no block'
            : checker.next(decided)
      if (reason !== undefined) {
        accuse(known, place, reason)
        sound = false
        break
      }
      blocks++
      transactions += decided!.block.transactions.length
      const index = parts.publicKey === undefined ? -1 : indexOfKey(descriptor, parts.publicKey)
      const odds = record && voteContradiction(record, decided!, index)
      checkLine(known, checker.state(), decided!.block.id, accuse)
      if (snapshot?.head.header.height === height && !equalBytes(snapshot.state, encodeState(checker.state())))
        accuse(known, height, 'the snapshot of this height is not its state')
      if (odds !== undefined) accuse(known, height, `votes.db is at odds with the block: ${odds}`)
      yield report('running')
    }
    if (sound && checker.height < totals.height)
      accuse(known, checker.height + 1, `the block is missing: the chain had ${totals.height}`)
    if (sound && record !== undefined && record.height > checker.height + 1)
      accuse(known, record.height, 'votes.db knows of votes beyond the stored blocks')
    // Of what is behind a fault nothing more is known.
    heights.set(known.id, sound ? checker.height : Number.POSITIVE_INFINITY)
    checked++
    yield report('running')
  }
  checkLinks(chains, places.blocks, accuse)
  for (const chainId of storedChains(places.blocks)) {
    const chain = toHex(chainId)
    if (chains.some(({ id }) => id === chain) || faults.length >= limits.MAX_FAULTS) continue
    faults.push({ chain, chunk: -1, height: 0, reason: 'its blocks are there, and nothing says whose they are' })
  }
  // Reading them is enough: a value that has changed on the disk is counted, and left out.
  for (const { question, row } of new RecordTable(places.recorded).all()) {
    const known = row && chains.find(({ chainId }) => equalBytes(chainId, row.chainId))
    if (known !== undefined && row !== undefined && row.height > heights.get(known.id)!)
      accuse(known, row.height, `${question} is said to be recorded in a block that is not there`)
  }
  const damaged = (parts.damaged?.() ?? 0) - damagedBefore
  if (damaged > 0)
    faults.push({
      chain: '',
      chunk: -1,
      height: 0,
      reason: `${damaged} values in the files are damaged, and were left out`,
    })
  return report('done')
}

function readVotes(
  { votes }: VerifyParts,
  known: KnownChain,
  accuse: (known: KnownChain, height: number, reason: string) => void,
) {
  if (votes === undefined) return undefined
  try {
    return storedRecord(known.chainId, votes)
  } catch (error) {
    if (!isChordnsError(error)) throw error
    accuse(known, 0, `the record in votes.db cannot be read: ${error.message}`)
    return undefined
  }
}

/** What the book says of a chain at this height, if it is there. It may be behind the blocks, after a crash. */
function checkLine(
  known: KnownChain,
  state: ChunkState,
  headId: Uint8Array | undefined,
  accuse: (known: KnownChain, height: number, reason: string) => void,
): void {
  const totals = totalsOf(state)
  if (known.totals.height !== totals.height) return
  const same =
    known.totals.first === totals.first &&
    known.totals.last === totals.last &&
    known.totals.bytes === totals.bytes &&
    (headId === undefined || known.headId === undefined ? headId === known.headId : equalBytes(headId, known.headId))
  if (!same) accuse(known, totals.height, 'what is written of the chain is not what its blocks say')
}

function readSnapshot(
  blocks: Store,
  known: KnownChain,
  accuse: (known: KnownChain, height: number, reason: string) => void,
) {
  try {
    return storedSnapshot(known.chainId, blocks)
  } catch (error) {
    if (!isChordnsError(error)) throw error
    accuse(known, 0, `the snapshot cannot be read: ${error.message}`)
    return undefined
  }
}

/** A chain that says where it begins says the truth, as far as this node has the chain before it. */
function checkLinks(
  chains: readonly KnownChain[],
  blocks: Store,
  accuse: (known: KnownChain, height: number, reason: string) => void,
): void {
  const byId = new Map(chains.map((known) => [known.id, known]))
  for (const known of chains) {
    const { previous } = known.descriptor
    if (previous === undefined || !byId.has(toHex(previous.chainId))) continue
    const first = storedBlocks(previous.chainId, blocks, previous.height).next()
    const block = first.done === true ? undefined : first.value.decided?.block
    if (block?.header.height === previous.height && !equalBytes(block.id, previous.headId))
      accuse(known, 0, `it names another block ${previous.height} of the chain before it than the one stored`)
  }
}
