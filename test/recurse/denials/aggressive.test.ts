/** Answers that nobody is asked for: RFC 8198, RFC 8020, and DNAMEs that are known; through the whole stack, in virtual time. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Budget } from '../../../src/base/index.ts'
import { Ede, type Message, parseName, Rcode, type ResourceRecord, readEde, Type } from '../../../src/dns/index.ts'
import { parseTrustAnchors, type TrustAnchor } from '../../../src/dnssec/index.ts'
import type { IterationStep, RecurseRequest } from '../../../src/recurse/index.ts'
import type { VirtualClock } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import {
  type AskFlags,
  createStack,
  createWorld,
  type SignedWorld,
  type Stack,
  type StackOptions,
  signWorld,
  simpleSpec,
  texts,
  type World,
} from '../../world/index.ts'
import { question } from '../harness.ts'

const ZONE = `
www  A 192.0.2.1
mail A 192.0.2.2
*.w  A 192.0.2.3
*.w  TXT "expanded"
*.c  CNAME www
old  DNAME new.example.com.
a.new A 192.0.2.4
b.new A 192.0.2.5
`

const SIGNED = signWorld(
  simpleSpec({
    'com.': '',
    'example.com.': ZONE,
    'n3.com.': 'www A 192.0.2.1\nmail A 192.0.2.2\n',
    'opt.com.': 'www A 192.0.2.1\n',
    'plain.com.': 'www A 192.0.2.1\nold DNAME new\na.new A 192.0.2.4\nb.new A 192.0.2.5\n',
    'sub.example.com.': 'www A 192.0.2.6\n',
    'bare.example.com.': 'www A 192.0.2.7\n',
  }),
  {
    '.': {},
    'com.': { nsec3: { optOut: true } },
    'example.com.': {},
    'sub.example.com.': {},
    'n3.com.': { nsec3: { iterations: 1, salt: 'abcd' } },
    'opt.com.': { nsec3: { optOut: true } },
  },
)

interface Bench {
  readonly clock: VirtualClock
  readonly world: World
  readonly stack: Stack
  ask(name: string, type?: string, flags?: AskFlags): Promise<Message>
  /** Queries that the servers got since the last look. */
  upstream(): number
}

async function bench(options: StackOptions = {}, signed: SignedWorld = SIGNED): Promise<Bench> {
  const clock = testClock(Date.now())
  const world = await createWorld(signed.spec, { sockets: false, clock })
  const stack = createStack(world, { anchors: signed.anchorText, clock, ...options })
  return {
    clock,
    world,
    stack,
    ask: (name, type = 'A', flags = {}) => clock.run(stack.ask({ name, type }, { ad: true, ...flags })),
    upstream: () => {
      const count = world.count()
      world.clearLog()
      return count
    },
  }
}

const rcodes = ({ rcode, ad }: Message) => [rcode, ad]
const NXDOMAIN = [Rcode.NXDOMAIN, true]
const NODATA = [Rcode.NOERROR, true]

let on: Bench
beforeEach(async () => {
  on = await bench()
})

/** Letters, so that the names fall between all that are there. */
function randomNames(zone: string, count: number): string[] {
  let state = 7
  const letter = () => {
    state = (state * 48_271) % 0x7fffffff
    return String.fromCharCode(97 + (state % 26))
  }
  return Array.from({ length: count }, (_, i) => `${letter()}${letter()}${letter()}${letter()}${i}.${zone}`)
}

async function torture({ ask, upstream }: Bench, zone: string, count: number): Promise<number> {
  await ask(`www.${zone}`)
  upstream()
  for (const name of randomNames(zone, count)) expect((await ask(name)).rcode).toBe(Rcode.NXDOMAIN)
  return upstream()
}

describe('water torture', () => {
  it.each(['example.com', 'n3.com'])('of a signed zone costs a handful of queries: %s', async (zone) => {
    expect(await torture(on, zone, 1_000)).toBeLessThanOrEqual(16)
  })

  it.each(['plain.com', 'opt.com'])('is not made cheap where nothing is proven: %s', async (zone) => {
    expect(await torture(on, zone, 60)).toBeGreaterThanOrEqual(60)
  })

  it('costs a query each when the operator says so', async () => {
    const off = await bench({ validation: { aggressive: false } })
    expect(await torture(off, 'example.com', 60)).toBeGreaterThanOrEqual(60)
  })
})

