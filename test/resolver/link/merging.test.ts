/** Equal questions are one piece of work, and each asker still has a budget of his own. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ChordnsError, type Clock, sleep } from '../../../src/base/index.ts'
import { createCache } from '../../../src/cache/index.ts'
import { Rcode } from '../../../src/dns/index.ts'
import type { RecurseRequest, Recursor } from '../../../src/recurse/index.ts'
import { createResolver } from '../../../src/resolver/index.ts'
import { limits } from '../../../src/resolver/limits.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { answer, ask, ownFinding, quiet } from '../../chunks/world.ts'

function bench(resolve: (request: RecurseRequest, clock: Clock, begun: number) => ReturnType<Recursor['resolve']>) {
  const clock = virtualClock({ startUnixMs: Date.UTC(2026, 2, 1), settle: () => setImmediate() })
  const begun = clock.monotonic()
  const asked: RecurseRequest[] = []
  const recursor = {
    resolve(request: RecurseRequest) {
      asked.push(request)
      return resolve(request, clock, begun)
    },
    infer: () => undefined,
    validates: false,
  } as unknown as Recursor
  const bounds = { maxBytes: 1 << 20, minTtl: 0, maxTtl: 86_400, negativeMaxTtl: 3_600, staleSeconds: 0 }
  const cache = createCache({ ...bounds, seed: new Uint8Array(8) })
  const resolver = createResolver(
    { cache, recursor, chunks: undefined, clock, log: quiet, contextOf: () => 'main' },
    { order: 'race', hedgeMs: 'auto', strict: false, serveStale: false, prefetch: false },
  )
  const client = (name: string, signal = new AbortController().signal) =>
    resolver.resolve({
      question: ask(name),
      recursionDesired: true,
      checkingDisabled: false,
      dnssecOk: false,
      authenticData: true,
      client: 'test',
      signal,
    })
  return { clock, asked, client }
}

/** Servers that are silent until then: a fetch that was begun before ends when its budget does. */
const silentUntil = (backMs: number) => async (request: RecurseRequest, clock: Clock, begun: number) => {
  if (clock.monotonic() - begun < backMs) {
    await sleep(clock, request.budget.timeLeft(), request.signal)
    request.budget.checkTime()
  }
  return ownFinding(request.question, answer(request.question, [1]), clock.now())
}

describe('a merged question', () => {
  it('does not inherit the spent budget of whoever asked first', async () => {
    const { clock, asked, client } = bench(silentUntil(9_000))
    const first = client('www.example.com')
    await clock.advanceAsync(6_000)
    const second = client('www.example.com')
    await clock.advanceAsync(4_001)
    expect((await first).rcode).toBe(Rcode.SERVFAIL)
    expect((await second).rcode).toBe(Rcode.NOERROR)
    expect(asked).toHaveLength(2)
    expect(asked[1]!.budget).not.toBe(asked[0]!.budget)
  })

  it('waits no longer than its own budget lasts, and fails with the others when all of them are spent', async () => {
    const { clock, asked, client } = bench(silentUntil(60_000))
    const both = [client('www.example.com'), client('www.example.com')]
    await clock.advanceAsync(limits.MAX_TIME_MS + 1)
    for (const one of both) expect((await one).rcode).toBe(Rcode.SERVFAIL)
    expect(asked).toHaveLength(1)
  })

  it('shares any other failure: it is not fetched once for each asker', async () => {
    const failed = new ChordnsError('RECURSE_FAILED', 'no server answers', { reason: 'all-servers-failed', ede: [] })
    const { clock, asked, client } = bench(async (_, at) => {
      await sleep(at, 100)
      throw failed
    })
    const all = ['a', 'b', 'c'].map(() => client('www.example.com'))
    await clock.advanceAsync(101)
    for (const one of all) expect((await one).rcode).toBe(Rcode.SERVFAIL)
    expect(asked).toHaveLength(1)
  })

  it('cannot be made to cost more than each asker may: queries of the one who began are not given to the others', async () => {
    let spent = 0
    const { clock, client } = bench(async ({ budget, question }, at) => {
      for (;;) {
        budget.spend('queries')
        spent++
        if (spent > 3 * limits.MAX_QUERIES) return ownFinding(question, answer(question, [1]), at.now())
        await sleep(at, 1)
      }
    })
    const all = ['a', 'b'].map(() => client('www.example.com'))
    await clock.advanceAsync(1_000)
    for (const one of all) expect((await one).rcode).toBe(Rcode.SERVFAIL)
    expect(spent).toBeLessThanOrEqual(2 * limits.MAX_QUERIES)
  })
})

describe('thousands of questions that are stuck', () => {
  it('do not keep out a new one: the oldest gives way', async () => {
    const { clock, client } = bench(async (request, at) => {
      if (request.question.name.key.includes('stuck')) await sleep(at, 60_000, request.signal)
      return ownFinding(request.question, answer(request.question, [1]), at.now())
    })
    const control = new AbortController()
    const stuck = Array.from({ length: limits.MAX_LINKS_IN_WORK }, (_, i) =>
      client(`stuck${i}.example.com`, control.signal),
    )
    await clock.advanceAsync(limits.GIVE_WAY_MS)
    expect((await clock.run(client('www.example.com'))).rcode).toBe(Rcode.NOERROR)
    const [oldest] = stuck
    expect((await oldest!).ede[0]).toMatchObject({ text: 'too many questions are in work' })
    control.abort()
    await Promise.allSettled(stuck)
  })
})

describe('what a client’s own deadline cut short', () => {
  it('is not counted as a failure: the next one is asked at once', async () => {
    const { clock, asked, client } = bench(silentUntil(5_000))
    const control = new AbortController()
    const gone = client('www.example.com', control.signal)
    gone.catch(() => {})
    await clock.advanceAsync(1_000)
    control.abort()
    await expect(gone).rejects.toMatchObject({ code: 'ABORTED' })
    await clock.advanceAsync(4_000)
    expect((await clock.run(client('www.example.com'))).rcode).toBe(Rcode.NOERROR)
    expect(asked).toHaveLength(2)
  })
})
