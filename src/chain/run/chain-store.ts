/** What a running chain keeps: blocks by height and the newest snapshot in one store, the sign guard's record in another. */
import { fromLatin1, latin1, type Store, type StoreWrite } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { certificateFromValue, certificateToValue } from '../blocks/certificates.ts'
import { decodeHalt, encodeHalt, type Halt } from '../blocks/halts.ts'
import { snapshotHeadToValue } from '../blocks/messages.ts'
import { encodingOf } from '../blocks/transaction-lists.ts'
import { limits } from '../limits.ts'
import { blocksApart, encodeRecord, type VoteRecord } from '../machine/guard.ts'
import type { Remembered } from '../machine/machine.ts'
import type { MadeHash } from '../machine/state.ts'
import type { ChainOptions } from '../options.ts'
import { readCbor, readList } from '../reading.ts'
import { extendHistory, type HistoryHashes } from '../trees/history.ts'
import type { BlockCertificate, CertifiedBlock, CertifiedHeader, Snapshot } from '../types.ts'
import {
  blockRowsOf,
  blockWrites,
  certificateRestKeys,
  firstInParts,
  heightOfKey,
  KIND,
  readBlock,
  readBlockRow,
  readHeader,
  storeKey,
  transactionsKey,
  transactionsRange,
} from './block-rows.ts'
import { storedRecord, storedSnapshot } from './stored-chain.ts'

/** Blocks that are kept decoded. */
const RECENT_BLOCKS = 4

const MAX_PROOFS_BYTES = limits.ROUNDS_KEPT * 10_000

/** Levels of hashes stand one behind the other: no level has as many. */
const HISTORY_LEVEL = limits.MAX_HEIGHT

/** What a snapshot tells of the history: the subtrees of its right edge, and what its own header makes whole. */
function hashesBeside({ head: { header, history } }: Snapshot): readonly MadeHash[] {
  if (history === undefined) return []
  const size = header.height - 1
  let from = 0
  const made = history.map((hash): MadeHash => {
    let level = 0
    while (2 ** (level + 1) <= size - from) level++
    const one = { level, index: from / 2 ** level, hash }
    from += 2 ** level
    return one
  })
  extendHistory({ size, hashes: history }, blockIdOf(header), (level, index, hash) => made.push({ level, index, hash }))
  return made
}

/** They stand apart, and go along. */
function certificateBytes({ block: { header, lastCertificate }, certificate }: CertifiedBlock): number {
  if (header.ledger === undefined) return 0
  return 128 * (certificate.signatures.length + (lastCertificate?.signatures.length ?? 0))
}

/** All puts are durable, once the store that they went to says that it has written them. */
export class ChainStore {
  readonly #chainId: Uint8Array
  readonly #store: Store
  readonly #votes: Store
  /** The newest blocks as they were put: those a step behind ask for them, again and again. */
  readonly #recent = new Map<number, CertifiedBlock>()

  #served: CertifiedBlock | undefined
  /** Keys of the transactions that stand beside the record of votes; undefined: nobody has looked yet. */
  #beside: ReadonlySet<string> | undefined

  constructor(chainId: Uint8Array, store: Store, votes: Store) {
    this.#chainId = chainId
    this.#store = store
    this.#votes = votes
  }

