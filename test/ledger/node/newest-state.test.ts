import { setImmediate as settle } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { newestStates } from '../../../src/ledger/node/newest-state.ts'
import { virtualClock } from '../../../src/sim/index.ts'

/** A chain that has decided `decided`, and has written the states of some heights. */
function world(decided: number, written: number, oldest = 1) {
  const clock = virtualClock({ settle })
  const one = { clock, written }
  const state = {
    status: async () => ({
      head: { height: one.written, root: new Uint8Array(32), size: 1 },
      oldest,
      assembling: undefined,
    }),
    async prove(height: number) {
      if (height > one.written || height < oldest) throw new ChordnsError('CHAIN_STATE_GONE', 'not kept', { height })
      return { values: [Uint8Array.of(height)], proof: new Uint8Array() }
    },
  }
  return Object.assign(one, { state, states: newestStates({ state, clock, height: () => decided }) })
}

describe('the newest state of a chain', () => {
  it('is waited for while it is decided and not written', async () => {
    const one = world(8, 7)
    const proof = one.states.prove(8, [])
    one.clock.after(120, () => {
      one.written = 8
    })
    expect((await one.clock.run(proof))?.values).toEqual([Uint8Array.of(8)])
    expect(one.clock.monotonic()).toBe(150)
  })

  it('is found where it is written just after it was asked for', async () => {
    const one = world(8, 7)
    const { prove } = one.state
    one.state.prove = async (height) => {
      one.state.prove = prove
      try {
        return await prove(height)
      } finally {
        one.written = 8
      }
    }
    expect((await one.states.prove(8, []))?.values).toEqual([Uint8Array.of(8)])
  })

  it('is not waited for for ever', async () => {
    const one = world(8, 7)
    expect(await one.clock.run(one.states.prove(8, []))).toBeUndefined()
    expect(one.clock.monotonic()).toBe(1_000)
  })

  it('is there at once where it is, and is said not to be there where it never comes', async () => {
    const { states } = world(8, 8, 5)
    expect((await states.prove(7, []))?.values).toEqual([Uint8Array.of(7)])
    expect(await states.prove(4, [])).toBeUndefined()
    expect(await states.prove(9, [])).toBeUndefined()
  })
})
