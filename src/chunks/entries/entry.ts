/** An entry of a chunk; what is known of one without its evidence; and that one was taken in. */
import type { ChunkId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Certificate, CertificateKind, Content, Outcome, ProofLink } from '../../evidence/index.ts'
import type { Seats } from '../seats/seats.ts'

/** An answer that the replicas of a chunk agreed on, with the certificate that proves it. */
export interface ChunkEntry {
  readonly question: Question
  readonly chunk: ChunkId
  /** That of its certificate: `agreed`, `rotating` or `divergent` (then there is nothing to serve). */
  readonly class: CertificateKind
  readonly outcome: Content
  readonly certificate: Certificate
  /** Unix ms, computed from the certificate, never from a peer's word. */
  readonly expires: number
  /** Unix ms: when a majority had seen it. Of two valid certificates the later one is kept. */
  readonly seen: number
}

/** A signed answer, with the links of its chain of trust as far as they are at hand. */
export interface SignedEntry {
  readonly question: Question
  readonly chunk: ChunkId
  readonly class: 'signed'
  readonly outcome: Outcome
  readonly links: readonly ProofLink[]
  /** Unix ms: until when it may be served. */
  readonly expires: number
}

/** What is known of an entry without its evidence. */
export interface EntrySummary {
  readonly key: string
  readonly chunk: ChunkId
  readonly class: CertificateKind
  /** Unix ms. */
  readonly expires: number
  readonly seen: number
  /** The first two bytes of its content's digest. */
  readonly tag: number
  /** This node has signed one of its observations. */
  readonly own: boolean
  /** The length of its row. */
  readonly bytes: number
}

/** An entry as somebody says it is: nothing of it counts before it was examined. `expires` is only good for dropping it. */
export interface EntryClaim {
  readonly question: Question
  readonly certificate: Certificate
  readonly outcome: Content
  readonly expires: number
}

/**
 * How an entry came: `agreed` in a round that this node opened; `certified` by a peer that brought the certificate; `pulled`
 * with many others from another replica; `recorded` in a block of the chunk's chain; `restored` from this node's disk.
 */
export type TakenCause = 'agreed' | 'certified' | 'pulled' | 'recorded' | 'restored'

/** An entry was taken in. What follows from that is written in one place, `node/follow.ts`. */
export interface EntryTaken {
  readonly entry: ChunkEntry
  /** Of its chunk, when it was examined. Where they are not `mine`, it was agreed on here but is not held here. */
  readonly seats: Seats
  readonly cause: TakenCause
}
