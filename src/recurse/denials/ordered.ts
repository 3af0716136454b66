/** Values by a string key, kept in the order of the keys, so that the record that spans a name is found. */

export class Ordered<T> {
  /** Sorted. The values in `#values` stand at the same indices. */
  readonly #keys: string[] = []
  readonly #values: T[] = []
  /** Keys as they came, the oldest first. */
  readonly #age = new Set<string>()

  get size(): number {
    return this.#keys.length
  }

  get(key: string): T | undefined {
    const index = this.#floor(key)
    return index >= 0 && this.#keys[index] === key ? this.#values[index] : undefined
  }

  /** The value of the greatest key that is not above `key`. */
  floor(key: string): T | undefined {
    return this.#values[this.#floor(key)]
  }

  last(): T | undefined {
    return this.#values.at(-1)
  }

  set(key: string, value: T): void {
    const index = this.#floor(key)
    this.#age.delete(key)
    this.#age.add(key)
    if (index >= 0 && this.#keys[index] === key) {
      this.#values[index] = value
      return
    }
    this.#keys.splice(index + 1, 0, key)
    this.#values.splice(index + 1, 0, value)
  }

  delete(key: string): boolean {
    const index = this.#floor(key)
    if (index < 0 || this.#keys[index] !== key) return false
    this.#age.delete(key)
    this.#keys.splice(index, 1)
    this.#values.splice(index, 1)
    return true
  }

  /** Drops what was set longest ago. */
  deleteOldest(): void {
    for (const key of this.#age) {
      this.delete(key)
      return
    }
  }

  clear(): void {
    this.#keys.length = 0
    this.#values.length = 0
    this.#age.clear()
  }

  #floor(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#keys[middle]! <= key) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
