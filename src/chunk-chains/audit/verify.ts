/**
 * Checks all stored chains from their starts, without believing anything that is stored: each chain for itself (`one-chain.ts`),
 * and then what they say of each other. A slice at a time, so that a node answers meanwhile.
 */

import { equalBytes, type Store, toHex } from '../../base/index.ts'
import { storedBlocks, storedChains } from '../../chain/index.ts'
import { rememberingScheme, type SignatureScheme } from '../../crypto/index.ts'
import { ChainBook, type KnownChain } from '../disk/book.ts'
import { RecordTable } from '../disk/recorded.ts'
import { type DataSections, dataSections } from '../disk/sections.ts'
import { limits } from '../limits.ts'
import { type ChainFault, FaultList } from './faults.ts'
import { verifyOneChain } from './one-chain.ts'

export interface VerifyReport {
  readonly state: 'running' | 'done'
  readonly chains: { readonly checked: number; readonly total: number }
  readonly blocks: number
  readonly transactions: number
  /** At most MAX_FAULTS of them. */
  readonly faults: readonly ChainFault[]
}

export interface VerifyDeps {
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
export function* verifyChains(deps: VerifyDeps): Generator<VerifyReport, VerifyReport> {
  const { votes, publicKey, chunkBits } = deps
  // Each precommit stands in two certificates.
  const scheme = rememberingScheme(deps.scheme, limits.MAX_REMEMBERED_SIGNATURES)
  const sections = dataSections(deps.store)
  const chains = new ChainBook(sections.book, sections.blocks).all()
  const faults = new FaultList()
  const damagedBefore = deps.damaged?.() ?? 0
  const soundHeights = new Map<string, number>()
  const count = { blocks: 0, transactions: 0 }
  const report = (state: VerifyReport['state']): VerifyReport => ({
    state,
    chains: { checked: soundHeights.size, total: chains.length },
    ...count,
    faults: faults.all(),
  })

  for (const known of chains) {
    const accuse = (height: number, reason: string) => addFault(faults, known, height, reason)
    const run = verifyOneChain({ blocks: sections.blocks, votes, publicKey, scheme, chunkBits }, known, accuse)
    let next = run.next()
    for (; next.done !== true; next = run.next()) {
      count.blocks++
      count.transactions += next.value.block.transactions.length
      yield report('running')
    }
    soundHeights.set(known.id, next.value)
    yield report('running')
  }
  checkLinks(chains, sections.blocks, faults)
  checkStrays(chains, sections.blocks, faults)
  checkRows(chains, sections, soundHeights, faults)
  const damaged = (deps.damaged?.() ?? 0) - damagedBefore
  if (damaged > 0) {
    const reason = `${damaged} values in the files are damaged, and were left out`
    faults.add({ chain: '', chunk: -1, height: 0, reason })
  }
  return report('done')
}

function addFault(faults: FaultList, { id, descriptor }: KnownChain, height: number, reason: string): void {
  faults.add({ chain: id, chunk: descriptor.chunk, height, reason })
}

/** A chain that says where it begins says the truth, as far as this node has the chain before it. */
function checkLinks(chains: readonly KnownChain[], blocks: Store, faults: FaultList): void {
  const ids = new Set(chains.map(({ id }) => id))
  for (const known of chains) {
    const { previous } = known.descriptor
    if (previous === undefined || !ids.has(toHex(previous.chainId))) continue
    const first = storedBlocks(previous.chainId, blocks, previous.height).next()
    const block = first.done === true ? undefined : first.value.decided?.block
    if (block?.header.height === previous.height && !equalBytes(block.id, previous.headId))
      addFault(faults, known, 0, `it names another block ${previous.height} of the chain before it than the one stored`)
  }
}

/** Blocks of chains that the book does not know. */
function checkStrays(chains: readonly KnownChain[], blocks: Store, faults: FaultList): void {
  const ids = new Set(chains.map(({ id }) => id))
  for (const chainId of storedChains(blocks)) {
    const chain = toHex(chainId)
    if (ids.has(chain)) continue
    faults.add({ chain, chunk: -1, height: 0, reason: 'its blocks are there, and nothing says whose they are' })
  }
}

/** Rows that name blocks which are not there. To read all of them also finds those that have changed on the disk. */
function checkRows(
  chains: readonly KnownChain[],
  sections: DataSections,
  soundHeights: ReadonlyMap<string, number>,
  faults: FaultList,
): void {
  const byId = new Map(chains.map((known) => [known.id, known]))
  for (const { question, row } of new RecordTable(sections.recorded).all()) {
    const known = row && byId.get(toHex(row.chainId))
    if (known !== undefined && row !== undefined && row.height > soundHeights.get(known.id)!)
      addFault(faults, known, row.height, `${question} is said to be recorded in a block that is not there`)
  }
}
