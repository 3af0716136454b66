/** Changes on a state that may be thrown away, and the part of it that is one module's. */
import { concatBytes, latin1 } from '../base/index.ts'
import { limits } from './limits.ts'
import type { Draft, LedgerState, StateReader } from './types.ts'

export class StateDraft implements Draft {
  #state: LedgerState
  readonly #base: LedgerState

  constructor(base: LedgerState) {
    this.#base = base
    this.#state = base
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#state.get(key)
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#state = this.#state.set(key, value)
  }

  delete(key: Uint8Array): void {
    this.#state = this.#state.delete(key)
  }

  /** The state with all changes. */
  get state(): LedgerState {
    return this.#state
  }

  /** What came since `mark` (a former `state`), or since the beginning, never happened. */
  rewind(mark: LedgerState = this.#base): void {
    this.#state = mark
  }
}

/** The keys of one module: its number goes before each. */
export function partOf(draft: Draft, module: number): Draft {
  const whole = (key: Uint8Array) => moduleKey(module, key)
  return {
    get: (key) => draft.get(whole(key)),
    set: (key, value) => draft.set(whole(key), value),
    delete: (key) => draft.delete(whole(key)),
  }
}

export function readerOf(state: StateReader, module: number): StateReader {
  return { get: (key) => state.get(moduleKey(module, key)) }
}

/** Under which key of the whole state a module's key stands: what proofs are asked for. */
export function moduleKey(module: number, key: Uint8Array): Uint8Array {
  if (key.length > limits.MAX_KEY_BYTES)
    throw new RangeError(`a key of ${key.length} bytes: ${latin1(key.subarray(0, 8))}`)
  return concatBytes(Uint8Array.of(module), key)
}
