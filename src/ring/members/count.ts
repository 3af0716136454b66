/**
 * The largest member count of the last 24 hours. A crash or an eclipse must not make the majority of what is left: empty
 * seats stay in n for a day. Only a leave that its member signed lowers it at once, and only in the moments at which that
 * member was counted, so that joining and leaving again lowers nothing.
 */
import { limits } from '../limits.ts'

interface Count {
  /** Unix ms from which on this count held. */
  at: number
  count: number
}

export class MembershipCount {
  readonly #counts: Count[] = []
  #largest = 1

  /** `persisted`: the largest count that this node knew when it stopped; it counts as seen now. */
  constructor(now: number, persisted = 1) {
    this.#counts.push({ at: now, count: Math.max(1, persisted) })
    this.#recompute()
  }

  /** Call after each change of the table. */
  observe(count: number, now: number): void {
    const last = this.#counts.at(-1)
    if (last !== undefined && last.count === count && last.at > now - limits.COUNT_WINDOW_MS) return
    this.#counts.push({ at: now, count: Math.max(1, count) })
    this.#forget(now)
    if (this.#counts.length > limits.MAX_COUNTS) this.#coalesce()
    this.#recompute()
  }

  /** A member that was counted since `since` said `left`. */
  left(since: number): void {
    for (const entry of this.#counts) if (entry.at >= since) entry.count = Math.max(1, entry.count - 1)
    this.#recompute()
  }

  /** Forgets what is older than the window. */
  expire(now: number): void {
    this.#forget(now)
    this.#recompute()
  }

  get largest(): number {
    return this.#largest
  }

  /** A count holds until the next one: it is forgotten when the next is older than the window. */
  #forget(now: number): void {
    const horizon = now - limits.COUNT_WINDOW_MS
    let gone = 0
    while (gone + 1 < this.#counts.length && this.#counts[gone + 1]!.at <= horizon) gone += 1
    this.#counts.splice(0, gone)
  }

  /** Halves the memory: of two neighbours the greater count stays, from the earlier time on. Errs upwards only. */
  #coalesce(): void {
    const merged: Count[] = []
    for (let i = 0; i < this.#counts.length; i += 2) {
      const first = this.#counts[i]!
      const second = this.#counts[i + 1] ?? first
      merged.push({ at: first.at, count: Math.max(first.count, second.count) })
    }
    // The newest count must stay exact: it is what a later change is compared with.
    const newest = this.#counts.at(-1)!
    if (merged.at(-1)!.count !== newest.count) merged.push({ ...newest })
    this.#counts.splice(0, this.#counts.length, ...merged)
  }

  #recompute(): void {
    let largest = 1
    for (const { count } of this.#counts) if (count > largest) largest = count
    this.#largest = largest
  }
}
