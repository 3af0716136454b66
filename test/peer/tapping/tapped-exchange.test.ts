import { describe, expect, it } from 'vitest'
import type { Exchange, UpstreamQuery } from '../../../src/base/index.ts'
import { tappedExchange, type UpstreamEvent } from '../../../src/peer/tapping/tapped-exchange.ts'
import { testClock } from '../../setup/clock.ts'

const REPLY = Uint8Array.of(2)
const QUERY: UpstreamQuery = {
  server: { address: '192.0.2.1', port: 53 },
  protocol: 'udp',
  message: Uint8Array.of(1),
  timeoutMs: 100,
  signal: new AbortController().signal,
  about: { name: Uint8Array.of(0), zone: Uint8Array.of(0), isForward: false },
  classify: () => 'accept',
}

function tapped(wantsUpstream: boolean) {
  const clock = testClock()
  const heard: UpstreamEvent[] = []
  const asked: UpstreamQuery[] = []
  const exchange: Exchange = {
    families: () => ({ ipv4: true, ipv6: false }),
    async exchange(query) {
      asked.push(query)
      clock.advance(5)
      query.onSent?.()
      clock.advance(7)
      return REPLY
    },
  }
  const made = tappedExchange(exchange, clock, () => ({ wantsUpstream, upstream: (event) => heard.push(event) }))
  return { made, heard, asked }
}

describe('a tapped exchange', () => {
  it('tells of the query when it is sent and of the reply, with the time between', async () => {
    const { made, heard } = tapped(true)
    let sent = 0
    expect(await made.exchange({ ...QUERY, onSent: () => sent++ })).toBe(REPLY)
    expect(sent).toBe(1)
    expect(heard).toMatchObject([
      { kind: 'query', bytes: QUERY.message, elapsedMs: 0 },
      { kind: 'response', bytes: REPLY, elapsedMs: 7 },
    ])
  })

  it('tells of a reply that was only late, where anybody waits for such', async () => {
    const { made, heard, asked } = tapped(true)
    const late: Uint8Array[] = []
    await made.exchange({ ...QUERY, onLate: (reply) => late.push(reply) })
    asked[0]!.onLate!(REPLY)
    expect(late).toEqual([REPLY])
    expect(heard.at(-1)).toMatchObject({ kind: 'response' })
    await made.exchange(QUERY)
    expect(asked[1]!.onLate).toBeUndefined()
  })

  it('hands a query on as it is where nobody listens, or nobody said what it is about', async () => {
    const quiet = tapped(false)
    await quiet.made.exchange(QUERY)
    expect(quiet.asked[0]).toBe(QUERY)
    const { made, asked, heard } = tapped(true)
    const { about: _, ...plain } = QUERY
    await made.exchange(plain)
    expect(asked[0]).toBe(plain)
    expect(heard).toEqual([])
  })
})
