/** What the two small tables share: keys that begin with a context, and dropping. */
import type { LRUCache } from 'lru-cache'

/** Between a context and the rest of a key: no context has it. */
export const SEPARATOR = '\0\0'

/** Returns how many were dropped. */
export function dropWhere<V extends object>(entries: LRUCache<string, V>, matches: (entry: V) => boolean): number {
  const keys = [...entries.entries()].filter(([, entry]) => matches(entry)).map(([key]) => key)
  for (const key of keys) entries.delete(key)
  return keys.length
}

/** Returns how many were dropped. */
export function clear<V extends object>(entries: LRUCache<string, V>): number {
  const dropped = entries.size
  entries.clear()
  return dropped
}
