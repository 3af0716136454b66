/** Whose turn it is to send what any validator could: one after the other, each when those before it were late. */
import { type Clock, equalBytes } from '../../../base/index.ts'
import type { Validator } from '../../../chain/index.ts'
import { limits } from '../../limits.ts'

export interface RotationDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly memberId: Uint8Array
}

export class Rotation {
  readonly #deps: RotationDeps
  /** Since when this node has seen that something is due. `step`: another one, another wait. */
  readonly #noticed = new Map<string, { readonly step: number; readonly at: number }>()

  constructor(deps: RotationDeps) {
    this.#deps = deps
  }

  /** `first`: index of the one who begins. A node that was restarted waits once more. */
  isOurs(what: string, step: number, first: number, validators: readonly Validator[]): boolean {
    const own = validators.findIndex(({ id }) => equalBytes(id, this.#deps.memberId))
    if (own === -1) return false
    const now = this.#deps.clock.monotonic()
    let noticed = this.#noticed.get(what)
    if (noticed === undefined || noticed.step !== step) {
      noticed = { step, at: now }
      this.#noticed.delete(what)
      this.#noticed.set(what, noticed)
      if (this.#noticed.size > limits.MAX_TURNS) this.#noticed.delete(this.#noticed.keys().next().value!)
    }
    const rank = (own - first + validators.length) % validators.length
    return now - noticed.at >= rank * limits.LATE_MS
  }
}
