/** The state in memory, for tests, simulations and small chains. */
import {
  emptyStateMap,
  type StateMap,
  stateDelete,
  stateEntries,
  stateGet,
  stateRoot,
  stateSet,
} from '../../chain/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { ledgerReader } from '../refusal.ts'
import type { LedgerState } from '../types.ts'

export class MemoryState implements LedgerState {
  readonly map: StateMap

  constructor(map: StateMap = emptyStateMap) {
    this.map = map
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return stateGet(this.map, key)
  }

  set(key: Uint8Array, value: Uint8Array): MemoryState {
    return new MemoryState(stateSet(this.map, key, value))
  }

  delete(key: Uint8Array): MemoryState {
    return new MemoryState(stateDelete(this.map, key))
  }

  root(): Uint8Array {
    return stateRoot(this.map)
  }
}

export function encodeMemoryState(state: MemoryState): Uint8Array {
  return encodeCanonical(stateEntries(state.map).map(({ key, value }) => [key, value]))
}

/** Undefined when the bytes are none of ours. */
export function decodeMemoryState(bytes: Uint8Array): MemoryState | undefined {
  const { readCbor, readList, readRow, readBytes } = ledgerReader
  try {
    let map = emptyStateMap
    for (const [key, value] of readList(
      readCbor(bytes, bytes.length, 'state'),
      limits.MAX_STATE_ENTRIES,
      'entries',
      (one) => {
        const [k, v] = readRow(one, 2, 'entry')
        return [readBytes(k, 1, bytes.length, 'key'), readBytes(v, 0, bytes.length, 'value')] as const
      },
    ))
      map = stateSet(map, key, value)
    return new MemoryState(map)
  } catch {
    // Forged bytes: none of ours.
    return undefined
  }
}
