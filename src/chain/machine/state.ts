/** The machine's state, what happens to it, and what it wants done. */
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type {
  Application,
  ApplicationFront,
  BlockContent,
  BuildPlace,
  Built,
  Executed,
  Ticket,
} from '../application.ts'
import type { EvidenceItem } from '../blocks/evidence.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import type { PartialBlock } from '../blocks/partial.ts'
import type { EncodedResults } from '../blocks/transactions.ts'
import type { ChainOptions } from '../options.ts'
import type { HistoryEdge } from '../trees/history.ts'
import type {
  Block,
  BlockCertificate,
  BlockHeader,
  CertifiedBlock,
  ChainEquivocation,
  ChainStats,
  Proposal,
  ProposalClaim,
  Snapshot,
  SnapshotHead,
  Validator,
} from '../types.ts'
import type { VoteRecord } from './guard.ts'
import type { HeightLog } from './log.ts'
import type { ConsensusRules } from './rules.ts'

/** A validator or follower as the transport knows it: the hex of its id. */
export type PeerName = string

export interface ChainContext<S> {
  readonly chainId: Uint8Array
  /** The set of the first two heights, sorted. */
  readonly genesis: readonly Validator[]
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly application: Application<S> | ApplicationFront<S>
  readonly options: ChainOptions
  readonly rules: ConsensusRules
  /**
   * Schema 2: the set and time of a header that this node trusts from elsewhere, such as its light client's, which began with a checkpoint. Who has
   * slept for longer than the trusting period, or begins, takes a state that this set signed.
   */
  readonly trusts?: () => { readonly validators: readonly Validator[]; readonly time: number } | undefined
  /** Schema 2: own headers and their paths, for evidence of earlier heights; without it none goes into blocks. */
  readonly past?: ChainPast
}

/** What this node keeps of the past. */
export interface ChainPast {
  header(height: number): BlockHeader | undefined
  /** The path of height `of` in the history that the header of height `within` commits to. */
  path(of: number, within: number): readonly Uint8Array[] | undefined
}

