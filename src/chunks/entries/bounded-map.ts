/** A map of values held in memory that is bounded in bytes. */

interface Slot<T> {
  readonly value: T
  readonly expires: number
  readonly bytes: number
}

/** Least recently used goes first when `maxBytes` are full; what has expired is not given out. */
export class BoundedMap<T> {
  readonly #slots = new Map<string, Slot<T>>()
  readonly #maxBytes: number
  readonly #onDrop: (key: string, value: T) => void
  #bytes = 0

  constructor(maxBytes: number, onDrop: (key: string, value: T) => void = () => {}) {
    this.#maxBytes = maxBytes
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#slots.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string, now: number): T | undefined {
    const kept = this.#slots.get(key)
    if (kept === undefined) return undefined
    if (kept.expires <= now) {
      this.delete(key)
      return undefined
    }
    this.#slots.delete(key)
    this.#slots.set(key, kept)
    return kept.value
  }

  /** As `get`, without counting as a use. */
  peek(key: string, now: number): T | undefined {
    const kept = this.#slots.get(key)
    return kept !== undefined && kept.expires > now ? kept.value : undefined
  }

  /** False when the value alone is larger than the whole. */
  set(key: string, value: T, bytes: number, expires: number): boolean {
    this.delete(key)
    if (bytes > this.#maxBytes) return false
    this.#slots.set(key, { value, bytes, expires })
    this.#bytes += bytes
    for (const oldest of this.#slots.keys()) {
      if (this.#bytes <= this.#maxBytes) break
      this.delete(oldest)
    }
    return true
  }

  /** Another value of the same size for a key that is there; no use either: it goes when the one before it would have gone. */
  replace(key: string, value: T): void {
    const kept = this.#slots.get(key)
    if (kept !== undefined) this.#slots.set(key, { ...kept, value })
  }

  /** Unexpired values. */
  values(now: number): T[] {
    return [...this.#slots.values()].filter(({ expires }) => expires > now).map(({ value }) => value)
  }

  delete(key: string): void {
    const kept = this.#slots.get(key)
    if (kept === undefined) return
    this.#slots.delete(key)
    this.#bytes -= kept.bytes
    this.#onDrop(key, kept.value)
  }

  /** Drops what has expired. */
  sweep(now: number): void {
    for (const [key, kept] of this.#slots) if (kept.expires <= now) this.delete(key)
  }
}
