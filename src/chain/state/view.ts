/**
 * The state on disk as an application sees it: a value, that is a version and the changes on top of it. Blocks are tried on views of which
 * most are forgotten; the one that was decided is committed, and becomes a version. For the thread that has the state.
 */
import { ChordnsError, concatBytes, equalBytes, type StoreWrite } from '../../base/index.ts'
import { emptyStateMap, type StateMap, stateEntries, stateGet, stateSet } from '../trees/state-map.ts'
import type { ChangedTop, StateChange } from '../trees/versioned/change.ts'
import { hashOfRef } from '../trees/versioned/nodes.ts'
import type { VersionedState } from './versioned-state.ts'

/** What a value of the map of changes begins with. */
const SET = Uint8Array.of(1)
const DELETED = Uint8Array.of(0)

export interface StateView {
  /** Throws CHAIN_STATE_GONE when the version below is not kept any more, CHAIN_STATE_DAMAGED. */
  get(key: Uint8Array): Uint8Array | undefined
  /** Another view; this one stays as it is. */
  set(key: Uint8Array, value: Uint8Array): StateView
  delete(key: Uint8Array): StateView
  /** Computed once. */
  root(): Uint8Array
}

export class StateViews {
  readonly #state: VersionedState

  constructor(state: VersionedState) {
    this.#state = state
  }

  /** Before the first block, whose height is 1. */
  empty(): StateView {
    return new View(this.#state, 0)
  }

  /** Throws CHAIN_STATE_GONE. */
  at(height: number): StateView {
    if (height > 0) this.#state.root(height)
    return new View(this.#state, height)
  }

  /**
   * Writes what was decided at `height`. After a restart blocks may come again that are written already: then it is only compared. Throws
   * CHAIN_STATE_ORDER when it is not what is written, or does not follow it, and as the store does. `beside`: goes into the same batch.
   */
  commit(view: StateView, height: number, beside: readonly StoreWrite[] = [], isDurable = false): void {
    if (!(view instanceof View)) throw new TypeError('a view of another kind')
    const head = this.#state.head()?.height ?? 0
    if (height > head && view.base === head) this.#state.write(height, view.changed(height), beside, isDurable)
    else if (height > head)
      throw new ChordnsError('CHAIN_STATE_ORDER', `changes of height ${view.base} do not follow ${head}`, { height })
    else if (!equalBytes(this.#state.root(height), view.root()))
      throw new ChordnsError('CHAIN_STATE_ORDER', `another state of height ${height} is written`, { height })
    view.rebase(height)
  }
}

class View implements StateView {
  readonly #state: VersionedState
  /** The version below; 0: nothing. */
  #base: number
  #changes: StateMap
  #changed: { readonly height: number; readonly top: ChangedTop } | undefined

  constructor(state: VersionedState, base: number, changes: StateMap = emptyStateMap) {
    this.#state = state
    this.#base = base
    this.#changes = changes
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const change = stateGet(this.#changes, key)
    if (change !== undefined) return change[0] === SET[0] ? change.subarray(1) : undefined
    return this.#base === 0 ? undefined : this.#state.read(this.#base, [key])[0]
  }

  set(key: Uint8Array, value: Uint8Array): StateView {
    return new View(this.#state, this.#base, stateSet(this.#changes, key, concatBytes(SET, value)))
  }

  delete(key: Uint8Array): StateView {
    return new View(this.#state, this.#base, stateSet(this.#changes, key, DELETED))
  }

  root(): Uint8Array {
    if (this.#changes.size === 0 && this.#changed === undefined && this.#base > 0) return this.#state.root(this.#base)
    const next = this.#base + 1
    const root = hashOfRef(this.changed(next).top)
    // A block that comes again after a restart: what it makes is there.
    if (this.#state.has(next) && equalBytes(this.#state.root(next), root)) this.rebase(next)
    return root
  }

  get base(): number {
    return this.#base
  }

  /** What the changes come to, written at this height. */
  changed(height: number): ChangedTop {
    if (this.#changed?.height !== height)
      this.#changed = { height, top: this.#state.changed(this.#base, height, this.#listed()) }
    return this.#changed.top
  }

  /** The same content, as the version that it has become. */
  rebase(height: number): void {
    this.#base = height
    this.#changes = emptyStateMap
    this.#changed = undefined
  }

  #listed(): StateChange[] {
    return stateEntries(this.#changes).map(({ key, value }) => ({
      key,
      value: value[0] === SET[0] ? value.subarray(1) : undefined,
    }))
  }
}
