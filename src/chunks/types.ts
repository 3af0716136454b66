/** Chunks: the shared records. Who keeps a question, what they saw of it themselves, and how an asker is convinced. */
import type { Cancel, ChunkId, PeerId, RingId } from '../base/index.ts'
import type { Name, Question } from '../dns/index.ts'
import type {
  Certificate,
  CertificateKind,
  Content,
  Delegated,
  Finding,
  Observation,
  Outcome,
  Prefix,
  ProofLink,
  Security,
} from '../evidence/index.ts'
import type { Expectation } from './digests/digests.ts'
import type { HandedOver } from './handover/leaving.ts'
import type { PullStats } from './handover/pull.ts'
import type { LookHow } from './wire/messages.ts'

/** One record of a chunk. */
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

/** What one replica said, for `--explain`. */
export type ReplicaWord =
  | { readonly kind: 'certificate'; readonly signers: number }
  | { readonly kind: 'proof' }
  | { readonly kind: 'vote'; readonly digest: string }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not-mine'; readonly believes: readonly PeerId[] }
  | { readonly kind: 'discarded'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

export interface ReplicaReply {
  readonly peer: PeerId
  readonly elapsedMs: number
  readonly word: ReplicaWord
}

/** A name whose answer depends on where one asks: ask its authority, and hold the answer against the prefixes. */
export interface RingDivergence {
  /** Apex of the zone to ask. */
  readonly apex: Name
  readonly prefixes: readonly Prefix[]
  readonly certificate: Certificate
  readonly observers: readonly PeerId[]
  /** Unix ms. */
  readonly expires: number
}

/** An agreed delegation, to begin an iteration with whose parent zones cannot be reached. */
export interface RingDelegation {
  readonly delegated: Delegated
  readonly certificate: Certificate
  readonly observers: readonly PeerId[]
  /** Unix ms. */
  readonly expires: number
}

/** A proof that suffices but is no answer. */
export type RingProof =
  | { readonly kind: 'divergent'; readonly divergence: RingDivergence }
  /** Only of a `delegationQuestion`. */
  | { readonly kind: 'delegation'; readonly delegation: RingDelegation }

/** What a read of the ring came to. `replies` holds every replica that was asked and what it said. */
export type RingRead =
  | {
      readonly kind: 'accepted'
      /** Of a `secure` proof: validated by this node already. */
      readonly finding: Finding
      readonly replies: readonly ReplicaReply[]
      /** Links of the chain of trust that the replicas sent along: to be tried, never believed. */
      readonly links: readonly ProofLink[]
    }
  | (RingProof & { readonly replies: readonly ReplicaReply[] })
  | {
      readonly kind: 'insufficient'
      /** `unknown`: nobody has it; `no-majority`: what came does not suffice; `alone`: a ring of one; `private`: never asked. */
      readonly reason: 'unknown' | 'no-majority' | 'alone' | 'private' | 'timeout'
      readonly replies: readonly ReplicaReply[]
    }

export interface ChunksOptions {
  readonly chunkBits: number
  /** Distinct members that must have asked before a round pays. `auto` weighs n against the asks seen within the TTL. */
  readonly admitAfter: 'auto' | number
  /** `any-member`: one member's signed observation will do (a household's boxes). */
  readonly acceptFrom: 'majority' | 'any-member'
  /** `open` rings: unsigned ring data is a hint only, never accepted. */
  readonly admission: 'psk' | 'endorsed' | 'open'
  readonly share: boolean
  /** For one read request to one replica. */
  readonly requestTimeoutMs: number
  /** For a round's own fetch, and again for the others' answers. */
  readonly roundTimeoutMs: number
}

/** What is known of an entry without its evidence. */
export interface EntryNote {
  readonly key: string
  readonly chunk: ChunkId
  readonly class: CertificateKind
  /** Unix ms. */
  readonly expires: number
  readonly seen: number
  /** This node is one of its observers. */
  readonly own: boolean
  /** Of its row. */
  readonly bytes: number
}

/** What a chunk holds and who keeps it: `chordns chunk NAME`. */
export interface ChunkView {
  readonly chunk: ChunkId
  readonly key: RingId
  readonly n: number
  readonly replicas: readonly {
    readonly id: RingId
    readonly peer: PeerId
    readonly self: boolean
    readonly suspect: boolean
  }[]
  /** This node's entries for the name, if it is a replica. */
  readonly entries: readonly ChunkEntry[]
}

export interface ChunksStats extends PullStats {
  readonly entries: number
  /** Of `agreed`: certificates of these classes. */
  readonly rotating: number
  readonly divergent: number
  /** Replicas that saw something else than what was agreed; replicas that signed two contents in one round. */
  readonly dissents: number
  readonly equivocations: number
  /** Ms that this clock is ahead of the median of its peers. */
  readonly skewMs: number
  readonly reads: number
  /** Signed answers held with their proofs; those that peers brought and that did not hold. */
  readonly proofs: number
  readonly refusedProofs: number
  readonly accepted: number
  readonly rounds: number
  readonly agreed: number
  readonly tellsSent: number
  readonly tellsReceived: number
  readonly discarded: number
  /** Digests of other replicas held, their bytes, how often they were asked for; questions that the ring was spared. */
  readonly digests: number
  readonly digestBytes: number
  readonly digestsAsked: number
  readonly spared: number
  /** Entries on disk; of those of the last run: that came back, and that wait for members who signed them. */
  readonly archived: number
  /** Bytes of entries that other keepers pulled; entries that a peer did not take and will be offered again. */
  readonly supplied: number
  readonly owed: number
  readonly restored: number
  readonly waiting: number
}

/** What this node found itself; of a `delegationQuestion` a delegation. */
export type OwnFinding = Omit<Finding, 'outcome'> & { readonly outcome: Content }

/** Fetches for an observation: own iteration only (`origin: 'own'`), at most 30 upstream queries. */
export type OwnFetch = (question: Question, signal: AbortSignal, how: LookHow) => Promise<OwnFinding>

export interface Chunks {
  start(): void
  stop(): Promise<void>
  /**
   * Asks the replicas in parallel and stops at the first sufficient proof or at > n/2 equal votes. `onDoubt` is called once, when
   * the first of them has nothing: it may still end well, but one need not wait for it.
   */
  read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead>
  /**
   * Whether the ring may have something for a question, by the digests of its replicas. `no`: one need not ask, and nobody hears
   * of the name. A hint, never evidence.
   */
  expects(question: Question): Expectation
  /**
   * After own iteration: tells the replicas the question, never the answer, except one that is `secure`. Fire and forget; bounded.
   * `outcome` is what was found: a name whose addresses are private is not told at all.
   */
  tell(question: Question, outcome?: Outcome, security?: Security): void
  /** Answers a chunk message of a peer. */
  handle(from: PeerId, body: Uint8Array): Promise<Uint8Array>
  /** Answers a keeper that pulls entries. */
  supply(from: PeerId, body: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Entries this node holds as a replica. */
  entry(question: Question): ChunkEntry | undefined
  /** Chunks of which this node holds entries, what it knows of the unexpired ones of one, and one of them by the key of its note. */
  held(): readonly ChunkId[]
  notesOf(chunk: ChunkId): readonly EntryNote[]
  entryOf(key: string): ChunkEntry | undefined
  view(name: Name): ChunkView
  /** Recent p90 of ring reads in ms, held within 5-200 (30 at first): what the hedge goes by. */
  hedgeMs(): number
  stats(): ChunksStats
  onAgreed(listener: (entry: ChunkEntry) => void): Cancel
  /** Before `stop`, while the ring still counts this node: what no other keeper has goes to one. Takes a few seconds at most. */
  handOver(): Promise<HandedOver>
}

/** Where proofs of DNSSEC are checked and taken from: this node's own validation. */
export interface ProofSource {
  /** `unproven`: neither secure nor wrong, or not to be told now. Fetches no answer, only links of the chain that are missing. */
  verify(finding: Finding, links: readonly ProofLink[], signal: AbortSignal): Promise<Finding | 'bogus' | 'unproven'>
  /** Links that this node holds, from the zone with `from` labels on. */
  links(question: Question, from: number): readonly ProofLink[]
  /** Labels of the deepest zone on the way whose security this node knows; undefined: it does not validate. */
  knownCut(question: Question): number | undefined
}

/** A vote as it is counted on a live read. */
export interface LiveVote {
  readonly observation: Observation
  readonly outcome: Content
}
