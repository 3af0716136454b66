/**
 * What holds of each key: of all changes that were seen of it the last one, and of all keys the MAX_CHANGES that were changed last. Both
 * are unions, so that boxes that heard of the same changes have the same document, in whatever order, however often, and by whatever way they came. Pure.
 */
import { compareChanges, type SignedChange } from './change.ts'
import { limits } from './limits.ts'
import { DocumentParts, partOf } from './parts.ts'

export interface Taken {
  readonly change: SignedChange
  /** What held before. */
  readonly before: SignedChange | undefined
}

export interface TakenAll {
  readonly taken: readonly Taken[]
  /** The oldest, which gave way. */
  readonly dropped: readonly SignedChange[]
}

export class SettingsDocument {
  readonly #changes = new Map<string, SignedChange>()
  readonly #parts = new DocumentParts()
  readonly #most: number
  #live = 0
  #greatest = 0

  constructor(most: number = limits.MAX_CHANGES) {
    this.#most = most
  }

  /** Keys that have a value. */
  get live(): number {
    return this.#live
  }

  /** Of all keys, those that are gone included. */
  get size(): number {
    return this.#changes.size
  }

  /** The highest counter that was ever seen. */
  get greatest(): number {
    return this.#greatest
  }

  get(key: string): SignedChange | undefined {
    return this.#changes.get(key)
  }

  all(): IterableIterator<SignedChange> {
    return this.#changes.values()
  }

  root(): Uint8Array {
    return this.#parts.root()
  }

  parts(): Uint8Array {
    return this.#parts.bytes()
  }

  /** The changes of these parts. */
  inParts(parts: ReadonlySet<number>): SignedChange[] {
    return [...this.#changes.values()].filter(({ key }) => parts.has(partOf(key)))
  }

  /** Whether `take` would keep it. */
  isNews(change: SignedChange): boolean {
    const held = this.#changes.get(change.key)
    return held === undefined || compareChanges(change, held) > 0
  }

  takeAll(changes: Iterable<SignedChange>): TakenAll {
    const taken: Taken[] = []
    for (const change of changes) {
      const before = this.#changes.get(change.key)
      if (before !== undefined && compareChanges(change, before) <= 0) continue
      this.#put(change, before)
      taken.push({ change, before })
    }
    const dropped = this.#trim()
    const gone = new Set(dropped)
    return { taken: taken.filter(({ change }) => !gone.has(change)), dropped }
  }

  /**
   * The settings that would give way to so many new keys although keys that are gone could: whoever makes the new ones says these anew first, so
   * that they are older than none of those.
   */
  inTheWay(more: number): SignedChange[] {
    let surplus = this.#changes.size + more - this.#most
    if (surplus <= 0) return []
    const renewed: SignedChange[] = []
    for (const change of [...this.#changes.values()].sort(compareChanges)) {
      if (change.value !== null) renewed.push(change)
      else if (--surplus === 0) return renewed
    }
    return []
  }

  #put(change: SignedChange, before: SignedChange | undefined): void {
    if (before !== undefined) this.#remove(before)
    this.#changes.set(change.key, change)
    this.#parts.toggle(change)
    if (change.value !== null) this.#live++
    this.#greatest = Math.max(this.#greatest, change.counter)
  }

  #remove(change: SignedChange): void {
    this.#changes.delete(change.key)
    this.#parts.toggle(change)
    if (change.value !== null) this.#live--
  }

  #trim(): SignedChange[] {
    const surplus = this.#changes.size - this.#most
    if (surplus <= 0) return []
    const dropped = [...this.#changes.values()].sort(compareChanges).slice(0, surplus)
    for (const change of dropped) this.#remove(change)
    return dropped
  }
}
