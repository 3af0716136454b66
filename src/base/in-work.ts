/**
 * What is in work for a moment, in the order in which it came: a list and a map for thousands of things a second that come and go.
 *
 * Not a `Set` and a `Map`, for the collector's sake. V8 makes their tables anew every few changes; the old table keeps what was in it,
 * and points to the new one. Once such a table has come to the old generation, dead or not, all later ones and whatever they held
 * count as alive until the next full collection: every question with its promises, messages and sockets was copied to the old generation,
 * which was then collected all the time. Here, what is taken out is let go of at once.
 */

/** Where an item stands in its list. Only the list reads and writes it. */
export interface ListPlace<T extends Listed<T>> {
  /** The list that it is in. */
  readonly list: object
  older: T | undefined
  newer: T | undefined
}

export interface Listed<T extends Listed<T>> {
  /** Undefined while it is in no list. */
  place: ListPlace<T> | undefined
}

/** An item is in one list at most. */
export class WorkList<T extends Listed<T>> {
  #first: T | undefined
  #last: T | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The oldest one. */
  get first(): T | undefined {
    return this.#first
  }

  has(item: T): boolean {
    return item.place?.list === this
  }

  /** As the last one. Throws a RangeError when it is in a list already: a caller's error. */
  add(item: T): void {
    if (item.place !== undefined) throw new RangeError('it is in a list already')
    const older = this.#last
    item.place = { list: this, older, newer: undefined }
    if (older?.place === undefined) this.#first = item
    else older.place.newer = item
    this.#last = item
    this.#size++
  }

  /** False when it is not in this list. */
  delete(item: T): boolean {
    const { place } = item
    if (place === undefined || !this.has(item)) return false
    const { older, newer } = place
    if (older?.place === undefined) this.#first = newer
    else older.place.newer = newer
    if (newer?.place === undefined) this.#last = older
    else newer.place.older = older
    item.place = undefined
    place.older = undefined
    place.newer = undefined
    this.#size--
    return true
  }

  /** As they are now, the oldest first. */
  all(): T[] {
    const all: T[] = []
    for (let item = this.#first; item !== undefined; item = item.place?.newer) all.push(item)
    return all
  }
}

export class WorkMap<K, V extends NonNullable<unknown>> {
  readonly #boxes = new Map<K, { value: V | undefined }>()

  get size(): number {
    return this.#boxes.size
  }

  get(key: K): V | undefined {
    return this.#boxes.get(key)?.value
  }

  has(key: K): boolean {
    return this.#boxes.has(key)
  }

  set(key: K, value: V): void {
    const box = this.#boxes.get(key)
    if (box === undefined) this.#boxes.set(key, { value })
    else box.value = value
  }

  delete(key: K): boolean {
    const box = this.#boxes.get(key)
    if (box === undefined) return false
    // The tables that still know the box know nothing else.
    box.value = undefined
    return this.#boxes.delete(key)
  }

  /** The one that was set first. */
  first(): readonly [K, V] | undefined {
    const first = this.#boxes.entries().next().value
    return first?.[1].value === undefined ? undefined : [first[0], first[1].value]
  }
}
