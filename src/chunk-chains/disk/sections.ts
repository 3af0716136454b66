/** What stands where in the chains' part of the store. A prefix is never given to anything else: old files may have it. */
import { type Store, scopedStore } from '../../base/index.ts'

export interface DataSections {
  readonly book: Store
  readonly recorded: Store
  readonly seals: Store
  readonly blocks: Store
}

export function dataSections(store: Store): DataSections {
  const part = (prefix: number) => scopedStore(store, Uint8Array.of(prefix))
  return { book: part(1), recorded: part(2), seals: part(3), blocks: part(4) }
}
