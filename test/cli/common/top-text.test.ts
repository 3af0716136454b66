import { describe, expect, it } from 'vitest'
import { spark, topText } from '../../../src/cli/common/top-text.ts'
import type { PulseView, SeriesView } from '../../../src/observe/index.ts'

const pulse: PulseView = {
  at: 0,
  uptimeSeconds: 93_784,
  queries: 200,
  atOnce: 150,
  inFlight: 2,
  outcomes: { secure: 30, failed: 20, table: 150, solo: 0 },
  failures: { '22': 15, '-1': 5 },
  latency: { p50: 0.05, p90: 12.3, p99: 250.4 },
  lastSecond: { queries: 7, atOnce: 3, failed: 0, p50: 0.5, p95: 40 },
  cacheEntries: 1_200,
  cacheBytes: 1_048_576,
  upstreamQueries: 80,
  timeouts: 4,
  members: 3,
  rssBytes: 104_857_600,
}
const none: number[] = []
const series: SeriesView = {
  stepSeconds: 1,
  at: [1, 2, 3],
  columns: { queries: [0, 4, 8], atOnce: none, failed: none, blocked: none, p50: none, p95: none },
}

describe('the screen of `top`', () => {
  const lines = topText(pulse, series, 80)

  it('says how much is asked, what was in memory, how long it took, and what failed', () => {
    const text = lines.join('\n')
    expect(text).toContain('up 1 d 2 h 3 min   100.0 MiB   3 in the ring')
    expect(text).toContain('7 queries/s   half within 0.50 ms   95 % within 40 ms')
    expect(text).toContain('200 queries     from memory 75.0 %   in work 2')
    expect(text).toContain('half within 0.05 ms   90 % within 12 ms   99 % within 250 ms')
    expect(text).toContain('failures: EDE 22: 15, no reason: 5')
    expect(lines.findIndex((line) => line.includes('again from the table'))).toBeLessThan(
      lines.findIndex((line) => line.includes('signed by the zone')),
    )
    expect(text).not.toContain('this node alone')
  })

  it('stays within the width of the terminal', () => {
    for (const line of topText(pulse, series, 40)) expect([...line].length).toBeLessThanOrEqual(40)
  })

  it('draws the last values, the largest as a full block', () => {
    expect(spark([9, 0, 4, 8], 3)).toBe('▁▅█')
    expect(spark([0, 0], 10)).toBe('▁▁')
  })
})
