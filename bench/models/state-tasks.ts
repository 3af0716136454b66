/** What the processes of the state benchmark are asked for, and what they measured. */
import type { Memory, Stops } from '../lib/watch.ts'

export type StateTask =
  /** A validator with `names` names, written in large blocks; then blocks as they come, and proofs. */
  | { readonly kind: 'hold'; readonly file: string; readonly names: number; readonly seed: number }
  /** A new validator: pieces come from the process that holds the state, under three names, of which one lies. */
  | { readonly kind: 'join'; readonly file: string; readonly height: number; readonly root: Uint8Array }
  /** As many names in the map in memory, and one snapshot of it. */
  | { readonly kind: 'map'; readonly names: number; readonly seed: number }

export interface BlocksMeasured extends Stops {
  readonly changes: number
  readonly blocks: number
  /** From handing the changes over to having them on disk, ms. */
  readonly p50: number
  readonly max: number
}

export interface ProofsMeasured {
  readonly of: string
  readonly count: number
  readonly bytesP50: number
  readonly bytesMax: number
  /** To have it from the thread, and to check it, ms. */
  readonly proveP50: number
  readonly proveP99: number
  readonly verifyP50: number
}

export interface HoldResult extends Memory {
  readonly kind: 'hold'
  readonly names: number
  readonly fillSeconds: number
  readonly fileMiB: number
  /** Of the same process before it did anything, over as long: what the machine itself does to a loop. */
  readonly idle: Stops
  readonly blocks: readonly BlocksMeasured[]
  readonly pruning: Stops & { readonly seconds: number; readonly versions: number }
  readonly proofs: readonly ProofsMeasured[]
  readonly height: number
  readonly root: Uint8Array
}

export interface JoinResult extends Memory {
  readonly kind: 'join'
  readonly seconds: number
  readonly pieces: Readonly<Record<string, number>>
  readonly bytes: number
  readonly proofBytesP50: number
  readonly proofBytesMax: number
  readonly refused: Readonly<Record<string, string>>
  readonly size: number
  readonly sameRoot: boolean
  readonly stops: Stops
}

export interface MapResult extends Memory {
  readonly kind: 'map'
  readonly names: number
  readonly buildSeconds: number
  readonly snapshotMs: number
  readonly snapshotMiB: number
}

export type StateResult = HoldResult | JoinResult | MapResult

/** Between the processes. A piece is asked for through the benchmark, which stands for the network. */
export type StateMessage =
  | { readonly kind: 'task'; readonly task: StateTask }
  | { readonly kind: 'result'; readonly result: StateResult }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'want'; readonly id: number; readonly request: PieceWish }
  | { readonly kind: 'piece'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'stops'; readonly stops: Stops }
  | { readonly kind: 'end' }

export interface PieceWish {
  readonly height: number
  readonly from: Uint8Array
  readonly to: Uint8Array | undefined
}