describe('an answer from proven denials', () => {
  it('is never made of an NSEC that came from a wildcard, nor is that NSEC moved to another name', async () => {
    expect(rcodes(await on.ask('p.w.example.com', 'NSEC'))).toEqual([Rcode.NOERROR, true])
    on.upstream()
    expect(rcodes(await on.ask('q.w.example.com', 'NSEC'))).toEqual([Rcode.NOERROR, true])
    expect(on.upstream()).toBeGreaterThan(0)
    expect((await on.ask('p.w.example.com')).answers).toHaveLength(1)
    expect((await on.ask('r.w.example.com')).answers).toHaveLength(1)
    expect(rcodes(await on.ask('p.w.example.com', 'MX'))).toEqual(NODATA)
  })

  it('is the answer that the zone would give, proof and SOA included', async () => {
    const asked = await on.ask('nothing.example.com', 'A', { do: true })
    on.upstream()
    const inferred = await on.ask('nothinh.example.com', 'A', { do: true })
    expect(on.upstream()).toBe(0)
    expect(rcodes(inferred)).toEqual(NXDOMAIN)
    expect(readEde(inferred.edns!.options)).toMatchObject([{ code: Ede.SYNTHESIZED }])
    expect(readEde(asked.edns!.options)).toEqual([])
    const shown = (records: readonly ResourceRecord[]) => texts(records).sort()
    expect(shown(inferred.authorities)).toEqual(shown(asked.authorities))
    const other = await (await bench()).ask('nothinh.example.com', 'A', { do: true })
    expect(shown(inferred.authorities)).toEqual(shown(other.authorities))
  })

  it('holds for types of names that exist, too', async () => {
    await on.ask('www.example.com', 'TXT')
    on.upstream()
    expect(rcodes(await on.ask('www.example.com', 'MX'))).toEqual(NODATA)
    expect(on.upstream()).toBe(0)
    expect(texts((await on.ask('www.example.com')).answers)).toEqual(['A 192.0.2.1'])
  })

  it('is never given of a DS set', async () => {
    await on.ask('nothing.example.com')
    on.upstream()
    expect(rcodes(await on.ask('nothinh.example.com', 'DS'))).toEqual(NXDOMAIN)
    expect(on.upstream()).toBeGreaterThan(0)
  })

  it('counts down with what it was taken from', async () => {
    const first = await on.ask('nothing.example.com')
    on.clock.skip(100_000)
    const later = await on.ask('nothinh.example.com')
    expect(later.authorities[0]!.ttl).toBe(first.authorities[0]!.ttl - 100)
  })

  it('is not given after the records have expired', async () => {
    const first = await on.ask('nothing.example.com')
    on.upstream()
    on.clock.skip(first.authorities[0]!.ttl * 1000)
    expect(rcodes(await on.ask('nothinh.example.com'))).toEqual(NXDOMAIN)
    expect(on.upstream()).toBeGreaterThan(0)
  })

  it('is expanded from a wildcard that is known', async () => {
    await on.ask('one.w.example.com')
    on.upstream()
    const two = await on.ask('TWO.w.example.com', 'A', { do: true })
    expect(on.upstream()).toBe(0)
    expect([two.ad, texts(two.answers)[0]]).toEqual([true, 'A 192.0.2.3'])
    expect(two.answers.map(({ name, type }) => [name.key, type])).toEqual([
      [parseName('two.w.example.com.').key, Type.A],
      [parseName('two.w.example.com.').key, Type.RRSIG],
    ])
    expect(two.authorities.map(({ type }) => type)).toEqual([Type.NSEC, Type.RRSIG])
    expect(texts((await on.ask('two.w.example.com', 'TXT')).answers)).toEqual(['TXT "expanded"'])
    expect(on.upstream()).toBeGreaterThan(0)
  })

  it('follows an alias that was expanded from a wildcard', async () => {
    await on.ask('one.c.example.com')
    on.upstream()
    const two = await on.ask('two.c.example.com')
    expect([two.ad, texts(two.answers)]).toEqual([true, ['CNAME www.example.com.', 'A 192.0.2.1']])
    expect(on.upstream()).toBe(0)
  })

  it('says why it came without a query', async () => {
    await on.ask('nothing.example.com')
    const steps: IterationStep[] = []
    const request = requestFor(on, 'nothinh.example.com', { onStep: (step) => steps.push(step) })
    const finding = await on.clock.run(on.stack.recursor.resolve(request))
    expect(steps).toMatchObject([{ kind: 'cache', what: 'denial' }])
    expect(finding.evidence).toMatchObject({ security: 'secure', provenance: 'solo' })
  })
})

