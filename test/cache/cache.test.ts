import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Cache,
  type CacheEntry,
  type CacheOptions,
  cacheLimits,
  createCache,
  Rank,
  type Side,
} from '../../src/cache/index.ts'
import { parseName, type Question, type RRset, Type } from '../../src/dns/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'

const NOW = 1_800_000_000_000
const OPTIONS: CacheOptions = {
  maxBytes: 1_048_576,
  minTtl: 0,
  maxTtl: 86_400,
  negativeMaxTtl: 3_600,
  staleSeconds: 600,
}

function newCache(change: Partial<CacheOptions> = {}): Cache {
  return createCache({ ...OPTIONS, ...change, seed: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })
}

function ask(name: string, type: number = Type.A): Question {
  return { name: parseName(name), type, class: 1 }
}

function rrset(name: string, type: number, rdatas: readonly Uint8Array[], ttl = 300): RRset {
  return { name: parseName(name), type, class: 1, ttl, rdatas, signatures: [] }
}

function present(name: string, apex: string, byte = 1, ttl = 300): Outcome {
  const set = rrset(name, Type.A, [Uint8Array.of(192, 0, 2, byte)], ttl)
  return { kind: 'rrset', rrset: set, apex: parseName(apex), proofs: [] }
}

function absent(rcode: 0 | 3, apex: string): Outcome {
  const soa = rrset(apex, Type.SOA, [new Uint8Array(22)], 60)
  return { kind: 'absent', rcode, apex: parseName(apex), soa, proofs: [] }
}

function entry(question: Question, outcome: Outcome, change: Partial<CacheEntry> = {}): CacheEntry {
  return {
    question,
    outcome,
    rank: Rank.AUTHORITATIVE,
    side: 'own',
    security: 'indeterminate',
    provenance: 'solo',
    stored: NOW,
    expires: NOW + 300_000,
    ...change,
  }
}

describe('an entry', () => {
  it('comes back as it was put, byte for byte', () => {
    const cache = newCache()
    const question = ask('WWW.Example.test.')
    const odd = rrset('wWw.exAmple.test.', 65_280, [new Uint8Array(0), Uint8Array.of(0xff, 0, 0x80)], 77)
    const outcome: Outcome = {
      kind: 'rrset',
      rrset: { ...odd, signatures: [Uint8Array.of(9, 9), new Uint8Array(300)] },
      apex: parseName('Example.test.'),
      proofs: [rrset('abc.example.test.', Type.NSEC3, [Uint8Array.of(1)]), rrset('.', Type.NSEC, [Uint8Array.of(2)])],
    }
    const put = entry(question, outcome, { security: 'secure', provenance: 'divergent', rank: Rank.SECURE })
    expect(cache.put('main', put, NOW)).toBe(true)
    expect(cache.get('main', question, NOW + 1)).toEqual(put)
  })

  it('is found whatever the case of the question, and not under another type, class, context or side', () => {
    const cache = newCache()
    cache.put('main', entry(ask('www.example.test.'), present('www.example.test.', 'example.test.')), NOW)
    expect(cache.get('main', ask('WWW.EXAMPLE.test.'), NOW)).toBeDefined()
    expect(cache.get('main', ask('www.example.test.', Type.AAAA), NOW)).toBeUndefined()
    expect(cache.get('main', { ...ask('www.example.test.'), class: 3 }, NOW)).toBeUndefined()
    expect(cache.get('stub:example.test.', ask('www.example.test.'), NOW)).toBeUndefined()
    expect(cache.get('main', ask('www.example.test.'), NOW, { side: 'ring' })).toBeUndefined()
  })

  it('does not mix names whose labels join to the same text', () => {
    const cache = newCache()
    cache.put('main', entry(ask('a.b.test.'), present('a.b.test.', 'test.')), NOW)
    expect(cache.get('main', ask('a\\.b.test.'), NOW)).toBeUndefined()
  })

  it('expires, and is still there as stale for as long as configured', () => {
    const cache = newCache()
    const question = ask('www.example.test.')
    cache.put('main', entry(question, present('www.example.test.', 'test.')), NOW)
    expect(cache.get('main', question, NOW + 299_999)).toBeDefined()
    expect(cache.get('main', question, NOW + 300_000)).toBeUndefined()
    expect(cache.get('main', question, NOW + 300_000, { stale: true })).toBeDefined()
    expect(cache.get('main', question, NOW + 899_999, { stale: true })).toBeDefined()
    expect(cache.get('main', question, NOW + 900_000, { stale: true })).toBeUndefined()
  })
})

