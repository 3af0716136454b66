import { describe, expect, it } from 'vitest'
import { RATE_CUT, RATE_DROP, RATE_SEND, ReplyRate, rateMemory } from '../../../src/serve/access/rate.ts'

const limited = (perSecond: number, slip: number) => {
  const rate = new ReplyRate(rateMemory(7))
  rate.set({ perSecond, slip })
  return rate
}
const many = (rate: ReplyRate, count: number, now: number, client = 1) =>
  Array.from({ length: count }, () => rate.count(0, client, now))

describe('response rate limiting', () => {
  it('counts nothing while it is off', () => {
    expect(new Set(many(limited(0, 2), 1_000, 5))).toEqual(new Set([RATE_SEND]))
  })

  it('sends so many replies at once, and as many again in each second', () => {
    const rate = limited(10, 0)
    const sent = (now: number) => many(rate, 50, now).filter((verdict) => verdict === RATE_SEND).length
    expect([sent(5_000), sent(5_000), sent(5_100), sent(5_350), sent(9_000)]).toEqual([10, 0, 1, 2, 10])
  })

  it('lets each so-manieth reply above it go out cut', () => {
    const verdicts = many(limited(1, 3), 7, 5_000)
    expect(verdicts).toEqual([RATE_SEND, RATE_DROP, RATE_DROP, RATE_CUT, RATE_DROP, RATE_DROP, RATE_CUT])
    expect(many(limited(1, 1), 3, 5_000)).toEqual([RATE_SEND, RATE_CUT, RATE_CUT])
  })

  it('counts each client by itself', () => {
    const rate = limited(2, 0)
    many(rate, 50, 5_000, 1)
    expect(many(rate, 3, 5_000, 2)).toEqual([RATE_SEND, RATE_SEND, RATE_DROP])
    expect(rate.count(2, 0, 5_000)).toBe(RATE_SEND)
  })

  it('does not forget who asks much for a flood of addresses that ask once', () => {
    const rate = limited(100, 0)
    many(rate, 200, 5_000, 1)
    for (let i = 0; i < 20_000; i++) rate.count(0, 1_000 + i, 5_001)
    expect(many(rate, 20, 5_001, 1)).toEqual(new Array(20).fill(RATE_DROP))
  })

  it('is one for all threads that share its memory', () => {
    const memory = rateMemory(7)
    const [one, other] = [new ReplyRate(memory), new ReplyRate(memory)]
    one.set({ perSecond: 2, slip: 0 })
    expect(other.isOn).toBe(true)
    expect([one.count(0, 9, 5), other.count(0, 9, 5), one.count(0, 9, 5)]).toEqual([RATE_SEND, RATE_SEND, RATE_DROP])
  })
})
