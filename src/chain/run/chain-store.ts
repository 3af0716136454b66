/** What a running chain keeps: blocks by height and the newest snapshot in one store, the sign guard's record in another. */
import type { Store, StoreWrite } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { decodeHalt, encodeHalt, type Halt } from '../blocks/halts.ts'
import { certifiedToValue, snapshotHeadToValue } from '../blocks/messages.ts'
import { limits } from '../limits.ts'
import { encodeRecord, type VoteRecord } from '../machine/guard.ts'
import type { Remembered } from '../machine/machine.ts'
import type { MadeHash } from '../machine/state.ts'
import type { ChainOptions } from '../options.ts'
import { extendHistory, type HistoryHashes } from '../trees/history.ts'
import type { CertifiedBlock, Snapshot } from '../types.ts'
import { KIND, readStored, storedRecord, storedSnapshot, storeKey } from './stored-chain.ts'

/** Blocks that are kept decoded. */
const RECENT_BLOCKS = 4

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

/** All puts are durable, once the store that they went to says that it has written them. */
export class ChainStore {
  readonly #chainId: Uint8Array
  readonly #store: Store
  readonly #votes: Store
  /** The newest blocks as they were put: those a step behind ask for them, again and again. */
  readonly #recent = new Map<number, CertifiedBlock>()

  #served: CertifiedBlock | undefined

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

  putRecord(record: VoteRecord): void {
    this.#votes.batch([{ kind: 'put', key: this.#key(KIND.record), value: encodeRecord(record) }], { durable: true })
  }

  /** With the snapshot of the same height, blocks more than `keepBlocks` below it, and older than `keepMs`, are dropped in the same batch. */
  putBlock(
    decided: CertifiedBlock,
    snapshot: Snapshot | undefined,
    { keepBlocks: keep, keepMs }: Pick<ChainOptions, 'keepBlocks' | 'keepMs'>,
    made: readonly MadeHash[],
  ): void {
    const { height } = decided.block.header
    const value = encodeCanonical(certifiedToValue(decided))
    const writes: StoreWrite[] = [{ kind: 'put', key: this.#key(KIND.block, height), value }, ...this.#hashWrites(made)]
    if (snapshot !== undefined) {
      writes.push(this.#snapshotWrite(snapshot))
      const before = keepMs === undefined ? Number.POSITIVE_INFINITY : decided.block.header.time - keepMs
      if (keep !== undefined && height > keep) writes.push(...this.#dropsBelow(height - keep, before))
    }
    this.#store.batch(writes, { durable: true })
    this.#recent.set(height, decided)
    this.#recent.delete(height - RECENT_BLOCKS)
  }

  /** What is below was skipped: it is dropped, so that there are no gaps in what is kept. */
  putSnapshot(snapshot: Snapshot): void {
    const drops = this.#dropsBelow(snapshot.head.header.height)
    const made = hashesBeside(snapshot)
    this.#store.batch([this.#snapshotWrite(snapshot), ...drops, ...this.#hashWrites(made)], { durable: true })
    this.#recent.clear()
  }

  /** Throws CHAIN_MALFORMED when it is damaged. */
  block(height: number): CertifiedBlock | undefined {
    const known = this.#recent.get(height)
    if (known !== undefined) return known
    const bytes = this.#store.get(this.#key(KIND.block, height))
    return bytes === undefined ? undefined : readStored(bytes)
  }

  /** The same, for one who asks for part after part of it: the last one is kept decoded. */
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
    const range = this.#store.range(this.#key(KIND.block, height), this.#key(KIND.block, limits.MAX_HEIGHT))
    for (const [, value] of range) {
      const decided = readStored(value)
      // Without the first one the rest is of no use.
      if (decided.block.header.height !== height + found.length) break
      bytes += value.length
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
    const range = this.#store.range(this.#key(KIND.block, from), this.#key(KIND.block, limits.MAX_HEIGHT))
    for (const [, value] of range) yield readStored(value)
  }

  #snapshotWrite({ head, state }: Snapshot): StoreWrite {
    return { kind: 'put', key: this.#key(KIND.snapshot), value: encodeCanonical([snapshotHeadToValue(head), state]) }
  }

  #dropsBelow(height: number, before = Number.POSITIVE_INFINITY): StoreWrite[] {
    const drops: StoreWrite[] = []
    for (const [key, value] of this.#store.range(this.#key(KIND.block, 0), this.#key(KIND.block, height))) {
      if (before !== Number.POSITIVE_INFINITY && readStored(value).block.header.time >= before) break
      drops.push({ kind: 'delete', key })
    }
    return drops
  }

  #key(kind: number, height = 0): Uint8Array {
    return storeKey(this.#chainId, kind, height)
  }
}
