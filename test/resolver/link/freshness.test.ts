import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { createCache, Rank } from '../../../src/cache/index.ts'
import { Ede, Rcode } from '../../../src/dns/index.ts'
import type { Finding, Outcome, Security } from '../../../src/evidence/index.ts'
import type { RecurseRequest } from '../../../src/recurse/index.ts'
import { createResolver } from '../../../src/resolver/index.ts'
import type { VirtualClock } from '../../../src/sim/index.ts'
import { answer, ask, nothing, ownFinding, quiet } from '../../chunks/world.ts'
import { testClock } from '../../setup/clock.ts'
import { texts } from '../../world/index.ts'
import { recursorThat } from '../recursor.ts'

const question = ask('www.example.com')

function bench(fetch: (request: RecurseRequest, clock: VirtualClock) => Promise<Finding>, strict = false) {
  const clock = testClock()
  const asked: RecurseRequest[] = []
  const recursor = recursorThat((request) => {
    asked.push(request)
    return fetch(request, clock)
  })
  const cache = createCache({
    maxBytes: 1 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 86_400,
    seed: new Uint8Array(8),
  })
  const resolver = createResolver(
    { cache, recursor, chunks: undefined, clock, log: quiet, contextOf: () => 'main' },
    { order: 'race', hedgeMs: 'auto', strict, serveStale: true, prefetch: true },
  )
  const keep = (outcome: Outcome, ttlSeconds: number, security: Security = 'insecure') =>
    cache.put(
      'main',
      {
        question,
        outcome,
        rank: Rank.AUTHORITATIVE,
        side: 'own',
        security,
        provenance: 'solo',
        stored: clock.now(),
        expires: clock.now() + ttlSeconds * 1000,
      },
      clock.now(),
    )
  const resolve = () =>
    clock.run(
      resolver.resolve({
        question,
        recursionDesired: true,
        checkingDisabled: false,
        dnssecOk: false,
        authenticData: true,
        client: 'test',
        signal: new AbortController().signal,
      }),
    )
  return { clock, asked, keep, resolve }
}

const failing = (reason: string) => () =>
  Promise.reject(new ChordnsError('RECURSE_FAILED', 'failed', { reason, ede: [{ code: 22, text: 'nobody answers' }] }))
const silent = (_: RecurseRequest, clock: VirtualClock) =>
  new Promise<Finding>((_resolve, reject) =>
    clock.after(9_000, () =>
      reject(new ChordnsError('RECURSE_FAILED', 'slow', { reason: 'all-servers-failed', ede: [] })),
    ),
  )

describe('serve-stale', () => {
  it('serves the expired answer with TTL 30 and EDE 3 when the authorities fail', async () => {
    const { clock, keep, resolve } = bench(failing('all-servers-failed'))
    keep(answer(question, [1]), 60)
    await clock.advanceAsync(120_000)
    const served = await resolve()
    expect(texts(served.answers)).toEqual(['A 198.51.100.1'])
    expect(served.answers[0]!.ttl).toBe(30)
    expect(served.ede[0]!.code).toBe(Ede.STALE_ANSWER)
  })

  it('waits 1.8 s for a fresh answer, and no longer', async () => {
    const { clock, keep, resolve } = bench(silent)
    keep(answer(question, [1]), 60)
    await clock.advanceAsync(120_000)
    const before = clock.now()
    expect((await resolve()).ede[0]!.code).toBe(Ede.STALE_ANSWER)
    expect(clock.now() - before).toBe(1_800)
  })

  it('takes the fresh answer when it comes in time', async () => {
    const { clock, keep, resolve } = bench(async (request, at) =>
      ownFinding(request.question, answer(question, [2]), at.now()),
    )
    keep(answer(question, [1]), 60)
    await clock.advanceAsync(120_000)
    const served = await resolve()
    expect(texts(served.answers)).toEqual(['A 198.51.100.2'])
    expect(served.ede).toEqual([])
  })

  it('says EDE 19 for a stale NXDOMAIN', async () => {
    const { clock, keep, resolve } = bench(failing('no-servers'))
    keep(nothing(3), 60)
    await clock.advanceAsync(120_000)
    const served = await resolve()
    expect([served.rcode, served.ede[0]!.code]).toEqual([Rcode.NXDOMAIN, Ede.STALE_NXDOMAIN])
  })

  it('never hides bogus', async () => {
    const { clock, keep, resolve } = bench(failing('bogus'))
    keep(answer(question, [1]), 60)
    await clock.advanceAsync(120_000)
    expect((await resolve()).rcode).toBe(Rcode.SERVFAIL)
  })

  it('serves nothing that is older than a day', async () => {
    const { clock, keep, resolve } = bench(failing('all-servers-failed'))
    keep(answer(question, [1]), 60)
    await clock.advanceAsync(86_400_000 + 120_000)
    expect((await resolve()).rcode).toBe(Rcode.SERVFAIL)
  })

  it('does not say that a stale answer is authenticated', async () => {
    const { clock, keep, resolve } = bench(failing('all-servers-failed'))
    keep(answer(question, [1]), 60, 'secure')
    await clock.advanceAsync(120_000)
    expect((await resolve()).security).toBe('insecure')
  })
})

describe('prefetch', () => {
  it('asks again in the background when a name is asked for in the last tenth of its life', async () => {
    const { clock, keep, resolve, asked } = bench(async (request, at) =>
      ownFinding(request.question, answer(question, [2]), at.now()),
    )
    keep(answer(question, [1]), 100)
    await clock.advanceAsync(50_000)
    await resolve()
    expect(asked).toHaveLength(0)
    await clock.advanceAsync(45_000)
    expect(texts((await resolve()).answers)).toEqual(['A 198.51.100.1'])
    await clock.advanceAsync(10)
    expect(asked.map((request) => request.fresh)).toEqual([true])
  })

  it('asks once for many clients, and never for names that live too short', async () => {
    const { clock, keep, resolve, asked } = bench(silent)
    keep(answer(question, [1]), 100)
    await clock.advanceAsync(95_000)
    await Promise.all([resolve(), resolve(), resolve()])
    expect(asked).toHaveLength(1)
    const short = bench(silent)
    short.keep(answer(question, [1]), 5)
    await short.clock.advanceAsync(4_900)
    await short.resolve()
    expect(short.asked).toHaveLength(0)
  })
})
