/** Where a ring's memory has what. Apart from memory.ts, so that a node can look whether there is anything without loading a ring (docs/decisions/0184). */
import type { Store } from '../../base/index.ts'

/** Keys: the state, and the rows by id. */
export const STATE = Uint8Array.of(0)
export const ROWS = Uint8Array.of(1)
export const ROWS_END = Uint8Array.of(2)
export const VOTES = Uint8Array.of(3)
export const INVITATIONS = Uint8Array.of(4)

/** Whether there were ever others, or somebody is invited: what is there beside the state. Throws STORE_*. */
export function knowsOthers(store: Pick<Store, 'range'>): boolean {
  for (const _ of store.range(ROWS)) return true
  return false
}
