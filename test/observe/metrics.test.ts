import { describe, expect, it } from 'vitest'
import { type AnswerFacts, createMetrics, metricName } from '../../src/observe/metrics.ts'
import type { StatusView } from '../../src/observe/views.ts'

function view(queries: number, more: Partial<StatusView> = {}): StatusView {
  return {
    version: '1.2.3',
    pid: 1,
    uptimeSeconds: 5,
    multiaddrs: [],
    peer: null,
    listen: [],
    ring: null,
    cache: { entries: 7, hits: 3, misses: 1 },
    upstream: { upstreamQueries: 12, inFlight: 2 },
    serve: { queries, fastTableEntries: 4 },
    chunks: null,
    chains: null,
    household: null,
    settings: null,
    carrier: null,
    traffic: null,
    memory: { rssBytes: 1_000, heapUsedBytes: 500 },
    ...more,
  }
}

const answer: AnswerFacts = {
  rcode: 'NOERROR',
  security: 'secure',
  provenance: 'agreed',
  protocol: 'udp',
  elapsedMs: 30,
  ede: [],
}

/** `name{labels} value` lines as a map, after the check that each metric has a TYPE. */
function scraped(text: string): Map<string, number> {
  const typed = new Set([...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)].map(([, name]) => name))
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines) {
    expect(line).toMatch(/^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+$/)
    expect(typed).toContain(line.replace(/[{ ].*$/, '').replace(/_(bucket|sum|count)$/, ''))
  }
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

describe('metrics', () => {
  it('are the counters of the status API, under the names that Prometheus wants', async () => {
    const found = scraped(await createMetrics(() => view(9)).text())
    expect(Object.fromEntries(found)).toMatchObject({
      chordns_serve_queries_total: 9,
      chordns_serve_fast_table_entries: 4,
      chordns_cache_entries: 7,
      chordns_cache_hits_total: 3,
      chordns_upstream_upstream_queries_total: 12,
      chordns_upstream_in_flight: 2,
      chordns_ring_members: 0,
      'chordns_build_info{version="1.2.3"}': 1,
      process_resident_memory_bytes: 1_000,
    })
  })

  it('are never reset by who reads them, and follow what is counted', async () => {
    let queries = 1
    const metrics = createMetrics(() => view(queries))
    metrics.heard(answer)
    for (let i = 0; i < 3; i++) await metrics.text()
    queries = 5
    const found = scraped(await metrics.text())
    expect(found.get('chordns_serve_queries_total')).toBe(5)
    expect(
      found.get('chordns_answers_total{transport="udp",rcode="NOERROR",security="secure",provenance="agreed"}'),
    ).toBe(1)
  })

  it('have what a part of the node counts once that part is there', async () => {
    let more: Partial<StatusView> = {}
    const metrics = createMetrics(() => view(1, more))
    expect(await metrics.text()).not.toContain('chordns_chunks')
    more = { chunks: { rounds: 3 } }
    expect(scraped(await metrics.text()).get('chordns_chunks_rounds_total')).toBe(3)
  })

  it('put answers into buckets of time, each with all that were faster', async () => {
    const metrics = createMetrics(() => view(1))
    for (const elapsedMs of [0.01, 30, 30, 60_000]) metrics.heard({ ...answer, elapsedMs })
    const found = scraped(await metrics.text())
    const below = (le: string) => found.get(`chordns_answer_duration_seconds_bucket{le="${le}"}`)
    expect([below('0.00005'), below('0.02'), below('0.05'), below('5'), below('+Inf')]).toEqual([1, 1, 3, 3, 4])
    expect(found.get('chordns_answer_duration_seconds_count')).toBe(4)
    expect(found.get('chordns_answer_duration_seconds_sum')).toBeCloseTo(60.06001)
  })

  it('count what is blocked by list, and so many lists at most', async () => {
    const metrics = createMetrics(() => view(1))
    for (const blockedBy of ['ads', 'own rules', 'ads', undefined]) metrics.heard({ ...answer, blockedBy })
    const found = scraped(await metrics.text())
    expect(found.get('chordns_blocked_total{list="ads"}')).toBe(2)
    expect(found.get('chordns_blocked_total{list="own rules"}')).toBe(1)
    for (let i = 0; i < 1_000; i++) metrics.heard({ ...answer, blockedBy: `list${i}` })
    const all = [...scraped(await metrics.text()).keys()].filter((key) => key.startsWith('chordns_blocked_total'))
    expect(all).toHaveLength(500)
  })

  it('have no more combinations of labels than there are outcomes, whatever comes', async () => {
    const metrics = createMetrics(() => view(1))
    for (let i = 0; i < 5_000; i++) metrics.heard({ ...answer, rcode: `RCODE${i}` })
    const found = scraped(await metrics.text())
    expect([...found.keys()].filter((key) => key.startsWith('chordns_answers_total'))).toHaveLength(500)
  })

  it('have names in words with lines below', () => {
    expect(metricName('serve', 'fastTableBytes', true)).toBe('chordns_serve_fast_table_bytes')
    expect(metricName('chunks', 'rounds', false)).toBe('chordns_chunks_rounds_total')
  })
})
