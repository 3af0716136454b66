import { describe, expect, it } from 'vitest'
import { makePlan } from '../../sim/chain/plan.ts'
import { runWorld } from '../../sim/chain/world.ts'

describe('a simulated ledger with its state on disk', () => {
  it.each([
    ['goes on when the power fails while a state is opened', 5],
    ['applies again what the state had lost, though a snapshot has dropped older blocks', 17],
    ['counts votes of the set that stored blocks have changed, after a restart', 23],
  ])(
    '%s',
    (_, seed) => {
      expect(runWorld(makePlan(seed, { n: 4, ledger: true, onDisk: true })).failure).toBeUndefined()
    },
    60_000,
  )
})
