import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { Nearness } from '../../../src/chunks/reads/nearness.ts'

const near = asPeerId('near')
const far = asPeerId('far')

describe('how far other members are', () => {
  it('goes by a smoothed round trip: one slow reply does not make a near peer far', () => {
    const nearness = new Nearness()
    for (let i = 0; i < 20; i++) nearness.heard(near, 10, i)
    nearness.heard(near, 90, 20)
    expect(nearness.distanceOf(near, 20)).toBe(20)
  })

  it('does not know a peer that was never heard, or not for long', () => {
    const nearness = new Nearness()
    expect(nearness.distanceOf(near, 0)).toBeUndefined()
    nearness.heard(near, 10, 0)
    expect(nearness.distanceOf(near, limits.NEAR_OLD_MS)).toBe(10)
    expect(nearness.distanceOf(near, limits.NEAR_OLD_MS + 1)).toBeUndefined()
  })

  it('says that a steady peer is late soon after its round trip, and never waits without end for one that is not', () => {
    const nearness = new Nearness()
    for (let i = 0; i < 100; i++) nearness.heard(near, 40, i)
    expect(nearness.lateAfter(near, 100)).toBeCloseTo(40 + limits.LATE_MIN_MS)
    for (let i = 0; i < 100; i++) nearness.heard(far, i % 2 === 0 ? 10 : 900, i)
    expect(nearness.lateAfter(far, 100)).toBeLessThanOrEqual(nearness.distanceOf(far, 100)! + limits.LATE_MAX_MS)
  })

  it('takes whom nobody waited for as farther than that, but never as nearer than it was', () => {
    const nearness = new Nearness()
    nearness.outlasted(far, 30, 0)
    expect(nearness.distanceOf(far, 0)).toBeGreaterThan(30)
    nearness.heard(far, 100, 0)
    expect(nearness.distanceOf(far, 0)).toBe(100)
    nearness.heard(near, 50, 0)
    nearness.outlasted(near, 30, 1)
    expect(nearness.distanceOf(near, 1)).toBe(50)
  })

  it('puts a peer back that often has not what its digest names, and takes it back when it has', () => {
    const nearness = new Nearness()
    nearness.heard(near, 10, 0)
    for (let i = 0; i < 9; i++) nearness.proved(near, false)
    expect(nearness.distanceOf(near, 0)).toBe(10 * (1 + limits.MAX_DISAPPOINTED))
    for (let i = 0; i < 3; i++) nearness.proved(near, true)
    expect(nearness.distanceOf(near, 0)).toBe(10)
  })

  it('remembers a bounded number of peers, those heard last', () => {
    const nearness = new Nearness()
    for (let i = 0; i <= limits.MAX_NEAR_PEERS; i++) nearness.heard(asPeerId(`peer-${i}`), 10, i)
    expect(nearness.distanceOf(asPeerId('peer-0'), 1)).toBeUndefined()
    expect(nearness.distanceOf(asPeerId('peer-1'), 1)).toBe(10)
  })
})
