/** The changes that this box has seen, with what was there before: for people who want to see who did what, and to take it back. Pure. */
import { compareChanges, idOf, type SignedChange } from './change.ts'
import { limits } from './limits.ts'

export interface Seen {
  readonly id: string
  readonly change: SignedChange
  /** What the key had. */
  readonly before: string | null
}

/** Bounded: the oldest give way. */
export class History {
  /** In their order. */
  readonly #seen: Seen[] = []

  /** Returns what gave way. */
  add(change: SignedChange, before: string | null): readonly Seen[] {
    const seen = { id: idOf(change), change, before }
    let at = this.#seen.length
    while (at > 0 && compareChanges(this.#seen[at - 1]!.change, change) > 0) at--
    if (this.#seen[at - 1]?.id === seen.id) return []
    this.#seen.splice(at, 0, seen)
    return this.#seen.splice(0, Math.max(0, this.#seen.length - limits.MAX_HISTORY))
  }

  find(id: string): Seen | undefined {
    return this.#seen.find((one) => one.id === id)
  }

  newestFirst(): Seen[] {
    return this.#seen.toReversed()
  }
}
