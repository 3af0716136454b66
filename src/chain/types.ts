/**
 * The data of a chain: Tendermint, Algorithm 1 (Buchman, Kwon, Milosevic, arXiv 1807.04938). What is in header extensions and
 * transactions is the application's; both are opaque canonical CBOR here.
 */

/**
 * A member of the set that decides. `id` is 32 bytes, its identity in the ring, and gives the order; votes are signed by `publicKey`,
 * which is a key of its own in ledger chains.
 */
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
  /** Schema 1: the hash of the set; schema 2: its root. */
  readonly validatorsHash: Uint8Array
  /** Schema 1: over the sets of both next heights, what a snapshot must bring along. Schema 2: the root of the next height's set. */
  readonly nextValidatorsHash: Uint8Array
  /** Zeros at height 1. */
  readonly lastCertificateHash: Uint8Array
  readonly extension: Uint8Array
  /** Undefined in schema 1, the chunk chains'; what schema 2, the ledgers', has beyond it. */
  readonly ledger?: LedgerFields
}

/** What a header of schema 2 commits to beside the rest. */
export interface LedgerFields {
  /** Root of the set two heights later. */
  readonly afterValidatorsRoot: Uint8Array
  readonly resultsRoot: Uint8Array
  /** Of the tree of all earlier headers of the chain. */
  readonly historyRoot: Uint8Array
  readonly evidenceRoot: Uint8Array
  /** Number of the rules in force. */
  readonly rules: number
  /** The rules that come into force at `height`. */
  readonly nextRules: { readonly rules: number; readonly height: number } | undefined
}

export interface Block {
  /** SHA-256 of the canonical header; in schema 2 its leaf hash in the history. */
  readonly id: Uint8Array
  readonly header: BlockHeader
  readonly transactions: readonly Uint8Array[]
  /** That the previous block was decided; undefined at height 1. */
  readonly lastCertificate: BlockCertificate | undefined
  /** Schema 2: items of evidence, as bytes. */
  readonly evidence?: readonly Uint8Array[]
}

/** Votes of one kind, height and round for one block by a quorum; `index` into the set of that height, ascending. */
export interface BlockCertificate {
  /** Undefined: the list of pairs of schema 1. 1: Ed25519 with a bitmap. They say the same in other bytes. */
  readonly scheme?: 1
  readonly height: number
  readonly round: number
  readonly blockId: Uint8Array
  readonly signatures: readonly { readonly index: number; readonly signature: Uint8Array }[]
}

/** A header with what decided it: what a stranger checks. */
export interface CertifiedHeader {
  readonly header: BlockHeader
  readonly certificate: BlockCertificate
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

/**
 * What one validator signed and no honest one does: stands alone, anybody with the set can check it. `votes`, `proposals`: two different things for
 * one place. `lock`: a precommit, and a prevote for another block in a later round, though the proposer's claim there names no round from the first
 * on; it is void when a quorum did prevote that block in between.
 */
export type ChainEquivocation =
  | { readonly kind: 'votes'; readonly chainId: Uint8Array; readonly first: Vote; readonly second: Vote }
  | {
      readonly kind: 'proposals'
      readonly chainId: Uint8Array
      readonly first: ProposalClaim
      readonly second: ProposalClaim
    }
  | {
      readonly kind: 'lock'
      readonly chainId: Uint8Array
      readonly first: Vote
      readonly second: Vote
      readonly claim: ProposalClaim
    }

/** What became of a transaction in its block. Any code but 0 is a mark (N17): it did nothing but cost. */
export interface TransactionResult {
  readonly code: number
  /** What was taken. */
  readonly fee: number
  readonly detail: Uint8Array
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
  /** Schema 2: the right edge of the history before the header. */
  readonly history?: readonly Uint8Array[]
}

export interface Snapshot {
  readonly head: SnapshotHead
  readonly state: Uint8Array
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