  /** Throws CHAIN_MALFORMED, also while its blocks are read. */
  remembered(): Remembered {
    const snapshot = storedSnapshot(this.#chainId, this.#store)
    return {
      snapshot,
      blocks: this.#blocks((snapshot?.head.header.height ?? 0) + 1),
      record: storedRecord(this.#chainId, this.#votes),
    }
  }

  /** The sign guard's record alone. Throws CHAIN_MALFORMED. */
  record(): VoteRecord | undefined {
    return storedRecord(this.#chainId, this.#votes)
  }

  /** The newest snapshot: where the state is elsewhere, what proves it. Throws CHAIN_MALFORMED. */
  snapshot(): Snapshot | undefined {
    return storedSnapshot(this.#chainId, this.#store)
  }

  /** The blocks from this height on, in order. Throws CHAIN_MALFORMED, while they are read. */
  blocks(from: number): Iterable<CertifiedBlock> {
    return this.#blocks(from)
  }

  /** A node of a ledger that saw what cannot be stays halted, however often it is started. Throws CHAIN_MALFORMED. */
  halt(): Halt | undefined {
    const bytes = this.#votes.get(this.#key(KIND.halted))
    return bytes === undefined ? undefined : decodeHalt(bytes)
  }

  putHalt(halt: Halt): void {
    this.#votes.batch([{ kind: 'put', key: this.#key(KIND.halted), value: encodeHalt(halt) }], { durable: true })
  }

  dropHalt(): void {
    this.#votes.batch([{ kind: 'delete', key: this.#key(KIND.halted) }], { durable: true })
  }

  /** A vote is a few hundred bytes, and a block may have megabytes: those are written with its first vote only. */
  putRecord(record: VoteRecord): void {
    this.#beside ??= new Set([...this.#votes.range(...transactionsRange(this.#chainId))].map(([key]) => latin1(key)))
    const needed = blocksApart(record).map(({ header, transactions }) => ({
      key: transactionsKey(this.#chainId, header.transactionsRoot),
      transactions,
    }))
    const names = new Set(needed.map(({ key }) => latin1(key)))
    const writes: StoreWrite[] = needed.flatMap(({ key, transactions }) =>
      this.#beside!.has(latin1(key)) ? [] : [{ kind: 'put', key, value: encodingOf(transactions) }],
    )
    for (const name of this.#beside) if (!names.has(name)) writes.push({ kind: 'delete', key: fromLatin1(name) })
    this.#beside = names
    writes.push({ kind: 'put', key: this.#key(KIND.record), value: encodeRecord(record, true) })
    this.#votes.batch(writes, { durable: true })
  }

  /** With the snapshot of the same height, blocks more than `keepBlocks` below it, and older than `keepMs`, are dropped in the same batch. */
  putBlock(
    decided: CertifiedBlock,
    snapshot: Snapshot | undefined,
    { keepBlocks: keep, keepMs }: Pick<ChainOptions, 'keepBlocks' | 'keepMs'>,
    made: readonly MadeHash[],
  ): void {
    const { height } = decided.block.header
    const before = this.#recent.get(height - 1)
    const writes: StoreWrite[] = [...blockWrites(this.#chainId, decided, before), ...this.#hashWrites(made)]
    if (snapshot !== undefined) {
      writes.push(this.#snapshotWrite(snapshot))
      const until = keepMs === undefined ? Number.POSITIVE_INFINITY : decided.block.header.time - keepMs
      if (keep !== undefined && height > keep) writes.push(...this.#outdated(height - keep, until))
    }
    this.#store.batch(writes, { durable: true })
    this.#recent.set(height, decided)
    this.#recent.delete(height - RECENT_BLOCKS)
  }

  /** What a quorum prevoted in a height that took several rounds: kept for as long as anybody may accuse. */
  putProofs(height: number, proofs: readonly BlockCertificate[]): void {
    const value = encodeCanonical(proofs.map(certificateToValue))
    const writes: StoreWrite[] = [{ kind: 'put', key: this.#key(KIND.proofs, height), value }]
    const below = Math.max(0, height - limits.PROOFS_KEPT_FOR)
    for (const [key] of this.#store.range(this.#key(KIND.proofs, 0), this.#key(KIND.proofs, below)))
      writes.push({ kind: 'delete', key })
    this.#store.batch(writes, { durable: false })
  }

  /** Throws CHAIN_MALFORMED when they are damaged. */
  proofs(height: number): readonly BlockCertificate[] {
    const bytes = this.#store.get(this.#key(KIND.proofs, height))
    if (bytes === undefined) return []
    return readList(readCbor(bytes, MAX_PROOFS_BYTES, 'proofs'), limits.ROUNDS_KEPT, 'proofs', certificateFromValue)
  }

  /** What is below was skipped: it is dropped, so that there are no gaps in what is kept. */
  putSnapshot(snapshot: Snapshot): void {
    const { height } = snapshot.head.header
    const drops = [...this.#dropsOfBlocks(height), ...this.#dropsOfCertificates(height)]
    const made = hashesBeside(snapshot)
    this.#store.batch([this.#snapshotWrite(snapshot), ...drops, ...this.#hashWrites(made)], { durable: true })
    this.#recent.clear()
  }

  /** Throws CHAIN_MALFORMED when it is damaged. */
  block(height: number): CertifiedBlock | undefined {
    return this.#recent.get(height) ?? readBlock(this.#chainId, this.#store, height)
  }

  /** Of the same, what a follower checks. Throws CHAIN_MALFORMED. */
  header(height: number): CertifiedHeader | undefined {
    const known = this.#recent.get(height)
    if (known !== undefined) return { header: known.block.header, certificate: known.certificate }
    return readHeader(this.#chainId, this.#store, height)
  }

  /** A block, for one who asks for part after part of it: the last one is kept decoded. */
  blockToServe(height: number): CertifiedBlock | undefined {
    if (this.#served?.block.header.height !== height) this.#served = this.block(height)
    return this.#served
  }

  /** From this height on without a gap, as many as one message holds. */
  blocksFrom(height: number): CertifiedBlock[] {
    const newest = this.#recent.get(height)
    if (newest !== undefined && !this.#recent.has(height + 1)) return [newest]
    const found: CertifiedBlock[] = []
    let bytes = 1_024
    for (const [at, row] of blockRowsOf(this.#chainId, this.#store, height)) {
      // Without the first one the rest is of no use.
      if (at !== height + found.length) break
      const decided = readBlockRow(this.#chainId, this.#store, at, row)
      bytes += row.length + certificateBytes(decided)
      if (found.length >= limits.MAX_BLOCKS_PER_REPLY || (found.length > 0 && bytes > limits.MAX_MESSAGE_BYTES)) break
      found.push(decided)
    }
    return found
  }

  /** A hash of the history; undefined when it was never known here. */
  readonly historyHash: HistoryHashes = (level, index) =>
    this.#store.get(this.#key(KIND.history, level * HISTORY_LEVEL + index))

  #hashWrites(made: readonly MadeHash[]): StoreWrite[] {
    return made.map(({ level, index, hash }) => ({
      kind: 'put',
      key: this.#key(KIND.history, level * HISTORY_LEVEL + index),
      value: hash,
    }))
  }

  *#blocks(from: number): Generator<CertifiedBlock> {
    for (const [height, row] of blockRowsOf(this.#chainId, this.#store, from))
      yield readBlockRow(this.#chainId, this.#store, height, row)
  }

  #snapshotWrite({ head, state }: Snapshot): StoreWrite {
    return { kind: 'put', key: this.#key(KIND.snapshot), value: encodeCanonical([snapshotHeadToValue(head), state]) }
  }

  /**
   * Blocks that are older than `until`, a part at a time: a node that kept all so far would not answer for seconds. Times grow with heights, so
   * few rows are read. The first block that stays needs the certificate of the one before it.
   */
  #outdated(height: number, until: number): StoreWrite[] {
    const first = this.#firstOf(KIND.block)
    if (first === undefined) return []
    let [low, high] = [first, Math.min(height, first + limits.DROPPED_AT_ONCE)]
    while (until !== Number.POSITIVE_INFINITY && low < high) {
      const middle = (low + high) >> 1
      const time = readHeader(this.#chainId, this.#store, middle)?.header.time ?? 0
      if (time < until) low = middle + 1
      else high = middle
    }
    return [...this.#dropsOfBlocks(high), ...this.#dropsOfCertificates(high - 1)]
  }

  #dropsOfBlocks(below: number): StoreWrite[] {
    return [...this.#drops(KIND.block, below), ...this.#drops(KIND.header, below)]
  }

  #dropsOfCertificates(below: number): StoreWrite[] {
    const first = firstInParts(this.#chainId, this.#store) ?? below
    const rest = [...certificateRestKeys(this.#chainId, first, below)].map(
      (key): StoreWrite => ({ kind: 'delete', key }),
    )
    return [...this.#drops(KIND.certificate, below), ...rest]
  }

  /** Of a kind that has no gaps. */
  #drops(kind: number, below: number): StoreWrite[] {
    const drops: StoreWrite[] = []
    const first = this.#firstOf(kind) ?? below
    for (let height = first; height < below; height++) drops.push({ kind: 'delete', key: this.#key(kind, height) })
    return drops
  }

  #firstOf(kind: number): number | undefined {
    for (const [key] of this.#store.range(this.#key(kind), this.#key(kind, limits.MAX_HEIGHT))) return heightOfKey(key)
    return undefined
  }

  #key(kind: number, height = 0): Uint8Array {
    return storeKey(this.#chainId, kind, height)
  }
}
