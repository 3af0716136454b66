/** What a node knows of ledgers that it need not run: the newest header of each, and what its state says. The port of the resolver and of commands. */
import type { Cancel } from '../../base/index.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'

/**
 * `fresh`: what it proves is so now. `stale`: it is older than 180 s, and proves only what was so. `expired`: what is trusted is older than
 * 14 days, and a checkpoint is needed. `forked`: two headers were decided of which one contradicts the other, and nothing of the chain is trusted any more.
 */
export type HeadState = 'fresh' | 'stale' | 'expired' | 'forked'

export interface FollowedChain {
  readonly chainId: Uint8Array
  /** `root`, or the TLD in lower case, by the genesis. */
  readonly name: string
}

export interface LedgerHead extends FollowedChain {
  /** 0: only what the chain begins with is known. */
  readonly height: number
  /** Unix ms, by the header. */
  readonly time: number
  /** Undefined at height 0, and after a start from a checkpoint until the first header was taken. */
  readonly certified: CertifiedHeader | undefined
  /** The set of the next height. */
  readonly validators: readonly Validator[]
  readonly state: HeadState
  /** Whether `state` is `fresh`. */
  readonly fresh: boolean
}

export interface ProvenState {
  readonly kind: 'proven'
  /** In the order of the keys; undefined: it is proven that nothing is there. */
  readonly values: readonly (Uint8Array | undefined)[]
  /** Whose state it is: certified, and of the chain that was asked for. */
  readonly header: BlockHeader
  /** False: it was so at the time of the header, and need not be so now. */
  readonly fresh: boolean
  /** The state proof of all keys together, against the state root of the header. */
  readonly proof: Uint8Array
}

export interface UnprovenState {
  readonly kind: 'unproven'
  /** `unreachable`: no member that was asked gave a proof that holds. `no head`: no header is known yet. */
  readonly reason: 'unknown chain' | 'no head' | 'expired' | 'forked' | 'unreachable'
}

/** What that means, and what to wait for, for people. */
export function unprovenText(reason: UnprovenState['reason']): string {
  switch (reason) {
    case 'no head':
      return 'no block of it is known here yet. A new ledger has its first within two minutes, once more than two thirds of its validators run and reach each other; one that runs has to be reached (`chordns ledger status`)'
    case 'expired':
      return 'what this node knows of it is older than two weeks: name a block that you trust (`ledger.trust`)'
    case 'forked':
      return 'two blocks of it contradict each other, and nothing of it is trusted here any more'
    case 'unreachable':
      return 'no member that was asked gave a proof that holds: try again'
    case 'unknown chain':
      return 'this node does not follow it'
  }
}

export type StateAnswer = ProvenState | UnprovenState

/** What a light follower offers to others. A node that runs the chain itself can offer the same. */
export interface LedgerView {
  chains(): readonly FollowedChain[]
  /** Undefined for a chain that is not followed. */
  head(chainId: Uint8Array): LedgerHead | undefined
  /**
   * What the state of the newest header says of 1 to 64 different keys. Never rejects but with ABORTED; a RangeError for keys that no
   * state has. A stale head is asked as well: look at `fresh`.
   */
  prove(
    chainId: Uint8Array,
    keys: readonly Uint8Array[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<StateAnswer>
  /** The same as a file that anybody checks offline from the genesis or the checkpoint that this node began with; undefined: there is no proof now. */
  proofFile(
    chainId: Uint8Array,
    keys: readonly Uint8Array[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Uint8Array | undefined>
  /** Called after the head of a chain, or what is thought of it, has changed. */
  onHead(listener: (chain: FollowedChain) => void): Cancel
}
