/** Where questions belong, by this node's own table and configuration: what all rooms of `chunks` ask about the ring. */
import type { ChunkId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { PolicyContext } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import { type ReadContext, readContext } from './context.ts'
import { chunkOf, mayShare } from './place.ts'
import { ownRuns, type Run } from './runs.ts'
import { type Seats, seatsOf, seatsOfChunk } from './seats.ts'

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
  /** What this node holds a word about `question` against, if these are the seats. */
  contextOf(question: Question, seats: Seats): ReadContext
  /** Whether the question may be told to a peer, asked of a peer, or taken from one. */
  mayShare(question: Question): boolean
  /** The runs of chunks of which this node is a replica, with others. */
  ownRuns(): readonly Run[]
}

export function createPlacement({ ring, scheme, options, isPrivate }: PlacementDeps): Placement {
  const { chunkBits } = options
  return {
    chunkOf: ({ name }) => chunkOf(name, chunkBits),
    seatsOf: (question) => seatsOf(ring, question, chunkBits),
    seatsOfChunk: (chunk) => seatsOfChunk(ring, chunk, chunkBits),
    contextOf: (question, seats) => readContext(ring, seats, question, scheme, options),
    mayShare: (question) => mayShare(question, isPrivate),
    ownRuns: () => ownRuns(ring, chunkBits),
  }
}
