/** What the two small tables share: keys that begin with a context, and dropping. */
import type { RecentMap } from '../base/index.ts'
import { isSubdomain, type Name, sameName } from '../dns/index.ts'
import type { Reach } from './types.ts'

/** Between a context and the rest of a key: no context has it. */
export const SEPARATOR = '\0\0'

/** Whether an operator who names `wanted` means `name`, too. */
export function reaches(name: Name, wanted: Name, reach: Reach): boolean {
  return reach === 'below' ? isSubdomain(name, wanted) : sameName(name, wanted)
}

/** Returns how many were dropped. */
export function dropWhere<V extends object>(entries: RecentMap<string, V>, matches: (entry: V) => boolean): number {
  const keys = [...entries.entries()].filter(([, entry]) => matches(entry)).map(([key]) => key)
  for (const key of keys) entries.delete(key)
  return keys.length
}

/** Returns how many were dropped. */
export function clear<V extends object>(entries: RecentMap<string, V>): number {
  const dropped = entries.size
  entries.clear()
  return dropped
}
