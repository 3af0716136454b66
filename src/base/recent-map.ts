/**
 * A map of bounded size, from which goes what was used least recently. It takes room for what is in it and no more: one that sets aside all
 * its places when it is made took half of the time of tests that make many nodes, and megabytes of each node that is idle.
 */
export class RecentMap<K, V extends NonNullable<unknown>> {
  readonly #max: number
  readonly #entries = new Map<K, Entry<K, V>>()
  /**
   * Both ends of the list in the order of use. A `Map` could hold that order itself, if each look took its entry out and put it back; but
   * each such pair leaves a hole, and a full table is made anew: garbage that lives long enough to reach the old generation.
   */
  #oldest: Entry<K, V> | undefined
  #newest: Entry<K, V> | undefined

  constructor({ max }: { readonly max: number }) {
    if (!Number.isInteger(max) || max < 1)
      throw new RangeError(`a map must have room for one entry at least, not ${max}`)
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** It is used. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#use(entry)
    return entry.value
  }

  /** As `get`, without using it. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)?.value
  }

  /** Without using it. */
  has(key: K): boolean {
    return this.#entries.has(key)
  }

  set(key: K, value: V): void {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      known.value = value
      this.#use(known)
      return
    }
    const entry: Entry<K, V> = { key, value, older: undefined, newer: undefined }
    this.#entries.set(key, entry)
    this.#append(entry)
    if (this.#entries.size > this.#max && this.#oldest !== undefined) this.delete(this.#oldest.key)
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#entries.delete(key)
    this.#takeOut(entry)
    return true
  }

  clear(): void {
    this.#entries.clear()
    this.#oldest = undefined
    this.#newest = undefined
  }

  /** As they are now, the least recently used first. */
  keys(): K[] {
    return this.entries().map(([key]) => key)
  }

  /** As they are now, the least recently used first. */
  entries(): [K, V][] {
    const all: [K, V][] = []
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) all.push([entry.key, entry.value])
    return all
  }

  #use(entry: Entry<K, V>): void {
    if (entry === this.#newest) return
    this.#takeOut(entry)
    this.#append(entry)
  }

  #append(entry: Entry<K, V>): void {
    entry.older = this.#newest
    if (this.#newest === undefined) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  /** Its own links are cleared: one that is gone must not keep its neighbours alive. */
  #takeOut(entry: Entry<K, V>): void {
    const { older, newer } = entry
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    entry.older = undefined
    entry.newer = undefined
  }
}

interface Entry<K, V> {
  readonly key: K
  value: V
  older: Entry<K, V> | undefined
  newer: Entry<K, V> | undefined
}
