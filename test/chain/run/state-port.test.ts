import { setImmediate as settle } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/chain/limits.ts'
import { statePort } from '../../../src/chain/run/state-port.ts'
import { virtualClock } from '../../../src/sim/index.ts'

/** Prunes at once; `pruned` is the height that versions are kept from. */
function world() {
  const clock = virtualClock({ settle })
  const one = { clock, pruned: 0 }
  const state = {
    begin: () => Promise.reject(new Error('nothing is fetched here')),
    take: () => Promise.reject(new Error('nothing is fetched here')),
    abandon: async () => {},
    async pruneSome(below: number) {
      one.pruned = below
      return false
    },
  }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const fetchPiece = () => Promise.reject(new Error('nothing is fetched here'))
  const port = statePort({ call: async () => undefined, state, clock, log, fetchPiece }, new AbortController().signal)
  return Object.assign(one, { port })
}

describe('a version of which pieces are sent', () => {
  it('is removed like all others where nobody asks', async () => {
    const one = world()
    one.port.prune(40)
    await settle()
    expect(one.pruned).toBe(40)
  })

  it('is kept while somebody asks, and for a minute after that', async () => {
    const one = world()
    one.port.hold(100)
    for (let below = 90; below < 200; below++) one.port.prune(below)
    await settle()
    expect(one.pruned).toBe(100)
    await one.clock.advanceAsync(limits.HELD_VERSION_MS - 1)
    one.port.hold(100)
    await one.clock.advanceAsync(limits.HELD_VERSION_MS - 1)
    one.port.prune(300)
    await settle()
    expect(one.pruned).toBe(100)
    await one.clock.advanceAsync(2)
    one.port.prune(301)
    await settle()
    expect(one.pruned).toBe(301)
  })

  it('holds no more than a bounded number of others', async () => {
    const one = world()
    one.port.hold(100)
    one.port.prune(100 + limits.MAX_HELD_VERSIONS)
    await settle()
    expect(one.pruned).toBe(100)
    one.port.prune(150 + limits.MAX_HELD_VERSIONS)
    await settle()
    expect(one.pruned).toBe(150)
  })
})
