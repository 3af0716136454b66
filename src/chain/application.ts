/** What runs on a chain: the port that an application implements. */
import type { Validator } from './types.ts'

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
