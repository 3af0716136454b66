/** What the processes of the ledger benchmark say to each other, through the benchmark, which stands for the network. */
import type { Memory, Stops } from '../lib/watch.ts'

/** Sent first. */
export interface NodeStart {
  readonly kind: 'start'
  readonly index: number
  /** Its data directory; with what is there, or empty. */
  readonly data: string
  readonly genesisFile: string
  /** Machines of the ring, by their numbers. */
  readonly ring: readonly number[]
  /** Changes one bit of each piece that it sends. */
  readonly lies: boolean
}

export interface NodeStatus {
  readonly height: number
  readonly stateRoot: string
  readonly halted: string | undefined
  /** Names of the validators whose signatures are in the newest certificate. */
  readonly signers: number
  /** Whether this node's own is among them. */
  readonly signed: boolean
  readonly waiting: number
  readonly stats: Readonly<Record<string, number>>
  readonly warnings: readonly string[]
}

export interface ProofTimes {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly bytesP50: number
}

/** What is asked of a node, and what it answers. */
export interface NodeTasks {
  /** Milliseconds until the chain was where it had been, and how long the loop stopped meanwhile. */
  opened: { given: undefined; result: { readonly ms: number; readonly stops: Stops } }
  status: { given: undefined; result: NodeStatus }
  submit: { given: { readonly transactions: readonly Uint8Array[] }; result: number }
  watch: { given: undefined; result: undefined }
  stops: { given: undefined; result: Stops & Memory }
  prove: { given: { readonly labels: readonly Uint8Array[] }; result: ProofTimes }
  end: { given: undefined; result: undefined }
}
export type NodeTask = keyof NodeTasks

/** A request, or a bulk, of one machine to another; `frames` is what came back. */
export type NodeMessage =
  | NodeStart
  | { readonly kind: 'task'; readonly id: number; readonly task: NodeTask; readonly given: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result?: unknown; readonly failure?: string }
  | {
      readonly kind: 'request'
      readonly id: number
      readonly from: number
      readonly to: number
      readonly room: number
      readonly isBulk: boolean
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'reply'
      readonly id: number
      /** Who asked. */
      readonly to: number
      readonly frames: readonly Uint8Array[]
      readonly failure?: string
    }
