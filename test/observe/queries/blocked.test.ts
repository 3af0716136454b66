/** Questions that lists have blocked since midnight. */
import { describe, expect, it } from 'vitest'
import { BlockedToday } from '../../../src/observe/index.ts'

const NOON = new Date(2026, 10, 30, 12).getTime()
const HOUR = 3_600_000

describe('what lists have blocked today', () => {
  it('is counted by list, and begins anew at midnight', () => {
    let now = NOON
    const blocked = new BlockedToday(() => now)
    for (const list of ['ads', 'ads', 'own rules']) blocked.heard(list)
    now += 11 * HOUR
    expect([blocked.of('ads'), blocked.of('own rules'), blocked.of('other')]).toEqual([2, 1, 0])
    now += 2 * HOUR
    expect(blocked.of('ads')).toBe(0)
    blocked.heard('ads')
    expect(blocked.of('ads')).toBe(1)
  })

  it('begins anew where the clock was set to another day', () => {
    let now = NOON
    const blocked = new BlockedToday(() => now)
    blocked.heard('ads')
    now -= 48 * HOUR
    expect(blocked.of('ads')).toBe(0)
  })

  it('holds so many lists and no more, whatever they are called', () => {
    const blocked = new BlockedToday(() => NOON)
    for (let i = 0; i < 1_000; i++) blocked.heard(`list-${i}`)
    expect([blocked.of('list-0'), blocked.of('list-255'), blocked.of('list-256')]).toEqual([1, 1, 0])
    blocked.heard('list-0')
    expect(blocked.of('list-0')).toBe(2)
  })
})
