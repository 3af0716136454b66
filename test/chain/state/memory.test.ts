import { describe } from 'vitest'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { localState } from './local-state.ts'
import { stateCompliance } from './state.compliance.ts'

describe('a state in memory', () => {
  stateCompliance(() => {
    const fresh = (maxBytes?: number) =>
      createMemoryDisk({ random: seededRandom(1), ...(maxBytes !== undefined && { maxBytes }) })
    let disk = fresh()
    return {
      open: async () => localState(disk.open()),
      openSmall: async () => localState(fresh(100_000).open()),
      close: async () => disk.crash('process'),
      async forget() {
        disk = fresh()
      },
    }
  })
})
