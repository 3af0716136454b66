/** This node's place in an endorsed ring: what the ledger's list says of its own key now, and what follows when that changes. */
import { type Cancel, equalBytes, type Log } from '../../base/index.ts'
import type { RingAdmission } from '../types.ts'

export interface PlaceHooks {
  /** Owes that the node is a member, or seeks to be one, under the salt of now. */
  readonly enter: () => void
  /** Owes that the node says it leaves, and is nobody until it enters again. */
  readonly leave: () => void
  /** Others have come or gone. */
  readonly others: () => void
}

const NO_SALT = new Uint8Array()

export class OwnPlace {
  readonly #admission: RingAdmission | undefined
  readonly #key: Uint8Array
  readonly #log: Log
  #salt: Uint8Array | undefined
  #cancel: Cancel | undefined

  /** In rings that have no list everybody has a place, without a salt. */
  constructor(admission: RingAdmission | undefined, key: Uint8Array, log: Log) {
    this.#admission = admission
    this.#key = key
    this.#log = log
    this.#salt = this.#saltNow()
  }

  /** What this node's id is made with, from one entering to the next. */
  get salt(): Uint8Array {
    return this.#salt ?? NO_SALT
  }

  /** Enters now, or as soon as the list has this node's key. */
  begin(hooks: PlaceHooks): void {
    this.#salt = this.#saltNow()
    this.#cancel = this.#admission?.onChange(() => this.#changed(hooks))
    if (this.#salt !== undefined) hooks.enter()
    else this.#log.info({}, 'this node is not on the ledger’s list yet: it waits to be endorsed, and for its salt')
  }

  end(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #changed(hooks: PlaceHooks): void {
    const salt = this.#saltNow()
    const before = this.#salt
    if (salt !== undefined && before !== undefined && equalBytes(salt, before)) {
      hooks.others()
      return
    }
    if (before !== undefined) {
      this.#log.warn({}, 'the ledger’s list has this node no more, or in another place: it leaves')
      hooks.leave()
    }
    this.#salt = salt
    if (salt !== undefined) hooks.enter()
  }

  #saltNow(): Uint8Array | undefined {
    return this.#admission === undefined ? NO_SALT : this.#admission.saltOf(this.#key)
  }
}
