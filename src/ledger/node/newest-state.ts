/** Proofs of the newest state for those who follow: a block is decided a little before its state is written, and they ask at once. */
import { type Clock, isChordnsError, sleep } from '../../base/index.ts'
import type { RemoteState, StateProver } from '../../chain/index.ts'
import { limits } from '../limits.ts'

export interface NewestStateDeps {
  readonly state: Pick<RemoteState, 'prove' | 'status'>
  readonly clock: Clock
  /** The newest height that is decided. */
  readonly height: () => number
}

/** Undefined when the version is not kept any more, or was never decided here. */
export function newestStates({ state, clock, height: decided }: NewestStateDeps): StateProver {
  async function isComing(height: number): Promise<boolean> {
    if (height > decided()) return false
    const { head } = await state.status()
    return head === undefined || head.height < height
  }

  return {
    async prove(height, keys) {
      for (let waits = 0, isLast = false; ; waits++) {
        try {
          return await state.prove(height, keys)
        } catch (error) {
          if (!isChordnsError(error, 'CHAIN_STATE_GONE')) throw error
        }
        if (isLast || waits >= limits.STATE_WAITS) return undefined
        // What is not coming may have come since it was asked for.
        isLast = !(await isComing(height))
        if (!isLast) await sleep(clock, limits.STATE_WAIT_MS)
      }
    },
  }
}
