import { describe, expect, it } from 'vitest'
import { Outage } from '../../../src/recurse/known/outage.ts'
import { limits } from '../../../src/recurse/limits.ts'

function scene() {
  const state = { now: 0, over: 0, moved: 0 }
  const outage = new Outage(limits, () => state.now, {
    onOver: () => state.over++,
    onMoved: () => state.moved++,
  })
  return { state, outage }
}

describe('an outage of our own network', () => {
  it('is over with the first reply after nobody answered for long', () => {
    const { state, outage } = scene()
    for (let i = 0; i < limits.OUTAGE_FAILURES; i++) outage.onFailure()
    state.now = limits.OUTAGE_MS
    outage.onReply()
    outage.onReply()
    expect([state.over, state.moved]).toEqual([1, 0])
    expect(outage.ended).toBe(1)
  })

  it('is not what one dead zone looks like: few failures, or a short time, or replies of others between', () => {
    const { state, outage } = scene()
    for (let i = 0; i < limits.OUTAGE_FAILURES * 4; i++) outage.onFailure()
    state.now = limits.OUTAGE_MS - 1
    outage.onReply()
    for (let i = 0; i < limits.OUTAGE_FAILURES - 1; i++) outage.onFailure()
    state.now += 10 * limits.OUTAGE_MS
    outage.onReply()
    for (let i = 0; i < 50; i++) {
      outage.onFailure()
      state.now += limits.OUTAGE_MS
      outage.onReply()
    }
    expect(state.over).toBe(0)
  })

  it('is over when the machine has other addresses', () => {
    const { state, outage } = scene()
    outage.onNetwork('192.0.2.1')
    outage.onNetwork('192.0.2.1')
    expect(state.over).toBe(0)
    outage.onNetwork('198.51.100.7')
    expect([state.over, state.moved, outage.moves]).toEqual([1, 1, 1])
  })
})
