/** What a chunk holds and who its replicas are, for people: `chordns chunk NAME`. */
import type { ChunkId, Clock, PeerId, RingId } from '../../base/index.ts'
import type { Name } from '../../dns/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { ChunkEntry, SignedEntry } from '../entries/entry.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { Proofs } from '../entries/proofs.ts'
import { chunkOf, keyOfChunk } from '../seats/place.ts'
import { seatsOfChunk } from '../seats/seats.ts'

export interface ChunkHoldings {
  readonly chunk: ChunkId
  readonly key: RingId
  readonly n: number
  readonly replicas: readonly {
    readonly id: RingId
    readonly peer: PeerId
    readonly self: boolean
    readonly suspect: boolean
  }[]
  /** This node's entries for the name, if it is a replica; and its signed answers. */
  readonly entries: readonly ChunkEntry[]
  readonly signed: readonly SignedEntry[]
}

export function chunkHoldings(
  name: Name,
  ring: Ring,
  chunkBits: number,
  store: EntryStore,
  proofs: Pick<Proofs, 'marksOf' | 'entryOf'>,
  clock: Clock,
): ChunkHoldings {
  const chunk = chunkOf(name, chunkBits)
  const { n, members } = seatsOfChunk(ring, chunk, chunkBits)
  const replicas = members.map(({ id, peer }) => ({ id, peer, self: id === ring.self.id, suspect: ring.isSuspect(id) }))
  return {
    chunk,
    key: keyOfChunk(chunk, chunkBits),
    n,
    replicas,
    entries: entriesOf(name, chunk, store, clock.now()),
    signed: proofs
      .marksOf(chunk)
      .filter(({ key }) => key.endsWith(`/${name.key}`))
      .flatMap(({ key }) => proofs.entryOf(key) ?? [])
      .filter(({ question }) => question.name.key === name.key),
  }
}

/** Only entries whose keys end as the name does are read from disk. */
function entriesOf(name: Name, chunk: ChunkId, store: EntryStore, now: number): ChunkEntry[] {
  return store
    .summariesOf(chunk, now)
    .filter(({ key }) => key.endsWith(`/${name.key}`))
    .flatMap(({ key }) => store.byKey(key, now) ?? [])
    .filter(({ question }) => question.name.key === name.key)
}
