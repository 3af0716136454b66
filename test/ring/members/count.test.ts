import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/ring/limits.ts'
import { MembershipCount } from '../../../src/ring/members/count.ts'

const HOUR = 3_600_000

describe('the largest member count', () => {
  it('stays for 24 hours after a crash, and then falls', () => {
    const count = new MembershipCount(0)
    count.observe(5, 1_000)
    count.observe(3, 2_000)
    expect(count.largest).toBe(5)
    count.expire(2_000 + 24 * HOUR - 1)
    expect(count.largest).toBe(5)
    count.expire(2_000 + 24 * HOUR)
    expect(count.largest).toBe(3)
  })

  it('falls at once when a member that was counted says that it leaves', () => {
    const count = new MembershipCount(0)
    count.observe(5, 1_000)
    count.left(1_000)
    count.observe(4, 2_000)
    expect(count.largest).toBe(4)
  })

  it('does not fall by joining and leaving again: who was not counted then takes no seat away', () => {
    const count = new MembershipCount(0)
    count.observe(7, 1_000)
    count.observe(5, 2_000)
    for (let i = 0; i < 20; i++) {
      const joined = 10_000 + i * 1_000
      count.observe(6, joined)
      count.left(joined)
      count.observe(5, joined + 500)
    }
    expect(count.largest).toBe(7)
  })

  it('takes what was persisted as seen now', () => {
    const count = new MembershipCount(0, 7)
    count.observe(1, 10)
    expect(count.largest).toBe(7)
    count.expire(10 + 24 * HOUR)
    expect(count.largest).toBe(1)
  })

  it('is the maximum over the window, and errs upwards only when there was too much to remember', () => {
    const changes = fc.array(
      fc.record({ count: fc.integer({ min: 1, max: 50 }), gap: fc.integer({ min: 1, max: HOUR }) }),
      { minLength: 1, maxLength: 60 },
    )
    fc.assert(
      fc.property(changes, (list) => {
        const count = new MembershipCount(0)
        const seen = [{ at: 0, count: 1 }]
        let now = 0
        for (const change of list) {
          now += change.gap
          count.observe(change.count, now)
          seen.push({ at: now, count: change.count })
          const held = seen.filter((_, i) => i === seen.length - 1 || seen[i + 1]!.at > now - limits.COUNT_WINDOW_MS)
          expect(count.largest).toBe(Math.max(...held.map((one) => one.count)))
        }
      }),
    )
    const much = new MembershipCount(0)
    for (let i = 0; i < 10 * limits.MAX_COUNTS; i++) much.observe(2 + (i % 2), i)
    expect(much.largest).toBe(3)
    much.expire(10 * limits.MAX_COUNTS + 24 * HOUR)
    expect(much.largest).toBe(3)
  })
})