describe('time to live', () => {
  it('is capped for data, more for absences, and 60 s for bogus', () => {
    const cache = newCache()
    const far = NOW + 10 * 86_400_000
    const cases: [string, Outcome, Partial<CacheEntry>, number][] = [
      ['a.test.', present('a.test.', 'test.'), {}, 86_400],
      ['b.test.', absent(0, 'test.'), {}, 3_600],
      ['c.test.', absent(3, 'test.'), {}, 3_600],
      ['d.test.', present('d.test.', 'test.'), { security: 'bogus' }, 60],
    ]
    for (const [name, outcome, change, seconds] of cases) {
      cache.put('main', entry(ask(name), outcome, { ...change, expires: far }), NOW)
      expect(cache.get('main', ask(name), NOW)?.expires, name).toBe(NOW + seconds * 1000)
    }
  })

  it('of 0 is not kept, nor is what has expired for another reason, even where a least one is configured', () => {
    const question = ask('a.test.')
    const ofZero = (change: Partial<CacheEntry> = {}) => entry(question, present('a.test.', 'test.', 1, 0), change)
    expect(newCache().put('main', ofZero(), NOW)).toBe(false)
    const cache = newCache({ minTtl: 30 })
    expect(cache.put('main', ofZero({ side: 'ring' }), NOW)).toBe(false)
    expect(cache.put('main', entry(question, present('a.test.', 'test.'), { expires: NOW }), NOW)).toBe(false)
    expect(cache.get('main', question, NOW)).toBeUndefined()
  })

  it('of 0 is raised to the configured least, and no further', () => {
    const cache = newCache({ minTtl: 30 })
    const question = ask('a.test.')
    cache.put('main', entry(question, present('a.test.', 'test.', 1, 0), { expires: NOW }), NOW)
    expect(cache.get('main', question, NOW)?.expires).toBe(NOW + 30_000)
  })

  it('is capped and raised from when the data was fetched: an entry that is put again, validated, begins no new term', () => {
    const fetched = present('a.test.', 'test.', 1, 5)
    const put = (options: Partial<CacheOptions>, change: Partial<CacheEntry>) => {
      const cache = newCache(options)
      const question = ask('a.test.')
      const again = entry(question, fetched, { stored: NOW - 20_000, security: 'insecure', ...change })
      cache.put('main', again, NOW)
      return cache.get('main', question, NOW)?.expires
    }
    expect(put({ minTtl: 30 }, { expires: NOW + 1_000 })).toBe(NOW + 10_000)
    expect(put({ maxTtl: 60 }, { expires: NOW + 86_400_000 })).toBe(NOW + 40_000)
    expect(put({ minTtl: 10 }, { expires: NOW + 1_000 })).toBe(NOW + 1_000)
  })

  it('is never raised beyond the signatures of what is secure', () => {
    const cache = newCache({ minTtl: 30 })
    const question = ask('a.test.')
    const signature = new Uint8Array(20)
    new DataView(signature.buffer).setUint32(8, NOW / 1000 + 10)
    const set = { ...rrset('a.test.', Type.A, [new Uint8Array(4)], 5), signatures: [signature] }
    const outcome: Outcome = { kind: 'rrset', rrset: set, apex: parseName('test.'), proofs: [] }
    cache.put('main', entry(question, outcome, { security: 'secure', expires: NOW + 5_000 }), NOW)
    expect(cache.get('main', question, NOW)?.expires).toBe(NOW + 10_000)
  })

  it('is raised to the configured least for own entries only: a ring copy holds as long as its certificate', () => {
    const cache = newCache({ minTtl: 30 })
    for (const side of ['own', 'ring'] as const) {
      cache.put(
        'main',
        entry(ask(`${side}.test.`), present(`${side}.test.`, 'test.'), { side, expires: NOW + 5_000 }),
        NOW,
      )
    }
    expect(cache.get('main', ask('own.test.'), NOW)?.expires).toBe(NOW + 30_000)
    expect(cache.get('main', ask('ring.test.'), NOW)?.expires).toBe(NOW + 5_000)
  })
})

