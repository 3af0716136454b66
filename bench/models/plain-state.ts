/**
 * A state of a ledger without a tree: values in a map, with a log of what each change replaced. As a value it goes back to what it was when an older one is
 * used again, which is what an application does with a transaction that is refused; the newer ones are void then.
 */
import { latin1 } from '../../src/base/index.ts'
import type { LedgerState } from '../../src/ledger/index.ts'

interface Shared {
  readonly values: Map<string, Uint8Array>
  /** The key of each change, and what was there before. */
  readonly log: { readonly key: string; readonly before: Uint8Array | undefined }[]
}

export class PlainState implements LedgerState {
  readonly #shared: Shared
  /** How many changes it has seen. */
  readonly #at: number

  constructor(shared: Shared = { values: new Map(), log: [] }, at = 0) {
    this.#shared = shared
    this.#at = at
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#return()
    return this.#shared.values.get(latin1(key))
  }

  set(key: Uint8Array, value: Uint8Array): PlainState {
    return this.#change(key, value)
  }

  delete(key: Uint8Array): PlainState {
    return this.#change(key, undefined)
  }

  root(): Uint8Array {
    throw new TypeError('a plain state has no root')
  }

  /** What was before is forgotten: nothing goes back beyond this. */
  settled(): PlainState {
    this.#return()
    return new PlainState({ values: this.#shared.values, log: [] }, 0)
  }

  get entries(): ReadonlyMap<string, Uint8Array> {
    this.#return()
    return this.#shared.values
  }

  #change(key: Uint8Array, value: Uint8Array | undefined): PlainState {
    this.#return()
    const { values, log } = this.#shared
    const name = latin1(key)
    log.push({ key: name, before: values.get(name) })
    if (value === undefined) values.delete(name)
    else values.set(name, value)
    return new PlainState(this.#shared, log.length)
  }

  #return(): void {
    const { values, log } = this.#shared
    if (log.length < this.#at) throw new TypeError('a state that is void')
    while (log.length > this.#at) {
      const { key, before } = log.pop()!
      if (before === undefined) values.delete(key)
      else values.set(key, before)
    }
  }
}
