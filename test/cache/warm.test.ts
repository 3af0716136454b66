import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/base/index.ts'
import {
  type CacheEntry,
  type CacheOptions,
  cacheLimits,
  createCache,
  createWarmCache,
  Rank,
} from '../../src/cache/index.ts'
import { type Delegation, parseName, type Question, Type } from '../../src/dns/index.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../../src/sim/index.ts'

const OPTIONS: CacheOptions = {
  maxBytes: 4_194_304,
  minTtl: 0,
  maxTtl: 86_400,
  negativeMaxTtl: 3_600,
  staleSeconds: 600,
}
const RULES = Uint8Array.of(1, 2, 3)
const log = { debug() {}, info() {}, warn() {}, error() {} }

function question(name: string, type: number = Type.A): Question {
  return { name: parseName(name), type, class: 1 }
}

function scene() {
  const random = seededRandom(7)
  const clock = virtualClock({ settle: async () => {} })
  const disk = createMemoryDisk({ random })
  let store: Store = disk.open()
  const run = (rules = RULES) => {
    const cache = createCache({ ...OPTIONS, seed: random.bytes(8) })
    const warm = createWarmCache({ cache, store, clock, log, rules })
    warm.start()
    clock.advance(1_000)
    return { cache, warm }
  }
  const reopen = () => {
    store.close()
    store = disk.open()
  }
  const entry = (asked: Question, byte: number, ttl: number, change: Partial<CacheEntry> = {}): CacheEntry => ({
    question: asked,
    outcome: {
      kind: 'rrset',
      apex: parseName('example'),
      proofs: [],
      rrset: { ...asked, ttl, rdatas: [Uint8Array.of(192, 0, 2, byte)], signatures: [] },
    },
    rank: Rank.AUTHORITATIVE,
    side: 'own',
    security: 'insecure',
    provenance: 'solo',
    stored: clock.now(),
    expires: clock.now() + ttl * 1_000,
    ...change,
  })
  return { clock, run, reopen, entry, store: () => store }
}

