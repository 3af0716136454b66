/** Where the memory of settings has what. Apart from memory.ts, so that a node can look whether there is anything without loading this room (docs/decisions/0184). */
import type { Store } from '../base/index.ts'

/** First bytes of keys: the ring that all is of, the changes, the history in its order. */
export const RING = Uint8Array.of(0)
export const CHANGES = Uint8Array.of(1)
export const HISTORY = Uint8Array.of(2)
export const END = Uint8Array.of(3)

/** Whether anything was ever set. Throws STORE_*. */
export function hasSettings(store: Pick<Store, 'range'>): boolean {
  for (const _ of store.range(CHANGES, END)) return true
  return false
}