describe('an answer from proven denials is never given', () => {
  const costs = async (one: Bench, name: string, change: Partial<RecurseRequest>): Promise<number> => {
    await one.ask('nothing.example.com')
    one.upstream()
    await one.clock.run(one.stack.recursor.resolve(requestFor(one, name, change)))
    return one.upstream()
  }

  it.each<[string, Partial<RecurseRequest>]>([
    ['for CD=1', { checkingDisabled: true }],
    ['for an observation, which must be a fetch', { origin: 'own' }],
    ['for who wants it fresh', { fresh: true }],
  ])('%s', async (_, change) => {
    expect(await costs(on, 'nothinh.example.com', {})).toBe(0)
    expect(await costs(await bench(), 'nothinh.example.com', change)).toBeGreaterThan(0)
    expect(on.stack.recursor.infer(requestFor(on, 'nothini.example.com', change))).toBeUndefined()
  })

  it('below a zone cut: neither of a signed nor of an unsigned child', async () => {
    for (const name of randomNames('example.com', 40)) await on.ask(name)
    for (const child of ['sub', 'bare']) {
      expect(texts((await on.ask(`www.${child}.example.com`)).answers)).toHaveLength(1)
      on.upstream()
      expect((await on.ask(`new-name.${child}.example.com`)).rcode).toBe(Rcode.NXDOMAIN)
      expect(on.upstream()).toBeGreaterThan(0)
    }
  })

  it('at and below a delegation that is newer than the span that would deny it', async () => {
    await on.ask('nothing.example.com')
    const zone = parseName('nothinh.example.com.')
    const delegation = { zone, nameServers: [], addresses: new Map(), ds: undefined, proofs: [], ttl: 60 }
    on.stack.cache.putDelegation('main', delegation, on.clock.now())
    expect(on.stack.recursor.infer(requestFor(on, 'nothinh.example.com'))).toBeUndefined()
    expect(on.stack.recursor.infer(requestFor(on, 'www.nothinh.example.com'))).toBeUndefined()
    expect(on.stack.recursor.infer(requestFor(on, 'nothini.example.com'))).toBeDefined()
  })

  it('at and below a trust anchor of its own', async () => {
    const island = 'island.example.com. DS 1 13 2 00000000000000000000000000000000000000000000000000000000000000ff'
    const one = await bench({ anchors: `${SIGNED.anchorText}${island}\n` })
    await one.ask('ismael.example.com')
    expect(one.stack.recursor.infer(requestFor(one, 'iso.example.com'))).toBeDefined()
    expect(one.stack.recursor.infer(requestFor(one, 'www.island.example.com'))).toBeUndefined()
  })

  it('below a negative trust anchor', async () => {
    const exempt = await bench({ negativeAnchors: [parseName('broken.example.com.')] })
    await exempt.ask('broken-not.example.com')
    await exempt.ask('brokem.example.com')
    exempt.upstream()
    expect(exempt.stack.recursor.infer(requestFor(exempt, 'brokex.example.com'))).toBeDefined()
    await exempt.ask('x.broken.example.com')
    expect(exempt.upstream()).toBeGreaterThan(0)
  })

  it('after a flush', async () => {
    await on.ask('nothing.example.com')
    expect(on.stack.recursor.infer(requestFor(on, 'nothinh.example.com'))).toBeDefined()
    on.stack.cache.flush(parseName('unrelated.org.'))
    expect(on.stack.recursor.infer(requestFor(on, 'nothinh.example.com'))).toBeUndefined()
  })

  it('after the trust anchors have changed', async () => {
    let anchors: readonly TrustAnchor[] = parseTrustAnchors(SIGNED.anchorText)
    const moving = await bench({ validation: { anchors: () => anchors } })
    await moving.ask('nothing.example.com')
    expect(moving.stack.recursor.infer(requestFor(moving, 'nothinh.example.com'))).toBeDefined()
    anchors = parseTrustAnchors('com. DS 1 13 2 00000000000000000000000000000000000000000000000000000000000000ff')
    expect(moving.stack.recursor.infer(requestFor(moving, 'nothinh.example.com'))).toBeUndefined()
    expect((await moving.ask('nothinj.example.com')).rcode).toBe(Rcode.SERVFAIL)
  })

  it('of what a peer has sent: that is good for its own question alone', async () => {
    const proof = await on.clock.run(on.stack.recursor.resolve(requestFor(on, 'nothing.example.com')))
    const fresh = await bench()
    await fresh.ask('www.example.com')
    const evidence = { security: 'indeterminate', provenance: 'agreed', observers: [] } as const
    const { question: _, ...request } = requestFor(fresh, 'nothing.example.com')
    const judged = await fresh.clock.run(fresh.stack.recursor.validate({ ...proof, evidence }, request))
    expect(judged.evidence.security).toBe('secure')
    expect(fresh.stack.recursor.infer(requestFor(fresh, 'nothinh.example.com'))).toBeUndefined()
  })

  it('from what is bogus', async () => {
    const broken = signWorld(SIGNED_PLAIN, {
      '.': {},
      'com.': {},
      'example.com.': { corrupt: ['example.com. NSEC', 'mail.example.com. NSEC'] },
    })
    const lied = await bench({}, broken)
    expect((await lied.ask('nothing.example.com')).rcode).toBe(Rcode.SERVFAIL)
    expect(lied.stack.recursor.infer(requestFor(lied, 'nothinh.example.com'))).toBeUndefined()
  })
})