describe('rank', () => {
  const question = ask('www.test.')
  const byte = (found: CacheEntry | undefined) => found?.outcome.kind === 'rrset' && found.outcome.rrset.rdatas[0]?.[3]

  it('lower never replaces unexpired higher on the same side, equal and higher do', () => {
    const cache = newCache()
    const put = (rank: Rank, value: number, now = NOW) =>
      cache.put('main', entry(question, present('www.test.', 'test.', value), { rank, expires: now + 300_000 }), now)
    expect(put(Rank.AUTHORITATIVE, 1)).toBe(true)
    expect(put(Rank.AUTHORITY_SECTION, 2)).toBe(false)
    expect(byte(cache.get('main', question, NOW))).toBe(1)
    expect(put(Rank.AUTHORITATIVE, 3)).toBe(true)
    expect(put(Rank.SECURE, 4)).toBe(true)
    expect(put(Rank.AUTHORITATIVE, 5)).toBe(false)
    expect(byte(cache.get('main', question, NOW))).toBe(4)
    expect(put(Rank.GLUE, 6, NOW + 300_000)).toBe(true)
    expect(byte(cache.get('main', question, NOW + 300_000))).toBe(6)
  })

  it('decides between the sides, which never replace each other', () => {
    const cache = newCache()
    cache.put('main', entry(question, present('www.test.', 'test.', 1)), NOW)
    cache.put('main', entry(question, present('www.test.', 'test.', 2), { side: 'ring', rank: Rank.AGREED }), NOW)
    expect(byte(cache.get('main', question, NOW))).toBe(2)
    expect(byte(cache.get('main', question, NOW, { side: 'own' }))).toBe(1)
    expect(byte(cache.get('main', question, NOW, { side: 'ring' }))).toBe(2)
  })

  it('of bogus data is below everything, in both directions', () => {
    const cache = newCache()
    const bogus = entry(question, present('www.test.', 'test.', 9), { security: 'bogus', rank: Rank.LEDGER })
    cache.put('main', bogus, NOW)
    expect(cache.put('main', entry(question, present('www.test.', 'test.', 1), { rank: Rank.GLUE }), NOW)).toBe(true)
    expect(cache.put('main', bogus, NOW)).toBe(false)
    expect(byte(cache.get('main', question, NOW))).toBe(1)
  })
})

describe('a question', () => {
  it('is answered by the CNAME at its name, and by the proven NXDOMAIN of its name, for every type', () => {
    const cache = newCache()
    const cname = rrset('alias.test.', Type.CNAME, [parseName('www.test.').wire])
    const outcome: Outcome = { kind: 'rrset', rrset: cname, apex: parseName('test.'), proofs: [] }
    cache.put('main', entry(ask('alias.test.'), outcome), NOW)
    cache.put('main', entry(ask('gone.test.'), absent(3, 'test.'), { security: 'secure', rank: Rank.SECURE }), NOW)
    cache.put('main', entry(ask('empty.test.'), absent(0, 'test.')), NOW)
    expect(cache.get('main', ask('alias.test.', Type.MX), NOW)?.outcome).toEqual(outcome)
    expect(cache.get('main', ask('alias.test.', Type.CNAME), NOW)?.outcome).toEqual(outcome)
    expect(cache.get('main', ask('gone.test.', Type.TXT), NOW)?.outcome.kind).toBe('absent')
    expect(cache.get('main', ask('empty.test.', Type.TXT), NOW)).toBeUndefined()
    cache.remove('main', ask('alias.test.', Type.MX))
    expect(cache.get('main', ask('alias.test.'), NOW)).toBeUndefined()
  })

  it('for what stands beside an alias is not answered by the alias', () => {
    const cache = newCache()
    const cname = rrset('alias.test.', Type.CNAME, [parseName('www.test.').wire])
    cache.put(
      'main',
      entry(ask('alias.test.'), { kind: 'rrset', rrset: cname, apex: parseName('test.'), proofs: [] }),
      NOW,
    )
    for (const type of [Type.NSEC, Type.RRSIG]) expect(cache.get('main', ask('alias.test.', type), NOW)).toBeUndefined()
    expect(cache.get('main', ask('alias.test.', Type.TXT), NOW)).toBeDefined()
  })

  it.each(['indeterminate', 'insecure'] as const)('is not answered by the %s NXDOMAIN of another type', (security) => {
    const cache = newCache()
    cache.put('main', entry(ask('www.test.', Type.AAAA), absent(3, 'test.'), { security }), NOW)
    expect(cache.get('main', ask('www.test.', Type.AAAA), NOW)?.outcome.kind).toBe('absent')
    for (const type of [Type.A, Type.CNAME, Type.MX])
      expect(cache.get('main', ask('www.test.', type), NOW)).toBeUndefined()
  })

  it('has one word on itself: a proven NXDOMAIN takes the place of what was there', () => {
    const cache = newCache()
    const question = ask('www.test.')
    cache.put('main', entry(question, present('www.test.', 'test.')), NOW)
    cache.put('main', entry(question, absent(3, 'test.'), { security: 'secure', rank: Rank.SECURE }), NOW)
    expect(cache.get('main', question, NOW)?.outcome.kind).toBe('absent')
    expect(cache.stats().entries).toBe(1)
  })
})

