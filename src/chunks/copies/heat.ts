/** How often the names are read of which this node is a replica, and what it marks because of it. */
import type { Clock, PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { nextLevel, type Popularity } from './levels.ts'
import type { NameHint } from './mark.ts'

/** Counts what happens, each of which counts for less the older it is. */
export class RecentCount {
  readonly #clock: Clock
  #count = 0
  #at: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#at = clock.monotonic()
  }

  add(count: number): void {
    this.#count = this.#now() + count
    this.#at = this.#clock.monotonic()
  }

  /** By the last half hour or so. */
  get perSecond(): number {
    return (1_000 * this.#now()) / limits.HEAT_MS
  }

  #now(): number {
    return this.#count * Math.exp((this.#at - this.#clock.monotonic()) / limits.HEAT_MS)
  }
}

export class Heat {
  readonly #clock: Clock
  readonly #tallies = new Map<NameHint, { readonly tally: RecentCount; readonly readers: Set<PeerId> }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** This node answered a read, or one that stands for several that a copy has served. */
  count(hint: NameHint, from: PeerId, reads: number): void {
    const warm = this.#tallies.get(hint) ?? { tally: new RecentCount(this.#clock), readers: new Set() }
    warm.tally.add(reads)
    if (warm.readers.size < limits.LEAST_READERS) warm.readers.add(from)
    this.#tallies.delete(hint)
    this.#tallies.set(hint, warm)
    if (this.#tallies.size > limits.MAX_WARM) this.#tallies.delete(this.#tallies.keys().next().value!)
  }

  /** Reads a second of this node. */
  rate(hint: NameHint): number {
    return this.#tallies.get(hint)?.tally.perSecond ?? 0
  }

  /** Members that have read it: no more are counted than make a name popular. */
  readers(hint: NameHint): number {
    return this.#tallies.get(hint)?.readers.size ?? 0
  }

  names(): NameHint[] {
    return [...this.#tallies.keys()]
  }
}

/** What this node marks a name with now; undefined: its mark will do. `isFirst`: the first replica that lives marks for all. */
export function wantedLevel(
  marked: { readonly level: number; readonly at: number } | undefined,
  popularity: Popularity,
  nowSeconds: number,
  isFirst: boolean,
): number | undefined {
  const before = marked?.level ?? 0
  const level = isFirst ? nextLevel(before, popularity) : 0
  if (level !== before) return level
  const isOld = marked !== undefined && nowSeconds - marked.at > limits.MARK_SECONDS / 2
  return isOld && level > 0 ? level : undefined
}
