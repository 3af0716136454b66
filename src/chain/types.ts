/**
 * One BFT engine for all chains: Tendermint, Algorithm 1 (Buchman, Kwon, Milosevic, arXiv 1807.04938). What is in header
 * extensions and transactions is the application's; both are opaque canonical CBOR here.
 */

/** A member of the set that decides. `id` is 32 bytes and gives the order; votes are signed by `publicKey`. */
export interface Validator {
  readonly id: Uint8Array
  readonly publicKey: Uint8Array
}

/** What a block id commits to. Hashes have 32 bytes. */
export interface BlockHeader {
  readonly chainId: Uint8Array
  /** From 1 on. */
  readonly height: number
  /** Unix ms by the proposer's clock, always later than the previous block's. All expiry goes by it. */
  readonly time: number
  /** Id of the validator who made the block; another one may propose it again. */
  readonly proposer: Uint8Array
  /** Zeros at height 1. */
  readonly previousId: Uint8Array
  readonly transactionsRoot: Uint8Array
  /** The application's root after this block. */
  readonly stateRoot: Uint8Array
  readonly validatorsHash: Uint8Array
  /** Over the sets of both next heights: what a snapshot must bring along. */
  readonly nextValidatorsHash: Uint8Array
  /** Zeros at height 1. */
  readonly lastCertificateHash: Uint8Array
  readonly extension: Uint8Array
}

export interface Block {
  /** SHA-256 of the canonical header. */
  readonly id: Uint8Array
  readonly header: BlockHeader
  readonly transactions: readonly Uint8Array[]
  /** That the previous block was decided; undefined at height 1. */
  readonly lastCertificate: BlockCertificate | undefined
}

/** Votes of one kind, height and round for one block by a quorum; `index` into the set of that height, ascending. */
export interface BlockCertificate {
  readonly height: number
  readonly round: number
  readonly blockId: Uint8Array
  readonly signatures: readonly { readonly index: number; readonly signature: Uint8Array }[]
}

export interface CertifiedBlock {
  readonly block: Block
  readonly certificate: BlockCertificate
}

export type VoteKind = 'prevote' | 'precommit'

export interface Vote {
  readonly kind: VoteKind
  readonly height: number
  readonly round: number
  /** Undefined: nil. */
  readonly blockId: Uint8Array | undefined
  /** Public key. */
  readonly signer: Uint8Array
  readonly signature: Uint8Array
}

/** What a proposer signs. */
export interface ProposalClaim {
  readonly height: number
  readonly round: number
  /** The round in which a quorum prevoted the block already; -1 for a new block. */
  readonly validRound: number
  readonly blockId: Uint8Array
  readonly signer: Uint8Array
  readonly signature: Uint8Array
}

export interface Proposal {
  readonly claim: ProposalClaim
  readonly block: Block
  /** Prevotes of a quorum in `validRound`, so that nobody has to have seen them. */
  readonly proof: BlockCertificate | undefined
}

/** Two different things signed for one place: stands alone, anybody with the set can check it. */
export type ChainEquivocation =
  | { readonly kind: 'votes'; readonly chainId: Uint8Array; readonly first: Vote; readonly second: Vote }
  | {
      readonly kind: 'proposals'
      readonly chainId: Uint8Array
      readonly first: ProposalClaim
      readonly second: ProposalClaim
    }

/** State of the application at a decided height, in a form that can be checked against a certified header. */
export interface SnapshotHead {
  readonly header: BlockHeader
  readonly certificate: BlockCertificate
  /** Sets of this height and the two next. */
  readonly validators: readonly Validator[]
  readonly nextValidators: readonly Validator[]
  readonly afterValidators: readonly Validator[]
  /** Length of the application's bytes. */
  readonly size: number
}

export interface Snapshot {
  readonly head: SnapshotHead
  readonly state: Uint8Array
}

/** What the application sees of a block. */
export interface BlockContent {
  readonly height: number
  readonly time: number
  readonly proposer: Uint8Array
  readonly extension: Uint8Array
  readonly transactions: readonly Uint8Array[]
}

export interface Applied<S> {
  readonly state: S
  /** A new set, in force two heights later. */
  readonly validators?: readonly Validator[]
}