describe('bounds', () => {
  it('refuses sets with too many records, signatures or proofs (CacheFlush, KeyTrap)', () => {
    const cache = newCache({ maxBytes: 16_777_216 })
    const question = ask('big.test.', Type.TXT)
    const put = (change: Partial<RRset>, proofs: readonly RRset[] = []) => {
      const set = { ...rrset('big.test.', Type.TXT, [Uint8Array.of(0)]), ...change }
      return cache.put('main', entry(question, { kind: 'rrset', rrset: set, apex: parseName('test.'), proofs }), NOW)
    }
    const many = (count: number, bytes: number) => Array.from({ length: count }, () => new Uint8Array(bytes))
    expect(put({ rdatas: many(cacheLimits.MAX_RRSET_RECORDS, 10) })).toBe(true)
    expect(put({ rdatas: many(cacheLimits.MAX_RRSET_RECORDS + 1, 10) })).toBe(false)
    expect(put({ signatures: many(cacheLimits.MAX_SIGNATURES + 1, 10) })).toBe(false)
    expect(put({ rdatas: many(256, 257) })).toBe(false)
    const proof = rrset('p.test.', Type.NSEC3, [Uint8Array.of(1)])
    expect(
      put(
        {},
        Array.from({ length: cacheLimits.MAX_PROOFS + 1 }, () => proof),
      ),
    ).toBe(false)
  })

  it('refuses to be smaller than it can work in', () => {
    expect(() => newCache({ maxBytes: 1_000 })).toThrow(/at least/)
  })

  it('drops the oldest segments first, and keeps what was read since', () => {
    const cache = newCache({ maxBytes: 262_144 })
    const name = (i: number) => `host-${i}.example.test.`
    for (let i = 0; i < 20_000; i++) {
      cache.put('main', entry(ask(name(i)), present(name(i), 'example.test.')), NOW)
      if (i > 0 && i % 100 === 0) expect(cache.get('main', ask(name(7)), NOW), `after ${i}`).toBeDefined()
      expect(cache.stats().bytes).toBeLessThanOrEqual(262_144)
    }
    expect(cache.get('main', ask(name(8)), NOW)).toBeUndefined()
    expect(cache.get('main', ask(name(19_999)), NOW)).toBeDefined()
    expect(cache.stats().evictions).toBeGreaterThan(10_000)
    // A cache that threw away half of its room would hold far less.
    expect(cache.stats().entries).toBeGreaterThan(1_000)
  })
})

