/** All that is asked of a state, as functions of plain data: called at once in tests, by messages where it lives in a thread. */
import type { StateChange } from '../trees/versioned/change.ts'
import { abandonAssembly, assemblyIn, beginAssembly, type TakenPiece, takePiece } from './assembly.ts'
import { packChanges, unpackChanges } from './packed.ts'
import { encodePiece, type PieceRequest } from './pieces.ts'
import type { Gap } from './rows.ts'
import { type ProvenValues, type StateHead, type StatePairs, VersionedState } from './versioned-state.ts'

export interface StateStatus {
  readonly head: StateHead | undefined
  readonly oldest: number | undefined
  /** The height of what is being put together from pieces. */
  readonly assembling: number | undefined
}

export interface StateMethods {
  status(): StateStatus
  root(height: number): Uint8Array
  read(height: number, keys: readonly Uint8Array[]): (Uint8Array | undefined)[]
  prove(height: number, keys: readonly Uint8Array[]): ProvenValues
  /** `changes`: packed. */
  prepare(height: number, changes: Uint8Array): Uint8Array
  commit(height: number, root: Uint8Array): void
  /** True when there is more to remove. */
  pruneSome(height: number): boolean
  /** As it is sent. */
  piece(request: PieceRequest): Uint8Array
  begin(height: number, root: Uint8Array): readonly Gap[]
  take(height: number, from: Uint8Array, piece: Uint8Array): TakenPiece
  abandon(): void
}

export type StateMethod = keyof StateMethods

/** The same from another thread: each rejects as the method throws. */
export type RemoteState = {
  readonly [M in Exclude<StateMethod, 'prepare'>]: (
    ...given: Parameters<StateMethods[M]>
  ) => Promise<ReturnType<StateMethods[M]>>
} & {
  prepare(height: number, changes: readonly StateChange[]): Promise<Uint8Array>
}

export function stateMethods(pairs: StatePairs): StateMethods {
  const state = new VersionedState(pairs)
  return {
    status: () => ({ head: state.head(), oldest: state.oldest(), assembling: assemblyIn(pairs)?.height }),
    root: (height) => state.root(height),
    read: (height, keys) => state.read(height, keys),
    prove: (height, keys) => state.prove(height, keys),
    prepare: (height, changes) => state.prepare(height, unpackChanges(changes)),
    commit: (height, root) => state.commit(height, root),
    pruneSome: (height) => state.pruneSome(height),
    piece: (request) => encodePiece(state.piece(request)),
    begin: (height, root) => beginAssembly(pairs, height, root),
    take: (height, from, piece) => takePiece(pairs, height, from, piece),
    abandon: () => abandonAssembly(pairs),
  }
}

const METHODS: Readonly<Record<StateMethod, true>> = {
  status: true,
  root: true,
  read: true,
  prove: true,
  prepare: true,
  commit: true,
  pruneSome: true,
  piece: true,
  begin: true,
  take: true,
  abandon: true,
}

export const STATE_METHODS = Object.keys(METHODS) as readonly StateMethod[]

/** `call` carries a method's name and arguments to where the state is, and brings back what it returned or threw. */
export function remoteState(call: (name: string, given: readonly unknown[]) => Promise<unknown>): RemoteState {
  const entries = STATE_METHODS.map((name) => [name, (...given: readonly unknown[]) => call(name, given)])
  const prepare = async (height: number, changes: readonly StateChange[]) =>
    call('prepare', [height, packChanges(changes)])
  return { ...Object.fromEntries(entries), prepare } as RemoteState
}