const SIGNED_PLAIN = simpleSpec({ 'com.': '', 'example.com.': 'www A 192.0.2.1\nmail A 192.0.2.2\n' })

describe('below a name that does not exist', () => {
  it('there is nothing (RFC 8020), shown by the same proof', async () => {
    const proof = await on.clock.run(on.stack.recursor.resolve(requestFor(on, 'gone.example.com')))
    on.upstream()
    const below = await on.ask('a.b.gone.example.com', 'A', { do: true })
    expect([rcodes(below), on.upstream()]).toEqual([NXDOMAIN, 0])
    expect(below.authorities.filter(({ type }) => type === Type.NSEC)).toHaveLength(proof.outcome.proofs.length)
  })

  it('there is nothing either when a peer has shown it', async () => {
    const other = await bench()
    const proof = await other.clock.run(other.stack.recursor.resolve(requestFor(other, 'gone.n3.com')))
    await on.ask('www.n3.com')
    const { question: _, ...request } = requestFor(on, 'gone.n3.com')
    const indeterminate = { security: 'indeterminate', provenance: 'agreed', observers: [] } as const
    const judged = await on.clock.run(on.stack.recursor.validate({ ...proof, evidence: indeterminate }, request))
    const { evidence, ...rest } = judged
    const { security, provenance } = evidence
    const entry = { ...rest, rank: 5, side: 'ring', security, provenance, stored: on.clock.now() } as const
    on.stack.cache.put('main', entry, on.clock.now())
    on.upstream()
    expect([rcodes(await on.ask('a.b.gone.n3.com')), on.upstream()]).toEqual([NXDOMAIN, 0])
    // Not a word about its neighbours.
    await on.ask('a.gond.n3.com')
    expect(on.upstream()).toBeGreaterThan(0)
  })

  it.each(['plain.com', 'opt.com'])('there may be something where nothing is proven: %s', async (zone) => {
    await on.ask(`gone.${zone}`)
    on.upstream()
    await on.ask(`a.b.gone.${zone}`)
    expect(on.upstream()).toBeGreaterThan(0)
  })
})