describe('flush', () => {
  it('drops what is at and below the name, in every context, and raises the generation', () => {
    const cache = newCache()
    for (const name of ['example.test.', 'a.example.test.', 'xexample.test.', 'test.']) {
      cache.put('main', entry(ask(name), present(name, 'test.')), NOW)
      cache.put('stub:x.', entry(ask(name), present(name, 'test.')), NOW)
    }
    expect(cache.flush(parseName('EXAMPLE.test.'))).toBe(4)
    expect(cache.get('main', ask('a.example.test.'), NOW)).toBeUndefined()
    expect(cache.get('stub:x.', ask('example.test.'), NOW)).toBeUndefined()
    expect(cache.get('main', ask('xexample.test.'), NOW)).toBeDefined()
    expect(cache.get('main', ask('test.'), NOW)).toBeDefined()
    expect(cache.generation).toBe(1)
    expect(cache.flush()).toBe(4)
    expect(cache.stats().entries).toBe(0)
    expect(cache.generation).toBe(2)
  })
})

describe('what there is of a name', () => {
  const filled = () => {
    const cache = createCache({ ...OPTIONS, seed: new Uint8Array(8) })
    for (const name of ['example.test.', 'a.example.test.', 'xexample.test.'])
      cache.put('main', entry(ask(name), present(name, 'test.')), NOW)
    cache.put('stub:x.', entry(ask('example.test.', Type.TXT), absent(0, 'test.')), NOW)
    cache.put('main', entry(ask('example.test.', Type.MX), absent(0, 'test.'), { security: 'bogus' }), NOW)
    for (const zone of ['example.test.', 'a.example.test.', 'test.'])
      cache.putDelegation(
        'main',
        { zone: parseName(zone), nameServers: [], addresses: new Map(), ds: undefined, proofs: [], ttl: 60 },
        NOW,
      )
    for (const name of ['example.test.', 'b.example.test.'])
      cache.putFailure('main', { question: ask(name), code: 'RECURSE_FAILED', ede: [], expires: NOW + 1_000, count: 1 })
    return cache
  }

  it('is listed in every context, what is bogus and what has expired too, with a bound', () => {
    const cache = filled()
    const alone = cache.list(parseName('Example.Test.'), 'name', 10)
    expect(
      alone.entries.map(({ context, entry }) => `${context} ${entry.question.type} ${entry.security}`).sort(),
    ).toEqual([`main ${Type.A} indeterminate`, `main ${Type.MX} bogus`, `stub:x. ${Type.TXT} indeterminate`])
    expect([alone.delegations.length, alone.failures.length, alone.isCut]).toEqual([1, 1, false])
    expect(alone.failures[0]).toMatchObject({ context: 'main', failure: { code: 'RECURSE_FAILED' } })
    const below = cache.list(parseName('example.test.'), 'below', 10)
    expect([below.entries.length, below.delegations.length, below.failures.length]).toEqual([4, 2, 2])
    expect(cache.list(parseName('example.test.'), 'below', 3)).toMatchObject({ isCut: true })
    expect(cache.list(parseName('none.test.'), 'below', 3).entries).toEqual([])
  })

  it('is flushed alone, and what is below it stays', () => {
    const cache = filled()
    expect(cache.flush(parseName('example.test.'), 'name')).toBe(5)
    expect(cache.generation).toBe(1)
    expect(cache.get('main', ask('example.test.'), NOW)).toBeUndefined()
    expect(cache.get('main', ask('a.example.test.'), NOW)).toBeDefined()
    expect(cache.failure('main', ask('b.example.test.'), NOW)).toBeDefined()
    expect(cache.delegation('main', parseName('www.example.test.'), NOW)?.delegation.zone.labels).toBe(1)
    expect(cache.flush(parseName('.'), 'name')).toBe(0)
    expect(cache.flush(parseName('.'), 'below')).toBe(5)
  })
})

