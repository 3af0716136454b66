import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { Detector } from '../../../src/ring/members/detector.ts'

const id = 'a'.repeat(64) as RingId
const LONGEST = 2_000
const NOW = 1_700_000_000_000

describe('the failure detector', () => {
  it('suspects after two failures in a row, and trusts again after one answer', () => {
    const detector = new Detector()
    expect(detector.failed(id, 0)).toBe(false)
    detector.answered(id, NOW, 10)
    expect(detector.failed(id, 1)).toBe(false)
    expect(detector.isSuspect(id)).toBe(false)
    expect(detector.failed(id, 2)).toBe(true)
    expect(detector.suspects()).toEqual([id])
    expect(detector.failed(id, 3)).toBe(false)
    expect(detector.answered(id, NOW)).toBe(true)
    expect(detector.isSuspect(id)).toBe(false)
  })

  it('measures silence from the first failure, for suspects only', () => {
    const detector = new Detector()
    detector.failed(id, 100)
    expect(detector.silentFor(id, 5_000)).toBe(0)
    detector.failed(id, 200)
    expect(detector.silentFor(id, 5_000)).toBe(4_900)
    // It still speaks to us: no reason to accuse it, though we cannot reach it.
    detector.heard(id, 5_000)
    expect(detector.silentFor(id, 5_500)).toBe(500)
    expect(detector.isSuspect(id)).toBe(true)
    detector.answered(id, NOW)
    expect(detector.silentFor(id, 9_000)).toBe(0)
  })

  it('waits long for a stranger, shortly for a near one, longer for a far one, and never for ever', () => {
    const detector = new Detector()
    expect(detector.timeout(id, LONGEST)).toBe(LONGEST)
    for (let i = 0; i < 20; i++) detector.answered(id, NOW, 1)
    expect(detector.timeout(id, LONGEST)).toBe(limits.MIN_TIMEOUT_MS)
    for (let i = 0; i < 60; i++) detector.answered(id, NOW, 400)
    expect(detector.timeout(id, LONGEST)).toBeGreaterThan(400)
    expect(detector.timeout(id, LONGEST)).toBeLessThan(LONGEST)
    for (let i = 0; i < 60; i++) detector.answered(id, NOW, 60_000)
    expect(detector.timeout(id, LONGEST)).toBe(LONGEST)
  })

  it('waits longer after a failure: a path that became slower is not a dead one', () => {
    const detector = new Detector()
    for (let i = 0; i < 60; i++) detector.answered(id, NOW, 300)
    const before = detector.timeout(id, LONGEST)
    detector.failed(id, 0)
    expect(detector.timeout(id, LONGEST)).toBeGreaterThanOrEqual(2 * before - 1)
  })

  it('says who has answered lately, and not who has failed since', () => {
    const detector = new Detector()
    expect(detector.hasAnswered(id, 6_000, NOW)).toBe(false)
    detector.answered(id, NOW)
    expect(detector.hasAnswered(id, 6_000, NOW + 5_999)).toBe(true)
    expect(detector.hasAnswered(id, 6_000, NOW + 6_000)).toBe(false)
    // The clock was set back.
    expect(detector.hasAnswered(id, 6_000, NOW - 1)).toBe(false)
    detector.failed(id, NOW + 1)
    expect(detector.hasAnswered(id, 6_000, NOW + 1)).toBe(false)
  })

  it('believes for a while that a member is there which asks, as long as it has answered before', () => {
    const detector = new Detector()
    detector.heard(id, NOW)
    expect(detector.isThere(id, 6_000, NOW)).toBe(false)
    detector.answered(id, NOW)
    detector.heard(id, NOW + 5_000)
    expect(detector.isThere(id, 6_000, NOW + 10_999)).toBe(true)
    expect(detector.isThere(id, 6_000, NOW + 11_000)).toBe(false)
    // The clock was set back.
    expect(detector.isThere(id, 6_000, NOW - 1)).toBe(false)
    detector.failed(id, NOW + 10_000)
    expect(detector.isThere(id, 6_000, NOW + 10_000)).toBe(false)
    detector.answered(id, NOW + 10_000)
    const later = NOW + 10_000 + limits.HEARD_PERIODS * 6_000
    detector.heard(id, later)
    expect(detector.isThere(id, 6_000, later - 1)).toBe(false)
    expect(detector.isThere(id, 6_000, later)).toBe(false)
  })

  it('forgets', () => {
    const detector = new Detector()
    detector.failed(id, 0)
    detector.failed(id, 0)
    detector.forget(id)
    expect(detector.suspects()).toEqual([])
    expect(detector.timeout(id, LONGEST)).toBe(LONGEST)
  })
})