describe('a DNAME that is known', () => {
  it('answers for the names below it as it was judged, without a query', async () => {
    expect(texts((await on.ask('a.old.example.com')).answers)).toEqual([
      'DNAME new.example.com.',
      'CNAME a.new.example.com.',
      'A 192.0.2.4',
    ])
    await on.ask('b.new.example.com')
    on.upstream()
    const b = await on.ask('b.old.example.com')
    expect([b.ad, texts(b.answers)[2], on.upstream()]).toEqual([true, 'A 192.0.2.5', 0])
  })

  it('does so below an unsigned zone, without AD', async () => {
    await on.ask('a.old.plain.com')
    await on.ask('b.new.plain.com')
    on.upstream()
    const b = await on.ask('b.old.plain.com')
    expect([b.ad, texts(b.answers)[2], on.upstream()]).toEqual([false, 'A 192.0.2.5', 0])
  })

  it('does so without validation', async () => {
    const world = await createWorld(SIGNED.spec, { sockets: false, clock: on.clock })
    const stack = createStack(world, { clock: on.clock })
    await on.clock.run(stack.ask({ name: 'a.old.plain.com' }))
    await on.clock.run(stack.ask({ name: 'b.new.plain.com' }))
    world.clearLog()
    expect((await on.clock.run(stack.ask({ name: 'b.old.plain.com' }))).answers).toHaveLength(3)
    expect(world.count()).toBe(0)
  })

  it('says nothing of its owner, nor of names beside it', async () => {
    await on.ask('a.old.example.com')
    on.upstream()
    expect(texts((await on.ask('old.example.com')).answers)).toEqual([])
    expect((await on.ask('a.oldest.example.com')).rcode).toBe(Rcode.NXDOMAIN)
    expect(on.upstream()).toBeGreaterThan(0)
  })

  it.each<[string, Partial<RecurseRequest>]>([
    ['observations', { origin: 'own' }],
    ['fresh questions', { fresh: true }],
  ])('is not used for %s', async (_, change) => {
    await on.ask('a.old.example.com')
    on.upstream()
    await on.clock.run(on.stack.recursor.resolve(requestFor(on, 'b.old.example.com', change)))
    expect(on.upstream()).toBeGreaterThan(0)
  })

  it('is not used at and below a zone that is known', async () => {
    await on.ask('a.old.plain.com')
    const zone = parseName('b.old.plain.com.')
    const nameServers = [parseName('ns1.plain.com.')]
    const delegation = { zone, nameServers, addresses: new Map(), ds: undefined, proofs: [], ttl: 60 }
    on.stack.cache.putDelegation('main', delegation, on.clock.now())
    await on.ask('www.b.old.plain.com')
    expect(on.world.queries(({ name }) => name.toLowerCase() === 'www.b.old.plain.com.')).not.toHaveLength(0)
  })

  it('is not used once it has expired', async () => {
    await on.ask('a.old.plain.com')
    on.clock.skip(3_600_000)
    on.upstream()
    await on.ask('b.old.plain.com')
    expect(on.world.queries(({ name }) => name.toLowerCase() === 'b.old.plain.com.')).not.toHaveLength(0)
  })

  it('is bogus for all names when its signature is', async () => {
    const spec = simpleSpec({ 'com.': '', 'example.com.': ZONE })
    const broken = signWorld(spec, { '.': {}, 'com.': {}, 'example.com.': { corrupt: ['old.example.com. DNAME'] } })
    const one = await bench({}, broken)
    for (const name of ['a.old.example.com', 'b.old.example.com', 'a.old.example.com']) {
      expect((await one.ask(name)).rcode).toBe(Rcode.SERVFAIL)
    }
    expect((await one.ask('b.old.example.com', 'A', { cd: true })).rcode).toBe(Rcode.NOERROR)
  })
})

function requestFor({ clock }: Bench, name: string, change: Partial<RecurseRequest> = {}): RecurseRequest {
  const budget = { queries: 100, bytes: 100_000, timeMs: 10_000, signatures: 100, hashes: 600 }
  return {
    question: question(name),
    budget: new Budget(budget, () => clock.monotonic()),
    signal: new AbortController().signal,
    origin: 'any',
    checkingDisabled: false,
    ...change,
  }
}