describe('delegations and failures', () => {
  const delegation = (zone: string, ttl = 300) => ({
    zone: parseName(zone),
    nameServers: [parseName('ns.test.')],
    addresses: new Map(),
    ds: undefined,
    proofs: [],
    ttl,
  })

  it('gives the deepest unexpired zone around a name, and answers no question with it', () => {
    const cache = newCache()
    cache.putDelegation('main', delegation('.', 500), NOW)
    cache.putDelegation('main', delegation('example.test.', 100), NOW)
    const zoneOf = (name: string, now = NOW) => cache.delegation('main', parseName(name), now)?.delegation.zone.labels
    expect(zoneOf('www.example.test.')).toBe(2)
    expect(zoneOf('example.test.')).toBe(2)
    expect(zoneOf('other.test.')).toBe(0)
    expect(zoneOf('www.example.test.', NOW + 100_000)).toBe(0)
    expect(cache.get('main', ask('example.test.', Type.NS), NOW)).toBeUndefined()
    expect(cache.delegation('stub:x.', parseName('example.test.'), NOW)).toBeUndefined()
  })

  it('keeps at most 20 name servers of a delegation (CacheFlush)', () => {
    const cache = newCache()
    const nameServers = Array.from({ length: 200 }, (_, i) => parseName(`ns${i}.test.`))
    cache.putDelegation('main', { ...delegation('a.test.'), nameServers }, NOW)
    expect(cache.delegation('main', parseName('a.test.'), NOW)?.delegation.nameServers).toHaveLength(20)
  })

  it('forgets a failure when an answer comes that is not kept: a row of failures has ended', () => {
    const cache = newCache()
    const question = ask('zero.test.')
    const failure = { question, code: 'all-servers-failed', ede: [], expires: NOW + 2_000, count: 3 }
    cache.putFailure('main', failure)
    const bogus = entry(question, present('zero.test.', 'test.', 1, 0), { security: 'bogus' })
    expect(cache.put('main', bogus, NOW)).toBe(false)
    expect(cache.failure('main', question, 0)?.count).toBe(3)
    expect(cache.put('main', { ...bogus, security: 'indeterminate' }, NOW)).toBe(false)
    expect(cache.failure('main', question, 0)).toBeUndefined()
  })

  it('remembers a failure until it expires or an answer comes', () => {
    const cache = newCache()
    const question = ask('broken.test.')
    const failure = { question, code: 'all-servers-failed', ede: [], expires: NOW + 2_000, count: 3 }
    cache.putFailure('main', failure)
    expect(cache.failure('main', question, NOW + 1_999)).toEqual(failure)
    expect(cache.failure('main', question, NOW + 2_000)).toBeUndefined()
    expect(cache.failure('main', question, 0)?.count).toBe(3)
    cache.put('main', entry(question, present('broken.test.', 'test.')), NOW)
    expect(cache.failure('main', question, 0)).toBeUndefined()
  })
})

/** The same rules over a Map of entries, without bounds: what the packed cache must agree with. */
class Model {
  readonly entries = new Map<string, CacheEntry>()

  put(put: CacheEntry, now: number): boolean {
    const key = `${put.side} ${put.question.name.key}`
    const old = this.entries.get(key)
    if (put.expires <= now) return false
    if (old !== undefined && old.expires > now && old.rank > put.rank) return false
    this.entries.set(key, put)
    return true
  }

  get(question: Question, now: number): CacheEntry | undefined {
    const sides: Side[] = ['own', 'ring']
    const found = sides.map((side) => this.entries.get(`${side} ${question.name.key}`)).filter((it) => it !== undefined)
    return found.filter((it) => it.expires > now).sort((a, b) => b.rank - a.rank)[0]
  }

  remove(question: Question): void {
    for (const side of ['own', 'ring']) this.entries.delete(`${side} ${question.name.key}`)
  }
}

type Step =
  | { do: 'put'; name: number; side: Side; rank: Rank; seconds: number; padding: number }
  | { do: 'get' | 'remove'; name: number }
  | { do: 'wait'; seconds: number }

const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    name: fc.nat(40),
    side: fc.constantFrom<Side>('own', 'ring'),
    rank: fc.constantFrom(...Object.values(Rank)),
    seconds: fc.nat(100),
    padding: fc.nat(1_200),
  }),
  fc.record({ do: fc.constantFrom('get' as const, 'remove' as const), name: fc.nat(40) }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(30) }),
)

