/** Where questions belong, by this node's own table and configuration: what all rooms of `chunks` ask about the ring. */
import { asChunkId, type ChunkId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Name, Question } from '../../dns/index.ts'
import type { PolicyContext } from '../../evidence/index.ts'
import type { ReplicaSet, Ring } from '../../ring/index.ts'
import { type ReadContext, readContext } from './context.ts'
import { chunkOf, keyOfChunk, mayShare } from './place.ts'
import { ownRuns, type Run } from './runs.ts'
import { type Seats, seatsIn } from './seats.ts'
import { chunksOfSection, type Section, setsIn } from './sections.ts'

export interface PlacementDeps {
  readonly ring: Ring
  readonly scheme: SignatureScheme
  readonly options: { readonly chunkBits: number } & Pick<PolicyContext, 'acceptFrom' | 'admission'>
  /** What the configuration keeps to itself: local, stub and forward zones, negative trust anchors. */
  readonly isPrivate: (question: Question) => boolean
}

export interface Placement {
  chunkOf(question: Question): ChunkId
  seatsOf(question: Question): Seats
  seatsOfChunk(chunk: ChunkId): Seats
  /** The number of the section that a digest of the chunk is of, as digests name it. */
  digestNumber(chunk: ChunkId): ChunkId
  /** All that chunks of the section have, each with the first chunk that has it. */
  seatsOfSection(section: Section): Iterable<Seats>
  /** What this node holds a word about `question` against, if these are the seats. */
  contextOf(question: Question, seats: Seats): ReadContext
  /** Whether the question may be told to a peer, asked of a peer, or taken from one. */
  mayShare(question: Question): boolean
  /** The runs of chunks of which this node is a replica, with others. */
  ownRuns(): readonly Run[]
}

export function createPlacement({ ring, scheme, options, isPrivate }: PlacementDeps): Placement {
  const { chunkBits } = options
  /** The ring gives out the same set as long as its table is the same. */
  const known = new WeakMap<ReplicaSet, Seats>()
  /** One question is placed several times on its way. */
  const placed = new WeakMap<Name, ChunkId>()

  function chunkOfName(name: Name): ChunkId {
    let chunk = placed.get(name)
    if (chunk === undefined) {
      chunk = chunkOf(name, chunkBits)
      placed.set(name, chunk)
    }
    return chunk
  }

  function seatsOfChunk(chunk: ChunkId): Seats {
    const set = ring.replicasOf(keyOfChunk(chunk, chunkBits))
    const before = known.get(set)
    if (before?.chunk === chunk) return before
    const seats = seatsIn(ring, chunk, set)
    known.set(set, seats)
    return seats
  }

  return {
    chunkOf: ({ name }) => chunkOfName(name),
    seatsOf: ({ name }) => seatsOfChunk(chunkOfName(name)),
    seatsOfChunk,
    digestNumber: (chunk) => asChunkId(Math.floor(chunk / chunksOfSection(chunkBits))),
    *seatsOfSection(section) {
      const sets = setsIn(section, chunkBits, (chunk) => ring.replicasOf(keyOfChunk(chunk, chunkBits)))
      for (const { chunk } of sets) yield seatsOfChunk(chunk)
    },
    contextOf: (question, seats) => readContext(ring, seats, question, scheme, options),
    mayShare: (question) => mayShare(question, isPrivate),
    ownRuns: () => ownRuns(ring, chunkBits),
  }
}
