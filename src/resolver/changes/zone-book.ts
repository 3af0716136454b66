/** Of the zones whose serial passed by: the newest one, and when something may be done again because of it. */
import type { Name } from '../../dns/index.ts'

export interface ZoneState {
  readonly zone: Name
  /** Undefined: none has passed by. */
  serial: number | undefined
  /** Monotonic ms: no query for the serial, and no new fetch because of a serial that passed by, before. */
  nextLook: number
  nextPass: number
  /** Ms between two of the latter: longer while they are of no use. */
  gapMs: number
  /** Queries for the serial that are left because of the last NOTIFY. */
  looksLeft: number
  /** A look is in work, or waits for its time. */
  isLooking: boolean
  /** Its records are being fetched anew. */
  isRefreshing: boolean
}

export class ZoneBook {
  readonly #zones = new Map<string, ZoneState>()
  readonly #most: number
  readonly #gapMs: number

  constructor(most: number, gapMs: number) {
    this.#most = most
    this.#gapMs = gapMs
  }

  get size(): number {
    return this.#zones.size
  }

  /** The one that was used longest ago gives way, unless something is in work for it. */
  of(zone: Name): ZoneState {
    const known = this.#zones.get(zone.key)
    this.#zones.delete(zone.key)
    const state = known ?? fresh(zone, this.#gapMs)
    this.#zones.set(zone.key, state)
    if (this.#zones.size > this.#most)
      for (const [key, { isLooking, isRefreshing }] of this.#zones) {
        if (isLooking || isRefreshing) continue
        this.#zones.delete(key)
        break
      }
    return state
  }
}

function fresh(zone: Name, gapMs: number): ZoneState {
  return {
    zone,
    serial: undefined,
    nextLook: Number.NEGATIVE_INFINITY,
    nextPass: Number.NEGATIVE_INFINITY,
    gapMs,
    looksLeft: 0,
    isLooking: false,
    isRefreshing: false,
  }
}
