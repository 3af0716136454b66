/** The chunk chains as others see them, and what is handed in to run them. */
import type { ChunkId, Clock, Log, PeerId, Random, Store, Work } from '../../base/index.ts'
import type { ChunkEntry, EntrySummary, RecordedClaim, Send, SignedEntry } from '../../chunks/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { VerifyReport } from '../audit/verify.ts'
import type { ChunkChainView } from '../audit/view.ts'
import type { RecordClass } from '../state/state.ts'

export interface ChunkChainsOptions {
  readonly chunkBits: number
  /** Hours that a chain is kept after its last block, when another has taken its place. */
  readonly historyHours: number
  /** How long an entry waits for others of its chunk to be recorded with it, ms, at most. Default: GATHER_MS. */
  readonly gatherMs?: number
}

export interface ChunkChainsDeps {
  readonly ring: Pick<Ring, 'ringId' | 'self' | 'replicasOf' | 'onChange' | 'isSuspect'>
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly log: Log
  readonly stores: ChunkChainsStores
  readonly held: HeldEntries
  /** Returns the trust anchors of this node. Without it nothing that is signed is recorded, nor voted for. */
  readonly anchors?: () => readonly TrustAnchor[]
  /** When a chain may be given something to decide; without it at once. */
  readonly work?: Pick<Work, 'isFree'>
}

export interface ChunkChainsStores {
  /** Blocks, and what is known of the chains. */
  readonly data: Store
  /** The sign guard: in its own file, never restored from a backup. */
  readonly votes: Store
  /** This node's key has been used in chains before: stores that know nothing of it have forgotten what it signed. */
  readonly isUsedKey?: boolean
  /** How many values the stores found damaged since the start. */
  readonly damaged?: () => number
}

/** What this node holds as a replica, unexpired. */
export interface HeldEntries {
  readonly chunks: () => readonly ChunkId[]
  /** Of all entries of the chunk. `own`: this node is among those who observed it, or was told that it is signed. */
  readonly summariesOf: (chunk: ChunkId) => readonly Pick<EntrySummary, 'key' | 'seen' | 'own'>[]
  /** The entry with its evidence; undefined when it is not held any more. */
  readonly entryOf: (key: string) => ChunkEntry | SignedEntry | undefined
}

export interface ChunkChainsHooks {
  /** Returns the other members of the ring: those who are told of a member that signed twice. */
  readonly members?: () => readonly PeerId[]
  /** The holder of this key is proven to have signed two different things for one place. Owes that it loses its seats. */
  readonly onEquivocator?: (publicKey: Uint8Array) => void
  /** A block has this. Called for each block that this node decides or catches up with. Owes nothing. */
  readonly onRecorded?: (claim: RecordedClaim) => void
  /** Owes whether this replica has said that it knows transactions of signed answers: in an earlier release they break its chain. */
  readonly takesSigned: (peer: PeerId) => boolean
  /** Owes the reply of the replica to one request, or a rejection with a ChordnsError. It may take until the time-out. */
  readonly send: Send
}

/** Where an entry stands in a chain. */
export interface Recorded {
  /** Hex. */
  readonly chain: string
  readonly height: number
  readonly class: RecordClass
  /** Unix ms. */
  readonly time: number
}

export interface ChunkChainsStats {
  readonly known: number
  readonly open: number
  /** Open ones that have something to do, less those that have not got on for a while. */
  readonly atWork: number
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
  kept(entry: ChunkEntry | SignedEntry): void
  /** A peer has said that it knows more than before: what was kept back for it is proposed in a while. */
  peerKnowsMore(): void
  /** Answers a message of another replica. */
  handle(from: PeerId, body: Uint8Array): Uint8Array
  /** Where exactly this entry was recorded, if it was; of a signed answer its content, whenever it was signed. */
  recorded(entry: ChunkEntry | SignedEntry): Recorded | undefined
  view(chunk: ChunkId): ChunkChainView
  /** Checks all stored chains from their starts, a slice at a time; one run at once. */
  verify(): VerifyReport
  stats(): ChunkChainsStats
}
