/** The other side of a pull: rows for those who are replicas of the same chunks, no faster than they may have them. */
import { type ChunkId, type Clock, isChordnsError, type PeerId, sleep } from '../../base/index.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Faults } from '../wire/faults.ts'
import { decodePull, pullFrames, readMarks } from '../wire/pull-messages.ts'
import type { Rates } from '../wire/rates.ts'
import { lacksEntry, lacksProof } from './lacking.ts'

export interface SupplyDeps {
  readonly clock: Clock
  readonly store: EntryStore
  readonly proofs: Pick<Proofs, 'chunks' | 'marksOf' | 'row'>
  readonly placement: Pick<Placement, 'seatsOfChunk'>
  readonly faults: Faults
  /** Requests of one peer, and bytes for it, per second. */
  readonly requests: Rates
  readonly bytes: Rates
}

export interface Supply {
  handle(from: PeerId, body: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array>
  /** Bytes that went out. */
  sent(): number
}

export function createSupply({ clock, store, proofs, placement, faults, requests, bytes }: SupplyDeps): Supply {
  let sent = 0

  /** Only chunks of which the asker is a replica too, by this node's own table. */
  function* rowsFor(from: PeerId, body: Uint8Array): Generator<Uint8Array> {
    const { first, last, have, proofs: haveProofs, isUntagged } = decodePull(body)
    const theirs = readMarks(have, isUntagged)
    const isReplica = (chunk: ChunkId) => placement.seatsOfChunk(chunk).others.some(({ peer }) => peer === from)
    for (const chunk of store.chunks()) {
      if (chunk < first || chunk > last) continue
      const missing = store.summariesOf(chunk, clock.now()).filter((own) => lacksEntry(theirs(own.key), own))
      if (missing.length === 0 || !isReplica(chunk)) continue
      for (const { key, expires } of missing) {
        const row = expires > clock.now() ? store.row(key) : undefined
        if (row !== undefined) yield row
      }
    }
    if (haveProofs === undefined) return
    const theirProofs = readMarks(haveProofs, isUntagged)
    for (const chunk of proofs.chunks()) {
      if (chunk < first || chunk > last || !isReplica(chunk)) continue
      for (const own of proofs.marksOf(chunk)) {
        const row = lacksProof(theirProofs(own.key), own, clock.now()) ? proofs.row(own.key) : undefined
        if (row !== undefined) yield row
      }
    }
  }

  async function* handle(from: PeerId, body: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    while (!requests.spend(from)) await sleep(clock, limits.PULL_PACE_MS, signal)
    try {
      for (const frame of pullFrames(rowsFor(from, body))) {
        while (!bytes.spend(from, frame.length)) await sleep(clock, limits.PULL_PACE_MS, signal)
        if (signal.aborted) return
        sent += frame.length
        yield frame
        // Between two frames this node answers whoever asks it something.
        await sleep(clock, 0, signal)
      }
    } catch (error) {
      if (isChordnsError(error, 'CHUNK_MALFORMED')) faults.add(from)
      throw error
    }
  }

  return { handle, sent: () => sent }
}
