/** The names that a carrier looks at: those of the operator again and again, those that others have named a few times. */
import type { Name } from '../../dns/index.ts'
import { limits } from './limits.ts'

export interface Watched {
  readonly zone: Name
  /** By the operator. */
  readonly isTold: boolean
  /** Monotonic ms. */
  due: number
  /** Of names that others have named. */
  looksLeft: number
  /** Where the NOTIFY came from. */
  readonly network: string
}

export class Looks {
  readonly #everyMs: number
  readonly #names = new Map<string, Watched>()
  /** Until when a name that others have named is not looked at again. */
  readonly #resting = new Map<string, number>()

  constructor(told: readonly Name[], everyMs: number, now: number) {
    this.#everyMs = everyMs
    for (const zone of told)
      this.#names.set(zone.key, { zone, isTold: true, due: now + limits.SOON_MS, looksLeft: 0, network: '' })
  }

  get size(): number {
    return this.#names.size
  }

  isTold(zone: Name): boolean {
    return this.#names.get(zone.key)?.isTold === true
  }

  /** A NOTIFY of a name that is told. */
  soon(zone: Name, now: number): void {
    const known = this.#names.get(zone.key)
    if (known !== undefined)
      known.due = Math.min(known.due, Math.max(now, this.#resting.get(zone.key) ?? 0) + limits.SOON_MS)
  }

  /** A NOTIFY of another name. False: it is not looked at now. */
  add(zone: Name, from: string, now: number): boolean {
    if (this.#names.has(zone.key)) return true
    if ((this.#resting.get(zone.key) ?? 0) > now) return false
    const network = networkOf(from)
    const others = [...this.#names.values()].filter(({ isTold }) => !isTold)
    const ofNetwork = others.filter((one) => one.network === network).length
    if (others.length >= limits.MAX_NOTIFIED || ofNetwork >= limits.MAX_NOTIFIED_OF_NETWORK) return false
    const due = now + limits.LOOK_GAP_MS
    this.#names.set(zone.key, { zone, isTold: false, due, looksLeft: limits.NOTIFIED_LOOKS, network })
    return true
  }

  /** The one that is due next, of the operator's or of the others. */
  next(isTold: boolean): Watched | undefined {
    let first: Watched | undefined
    for (const one of this.#names.values())
      if (one.isTold === isTold && (first === undefined || one.due < first.due)) first = one
    return first
  }

  /** `isSettled`: nothing more is to be expected of it. `jitter`: 0 to 1. */
  looked(one: Watched, now: number, isSettled: boolean, jitter: number): void {
    this.#rest(one.zone, now)
    if (one.isTold) one.due = now + this.#everyMs * (0.9 + jitter / 5)
    else if (isSettled || --one.looksLeft <= 0) this.#names.delete(one.zone.key)
    else one.due = now + limits.SAME_NAME_GAP_MS
  }

  #rest({ key }: Name, now: number): void {
    this.#resting.delete(key)
    this.#resting.set(key, now + limits.SAME_NAME_GAP_MS)
    if (this.#resting.size > limits.MAX_RESTING) this.#resting.delete(this.#resting.keys().next().value!)
  }
}

/** Addresses can be forged in UDP: this keeps an honest network from filling the places, not a liar. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address.split('.').slice(0, 3).join('.')
  return (address.split('::')[0] ?? '').split(':').slice(0, 3).join(':')
}
