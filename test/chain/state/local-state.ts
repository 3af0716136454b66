/** A state in this thread, in memory. */
import type { Store } from '../../../src/base/index.ts'
import { type RemoteState, remoteState, type StateMethod, stateMethods } from '../../../src/chain/state/methods.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'

export function localState(store: Store): RemoteState {
  const methods = stateMethods(store)
  return remoteState(async (name, given) => {
    const method = methods[name as StateMethod] as (...list: readonly unknown[]) => unknown
    // As over a thread: nothing is shared.
    return structuredClone(method(...structuredClone(given)))
  })
}

export function memoryState(maxBytes?: number): RemoteState {
  return localState(createMemoryDisk({ random: seededRandom(1), ...(maxBytes !== undefined && { maxBytes }) }).open())
}
