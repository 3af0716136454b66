/** What a chain's node offers to those who follow it: the serving side asks for it, and caches. */
import type { HistoryHashes } from '../trees/history.ts'
import type { CertifiedHeader, Validator } from '../types.ts'

export interface HeaderSource {
  readonly chainId: Uint8Array
  /** The newest decided height; 0: none. */
  height(): number
  /** Undefined when it is not kept. */
  certified(height: number): CertifiedHeader | undefined
  /** The hashes of the history, from height 1 (leaf 0) on, as far as they are kept. */
  readonly hashes: HistoryHashes
  /** A set of the newest heights, or an older one that is kept, by its root. */
  set(root: Uint8Array): readonly Validator[] | undefined
}

export interface StateProver {
  /** What the state of that height says of the keys, in their order; undefined when that version is not kept. */
  prove(
    height: number,
    keys: readonly Uint8Array[],
  ): Promise<{ readonly values: readonly (Uint8Array | undefined)[]; readonly proof: Uint8Array } | undefined>
}
