/**
 * Where iteration begins when the parent zones cannot be reached: with a delegation that the ring has agreed on. What is found
 * that way never mixes with what this node fetched from the root down: it lies on the ring's side of the cache, and says so.
 */
import { RecentMap, type SteadyTime } from '../../base/index.ts'
import { type Delegation, dsTtlOf, lessDs, type Name, parentName } from '../../dns/index.ts'

export interface AgreedCut {
  /** Without what it says of DS, where that is over. */
  readonly delegation: Delegation
  readonly parent: Name
  readonly expires: number
  /** When what it says of DS ends. */
  readonly dsExpires: number
  /** True: a server of the parent has told it to this node, and an agreed delegation had led to that server. */
  readonly isFetched: boolean
}

/** All times that go in and come out are by the wall clock; inside, no step of it moves them. */
export class AgreedCutTable {
  readonly #cuts: RecentMap<string, AgreedCut>
  /** Zones whose servers were all silent, until when: not waited for again meanwhile. */
  readonly #blocked: RecentMap<string, number>
  readonly #steady: SteadyTime

  constructor(max: number, steady: SteadyTime) {
    this.#cuts = new RecentMap({ max })
    this.#blocked = new RecentMap({ max })
    this.#steady = steady
  }

  put(cut: Omit<AgreedCut, 'dsExpires'>, now: number): AgreedCut {
    const dsExpires = now + (dsTtlOf(cut.delegation) ?? Number.POSITIVE_INFINITY) * 1000
    const kept = { ...cut, dsExpires: Math.min(cut.expires, dsExpires) }
    this.#cuts.set(cut.delegation.zone.key, shifted(kept, this.#steady.shift))
    return kept
  }

  get(zone: Name, now: number): AgreedCut | undefined {
    const known = this.#cuts.get(zone.key)
    const cut = known && shifted(known, -this.#steady.shift)
    if (cut === undefined || cut.expires <= now) return undefined
    return cut.dsExpires > now ? cut : { ...cut, delegation: lessDs(cut.delegation) }
  }

  /** The deepest one at or above `name` with more labels than `above`. */
  enclosing(name: Name, above: number, now: number): AgreedCut | undefined {
    for (let zone = name; zone.labels > Math.max(0, above); zone = parentName(zone)) {
      const cut = this.get(zone, now)
      if (cut !== undefined) return cut
    }
    return undefined
  }

  block(zone: Name, until: number): void {
    this.#blocked.set(zone.key, until + this.#steady.shift)
  }

  isBlocked(zone: Name, now: number): boolean {
    return (this.#blocked.get(zone.key) ?? 0) > now + this.#steady.shift
  }
}

function shifted(cut: AgreedCut, ms: number): AgreedCut {
  return { ...cut, expires: cut.expires + ms, dsExpires: cut.dsExpires + ms }
}