/**
 * What runs on a chain. All of it is deterministic: no clock, no chance, no order of a Map in bytes; states are values that
 * are never changed in place, because a proposed block is applied before anybody knows whether it will be decided.
 */
export interface Application<S> {
  initial(): S
  /** 32 bytes; equal states have equal roots. */
  root(state: S): Uint8Array
  /** Whether a transaction may wait in the pool. Asked again before it is proposed. */
  admits(state: S, transaction: Uint8Array): boolean
  /** The next block out of what waits; `transactions: []` when nothing of it fits. */
  build(
    state: S,
    place: { readonly height: number; readonly time: number; readonly transactions: readonly Uint8Array[] },
  ): { readonly extension: Uint8Array; readonly transactions: readonly Uint8Array[] }
  /** The state after the block, or undefined when the block is not valid on this state. */
  apply(state: S, block: BlockContent): Applied<S> | undefined
  snapshot(state: S): Uint8Array
  /** Undefined when the bytes are none of ours. */
  restore(bytes: Uint8Array): S | undefined
}

export interface ChainOptions {
  /** `two-thirds`: > 2n/3, holds against n/3 liars. `majority`: > n/2, holds against crashes only. */
  readonly quorum: 'two-thirds' | 'majority'
  /** First time-outs, and what each further round adds, ms. */
  readonly proposeMs: number
  readonly prevoteMs: number
  readonly precommitMs: number
  readonly deltaMs: number
  /** How long the first transaction waits for company, ms. */
  readonly batchMs: number
  /** Least time between a decision and the next block, ms. */
  readonly intervalMs: number
  /** A block without transactions is valid when the last one is older than this, ms; undefined: never. */
  readonly heartbeatMs: number | undefined
  /** How often a node that waits tells where it stands, ms; `idleTickMs` while nothing is going on. */
  readonly tickMs: number
  readonly idleTickMs: number
  /** A snapshot every so many blocks; 0: none. */
  readonly snapshotEvery: number
  /** Blocks kept below the newest snapshot; undefined: all. */
  readonly keepBlocks: number | undefined
  /** Time of the chain's birth, Unix ms: the first block is later. Same for all. */
  readonly genesisTime: number
}

/** The short chains of a chunk: neighbours in a ring, nobody waits for them. */
export const chunkChainOptions: ChainOptions = {
  quorum: 'two-thirds',
  proposeMs: 300,
  prevoteMs: 150,
  precommitMs: 150,
  deltaMs: 150,
  batchMs: 10,
  intervalMs: 0,
  heartbeatMs: undefined,
  tickMs: 400,
  idleTickMs: 30_000,
  snapshotEvery: 64,
  keepBlocks: undefined,
  genesisTime: 0,
}

/** Root and TLD chains: the patent's two seconds for a proposer, one block a minute at least. */
export const ledgerChainOptions: ChainOptions = {
  quorum: 'two-thirds',
  proposeMs: 2_000,
  prevoteMs: 1_000,
  precommitMs: 1_000,
  deltaMs: 500,
  batchMs: 10,
  intervalMs: 1_000,
  heartbeatMs: 60_000,
  tickMs: 1_000,
  idleTickMs: 10_000,
  snapshotEvery: 100,
  keepBlocks: undefined,
  genesisTime: 0,
}

export interface ChainStatus {
  /** The last decided height; 0: none. */
  readonly height: number
  /** The highest that others say they have decided: what this node is catching up to, if they are right. */
  readonly target: number
  readonly headId: Uint8Array
  readonly stateRoot: Uint8Array
  readonly round: number
  readonly step: 'idle' | 'propose' | 'prevote' | 'precommit'
  readonly validators: readonly Validator[]
  readonly waiting: number
  readonly halted: string | undefined
  readonly stats: ChainStats
}

/** Plain counters since the start. */
export interface ChainStats {
  decided: number
  /** Rounds begun beyond the first of their height. */
  laterRounds: number
  locks: number
  /** A lock given up for a later one on another block. */
  relocks: number
  /** Blocks proposed again because a quorum had prevoted them. */
  reproposals: number
  skips: number
  /** Blocks taken with their certificate instead of by own votes. */
  caughtUp: number
  snapshots: number
  evidence: number
  malformed: number
  refused: number
  /** Votes that the sign guard held back. */
  guarded: number
  resumed: number
}
