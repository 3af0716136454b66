/** What a chain keeps: blocks by height and the newest snapshot in one store, the sign guard's record in another. */
import { concatBytes, isChordnsError, type Store, type StoreWrite } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { certifiedFromValue, certifiedToValue, snapshotHeadFromValue, snapshotHeadToValue } from '../blocks/messages.ts'
import { readBytes, readCbor, readRow } from '../blocks/reading.ts'
import { limits } from '../limits.ts'
import { decodeRecord, encodeRecord, type VoteRecord } from '../machine/guard.ts'
import type { Remembered } from '../machine/machine.ts'
import type { CertifiedBlock, Snapshot } from '../types.ts'

export interface ChainStore {
  remembered(): Remembered
  /** All puts are durable when they return. */
  putRecord(record: VoteRecord): void
  /** With the snapshot of the same height, blocks more than `keep` below it are dropped in the same batch. */
  putBlock(decided: CertifiedBlock, snapshot: Snapshot | undefined, keep: number | undefined): void
  putSnapshot(snapshot: Snapshot): void
  block(height: number): CertifiedBlock | undefined
  /** From this height on without a gap, as many as one message holds. */
  blocksFrom(height: number): CertifiedBlock[]
}

const KIND = { block: 1, snapshot: 2, record: 3, retired: 4 } as const
/** A block as stored: certificate and all. */
const MAX_STORED_BYTES = 70_000
const CHAIN_ID_BYTES = 32
/** Blocks that are kept decoded. */
const RECENT_BLOCKS = 4

function keyOf(chainId: Uint8Array, kind: number, height = 0): Uint8Array {
  const bytes = new Uint8Array(9)
  bytes[0] = kind
  new DataView(bytes.buffer).setBigUint64(1, BigInt(height))
  return concatBytes(chainId, bytes)
}

export function chainStore(chainId: Uint8Array, store: Store, votes: Store): ChainStore {
  const key = (kind: number, height = 0) => keyOf(chainId, kind, height)
  /** The newest blocks as they were put: those a step behind ask for them, again and again. */
  const recent = new Map<number, CertifiedBlock>()
  const snapshotKey = key(KIND.snapshot)
  const recordKey = key(KIND.record)

  function* blocks(from: number, to: number): Generator<CertifiedBlock> {
    for (const [, value] of store.range(key(KIND.block, from), key(KIND.block, to))) yield readStored(value)
  }

  const snapshotWrite = ({ head, state }: Snapshot): StoreWrite => ({
    kind: 'put',
    key: snapshotKey,
    value: encodeCanonical([snapshotHeadToValue(head), state]),
  })

  return {
    remembered() {
      const snapshot = storedSnapshot(chainId, store)
      const record = votes.get(recordKey)
      return {
        snapshot,
        blocks: blocks((snapshot?.head.header.height ?? 0) + 1, limits.MAX_HEIGHT),
        record: record === undefined ? undefined : decodeRecord(record),
      }
    },
    putRecord(record) {
      votes.batch([{ kind: 'put', key: recordKey, value: encodeRecord(record) }], { durable: true })
    },
    putBlock(decided, snapshot, keep) {
      const { height } = decided.block.header
      const writes: StoreWrite[] = [
        { kind: 'put', key: key(KIND.block, height), value: encodeCanonical(certifiedToValue(decided)) },
      ]
      if (snapshot !== undefined) {
        writes.push(snapshotWrite(snapshot))
        if (keep !== undefined && height > keep)
          for (const [old] of store.range(key(KIND.block, 0), key(KIND.block, height - keep)))
            writes.push({ kind: 'delete', key: old })
      }
      store.batch(writes, { durable: true })
      recent.set(height, decided)
      recent.delete(height - RECENT_BLOCKS)
    },
    putSnapshot(snapshot) {
      // What is below was skipped: no gaps in what is kept.
      const writes: StoreWrite[] = [snapshotWrite(snapshot)]
      for (const [old] of store.range(key(KIND.block, 0), key(KIND.block, snapshot.head.header.height)))
        writes.push({ kind: 'delete', key: old })
      store.batch(writes, { durable: true })
      recent.clear()
    },
    block(height) {
      const known = recent.get(height)
      if (known !== undefined) return known
      const bytes = store.get(key(KIND.block, height))
      return bytes === undefined ? undefined : readStored(bytes)
    },
    blocksFrom(height) {
      const newest = recent.get(height)
      if (newest !== undefined && !recent.has(height + 1)) return [newest]
      const found: CertifiedBlock[] = []
      let bytes = 1_024
      for (const [, value] of store.range(key(KIND.block, height), key(KIND.block, limits.MAX_HEIGHT))) {
        const decided = readStored(value)
        // Without the first one the rest is of no use.
        if (decided.block.header.height !== height + found.length) break
        bytes += value.length
        if (found.length >= limits.MAX_BLOCKS_PER_REPLY || (found.length > 0 && bytes > limits.MAX_MESSAGE_BYTES)) break
        found.push(decided)
      }
      return found
    },
  }
}

