/**
 * Transactions that were handed in a moment ago and are not decided yet. Several may use one account on a machine: its duties, its commands, the
 * carrier of CDS sets. Each takes the number after those that are under way, so that none overtakes another.
 */
import { type Clock, latin1 } from '../../base/index.ts'
import { limits } from '../limits.ts'

interface UnderWay {
  readonly id: string
  /** Monotonic ms: what is in no block by then may be lost, and its number is given out again. */
  readonly until: number
}

export interface Numbered {
  readonly account: Uint8Array
  readonly nonce: number
}

export class HandedIn {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** By account and number; the oldest first. */
  readonly #underWay = new Map<string, UnderWay>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** `known`: the number of the account's next transaction, by the newest state. */
  nextNonce(account: Uint8Array, known: number): number {
    let nonce = known
    while (this.#of({ account, nonce }) !== undefined) nonce++
    return nonce
  }

  /** Whether another transaction has this one's number. */
  isOvertaken(one: Numbered, id: Uint8Array): boolean {
    const known = this.#of(one)
    return known !== undefined && known.id !== latin1(id)
  }

  add(one: Numbered, id: Uint8Array): void {
    const key = keyOf(one)
    this.#underWay.delete(key)
    this.#underWay.set(key, { id: latin1(id), until: this.#clock.monotonic() + limits.DUTY_AGAIN_MS })
    if (this.#underWay.size > limits.MAX_HANDED_IN) this.#underWay.delete(this.#underWay.keys().next().value!)
  }

  #of(one: Numbered): UnderWay | undefined {
    const key = keyOf(one)
    const known = this.#underWay.get(key)
    if (known === undefined || known.until > this.#clock.monotonic()) return known
    this.#underWay.delete(key)
    return undefined
  }
}

function keyOf({ account, nonce }: Numbered): string {
  return `${nonce} ${latin1(account)}`
}
