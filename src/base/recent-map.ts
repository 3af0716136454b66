/**
 * A map of bounded size, from which goes what was used least recently. It takes room for what is in it and no more: one that sets aside all
 * its places when it is made took half of the time of tests that make many nodes, and megabytes of each node that is idle.
 */
export class RecentMap<K, V extends NonNullable<unknown>> {
  readonly #max: number
  /** The least recently used is first. */
  readonly #entries = new Map<K, V>()

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
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** As `get`, without using it. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** Without using it. */
  has(key: K): boolean {
    return this.#entries.has(key)
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value as K)
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** The least recently used first. */
  keys(): MapIterator<K> {
    return this.#entries.keys()
  }

  /** The least recently used first. */
  entries(): MapIterator<[K, V]> {
    return this.#entries.entries()
  }
}
