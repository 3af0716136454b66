/** What a chain keeps: blocks by height and the newest snapshot in one store, the sign guard's record in another. */
import { concatBytes, type Store, type StoreWrite } from '../base/index.ts'
import { encodeCanonical } from '../crypto/index.ts'
import { asBytes, asList, decodeValue } from './fields.ts'
import { decodeRecord, encodeRecord, type VoteRecord } from './guard.ts'
import { limits } from './limits.ts'
import type { Remembered } from './machine.ts'
import { certifiedFromValue, certifiedToValue, snapshotHeadFromValue, snapshotHeadToValue } from './messages.ts'
import type { CertifiedBlock, Snapshot } from './types.ts'

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

const KIND = { block: 1, snapshot: 2, record: 3 } as const
/** A block as stored: certificate and all. */
const MAX_STORED_BYTES = 70_000

export function chainStore(chainId: Uint8Array, store: Store, votes: Store): ChainStore {
  const key = (kind: number, height = 0) => {
    const bytes = new Uint8Array(9)
    bytes[0] = kind
    new DataView(bytes.buffer).setBigUint64(1, BigInt(height))
    return concatBytes(chainId, bytes)
  }
  const snapshotKey = key(KIND.snapshot)
  const recordKey = key(KIND.record)

  function readSnapshot(): Snapshot | undefined {
    const bytes = store.get(snapshotKey)
    if (bytes === undefined) return undefined
    const [head, state] = asList(decodeValue(bytes, limits.MAX_SNAPSHOT_BYTES + 65_536), 'a stored snapshot', 2)
    return { head: snapshotHeadFromValue(head), state: asBytes(state, 'a state', limits.MAX_SNAPSHOT_BYTES) }
  }

  function* blocks(from: number, to: number): Generator<CertifiedBlock> {
    for (const [, value] of store.range(key(KIND.block, from), key(KIND.block, to)))
      yield certifiedFromValue(decodeValue(value, MAX_STORED_BYTES))
  }

  const snapshotWrite = ({ head, state }: Snapshot): StoreWrite => ({
    kind: 'put',
    key: snapshotKey,
    value: encodeCanonical([snapshotHeadToValue(head), state]),
  })

  return {
    remembered() {
      const snapshot = readSnapshot()
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
    },
    putSnapshot(snapshot) {
      // What is below was skipped: no gaps in what is kept.
      const writes: StoreWrite[] = [snapshotWrite(snapshot)]
      for (const [old] of store.range(key(KIND.block, 0), key(KIND.block, snapshot.head.header.height)))
        writes.push({ kind: 'delete', key: old })
      store.batch(writes, { durable: true })
    },
    block(height) {
      const bytes = store.get(key(KIND.block, height))
      return bytes === undefined ? undefined : certifiedFromValue(decodeValue(bytes, MAX_STORED_BYTES))
    },
    blocksFrom(height) {
      const found: CertifiedBlock[] = []
      let bytes = 1_024
      for (const [, value] of store.range(key(KIND.block, height), key(KIND.block, limits.MAX_HEIGHT))) {
        const decided = certifiedFromValue(decodeValue(value, MAX_STORED_BYTES))
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
