import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { HedgeDelay } from '../../../src/chunks/reads/hedge.ts'
import { Demand, NO_DEMAND, pays } from '../../../src/chunks/rounds/machine/demand.ts'
import { Rates } from '../../../src/chunks/wire/rates.ts'
import { testClock } from '../../setup/clock.ts'

const peer = (i: number) => asPeerId(`peer${i}`)

describe('whether a round pays', () => {
  const worth = { admitAfter: 'auto', n: 7, ringSize: 1_000, fetched: 0, ttlSeconds: 700, absent: false } as const
  const demand = (members: number, asks: number, spanMs: number) => ({
    members,
    peers: new Set(Array.from({ length: members }, (_, i) => peer(i))),
    asks,
    spanMs,
    lastMs: 0,
  })

  it('auto: never for one member, however often it asks', () => {
    expect(pays(demand(1, 30, 1_000), worth)).toBe(false)
    expect(pays(NO_DEMAND, worth)).toBe(false)
  })

  it('auto: when it is to spare further members half as many fetches again as it costs', () => {
    // Two gaps of 50 s: 14 asks in 700 s, for 7 fetches.
    expect(pays(demand(3, 3, 100_000), worth)).toBe(true)
    // 10 asks.
    expect(pays(demand(3, 3, 140_000), worth)).toBe(false)
  })

  it('auto: what replicas have fetched for their own clients costs nothing again', () => {
    expect(pays(demand(2, 2, 100_000), { ...worth, fetched: 2 })).toBe(false)
    expect(pays(demand(2, 2, 100_000), { ...worth, fetched: 3 })).toBe(true)
  })

  it('auto: not where few members are left who could ask', () => {
    const small = { ...worth, n: 3, ringSize: 8, ttlSeconds: 300 }
    expect(pays(demand(3, 3, 3_000), { ...small, fetched: 2 })).toBe(true)
    expect(pays(demand(3, 3, 3_000), { ...small, fetched: 0 })).toBe(false)
    expect(pays(demand(7, 7, 3_000), { ...small, fetched: 2 })).toBe(false)
    // Its messages are not for nothing either.
    expect(pays(demand(8, 8, 3_000), { ...small, fetched: 3 })).toBe(false)
  })

  it('auto: two asks in one moment predict n, not thousands', () => {
    expect(pays(demand(2, 2, 0), worth)).toBe(false)
    expect(pays(demand(2, 2, 0), { ...worth, fetched: 3 })).toBe(true)
    expect(pays(demand(2, 2, 0), { ...worth, fetched: 2 })).toBe(false)
  })

  it('auto: a shorter TTL needs more demand', () => {
    expect(pays(demand(3, 3, 100_000), { ...worth, ttlSeconds: 60 })).toBe(false)
    expect(pays(demand(4, 4, 15_000), { ...worth, ttlSeconds: 60 })).toBe(true)
  })

  it('auto: goes by the TTL that it sees, else by the one that it saw, else by a supposed one', () => {
    const three = { ...demand(3, 3, 100_000), ttlSeconds: 540 }
    expect(pays(three, { ...worth, ttlSeconds: undefined })).toBe(true)
    expect(pays({ ...three, ttlSeconds: 520 }, { ...worth, ttlSeconds: undefined })).toBe(false)
    expect(pays(three, { ...worth, ttlSeconds: 520 })).toBe(false)
    // 900 s.
    expect(limits.SUPPOSED_TTL_SECONDS).toBe(900)
    expect(pays(demand(3, 3, 165_000), { ...worth, ttlSeconds: undefined })).toBe(true)
    expect(pays(demand(3, 3, 175_000), { ...worth, ttlSeconds: undefined })).toBe(false)
  })

  it('a number is that many distinct members', () => {
    expect(pays(demand(1, 9, 0), { ...worth, admitAfter: 1 })).toBe(true)
    expect(pays(demand(2, 9, 0), { ...worth, admitAfter: 3 })).toBe(false)
    expect(pays(demand(3, 3, 3_000_000), { ...worth, admitAfter: 3 })).toBe(true)
  })

  it('absence needs two members, unless the operator gave a number: then that is what counts', () => {
    expect(pays(demand(1, 9, 0), { ...worth, absent: true })).toBe(false)
    expect(pays(demand(1, 1, 0), { ...worth, admitAfter: 1, absent: true })).toBe(true)
    expect(pays(demand(2, 2, 0), { ...worth, admitAfter: 3, absent: true })).toBe(false)
  })
})

