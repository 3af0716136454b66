import { describe, expect, it } from 'vitest'
import { type AnswerFacts, Meter } from '../../../src/observe/index.ts'
import { outcomeOf } from '../../../src/observe/queries/meter.ts'
import { Times } from '../../../src/observe/queries/quantiles.ts'

const answer: AnswerFacts = {
  protocol: 'udp',
  rcode: 'NOERROR',
  security: 'insecure',
  provenance: 'agreed',
  elapsedMs: 20,
  ede: [],
}

describe('times', () => {
  it('give quantiles that are at most 30 % too much', () => {
    const times = new Times()
    for (let i = 1; i <= 1_000; i++) times.add(i)
    for (const part of [0.1, 0.5, 0.9, 0.99]) {
      expect(times.quantile(part)).toBeGreaterThanOrEqual(part * 1_000)
      expect(times.quantile(part)).toBeLessThan(part * 1_300)
    }
  })

  it('take what is very short and very long, and are 0 without any', () => {
    const times = new Times()
    expect(times.quantile(0.5)).toBe(0)
    times.add(0)
    times.add(10_000_000)
    expect(times.quantile(0.5)).toBe(0.05)
    expect(times.quantile(1)).toBeGreaterThan(20_000)
  })
})

describe('the meter', () => {
  it.each([
    [{ security: 'secure' }, 'secure'],
    [{}, 'agreed'],
    [{ provenance: undefined }, 'local'],
    [{ rcode: 'SERVFAIL' }, 'failed'],
    [{ rcode: undefined }, 'failed'],
    [{ rcode: 'REFUSED' }, 'refused'],
    [{ rcode: 'NXDOMAIN', ede: [{ code: 15 }] }, 'blocked'],
  ] as const)('takes %o for %s', (changes, outcome) => {
    expect(outcomeOf({ ...answer, ...changes })).toBe(outcome)
  })

  it('counts what the table answered beside what it hears of', () => {
    let counters = { queries: 0, fromTable: 0 }
    const meter = new Meter(() => counters)
    meter.heard(answer)
    meter.heard({ ...answer, elapsedMs: 0.5 })
    meter.heard({ ...answer, rcode: 'SERVFAIL', ede: [{ code: 22 }] })
    counters = { queries: 10, fromTable: 7 }
    meter.tick(1_000)
    const { outcomes, failures, queries, atOnce, lastSecond, latency } = meter.picture()
    expect(outcomes).toMatchObject({ agreed: 2, failed: 1, table: 7 })
    expect(failures).toEqual({ '22': 1 })
    expect({ queries, atOnce }).toEqual({ queries: 10, atOnce: 8 })
    expect(lastSecond).toMatchObject({ queries: 10, atOnce: 8, failed: 1, p50: 0.05 })
    expect(latency.p99).toBeGreaterThanOrEqual(20)
    meter.tick(1_001)
    expect(meter.picture().lastSecond).toMatchObject({ queries: 0, atOnce: 0, failed: 0 })
  })

  it('keeps seconds, minutes and hours, and gaps where it was not asked for a while', () => {
    let queries = 0
    const meter = new Meter(() => ({ queries, fromTable: 0 }))
    for (let at = 7_200; at < 7_330; at++) {
      queries += 2
      meter.tick(at)
    }
    const seconds = meter.series('minutes')
    expect(seconds.at).toHaveLength(130)
    expect(seconds.columns.queries.every((value) => value === 2)).toBe(true)
    expect(meter.series('day')).toMatchObject({ stepSeconds: 60, at: [7_200, 7_260, 7_320] })
    expect(meter.series('day').columns.queries).toEqual([120, 120, 20])
    expect(meter.series('month').columns.queries).toEqual([260])
    meter.tick(9_000)
    expect(meter.series('minutes').at).toEqual([9_000])
    expect(meter.series('day').at.at(-1)).toBe(9_000)
  })
})
