/** What runs on a chain: the port that an application implements. */
import type { ChainEquivocation, LedgerFields, TransactionResult, Validator } from './types.ts'

/** What the application sees of a block. */
export interface BlockContent {
  readonly height: number
  readonly time: number
  readonly proposer: Uint8Array
  readonly extension: Uint8Array
  readonly transactions: readonly Uint8Array[]
  /** Schema 2: what the chain itself has to say. */
  readonly consensus?: ConsensusView
}

/** All of it is the same for every validator. */
export interface ConsensusView {
  /** How the block before was decided; undefined at height 1. `signers`: ids, in the order of its set. */
  readonly last: { readonly round: number; readonly signers: readonly Uint8Array[] } | undefined
  readonly validators: readonly Validator[]
  readonly nextValidators: readonly Validator[]
  /** The set that is in force in two heights when the block changes nothing. */
  readonly afterValidators: readonly Validator[]
  /** Checked evidence of this block. The same may come again: count it once. */
  readonly evidence: readonly { readonly accused: Uint8Array; readonly accusation: ChainEquivocation }[]
  /** Number of the rules in force. */
  readonly rules: number
  /** The history of all headers before this one, as the header names it. */
  readonly historyRoot: Uint8Array
}

export interface Ticket {
  readonly account: string
  readonly nonce: number
  readonly fee: number
  /** Unix ms: no later block takes it. */
  readonly expires: number
}

export interface Applied<S> {
  readonly state: S
  /** A new set, in force two heights later. */
  readonly validators?: readonly Validator[]
  /** Schema 2: one for each transaction, in order; left out: all are done, for nothing. */
  readonly results?: readonly TransactionResult[]
  /** Schema 2: rules that come into force at a height, two heights later at least. */
  readonly nextRules?: NonNullable<LedgerFields['nextRules']>
}

/** What became of a block that was applied elsewhere. */
export interface Executed<S> extends Applied<S> {
  /** What `votesFor` said of it. */
  readonly isVotedFor: boolean
  /** `results` as they stand in the block's tree of them, and its root, where they were encoded there as well; `results` are left out then. */
  readonly encoded?: { readonly list: readonly Uint8Array[]; readonly root: Uint8Array }
}

export interface BuildPlace {
  readonly height: number
  readonly time: number
  readonly transactions: readonly Uint8Array[]
}

/** What was built elsewhere. */
export interface Built<S> {
  readonly extension: Uint8Array
  readonly transactions: readonly Uint8Array[]
  /** What comes of it; undefined when there is nothing in it, or the application does not apply what it built. */
  readonly executed: Executed<S> | undefined
  /** Those of the place that may wait no longer. */
  readonly refused: readonly Uint8Array[]
}

/**
 * An application that works elsewhere, such as in the thread that has its state. This is what is needed of it here and at once; the rest
 * goes there as effects of the machine, and comes back as events.
 */
export interface ApplicationFront<S> extends Pick<Application<S>, 'initial' | 'root' | 'ticket' | 'knowsRules'> {
  readonly worksElsewhere: true
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
  build(state: S, place: BuildPlace): { readonly extension: Uint8Array; readonly transactions: readonly Uint8Array[] }
  /**
   * What a voter has of its own against a valid block that is new, such as anchors that it does not trust; absent: nothing. The one part
   * that may differ from voter to voter. A block that a quorum votes for is taken whatever this says.
   */
  votesFor?(block: BlockContent): boolean
  /** The state after the block, or undefined when the block is not valid on this state. */
  apply(state: S, block: BlockContent): Applied<S> | undefined
  snapshot(state: S): Uint8Array
  /** Undefined when the bytes are none of ours. */
  restore(bytes: Uint8Array): S | undefined
  /**
   * Who pays what for a transaction: with it the pool keeps few of one account, drops what has expired, and offers the best paid first. Undefined
   * when it cannot be read, which keeps it out. Left out: first come, first served.
   */
  ticket?(transaction: Uint8Array): Ticket | undefined
  /** Whether this release knows the rules; left out: it knows those that the chain began with. */
  knowsRules?(rules: number): boolean
}
