import { describe, expect, it } from 'vitest'
import { parseName, Type } from '../../src/dns/index.ts'
import { createQueryLog } from '../../src/peer/query-log.ts'
import type { QueryEvent } from '../../src/serve/index.ts'

const event: QueryEvent = {
  protocol: 'udp',
  client: '192.0.2.7',
  question: { name: parseName('www.example.'), type: Type.AAAA, class: 1 },
  rcode: 3,
  security: 'secure',
  provenance: 'agreed',
  elapsedMs: 12.345,
  ede: [],
}

function logged(isOn: boolean, ...events: QueryEvent[]) {
  const lines: object[] = []
  const queries = createQueryLog({ info: (detail, message) => void lines.push({ ...detail, message }) }, isOn)
  for (const one of events) queries.heard(one)
  return { lines, queries }
}

describe('the log of queries', () => {
  it('has a line for each question: what, by whom, how it ended, and how long it took', () => {
    expect(logged(true, event).lines).toEqual([
      {
        message: 'query',
        question: 'www.example. AAAA',
        client: '192.0.2.7',
        protocol: 'udp',
        rcode: 'NXDOMAIN',
        security: 'secure',
        provenance: 'agreed',
        ms: 12.3,
      },
    ])
  })

  it('says that a question got no reply, and nothing of what was no question', () => {
    const dropped = { ...event, rcode: undefined, security: undefined, provenance: undefined }
    expect(logged(true, dropped, { ...event, question: undefined }).lines).toEqual([
      expect.objectContaining({ rcode: 'no reply', question: 'www.example. AAAA' }),
    ])
  })

  it('is empty unless the operator wants it, and follows a reload', () => {
    const { lines, queries } = logged(false, event)
    expect(lines).toEqual([])
    queries.isOn = true
    queries.heard(event)
    expect(lines).toHaveLength(1)
  })
})