/** A hash of the history: the complete subtree `index` of 2^`level` headers. */
export interface MadeHash {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

/** Evidence that was found, with the set of its height. */
export interface PendingAccusation {
  readonly accusation: ChainEquivocation
  readonly validators: readonly Validator[]
}

export type ChainTimer = 'start' | 'propose' | 'prevote' | 'precommit' | 'tick' | 'sync' | 'parts' | 'forget'

export type ChainEvent<S = never> =
  /** Once, before all others. */
  | { readonly kind: 'start' }
  | { readonly kind: 'message'; readonly from: PeerName; readonly message: ChainMessage }
  | { readonly kind: 'timer'; readonly timer: ChainTimer; readonly height: number; readonly round: number }
  /** Everything up to this token survives power loss. */
  | { readonly kind: 'persisted'; readonly token: number }
  | { readonly kind: 'submit'; readonly transaction: Uint8Array }
  /** Evidence that came another way than by messages of this chain; `validators`: the set of its height. */
  | ({ readonly kind: 'accuse' } & PendingAccusation)
  /** What `serveBlocks` came to. */
  | { readonly kind: 'served'; readonly to: PeerName; readonly bytes: number }
  | ExecutionEvent<S>

/** What the application says that works elsewhere. */
export type ExecutionEvent<S> =
  /** To `execute`; undefined: not valid. */
  | {
      readonly kind: 'executed'
      readonly height: number
      readonly id: Uint8Array
      readonly result: Executed<S> | undefined
    }
  /** To `build`. */
  | { readonly kind: 'built'; readonly height: number; readonly round: number; readonly built: Built<S> }
  /** To `admit`: one for each transaction. */
  | {
      readonly kind: 'admitted'
      readonly transactions: readonly Uint8Array[]
      readonly keys: readonly string[]
      readonly verdicts: readonly boolean[]
      readonly of: AdmitReason
    }
  /** To `fetchState`. */
  | { readonly kind: 'fetched'; readonly head: SnapshotHead; readonly app: S | undefined }

/** Who offered a transaction: our own submitter, a peer, a follower; or it waits already and may have become void. */
export type AdmitReason = 'submit' | 'peer' | 'follower' | 'again'

/** What the application is to do that works elsewhere. All of it is done in order. */
export type ExecutionEffect =
  | { readonly kind: 'execute'; readonly height: number; readonly id: Uint8Array; readonly content: BlockContent }
  | {
      readonly kind: 'build'
      readonly round: number
      readonly place: BuildPlace
      readonly around: Pick<BlockContent, 'proposer' | 'consensus'>
    }
  /** `keys`: in the pool; they come back with the answer. */
  | {
      readonly kind: 'admit'
      readonly transactions: readonly Uint8Array[]
      readonly keys: readonly string[]
      readonly of: AdmitReason
    }
  /** The block was decided: its state is written, and `head` beside it, once the block is on disk. */
  | { readonly kind: 'commit'; readonly content: BlockContent; readonly head: SnapshotHead }
  /** Get the state of this head from those peers, and write `head` beside it. */
  | { readonly kind: 'fetchState'; readonly head: SnapshotHead; readonly from: readonly PeerName[] }

export type ChainEffect<S> =
  /** Durable before `persisted`: what was signed. Sends that depend on it come after that event only. */
  | { readonly kind: 'persistVote'; readonly token: number; readonly record: VoteRecord }
  | {
      readonly kind: 'persistBlock'
      readonly token: number
      readonly decided: CertifiedBlock
      /** Present when this height is one of those of which a snapshot is kept. */
      readonly snapshot: Snapshot | undefined
      /** Schema 2: hashes of the history that the block made whole. */
      readonly made: readonly MadeHash[]
    }
  | { readonly kind: 'persistSnapshot'; readonly token: number; readonly snapshot: Snapshot }
  | { readonly kind: 'send'; readonly to: readonly PeerName[]; readonly message: ChainMessage }
  /** Send decided blocks from this height on, as many as fit, or `snapshot` when they are no longer kept. */
  | {
      readonly kind: 'serveBlocks'
      readonly to: PeerName
      readonly from: number
      readonly snapshot: SnapshotHead | undefined
    }
  /** Send a part of a decided block. */
  | {
      readonly kind: 'servePart'
      readonly to: PeerName
      readonly height: number
      readonly blockId: Uint8Array
      readonly from: number
    }
  | {
      readonly kind: 'timer'
      readonly timer: ChainTimer
      readonly afterMs: number
      readonly height: number
      readonly round: number
    }
  /** `app`: the state after it; `caughtUp`: taken with its certificate instead of by own votes. */
  | {
      readonly kind: 'decided'
      readonly decided: CertifiedBlock
      readonly app: S
      readonly caughtUp: boolean
      readonly results: readonly Uint8Array[]
    }
  | { readonly kind: 'adopted'; readonly head: SnapshotHead }
  | { readonly kind: 'evidence'; readonly evidence: ChainEquivocation }
  /** Schema 2: a height was decided in a later round. What a quorum prevoted in it answers an accusation of a broken lock. */
  | { readonly kind: 'keepProofs'; readonly height: number; readonly proofs: readonly BlockCertificate[] }
  /** Something is wrong with the application, and the chain goes on without our turn. */
  | { readonly kind: 'warn'; readonly reason: string }
  /** The state has outgrown what is put into one snapshot: whoever comes late needs all blocks since the last one. */
  | { readonly kind: 'noSnapshot'; readonly bytes: number }
  /** More than a third lied, or the application is not deterministic: nothing more is signed. Or the rules are unknown here. */
  | { readonly kind: 'halt'; readonly reason: string; readonly invalid: Block | undefined }
  | ExecutionEffect

/**
 * Where this node is in a round of the height.
 *
 *     idle -> propose                 `startRound`: there is something to decide
 *     any -> propose, a later round   `startRound`: the round timed out, or f + 1 others are further on
 *     propose -> prevote              `prevoteOnProposal`: for the block or nil; `onTimeout`: nil
 *     prevote -> precommit            `lockOnPrevotes`: for the block; `precommitNil`, `onTimeout`: nil
 *     any -> idle, the next height    `decideOn`, or `adopt` of a snapshot
 */
export type HeightStep = 'idle' | 'propose' | 'prevote' | 'precommit'

export interface ChainHead {
  /** Zeros before the first block. */
  readonly id: Uint8Array
  readonly header: BlockHeader | undefined
  readonly certificate: BlockCertificate | undefined
  readonly time: number
}

export interface PeerState {
  /** Signature checks it may still cause, and when that was counted. */
  credit: number
  creditAt: number
  servedAt: number
  /** The height it says it decides; what it has not shown. */
  claims: number
  early: ChainMessage[]
}

/** What may still be asked for and sent; refilled with time. Bytes may be owed. */
export interface Allowance {
  requests: number
  bytes: number
  at: number
}

export interface Follower {
  heardAt: number
  /** The height it said it waits for. */
  height: number
  readonly left: Allowance
}

export interface Upstream {
  readonly name: PeerName
  heardAt: number
}

/** A block of this height that comes in parts. */
export interface Arrival {
  readonly partial: PartialBlock
  /** Proposals of it. */
  readonly claims: { readonly from: PeerName; readonly claim: ProposalClaim; readonly proof: Proposal['proof'] }[]
  certified: { readonly from: PeerName; readonly certificate: BlockCertificate } | undefined
  /** Who spoke of it, the proposer first as a rule. */
  readonly sources: Set<PeerName>
  /** When, and how often, was asked for the part from which number on. */
  readonly asked: Map<number, { readonly at: number; readonly times: number }>
  progressAt: number
}

/**
 * Getting blocks from one peer at a time.
 *
 *     none -> asked             `catchUp`
 *     asked -> none             `onBlocks`; `onSyncTimeout`
 *     asked -> downloading      `onSnapshot`
 *     downloading -> none       `adopt`; `giveUp` when the snapshot is not what its header says, or does not come
 *     asked -> fetching         `fetchState`: where the state is elsewhere, in pieces of several peers
 *     fetching -> none          `onFetched`
 */
export interface CatchUp {
  readonly peer: PeerName
  deadline: number
  download: { readonly head: SnapshotHead; readonly pieces: Uint8Array[] } | undefined
  isFetching: boolean
}

/** A block that was applied ahead of its decision; `undefined`: not valid. */
export type Execution<S> =
  | {
      readonly state: S
      readonly after: readonly Validator[]
      /** Schema 2: of each transaction. */
      readonly results: EncodedResults
      readonly nextRules: RulesState['next']
    }
  | undefined

/** A transaction that may wait in the pool, if the application admits it. */
export interface PoolCandidate {
  /** In the pool. */
  readonly key: string
  readonly transaction: Uint8Array
  readonly ticket: Ticket | undefined
}

/** Transactions of a block that was decided; those before `next` are out of the pool. */
export interface Forgetting {
  readonly transactions: readonly Uint8Array[]
  readonly next: number
}

/** What a new block is made of, beside what the application puts into it. */
export interface BlockPlan {
  readonly round: number
  readonly time: number
  readonly proposer: Uint8Array
  readonly evidence: readonly EvidenceItem[]
  /** Even nothing is worth a block. */
  readonly mayBeEmpty: boolean
}

/** Schema 2: the rules of a height, and what is to follow them. */
export interface RulesState {
  readonly now: number
  readonly next: { readonly rules: number; readonly height: number } | undefined
}

export interface ChainState<S> {
  /** Being decided. */
  height: number
  head: ChainHead
  app: S
  /** Schema 2: of all headers up to the head. */
  history: HistoryEdge
  /** Schema 2: those that the head names. */
  rules: RulesState
  previousValidators: readonly Validator[]
  validators: readonly Validator[]
  nextValidators: readonly Validator[]
  round: number
  step: HeightStep
  locked: { readonly round: number; readonly block: Block } | undefined
  valid: { readonly round: number; readonly block: Block; readonly proof: BlockCertificate } | undefined
  /** Schema 2: what a quorum prevoted in this height, round by round. */
  proofs: BlockCertificate[]
  log: HeightLog
  /** Of the height before, for votes that come late. */
  previousLog: HeightLog | undefined
  executions: Map<string, Execution<S>>
  /** Blocks of this height that are being applied elsewhere. */
  executing: Map<string, Block>
  /** Valid blocks of this height that the application has something against. */
  opposed: Set<string>
  /** What is being built elsewhere for a round of this height. */
  building: BlockPlan | undefined
  /** Certified blocks that came; the first is being applied elsewhere, and its certificate was checked. */
  backlog: { readonly from: PeerName; readonly blocks: CertifiedBlock[] } | undefined
  /** Blocks of this height that come in parts, by their id. */
  arriving: Map<string, Arrival>
  record: VoteRecord | undefined
  readonly pool: Map<string, Uint8Array>
  poolBytes: number
  /** Under the same keys, the head at which the application last admitted it, where it does so here. */
  readonly admittedAt: Map<string, ChainHead>
  /** When what waits is told again, and the wait before that, ms. */
  tellAgain: { readonly at: number; readonly waitMs: number }
  /** Of what is in the pool, under the same keys, where the application has tickets; and how many wait of each account. */
  readonly tickets: Map<string, Ticket>
  /** What the application is asked about elsewhere, under the same keys. */
  readonly admitting: Map<string, PoolCandidate>
  readonly waitingOf: Map<string, number>
  /** What is still to be taken out of the pool. */
  forgetting: Forgetting | undefined
  /** The height at which a full pool was gone through. */
  clearedAt: number
  /** The pool has waited long enough for more transactions. */
  hasWaited: boolean
  readonly peers: Map<PeerName, PeerState>
  /** Of a ledger: those who follow this node. Validators, and whom this node follows, are peers. */
  readonly followers: Map<PeerName, Follower>
  /** What is left for all followers together. */
  readonly followersLeft: Allowance
  /** Whom this node follows, when it is no validator. */
  upstreams: Upstream[]
  /** Whom it could follow instead; the oldest first. */
  candidates: PeerName[]
  /** With which validator it begins. */
  upstreamTurn: number
  sync: CatchUp | undefined
  snapshot: Snapshot | undefined
  /** Schema 2: found, and in no block yet. */
  accusations: PendingAccusation[]
  /** Unix ms by the own clock. */
  decidedAt: number
  /** When this node last went ahead because others were further on. Unix ms. */
  skippedAt: number
  /** The height that got its early messages. */
  earlyTakenAt: number
  nextToken: number
  durableToken: number
  /** What waits until everything that was persisted before it is durable. */
  held: { readonly token: number; readonly release: Held }[]
  halted: string | undefined
  readonly stats: ChainStats
}

export type Held =
  | { readonly kind: 'send'; readonly to: readonly PeerName[]; readonly message: ChainMessage }
  /** An own message takes the way of all others once it may be seen. */
  | { readonly kind: 'own'; readonly message: ChainMessage }

/** One step: the state is changed in place, effects are collected. */
export interface ChainWork<S> {
  readonly context: ChainContext<S>
  readonly state: ChainState<S>
  /** Unix ms by the own clock. */
  readonly now: number
  readonly effects: ChainEffect<S>[]
}