/** Throws CHAIN_MALFORMED. */
export function storedSnapshot(chainId: Uint8Array, store: Store): Snapshot | undefined {
  const bytes = store.get(keyOf(chainId, KIND.snapshot))
  if (bytes === undefined) return undefined
  const [head, state] = readRow(
    readCbor(bytes, limits.MAX_SNAPSHOT_BYTES + 65_536, 'stored snapshot'),
    2,
    'stored snapshot',
  )
  return { head: snapshotHeadFromValue(head), state: readBytes(state, 0, limits.MAX_SNAPSHOT_BYTES, 'state') }
}

/** Ids of the chains that have anything in the store. */
export function* storedChains(store: Store): Generator<Uint8Array> {
  let from: Uint8Array = new Uint8Array()
  for (;;) {
    let found: Uint8Array | undefined
    for (const [key] of store.range(from)) {
      found = key.slice(0, CHAIN_ID_BYTES)
      break
    }
    if (found === undefined) return
    yield found
    // Behind all keys of this chain.
    from = concatBytes(found, new Uint8Array(10).fill(0xff))
  }
}

/** A block as it stands in the store; `decided` is undefined when its bytes cannot be read. */
export interface StoredBlock {
  readonly height: number
  readonly decided: CertifiedBlock | undefined
}

/** The blocks of a chain from a height on, in order; those that the store lost are left out. */
export function* storedBlocks(chainId: Uint8Array, store: Store, from: number): Generator<StoredBlock> {
  const start = keyOf(chainId, KIND.block, from)
  for (const [key, value] of store.range(start, keyOf(chainId, KIND.block, limits.MAX_HEIGHT))) {
    const height = Number(new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(key.length - 8))
    let decided: CertifiedBlock | undefined
    try {
      decided = readStored(value)
    } catch (error) {
      if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
    }
    yield { height, decided }
  }
}

/** The height of the last block in the store, if it is `from` or more; else `from` - 1. */
export function storedHeight(chainId: Uint8Array, store: Store, from: number): number {
  let height = from - 1
  for (const stored of storedBlocks(chainId, store, from)) height = stored.height
  return height
}

/** The sign guard's record; undefined when nothing was signed. Throws CHAIN_MALFORMED. */
export function storedRecord(chainId: Uint8Array, votes: Store): VoteRecord | undefined {
  const bytes = votes.get(keyOf(chainId, KIND.record))
  return bytes === undefined ? undefined : decodeRecord(bytes)
}

function readStored(bytes: Uint8Array): CertifiedBlock {
  return certifiedFromValue(readCbor(bytes, MAX_STORED_BYTES, 'stored block'))
}

/** Forgets blocks and snapshot. */
export function dropChain(chainId: Uint8Array, store: Store): void {
  const writes: StoreWrite[] = []
  for (const [key] of store.range(keyOf(chainId, 0), keyOf(chainId, KIND.record))) writes.push({ kind: 'delete', key })
  store.batch(writes, { durable: false })
}

/**
 * The guard's record of a chain in which this node will never sign again gives way to a mark of a few bytes: without record
 * and mark, it could be made to sign in the same places a second time.
 */
export function retireVotes(chainId: Uint8Array, votes: Store): void {
  votes.batch(
    [
      { kind: 'put', key: keyOf(chainId, KIND.retired), value: new Uint8Array() },
      { kind: 'delete', key: keyOf(chainId, KIND.record) },
    ],
    { durable: true },
  )
}

export function isRetired(chainId: Uint8Array, votes: Store): boolean {
  return votes.get(keyOf(chainId, KIND.retired)) !== undefined
}