describe('a cache on disk', () => {
  it('gives back records, absences, aliases and delegations to the next run, with the time that is left', () => {
    const { clock, run, reopen, entry } = scene()
    const first = run()
    const www = question('www.example')
    const absent = question('gone.example', Type.AAAA)
    first.cache.put('main', entry(www, 1, 600, { security: 'secure', rank: Rank.SECURE }), clock.now())
    first.cache.put('stub:corp.', entry(www, 9, 600), clock.now())
    const soa = {
      name: parseName('example'),
      type: Type.SOA,
      class: 1,
      ttl: 300,
      rdatas: [new Uint8Array(22)],
      signatures: [],
    }
    const outcome = { kind: 'absent', rcode: 3, apex: parseName('example'), soa, proofs: [] } as const
    const proven = { security: 'secure', rank: Rank.SECURE } as const
    first.cache.put('main', { ...entry(absent, 0, 300, proven), outcome }, clock.now())
    const alias = question('alias.example')
    const rdata = Uint8Array.of(3, 119, 119, 119, 7, 101, 120, 97, 109, 112, 108, 101, 0)
    const cname = { name: alias.name, type: Type.CNAME, class: 1, ttl: 600, rdatas: [rdata], signatures: [] }
    first.cache.put(
      'main',
      { ...entry(alias, 0, 600), outcome: { kind: 'rrset', rrset: cname, apex: parseName('example'), proofs: [] } },
      clock.now(),
    )
    const delegation: Delegation = {
      zone: parseName('example'),
      nameServers: [parseName('ns.example')],
      addresses: new Map([[parseName('ns.example').key, ['192.0.2.53']]]),
      ds: undefined,
      proofs: [],
      ttl: 3_600,
    }
    first.cache.putDelegation('main', delegation, clock.now())
    const before = first.cache.get('main', www, clock.now())
    first.warm.stop()
    reopen()

    clock.advance(100_000)
    const { cache, warm } = run()
    expect(warm.stats()).toEqual({ restored: 5, onDisk: 5 })
    expect(cache.get('main', www, clock.now())).toEqual(before)
    expect(cache.get('stub:corp.', www, clock.now())?.outcome).toMatchObject({
      rrset: { rdatas: [Uint8Array.of(192, 0, 2, 9)] },
    })
    expect(cache.get('main', question('gone.example', Type.MX), clock.now())?.outcome).toMatchObject({
      kind: 'absent',
      rcode: 3,
    })
    expect(cache.get('main', alias, clock.now())?.outcome).toMatchObject({ rrset: { type: Type.CNAME } })
    const found = cache.delegation('main', parseName('a.example'), clock.now())
    expect(found?.delegation).toMatchObject({ ...delegation, ttl: 3_500 })
    // A restart adds nothing to what is left.
    clock.advance(600_000)
    expect(cache.get('main', www, clock.now())).toBeUndefined()
  })

  it('survives a kill: what was there a minute ago is there again', () => {
    const { clock, run, reopen, entry } = scene()
    const first = run()
    first.cache.put('main', entry(question('a.example'), 1, 3_600), clock.now())
    clock.advance(cacheLimits.WARM_EVERY_MS + 1_000)
    first.cache.put('main', entry(question('b.example'), 2, 3_600), clock.now())
    reopen()
    const { cache } = run()
    expect(cache.get('main', question('a.example'), clock.now())).toBeDefined()
    expect(cache.get('main', question('b.example'), clock.now())).toBeUndefined()
  })

  it('comes back under the same rules only', () => {
    const { clock, run, reopen, entry } = scene()
    const first = run()
    first.cache.put('main', entry(question('a.example'), 1, 3_600), clock.now())
    first.warm.stop()
    reopen()
    const other = run(Uint8Array.of(9))
    expect(other.warm.stats().restored).toBe(0)
    other.warm.stop()
    reopen()
    expect(run().warm.stats().restored).toBe(0)
  })

  it('is empty after a flush, and keeps what is in memory then', () => {
    const { clock, run, reopen, entry } = scene()
    const first = run()
    first.cache.put('main', entry(question('a.example'), 1, 3_600), clock.now())
    clock.advance(cacheLimits.WARM_EVERY_MS + 1_000)
    first.cache.flush()
    first.warm.forget()
    first.cache.put('main', entry(question('b.example'), 2, 3_600), clock.now())
    first.warm.stop()
    reopen()
    const { cache } = run()
    expect(cache.get('main', question('a.example'), clock.now())).toBeUndefined()
    expect(cache.get('main', question('b.example'), clock.now())).toBeDefined()
  })

  it('takes nothing bogus, nothing that has expired, nothing of a time to come, and no damaged row', () => {
    const { clock, run, reopen, entry, store } = scene()
    const first = run()
    first.cache.put('main', entry(question('bogus.example'), 1, 3_600, { security: 'bogus' }), clock.now())
    first.cache.put('main', entry(question('short.example'), 2, 90), clock.now())
    first.cache.put('main', entry(question('ahead.example'), 3, 3_600, { stored: clock.now() + 500_000 }), clock.now())
    first.cache.put('main', entry(question('damaged.example'), 4, 3_601), clock.now())
    first.warm.stop()
    const rows = [...store().range(Uint8Array.of(1), Uint8Array.of(2))]
    expect(rows.length).toBe(3)
    const [key, value] = rows.at(-1)!
    store().batch([{ kind: 'put', key, value: value.slice(0, -1) }], { durable: false })
    reopen()
    clock.advance(100_000)
    const { warm } = run()
    expect(warm.stats().restored).toBe(0)
    clock.advance(cacheLimits.WARM_EVERY_MS + 1_000)
    // Swept, for it has expired; the others until they do.
    expect(warm.stats().onDisk).toBe(2)
  })

  it('writes a large cache in slices, and each record once', () => {
    const { clock, run, entry, store } = scene()
    const { cache, warm } = run()
    for (let i = 0; i < 1_000; i++) cache.put('main', entry(question(`n${i}.example`), i % 250, 3_600 + i), clock.now())
    let batches = 0
    const { batch } = store()
    Object.assign(store(), {
      batch: (...args: Parameters<Store['batch']>) => {
        batches++
        expect(args[0].length).toBeLessThanOrEqual(cacheLimits.WARM_SLICE)
        batch(...args)
      },
    })
    clock.advance(cacheLimits.WARM_EVERY_MS + 1_000)
    expect(warm.stats().onDisk).toBe(1_000)
    expect(batches).toBeGreaterThanOrEqual(Math.ceil(1_000 / cacheLimits.WARM_SLICE))
    clock.advance(10 * cacheLimits.WARM_EVERY_MS)
    expect([...store().range(Uint8Array.of(1), Uint8Array.of(2))].length).toBe(1_000)
    expect(warm.stats().onDisk).toBe(1_000)
  })
})
