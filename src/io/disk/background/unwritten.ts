/** Writes that are not on disk yet, as those see them who read: the newest of each key. */
import { concatBytes, latin1, type StoredBytes, type StoreWrite } from '../../../base/index.ts'

/** A write by its key; `value` undefined: the key is deleted. */
export interface Unwritten {
  readonly name: string
  readonly key: Uint8Array
  readonly value: StoredBytes | undefined
}

interface Newest extends Unwritten {
  /** The batch that brings it. */
  readonly batch: object
}

/** Keys as latin1 text compare as their bytes do. */
export class UnwrittenKeys {
  readonly #newest = new Map<string, Newest>()

  get size(): number {
    return this.#newest.size
  }

  /** Undefined: nothing is to be written there. */
  get(key: Uint8Array): Unwritten | undefined {
    return this.#newest.get(latin1(key))
  }

  add(batch: object, writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      const name = latin1(write.key)
      const value = write.kind === 'put' ? write.value : undefined
      this.#newest.set(name, { name, key: write.key, value, batch })
    }
  }

  /** The batch is on disk, or will never be. What newer batches bring to the same keys stays. */
  remove(batch: object, writes: readonly StoreWrite[]): void {
    for (const { key } of writes) {
      const name = latin1(key)
      if (this.#newest.get(name)?.batch === batch) this.#newest.delete(name)
    }
  }

  clear(): void {
    this.#newest.clear()
  }

  /** In the order of keys. */
  inside(from: Uint8Array, to: Uint8Array | undefined): Unwritten[] {
    if (this.#newest.size === 0) return []
    const first = latin1(from)
    const end = to && latin1(to)
    const found: Unwritten[] = []
    for (const one of this.#newest.values())
      if (one.name >= first && (end === undefined || one.name < end)) found.push(one)
    return found.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

/** A copy, in one piece. */
export function wholeValueOf({ value }: Pick<Unwritten, 'value'>): Uint8Array | undefined {
  return value instanceof Uint8Array ? value.slice() : value && concatBytes(...value)
}

/** What lies on the disk, with what is to be written over it. Both in the order of keys. */
export function* merged(
  onDisk: Iterable<readonly [Uint8Array, Uint8Array]>,
  unwritten: readonly Unwritten[],
): Generator<readonly [Uint8Array, Uint8Array]> {
  let next = 0
  for (const pair of onDisk) {
    const name = latin1(pair[0])
    for (; next < unwritten.length && unwritten[next]!.name < name; next++) yield* asPair(unwritten[next]!)
    if (unwritten[next]?.name === name) yield* asPair(unwritten[next++]!)
    else yield pair
  }
  for (; next < unwritten.length; next++) yield* asPair(unwritten[next]!)
}

function* asPair(one: Unwritten): Generator<readonly [Uint8Array, Uint8Array]> {
  const value = wholeValueOf(one)
  if (value !== undefined) yield [one.key.slice(), value]
}
