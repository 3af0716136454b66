/** What the stores hold of a chain, read without running it; and how to forget it. `block-rows.ts` says where blocks stand. */
import { concatBytes, isChordnsError, type Store, type StoreWrite } from '../../base/index.ts'
import { snapshotHeadFromValue } from '../blocks/messages.ts'
import { limits } from '../limits.ts'
import { decodeRecord, type VoteRecord } from '../machine/guard.ts'
import { readBytes, readCbor, readRow } from '../reading.ts'
import type { CertifiedBlock, Snapshot } from '../types.ts'
import { blockRowsOf, KIND, readBlockRow, storeKey, transactionsKey, transactionsRange } from './block-rows.ts'

const CHAIN_ID_BYTES = 32

/** Throws CHAIN_MALFORMED. */
export function storedSnapshot(chainId: Uint8Array, store: Store): Snapshot | undefined {
  const bytes = store.get(storeKey(chainId, KIND.snapshot))
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
  for (const [height, row] of blockRowsOf(chainId, store, from)) {
    let decided: CertifiedBlock | undefined
    try {
      decided = readBlockRow(chainId, store, height, row)
    } catch (error) {
      if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
    }
    yield { height, decided }
  }
}

/** The height of the last block in the store, if it is `from` or more; else `from` - 1. */
export function storedHeight(chainId: Uint8Array, store: Store, from: number): number {
  let last = from - 1
  for (const [height] of blockRowsOf(chainId, store, from)) last = height
  return last
}

/** The sign guard's record; undefined when nothing was signed. Throws CHAIN_MALFORMED. */
export function storedRecord(chainId: Uint8Array, votes: Store): VoteRecord | undefined {
  const bytes = votes.get(storeKey(chainId, KIND.record))
  return bytes === undefined ? undefined : decodeRecord(bytes, (root) => votes.get(transactionsKey(chainId, root)))
}

/** Forgets blocks and snapshot. */
export function dropChain(chainId: Uint8Array, store: Store): void {
  const writes: StoreWrite[] = []
  const ranges = [
    [0, KIND.record],
    [KIND.history, KIND.history + 1],
    [KIND.certificate, KIND.header + 1],
    [KIND.certificateRest, KIND.certificateRest + 1],
  ] as const
  for (const [from, to] of ranges)
    for (const [key] of store.range(storeKey(chainId, from), storeKey(chainId, to)))
      writes.push({ kind: 'delete', key })
  store.batch(writes, { durable: false })
}

/**
 * The guard's record of a chain in which this node will never sign again gives way to a mark of a few bytes: without record
 * and mark, it could be made to sign in the same places a second time.
 */
export function retireVotes(chainId: Uint8Array, votes: Store): void {
  const beside = [...votes.range(...transactionsRange(chainId))].map(([key]): StoreWrite => ({ kind: 'delete', key }))
  votes.batch(
    [
      ...beside,
      { kind: 'put', key: storeKey(chainId, KIND.retired), value: new Uint8Array() },
      { kind: 'delete', key: storeKey(chainId, KIND.record) },
    ],
    { durable: true },
  )
}

export function isRetired(chainId: Uint8Array, votes: Store): boolean {
  return votes.get(storeKey(chainId, KIND.retired)) !== undefined
}
