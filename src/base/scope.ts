/** One store for several rooms: each sees its own keys only. */
import { concatBytes } from './bytes.ts'
import type { Store } from './ports.ts'

/**
 * The part of `store` whose keys begin with `prefix`, as a store of its own. No two prefixes in use may be the beginning of
 * one another. Its `close` does nothing: the whole is closed by its owner.
 */
export function scopedStore(store: Store, prefix: Uint8Array): Store {
  const inside = (key: Uint8Array) => concatBytes(prefix, key)
  return {
    get: (key) => store.get(inside(key)),
    batch: (writes, options) =>
      store.batch(
        writes.map((write) => ({ ...write, key: inside(write.key) })),
        options,
      ),
    written: (done) => store.written(done),
    *range(from, to) {
      const end = to === undefined ? endOf(prefix) : inside(to)
      for (const [key, value] of store.range(inside(from), end)) yield [key.subarray(prefix.length), value] as const
    },
    close() {},
  }
}

/** Resolves once all that was written so far is on disk, or could not be written. */
export function settled(store: Pick<Store, 'written'>): Promise<void> {
  return new Promise((resolve) => store.written(() => resolve()))
}

/** The least key above all that begin with `prefix`; undefined when there is none. */
function endOf(prefix: Uint8Array): Uint8Array | undefined {
  for (let last = prefix.length - 1; last >= 0; last--) {
    if (prefix[last] === 0xff) continue
    const end = prefix.slice(0, last + 1)
    end[last]!++
    return end
  }
  return undefined
}
