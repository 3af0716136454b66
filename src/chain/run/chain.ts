/** What a chain needs, what it tells, and what can be done with it. */
import type { Clock, Log, Store } from '../../base/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type { Application } from '../application.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import type { ConsensusRules } from '../machine/rules.ts'
import type { ChainContext, PeerName } from '../machine/state.ts'
import type { StateApplication, StatePoint } from '../state/hosted.ts'
import type { HistoryHashes } from '../trees/history.ts'
import type {
  BlockCertificate,
  CertifiedBlock,
  CertifiedHeader,
  ChainEquivocation,
  ChainStatus,
  Validator,
} from '../types.ts'
import type { ApplicationPort } from './elsewhere.ts'

export interface ChainDeps<S> {
  /** 32 bytes. */
  readonly chainId: Uint8Array
  /** The set of the first heights, in any order. */
  readonly validators: readonly Validator[]
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly application: Application<S>
  readonly stores: EngineStores
  readonly clock: Clock
  readonly log: Log
  /** Tests put known mistakes in here. */
  readonly rules?: ConsensusRules
}

/** What a chain needs whose application works where its state is on disk. */
export interface StateChainDeps extends Omit<ChainDeps<StatePoint>, 'application'> {
  /** Of it only what is asked without a state. */
  readonly application: Pick<StateApplication, 'ticket' | 'knowsRules'>
  /** Where the rest of it is. */
  readonly port: ApplicationPort
  /** The newest header that this node trusts from elsewhere: who begins with a checkpoint needs it to take a state. */
  readonly trusts?: NonNullable<ChainContext<StatePoint>['trusts']>
}

export interface EngineStores {
  /** Blocks and snapshots. */
  readonly blocks: Store
  /** The sign guard, if it has its own file; default: `blocks`. */
  readonly votes?: Store
}

/** What throws in a hook ends the step, and is thrown on to whoever caused the step. */
export interface ChainHooks<S> {
  /**
   * To validators and followers by the hex of their id. Owes one try: messages may be lost, doubled and late. It must not
   * throw, and must not call this chain before it returns.
   */
  readonly send: (to: PeerName, message: ChainMessage) => void
  /**
   * The block is written, and on disk before anything leaves that depends on it. `caughtUp`: taken with its certificate instead of
   * by own votes. `results`: schema 2, one for each transaction, as bytes.
   */
  readonly onDecided?: (decided: CertifiedBlock, state: S, caughtUp: boolean, results: readonly Uint8Array[]) => void
  readonly onEvidence?: (equivocation: ChainEquivocation) => void
  /** A store did not take what had been handed to it: the chain has stopped. It must not throw. */
  readonly onStoreFailure?: (failure: Error) => void
}

export interface Chain<S> {
  readonly chainId: Uint8Array
  start(): void
  stop(): void
  /** Offers a transaction to this and all other validators. */
  submit(transaction: Uint8Array): void
  /** Evidence that came another way than by messages; `validators`: the set of its height. A block brings it, if it holds. */
  accuse(accusation: ChainEquivocation, validators: readonly Validator[]): void
  receive(from: PeerName, message: ChainMessage): void
  /** The same from bytes; false when they are malformed, which counts against the peer. */
  receiveBytes(from: PeerName, bytes: Uint8Array): boolean
  /**
   * Lets a halted chain go on from its head: a statement signed by a quorum of the set that decided the head. False when it is none, or the
   * chain is not halted. Throws CHAIN_MALFORMED.
   */
  resume(statement: Uint8Array): boolean
  /** The application's state after the last decided block. */
  state(): S
  /** Transactions that wait here to be decided, oldest first. */
  waiting(): Iterable<Uint8Array>
  /** Throws CHAIN_MALFORMED when the stored block is damaged. */
  block(height: number): CertifiedBlock | undefined
  /** The same without reading what is in the block. */
  header(height: number): CertifiedHeader | undefined
  /** Schema 2: what a quorum prevoted in a height that took several rounds; [] when it took one, or nothing is kept. */
  proofs(height: number): readonly BlockCertificate[]
  /** Schema 2: the hashes of the history, as far as they are kept. */
  readonly historyHashes: HistoryHashes
  /** Of the height before, this one, and the next. */
  sets(): readonly (readonly Validator[])[]
  status(): ChainStatus
}
