/** The chunk chains as others see them: they record, order and make auditable what the replicas agreed on. */
import type { ChunkId, Clock, Log, PeerId, Random, Store } from '../base/index.ts'
import type { ChunkEntry, EntryNote, Send } from '../chunks/index.ts'
import type { SignatureScheme, Signer } from '../crypto/index.ts'
import type { Question } from '../dns/index.ts'
import type { CertificateKind } from '../evidence/index.ts'
import type { Ring } from '../ring/index.ts'
import type { ChunkTransaction } from './transactions.ts'
import type { VerifyReport } from './verify.ts'

export interface ChunkChainsOptions {
  readonly chunkBits: number
  /** Hours that a chain is kept after its last block, when another has taken its place. */
  readonly historyHours: number
}

export interface ChunkChainsModules {
  readonly ring: Pick<Ring, 'ringId' | 'self' | 'replicasOf' | 'onChange' | 'isSuspect'>
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly log: Log
  readonly send: Send
  /** Blocks, and what is known of the chains. */
  readonly store: Store
  /** The sign guard: in its own file, never restored from a backup. */
  readonly votes: Store
  /** Values that the stores found damaged since the start. */
  readonly damaged?: () => number
  readonly options: ChunkChainsOptions
  /** What this node holds as a replica, unexpired: notes of all, the evidence of those that matter. */
  readonly chunks: () => readonly ChunkId[]
  readonly notesOf: (chunk: ChunkId) => readonly Pick<EntryNote, 'key' | 'seen' | 'own'>[]
  readonly entryOf: (key: string) => ChunkEntry | undefined
}

/** Where an entry stands in a chain. */
export interface Recorded {
  /** Hex. */
  readonly chain: string
  readonly height: number
  readonly class: CertificateKind
  /** Unix ms. */
  readonly time: number
}

export interface BlockView {
  readonly height: number
  readonly id: string
  readonly time: number
  readonly proposer: PeerId
  readonly transactions: readonly { readonly kind: ChunkTransaction['kind']; readonly question: Question }[]
}

export interface ChunkChainView {
  /** Hex; undefined: nothing was recorded by these replicas yet. */
  readonly chain: string | undefined
  /**
   * `none`: no chain yet; `closed`: at rest; `open`; `following`: without a vote; `stalled`: without a quorum; `broken`: what
   * is stored is damaged; `not-mine`: this node is no replica of the chunk.
   */
  readonly state: 'none' | 'closed' | 'open' | 'following' | 'stalled' | 'broken' | 'not-mine'
  readonly height: number
  /** What the others say they have: above `height` while this node catches up. */
  readonly target: number
  /** Entries that wait to be recorded. */
  readonly waiting: number
  /** The chain before it, hex. */
  readonly previous: string | undefined
  /** Newest first. */
  readonly blocks: readonly BlockView[]
}

export interface ChunkChainsStats {
  readonly known: number
  readonly open: number
  readonly waiting: number
  readonly bytes: number
  readonly decided: number
  readonly caughtUp: number
  readonly proposed: number
  readonly refused: number
  /** Proposals and messages that found no room. */
  readonly dropped: number
  /** Entries too large for a transaction. */
  readonly unrecordable: number
  /** Validators that signed two different things. */
  readonly evidence: number
  readonly broken: number
  readonly pruned: number
}

export interface ChunkChains {
  start(): void
  stop(): void
  /** A new entry is held: it will be recorded. */
  kept(entry: ChunkEntry): void
  /** Answers a message of another replica. */
  handle(from: PeerId, body: Uint8Array): Uint8Array
  /** Where exactly this entry was recorded, if it was. */
  recorded(entry: ChunkEntry): Recorded | undefined
  view(chunk: ChunkId): ChunkChainView
  /** Checks all stored chains from their starts, a slice at a time; one run at once. */
  verify(): VerifyReport
  stats(): ChunkChainsStats
}
