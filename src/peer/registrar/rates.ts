/** How much each may do: so much a second, and so much at once. */
import { RecentMap } from '../../base/index.ts'
import { limits } from './limits.ts'

export class CommandRate {
  readonly #perMs: number
  readonly #burst: number
  readonly #now: () => number
  #left: number
  #at: number

  constructor(perSecond: number, burst: number, now: () => number) {
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#now = now
    this.#left = burst
    this.#at = now()
  }

  /** False: not so much is left, and nothing is taken. */
  take(amount: number): boolean {
    const now = this.#now()
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs)
    this.#at = now
    if (this.#left < amount) return false
    this.#left -= amount
    return true
  }
}

export class ClientRates {
  readonly #make: () => CommandRate
  readonly #shares = new RecentMap<string, CommandRate>({ max: limits.MAX_CLIENTS })

  constructor(perSecond: number, burst: number, now: () => number) {
    this.#make = () => new CommandRate(perSecond, burst, now)
  }

  of(client: string): CommandRate {
    const known = this.#shares.get(client)
    if (known !== undefined) return known
    const share = this.#make()
    this.#shares.set(client, share)
    return share
  }
}