/** Runs the steps on both, and hands each `get` to `compare`. */
function play(steps: readonly Step[], cache: Cache, compare: (real?: CacheEntry, model?: CacheEntry) => void): void {
  const model = new Model()
  let now = NOW
  for (const step of steps) {
    if (step.do === 'wait') {
      now += step.seconds * 1000
      continue
    }
    const name = `n${step.name}.example.test.`
    const question = ask(name, Type.TXT)
    if (step.do === 'get') compare(cache.get('main', question, now), model.get(question, now))
    if (step.do === 'remove') {
      cache.remove('main', question)
      model.remove(question)
    }
    if (step.do === 'put') {
      const set = rrset(name, Type.TXT, [new Uint8Array(step.padding), Uint8Array.of(now & 0xff)])
      const outcome: Outcome = { kind: 'rrset', rrset: set, apex: parseName('example.test.'), proofs: [] }
      const { side, rank } = step
      const put = entry(question, outcome, { side, rank, stored: now, expires: now + step.seconds * 1000 })
      cache.put('main', put, now)
      model.put(put, now)
    }
  }
}

describe('under any sequence of operations', () => {
  it('agrees with a plain map of entries while there is room', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 200 }), (steps) => {
        play(steps, newCache(), (real, model) => expect(real).toEqual(model))
      }),
      { numRuns: 100 },
    )
  })

  it('stays within its bytes when there is none, and still never gives a wrong entry', () => {
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 100, maxLength: 400 }), (steps) => {
        const cache = newCache({ maxBytes: cacheLimits.MIN_CACHE_BYTES })
        play(steps, cache, (real, model) => {
          expect(cache.stats().bytes).toBeLessThanOrEqual(cacheLimits.MIN_CACHE_BYTES)
          // Evicting the better side may bring the other to light; each must be one that was put and not replaced.
          if (real !== undefined) expect(model === undefined || real.rank <= model.rank).toBe(true)
        })
      }),
      { numRuns: 60 },
    )
  })

  it('finds everything again after the index has grown and names were removed out of order', () => {
    const cache = newCache({ maxBytes: 4_194_304 })
    const name = (i: number) => `n${i}.test.`
    for (let i = 0; i < 5_000; i++) cache.put('main', entry(ask(name(i)), present(name(i), 'test.', i & 0xff)), NOW)
    for (let i = 0; i < 5_000; i += 3) cache.remove('main', ask(name((i * 7) % 5_000)))
    const removed = new Set(Array.from({ length: 1_667 }, (_, i) => (i * 3 * 7) % 5_000))
    for (let i = 0; i < 5_000; i++) {
      const found = cache.get('main', ask(name(i)), NOW)
      expect(found === undefined, name(i)).toBe(removed.has(i))
    }
    expect(cache.stats().entries).toBe(5_000 - removed.size)
  })
})

describe('the proof that a name is no alias', () => {
  const name = 'www.example.com'
  const alias: Outcome = {
    kind: 'rrset',
    rrset: rrset(name, Type.CNAME, [parseName('other.example.com').wire]),
    apex: parseName('example.com'),
    proofs: [],
  }

  it('answers questions for its CNAME, and for nothing else: one such question must not deny the name', () => {
    const cache = newCache()
    cache.put('main', entry(ask(name, Type.CNAME), absent(0, 'example.com')), NOW)
    expect(cache.get('main', ask(name, Type.CNAME), NOW)?.outcome.kind).toBe('absent')
    expect(cache.get('main', ask(name, Type.A), NOW)).toBeUndefined()
    cache.put('main', entry(ask(name), present(name, 'example.com')), NOW)
    expect(cache.get('main', ask(name, Type.A), NOW)?.outcome.kind).toBe('rrset')
    expect(cache.get('main', ask(name, Type.CNAME), NOW)?.outcome.kind).toBe('absent')
  })

  it('goes when an alias comes, and the other way round', () => {
    const cache = newCache()
    cache.put('main', entry(ask(name, Type.CNAME), absent(0, 'example.com')), NOW)
    cache.put('main', entry(ask(name), alias), NOW)
    expect(cache.get('main', ask(name, Type.CNAME), NOW)?.outcome.kind).toBe('rrset')
    cache.put('main', entry(ask(name, Type.CNAME), absent(0, 'example.com')), NOW)
    expect(cache.get('main', ask(name, Type.CNAME), NOW)?.outcome.kind).toBe('absent')
    expect(cache.get('main', ask(name, Type.A), NOW)).toBeUndefined()
  })
})
