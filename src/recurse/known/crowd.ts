/** How many questions wait for each zone. */
import type { Name } from '../../dns/index.ts'

/** How many questions may wait for one zone. */
export interface CrowdLimits {
  readonly perZone: number
  /** The root and top-level zones. */
  readonly perTopZone: number
}

export class Crowd {
  readonly #limits: CrowdLimits
  /** Only zones that somebody waits for: no larger than what is in flight. */
  readonly #waiting = new Map<string, number>()

  constructor(limits: CrowdLimits) {
    this.#limits = limits
  }

  /** False when the zone has its share already; otherwise `leave` must follow. */
  enter(zone: Name): boolean {
    const waiting = this.#waiting.get(zone.key) ?? 0
    const most = zone.labels <= 1 ? this.#limits.perTopZone : this.#limits.perZone
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