describe('asks', () => {
  it('counts distinct members, and one member once in a while', () => {
    const demand = new Demand()
    demand.count('a', peer(1), 0)
    demand.count('a', peer(1), 5_000)
    demand.count('a', peer(2), 6_000)
    expect(demand.of('a', 8_000)).toEqual({
      members: 2,
      peers: new Set([peer(1), peer(2)]),
      asks: 2,
      spanMs: 8_000,
      lastMs: 6_000,
    })
    demand.count('a', peer(1), 11_000)
    expect(demand.of('a', 11_000)).toMatchObject({ members: 2, asks: 3 })
    expect(demand.of('b', 11_000)).toEqual(NO_DEMAND)
  })

  it('forgets what is older than the window', () => {
    const demand = new Demand()
    demand.count('a', peer(1), 0)
    demand.count('a', peer(2), 1_000)
    expect(demand.of('a', limits.ASK_WINDOW_MS + 500)).toMatchObject({ members: 1 })
    expect(demand.of('a', limits.ASK_WINDOW_MS + 1_000)).toEqual(NO_DEMAND)
  })

  it('remembers the TTL that was seen longer than it remembers who asked', () => {
    const demand = new Demand()
    demand.learn('a', 60)
    expect(demand.of('a', 0)).toEqual(NO_DEMAND)
    demand.count('a', peer(1), 0)
    demand.learn('a', 60)
    demand.count('a', peer(2), 1_000)
    expect(demand.of('a', 1_000)).toMatchObject({ members: 2, ttlSeconds: 60 })
    expect(demand.of('a', limits.ASK_WINDOW_MS * 2)).toEqual({ ...NO_DEMAND, ttlSeconds: 60 })
    demand.learn('a', 120)
    expect(demand.of('a', 1_000).ttlSeconds).toBe(120)
  })

  it('is bounded in questions and in asks of one', () => {
    const demand = new Demand()
    for (let i = 0; i < 100; i++) demand.count('a', peer(i), i)
    expect(demand.of('a', 100).asks).toBe(limits.MAX_ASKS_KEPT)
    for (let i = 0; i < limits.MAX_ASKED; i++) demand.count(`q${i}`, peer(1), 100)
    expect(demand.of('a', 100)).toEqual(NO_DEMAND)
    expect(demand.of('q1', 100).asks).toBe(1)
  })
})

describe('rates', () => {
  it('give a burst, then so many a second, for each key by itself', async () => {
    const clock = testClock()
    const rates = new Rates(clock, 10, 10, 100)
    const taken = (key: string) => Array.from({ length: 20 }, () => rates.spend(key)).filter(Boolean).length
    expect(taken('a')).toBe(10)
    expect(taken('b')).toBe(10)
    await clock.advanceAsync(500)
    expect(taken('a')).toBe(5)
    await clock.advanceAsync(60_000)
    expect(taken('a')).toBe(10)
  })

  it('remember a bounded number of keys', () => {
    const rates = new Rates(testClock(), 1, 1, 3)
    for (const key of ['a', 'b', 'c', 'd']) rates.spend(key)
    expect(rates.spend('d')).toBe(false)
    expect(rates.spend('a')).toBe(true)
  })
})

describe('the hedge delay', () => {
  it('is 30 ms at first, then the p90 of recent reads, within 5 to 200', () => {
    const hedge = new HedgeDelay()
    expect(hedge.ms).toBe(30)
    for (let i = 1; i <= 10; i++) hedge.add(i * 10)
    expect(hedge.ms).toBe(90)
    for (let i = 0; i < limits.HEDGE_SAMPLES; i++) hedge.add(1)
    expect(hedge.ms).toBe(5)
    for (let i = 0; i < limits.HEDGE_SAMPLES; i++) hedge.add(900)
    expect(hedge.ms).toBe(200)
  })
})
