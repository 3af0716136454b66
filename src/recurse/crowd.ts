/** How many questions wait for each zone. */
import type { Name } from '../dns/index.ts'
import type { RecurseLimits } from './limits.ts'

export class Crowd {
  readonly #limits: Pick<RecurseLimits, 'WAITING_PER_ZONE' | 'WAITING_PER_TOP_ZONE'>
  /** Only zones that somebody waits for: no larger than what is in flight. */
  readonly #waiting = new Map<string, number>()

  constructor(limits: Pick<RecurseLimits, 'WAITING_PER_ZONE' | 'WAITING_PER_TOP_ZONE'>) {
    this.#limits = limits
  }

  /** False when the zone has its share already; otherwise `leave` must follow. */
  enter(zone: Name): boolean {
    const waiting = this.#waiting.get(zone.key) ?? 0
    const most = zone.labels <= 1 ? this.#limits.WAITING_PER_TOP_ZONE : this.#limits.WAITING_PER_ZONE
    if (waiting >= most) return false
    this.#waiting.set(zone.key, waiting + 1)
    return true
  }

  leave(zone: Name): void {
    const waiting = (this.#waiting.get(zone.key) ?? 0) - 1
    if (waiting > 0) this.#waiting.set(zone.key, waiting)
    else this.#waiting.delete(zone.key)
  }

  /** Zones that somebody waits for. */
  get size(): number {
    return this.#waiting.size
  }
}
