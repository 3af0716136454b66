/** The other side of a pull: rows for those who keep the same chunks, no faster than they may have them. */
import { type Clock, isChordnsError, type PeerId, sleep } from '../../base/index.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import type { ChunkEntry } from '../types.ts'
import { decodePull, pullFrames, readNotes } from '../wire/pull-messages.ts'
import type { Rates } from '../wire/rates.ts'

export interface SupplyModules {
  readonly clock: Clock
  readonly store: EntryStore
  /** Requests of one peer, and bytes for it, per second. */
  readonly requests: Rates
  readonly bytes: Rates
  readonly seatsOfChunk: (chunk: ChunkEntry['chunk']) => Seats
  /** A peer broke the rules. */
  readonly fault: (peer: PeerId) => void
}

/** Bytes that went out are told to `sent`. */
export function createSupply({ clock, store, requests, bytes, seatsOfChunk, fault }: SupplyModules) {
  let sent = 0

  /** Only what the asker keeps too, by this node's own table: the others have nothing to do with it. */
  function* rowsFor(from: PeerId, body: Uint8Array): Generator<Uint8Array> {
    const { first, last, have } = decodePull(body)
    const known = readNotes(have)
    for (const chunk of store.chunks()) {
      if (chunk < first || chunk > last) continue
      const now = clock.now()
      const notes = store.notesOf(chunk, now).filter(({ key, seen }) => !known(key, seen))
      if (notes.length === 0 || !seatsOfChunk(chunk).others.some(({ peer }) => peer === from)) continue
      for (const { key, expires } of notes) {
        const row = expires > clock.now() ? store.row(key) : undefined
        if (row !== undefined) yield row
      }
    }
  }

  async function* handle(from: PeerId, body: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    while (!requests.take(from)) await sleep(clock, limits.PULL_PACE_MS, signal)
    try {
      for (const frame of pullFrames(rowsFor(from, body))) {
        while (!bytes.take(from, frame.length)) await sleep(clock, limits.PULL_PACE_MS, signal)
        if (signal.aborted) return
        sent += frame.length
        yield frame
        // Whoever asks this node something has its turn between two frames.
        await sleep(clock, 0, signal)
      }
    } catch (error) {
      if (isChordnsError(error, 'CHUNK_MALFORMED')) fault(from)
      throw error
    }
  }

  return { handle, sent: () => sent }
}
