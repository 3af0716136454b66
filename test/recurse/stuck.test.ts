/** Thousands of questions for servers that never answer: the names of all others are still answered. */
import { describe, expect, it } from 'vitest'
import type { Clock, Exchange } from '../../src/base/index.ts'
import { encodeMessage } from '../../src/dns/index.ts'
import { PendingQuery } from '../../src/io/upstream/pending-query.ts'
import { SocketQueue } from '../../src/io/upstream/socket-queue.ts'
import { limits } from '../../src/resolver/limits.ts'
import { effort } from '../setup/effort.ts'
import { queryFor } from '../world/index.ts'
import { type ScenarioZone, scenario, told } from '../world/scenario.ts'

const DEAD = 12
const LIVE = 30

/** As many sockets as a node has, for which queries queue. */
const withSockets = (clock: Clock, inner: Exchange): Exchange => {
  const queue = new SocketQueue(clock, (pending) => {
    const query = { ...pending.query, timeoutMs: 60_000, lateMs: 0, signal: new AbortController().signal }
    inner.exchange({ ...query, classify: () => 'accept' }).then(
      (reply) => pending.receive(reply),
      (error) => pending.failBy(error as NodeJS.ErrnoException),
    )
  })
  return {
    families: () => inner.families(),
    exchange(query) {
      if (query.protocol === 'tcp') return inner.exchange(query)
      const pending = new PendingQuery(clock, query)
      queue.add(pending)
      return pending.reply
    },
  }
}

describe('4,096 questions at once that are stuck', () => {
  // The first name waits while each of the stuck ones asks its parent once more whether the servers have moved: 560 ms of virtual time.
  const known = ['known to be silent', true, 1_000] as const
  it.each(effort([known], [known, ['that were never heard of', false, 1_500] as const]))(
    'for servers %s, do not keep out uncached names of others',
    async (_, isKnown, mostMs) => {
      const zones: Record<string, string | ScenarioZone> = { 'com.': '', 'net.': '' }
      for (let i = 0; i < DEAD; i++) zones[`dead${i}.com.`] = ''
      for (let i = 0; i < LIVE; i++) zones[`live${i}.net.`] = 'www 60 A 192.0.2.1'
      const servers = Object.fromEntries(Array.from({ length: DEAD }, (_, i) => [`ns1.dead${i}.com`, { silent: true }]))
      const s = await scenario({ zones, servers })
      const stack = s.fresh(2, {}, { exchange: (inner) => withSockets(s.clock, inner) })
      for (let i = 0; i < DEAD && isKnown; i++) await stack.ask(`first.dead${i}.com`)
      await s.wait(10)
      let settled = 0
      const stuck = limits.MAX_LINKS_IN_WORK + 100
      for (let i = 0; i < stuck; i++) {
        const packet = encodeMessage(queryFor({ name: `n${i}.dead${i % DEAD}.com` }, {}))
        stack.take(packet, () => settled++, { settled: () => {} })
      }
      await s.wait(0.3)
      for (let i = 0; i < LIVE; i++) {
        const from = s.clock.monotonic()
        expect(told(await stack.ask(`www.live${i}.net`))).toBe('NOERROR: A 192.0.2.1')
        expect(s.clock.monotonic() - from).toBeLessThan(mostMs)
      }
      // The oldest have made room.
      expect(settled).toBeGreaterThan(100)
    },
    60_000,
  )
})
