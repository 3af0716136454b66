/** What a module of a ledger is, and what it sees. The one interface for our own modules and for those of third parties (D72). */
import type { Validator } from '../chain/index.ts'
import type { CborField, CborValue, SignatureScheme } from '../crypto/index.ts'

/** Reads the state as it is in the middle of a block. */
export interface StateReader {
  get(key: Uint8Array): Uint8Array | undefined
}

/** A part of the state that may be changed. Changes of a transaction that is refused never happened. */
export interface Draft extends StateReader {
  set(key: Uint8Array, value: Uint8Array): void
  delete(key: Uint8Array): void
}

/** The state after some block: a value. `StateView` of the chain is one; so is a map in memory. */
export interface LedgerState extends StateReader {
  set(key: Uint8Array, value: Uint8Array): LedgerState
  delete(key: Uint8Array): LedgerState
  root(): Uint8Array
}

/** The block that a transaction is in, as far as modules may know it. All of it is the same for every validator. */
export interface BlockFacts {
  readonly chainId: Uint8Array
  /** `root`, or the TLD in lower case. */
  readonly chainName: string
  readonly height: number
  /** Unix ms. Every term is counted by it. */
  readonly time: number
  readonly proposer: Uint8Array
  /** Who signed the block before, by id; undefined at height 1. */
  readonly lastSigners: readonly Uint8Array[] | undefined
  readonly validators: readonly Validator[]
  /** The set that is in force in two heights when this block changes nothing. */
  readonly afterValidators: readonly Validator[]
  /** Of all headers before this one; undefined where no chain runs. */
  readonly historyRoot: Uint8Array | undefined
  /** Who was shown to have signed two things for one place. The same may come again. */
  readonly accused: readonly Accused[]
}

/** A validator that signed two things for one place. */
export interface Accused {
  readonly id: Uint8Array
  /** Of that place. */
  readonly height: number
}

/** One transaction, whose signature, nonce, term, fee and quota are in order. */
export interface Call {
  /** Who signed it and pays: the key of an admitted organisation, which carries it for itself or for others (D30, D73). */
  readonly account: Uint8Array
  readonly kind: number
  /** What follows the kind in the payload. Read it strictly: `ledgerReader`. */
  readonly fields: readonly CborValue[]
  readonly block: BlockFacts
  /** The module's own part. */
  readonly own: Draft
  /** The whole state, other modules' parts too: only by the functions that they export. */
  readonly all: StateReader
  /** The part of a module that stands in `changes`, to be changed by the functions that it exports. */
  readonly part: (module: number) => Draft
  readonly scheme: SignatureScheme
}

export interface BlockEnd {
  readonly block: BlockFacts
  readonly own: Draft
  readonly all: StateReader
  readonly part: (module: number) => Draft
  readonly scheme: SignatureScheme
}

/** What the end of a block decides. */
export interface BlockDecisions {
  /** A new set, in force two heights later. One module only may say it. */
  readonly validators?: readonly Validator[]
  /** Rules that come into force at a height, two heights later at least. */
  readonly nextRules?: { readonly rules: number; readonly height: number }
}

/** What a module begins with. */
export interface Beginning {
  readonly genesis: CborField
  readonly own: Draft
  readonly chainName: string
  readonly validators: readonly Validator[]
  /** Unix ms, the chain's birth. */
  readonly time: number
}

/** An organisation that begins a ledger: what it says of itself, and what its keys are. All keys are Ed25519, 32 bytes. */
export interface Founder {
  readonly name: string
  /** Signs its transactions, and pays. */
  readonly account: Uint8Array
  /** The identity of its node in the ring. */
  readonly memberKey: Uint8Array
  /** Undefined: it is no validator at first. */
  readonly votingKey: Uint8Array | undefined
  readonly isEndorser: boolean
  /** It leads reviews: coordinator of the Root chain, regulator of TLD chains. Then it has neither vote nor seat. */
  readonly leads?: boolean
}

/** What is known when a chain is founded. */
export interface LedgerFounding {
  readonly chainName: string
  readonly founders: readonly Founder[]
  /** Blocks of an epoch: how often the set of validators and the draws change. */
  readonly epochBlocks: number
}

/**
 * A part of what runs on a ledger: its own part of the state, its own kinds of transactions. Deterministic: no clock but the block's, no
 * chance, no order of a Map in bytes, no fractions. What it throws other than a refusal (`refuse`) is a fault
 * of the module: one of ours stops the chain, a third party's marks the transaction.
 */
export interface LedgerModule {
  /** First byte of its keys, for ever. 1 to 127 are ours, 128 to 255 third parties'. */
  readonly id: number
  readonly name: string
  /** Kinds of payload that are its own, for ever; third parties' begin at 1,024. */
  readonly kinds: readonly number[]
  /** On which chains it runs from the start; left out: on all. */
  readonly chains?: 'root' | 'tld'
  /** Parts of other modules that it changes. Left out: none. Third parties' modules change their own part only. */
  readonly changes?: readonly number[]
  /** What it begins with, by those who found the chain; its field of the genesis. Default: null. */
  found?(founding: LedgerFounding): CborValue
  /** Fills its part before the first block, from its field of the genesis (undefined: none). Throws LEDGER_GENESIS. */
  begin?(beginning: Beginning): void
  /** Carries out one transaction. Refuses by `refuse`; then the transaction is marked (N17), and only its account pays. */
  execute(call: Call): void
  /** After the transactions of each block: what time brings about. */
  endBlock?(end: BlockEnd): BlockDecisions | undefined
  /** What a human reads of a payload of its kinds; default: kind and fields. */
  describe?(kind: number, fields: readonly CborValue[]): Readonly<Record<string, string | number | boolean>>
}

/** A payload before it is encoded: [kind, ...fields]. */
export type Payload = readonly [kind: number, ...fields: CborValue[]]
