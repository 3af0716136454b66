import { afterEach, describe, expect, it } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import { createCache, Rank } from '../../src/cache/index.ts'
import { Ede, nameToText, parseName, type Question, Rcode, Type } from '../../src/dns/index.ts'
import type { Finding, Outcome, Security } from '../../src/evidence/index.ts'
import type { RecurseRequest, Recursor } from '../../src/recurse/index.ts'
import { createResolver, type ResolverOptions, type ResolveStep } from '../../src/resolver/index.ts'
import { answer, ask, createWorld, type Node, nothing, ownFinding, paper, quiet, type World } from '../chunks/world.ts'
import { texts } from '../world/index.ts'
import { recursorThat } from './recursor.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const truth = answer(question, [1])

/** Own iteration that finds what `sees` says, after `delayMs`. */
function recursor(
  sees: (question: Question) => Outcome | ChordnsError,
  delayMs: () => number,
  security?: Security,
): Recursor & { asked: Question[] } {
  const asked: Question[] = []
  const resolve = (request: RecurseRequest) =>
    new Promise<Finding>((resolve, reject) => {
      asked.push(request.question)
      world.clock.after(delayMs(), () => {
        const seen = sees(request.question)
        if (seen instanceof ChordnsError) return reject(seen)
        const finding = ownFinding(request.question, seen, world.clock.now())
        resolve(security === undefined ? finding : { ...finding, evidence: { ...finding.evidence, security } })
      })
    })
  return { asked, ...recursorThat(resolve) }
}

interface Bench {
  readonly sees?: (question: Question) => Outcome | ChordnsError
  readonly delayMs?: number
  readonly options?: Partial<ResolverOptions>
  readonly context?: string
  /** What own iteration says of its findings; as they are by default. */
  readonly security?: Security
}

function resolverAt(node: Node | undefined, bench: Bench = {}) {
  const own = recursor(bench.sees ?? (() => truth), () => bench.delayMs ?? 50, bench.security)
  const cache = createCache({
    maxBytes: 1 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 0,
    seed: new Uint8Array(8),
  })
  const resolver = createResolver(
    {
      cache,
      recursor: own,
      chunks: node?.chunks,
      clock: world.clock,
      log: quiet,
      contextOf: () => bench.context ?? 'main',
    },
    { order: 'race', hedgeMs: 'auto', strict: false, serveStale: false, prefetch: false, ...bench.options },
  )
  const resolve = async (asked: Question = question, flags: { rd?: boolean; cd?: boolean } = {}) => {
    const steps: ResolveStep[] = []
    const resolution = await world.clock.run(
      resolver.resolve({
        question: asked,
        recursionDesired: flags.rd ?? true,
        checkingDisabled: flags.cd ?? false,
        dnssecOk: false,
        authenticData: true,
        client: 'test',
        signal: new AbortController().signal,
        onStep: (step) => steps.push(step),
      }),
    )
    return { ...resolution, steps, by: steps.findLast((step) => step.kind === 'winner')?.by }
  }
  return { resolve, own, cache }
}

/** Five seats of seven nodes. */
function five(options: Parameters<typeof createWorld>[0]['options'] = {}) {
  world = createWorld({ nodes: 7, n: 5, options })
  world.publish(question, truth)
  return { replicas: world.replicas(question), outsiders: world.outsiders(question) }
}

describe('a question that the ring can answer', () => {
  it('is answered from the ring as agreed, then from the cache', async () => {
    const { outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    const { resolve, own } = resolverAt(outsiders[1]!)
    expect(await resolve()).toMatchObject({ provenance: 'agreed', by: 'ring' })
    expect(await resolve()).toMatchObject({ provenance: 'agreed', by: 'cache' })
    expect(own.asked).toHaveLength(0)
  })

  it('shows nobody the letters that a client chose', async () => {
    const { outsiders } = five()
    const { resolve, own } = resolverAt(outsiders[0]!)
    const asked = { ...question, name: parseName('wWw.ExAmPlE.com') }
    for (const by of ['own iteration', 'the cache']) {
      const { answers, findings } = await resolve(asked)
      const seen = [...answers, ...findings.map((finding) => finding.question)]
      expect(new Set(seen.map(({ name }) => nameToText(name))), by).toEqual(new Set(['www.example.com.']))
    }
    expect(new Set(own.asked.map(({ name }) => nameToText(name)))).toEqual(new Set(['www.example.com.']))
  })

  it('names who agreed from the cache as from the ring', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    const { resolve } = resolverAt(outsiders[1]!)
    const seats = new Set(replicas.map((node) => node.member.peer))
    for (const by of ['ring', 'cache']) {
      const answered = await resolve()
      const { observers } = answered.findings[0]!.evidence
      expect([answered.by, observers.length >= 3, observers.every((one) => seats.has(one))]).toEqual([by, true, true])
    }
  })

  it('is prefetched once from the authorities when the copy of the ring is about to expire, not at every hit', async () => {
    const { outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    const { resolve, own, cache } = resolverAt(outsiders[1]!, { options: { prefetch: true } })
    expect(await resolve()).toMatchObject({ provenance: 'agreed', by: 'ring' })
    const { stored, expires } = cache.get('main', question, world.clock.now())!
    await world.clock.advanceAsync(expires - world.clock.now() - (expires - stored) / 20)
    for (let i = 0; i < 10; i++) {
      expect(await resolve()).toMatchObject({ provenance: 'agreed', by: 'cache' })
      await world.clock.advanceAsync(500)
    }
    expect(own.asked).toHaveLength(1)
  })

  it('on the word of one member, in a ring that takes it, is cached below what this node sees itself', async () => {
    const { replicas, outsiders } = five({ acceptFrom: 'any-member', admitAfter: 5 })
    // One replica has looked because another asked it to; nothing is agreed.
    for (const node of replicas.slice(1)) node.down = true
    replicas[0]!.chunks.tell(question)
    const liar = replicas[0]!
    liar.liar = async (request, _, honest) =>
      request.kind === 'read'
        ? { kind: 'vote', observation: paper(liar.signer, question, truth, world.clock.now()), outcome: truth }
        : honest()
    const { resolve, cache } = resolverAt(outsiders[1]!, { options: { order: 'ring' } })
    expect(await resolve()).toMatchObject({ provenance: 'solo', by: 'ring' })
    const entry = cache.get('main', question, world.clock.now(), { side: 'ring' })
    expect(entry).toMatchObject({ provenance: 'solo', rank: Rank.AUTHORITY_SECTION })
  })

  it('starts own iteration when the first replica has nothing, and the ring may still win', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    replicas[0]!.liar = async () => ({ kind: 'unknown' })
    for (const node of replicas.slice(1)) node.delayMs = 100
    const slow = resolverAt(outsiders[1]!, { delayMs: 400, options: { hedgeMs: 5_000 } })
    expect(await slow.resolve()).toMatchObject({ provenance: 'agreed', by: 'ring' })
    expect(slow.own.asked).toHaveLength(1)
    const fast = resolverAt(outsiders[1]!, { delayMs: 20, options: { hedgeMs: 5_000 } })
    expect(await fast.resolve()).toMatchObject({ provenance: 'solo', by: 'iteration' })
  })

  it('is answered by own iteration when the ring has nothing, and the replicas are told', async () => {
    const { outsiders } = five()
    const { resolve } = resolverAt(outsiders[1]!)
    const first = await resolve()
    expect(first).toMatchObject({ provenance: 'solo', by: 'iteration' })
    expect(first.steps.some((step) => step.kind === 'told')).toBe(true)
    // By then the others' digests name it.
    await world.clock.advanceAsync(60_000)
    expect(await resolverAt(outsiders[0]!).resolve()).toMatchObject({ provenance: 'agreed', by: 'ring' })
  })

  it('is still answered by the ring when own iteration fails first', async () => {
    const { replicas, outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    for (const replica of replicas) replica.delayMs = 200
    const down = new ChordnsError('RECURSE_FAILED', 'no server answers', { reason: 'all-servers-failed', ede: [] })
    const { resolve } = resolverAt(outsiders[1]!, { sees: () => down, delayMs: 5 })
    expect(await resolve()).toMatchObject({ rcode: Rcode.NOERROR, provenance: 'agreed', by: 'ring' })
  })
})

describe('five replicas with liars among them', () => {
  const lie = (last: number) => answer(question, [last])

  it.each([
    ['two that tell the same lie', [0, 1], () => 66],
    ['two others', [2, 4], () => 66],
    ['three that lie differently', [0, 2, 3], (i: number) => 60 + i],
  ] as const)('%s: the lie is never served', async (_, liars, last) => {
    const { replicas, outsiders } = five()
    for (const i of liars) replicas[i]!.sees = () => lie(last(i))
    await world.told(question, [outsiders[0]!], 40_000)
    const { resolve } = resolverAt(outsiders[1]!)
    const served = await resolve()
    expect(texts(served.answers)).toEqual(['A 198.51.100.1'])
  })

  it('three that lie differently: own iteration answers, and says what each replica said', async () => {
    const { replicas, outsiders } = five()
    for (const i of [0, 2, 3]) replicas[i]!.sees = () => lie(60 + i)
    await world.told(question, [outsiders[0]!], 40_000)
    const { resolve } = resolverAt(outsiders[1]!)
    const served = await resolve()
    expect(served).toMatchObject({ provenance: 'divergent', by: 'iteration' })
    const ring = served.steps.find((step) => step.kind === 'ring')
    expect(ring).toMatchObject({ outcome: 'divergent' })
    expect(ring?.replies[0]).toMatchObject({ word: { kind: 'certificate', signers: 5 } })
  })

  it('three that tell the same lie about an unsigned name are believed: more than half is what agreement means', async () => {
    const { replicas, outsiders } = five()
    for (const i of [0, 2, 3]) replicas[i]!.sees = () => lie(66)
    await world.told(question, [outsiders[0]!], 40_000)
    expect(texts((await resolverAt(outsiders[1]!).resolve()).answers)).toEqual(['A 198.51.100.66'])
  })
})

describe('strict', () => {
  it('refuses what only this node saw, with an extended error', async () => {
    const { outsiders, replicas } = five()
    for (const node of replicas) node.sees = () => undefined
    const { resolve } = resolverAt(outsiders[1]!, { options: { strict: true } })
    const refused = await resolve()
    expect(refused.rcode).toBe(Rcode.SERVFAIL)
    expect(refused.ede[0]).toMatchObject({ code: Ede.OTHER, text: expect.stringContaining('strict') as string })
  })

  it('waits for the replicas to agree, which begin at once since a stub waits', async () => {
    const { outsiders } = five()
    const { resolve } = resolverAt(outsiders[1]!, { options: { strict: true } })
    const before = world.clock.monotonic()
    expect(await resolve()).toMatchObject({ rcode: Rcode.NOERROR, provenance: 'agreed', by: 'iteration' })
    expect(world.clock.monotonic() - before).toBeLessThan(1_500)
    const rounds = world.requests.filter(({ request }) => request.kind === 'round')
    expect(rounds.length).toBeGreaterThan(0)
    expect(rounds.every(({ request }) => request.kind === 'round' && request.isAwaited)).toBe(true)
  })

  it('refuses at once where no round is to be expected', async () => {
    const { outsiders } = five({ admitAfter: 'auto' })
    const { resolve } = resolverAt(outsiders[1]!, { options: { strict: true } })
    const before = world.clock.monotonic()
    expect((await resolve()).rcode).toBe(Rcode.SERVFAIL)
    expect(world.clock.monotonic() - before).toBeLessThan(500)
    expect(world.requests.some(({ request }) => request.kind === 'tell' && request.isAwaited)).toBe(false)
  })

  it('serves what the ring agreed on', async () => {
    const { outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    const { resolve } = resolverAt(outsiders[1]!, { options: { strict: true } })
    expect(await resolve()).toMatchObject({ rcode: Rcode.NOERROR, provenance: 'agreed' })
  })

  it('refuses the word of one member, in a ring that takes it otherwise, as it does from the cache', async () => {
    const { replicas, outsiders } = five({ acceptFrom: 'any-member', admitAfter: 5 })
    for (const node of replicas.slice(1)) node.down = true
    const liar = replicas[0]!
    liar.liar = async (request, _, honest) =>
      request.kind === 'read'
        ? { kind: 'vote', observation: paper(liar.signer, question, truth, world.clock.now()), outcome: truth }
        : honest()
    const { resolve, cache } = resolverAt(outsiders[1]!, { options: { order: 'ring', strict: true } })
    for (let i = 0; i < 2; i++) expect((await resolve()).rcode).toBe(Rcode.SERVFAIL)
    expect(cache.get('main', question, world.clock.now(), { side: 'ring' })).toBeUndefined()
  })
})

describe('bogus data of own iteration', () => {
  it.each(['race', 'ring', 'iterate'] as const)(
    'is given to whoever validates himself, on a node with a ring: %s',
    async (order) => {
      const { outsiders } = five()
      const { resolve } = resolverAt(outsiders[1]!, { security: 'bogus', options: { order } })
      const answered = await resolve(question, { cd: true })
      expect([answered.rcode, answered.security]).toEqual([Rcode.NOERROR, 'bogus'])
      expect(texts(answered.answers)).toEqual(['A 198.51.100.1'])
      // And to nobody else: the recursor refuses it before it gets here, but this room does not rely on that.
      expect((await resolve()).security).not.toBe('bogus')
    },
  )
})

describe('chains', () => {
  const alias = (from: string, to: string): Outcome => ({
    kind: 'rrset',
    apex: parseName('example.com'),
    proofs: [],
    rrset: { name: parseName(from), type: Type.CNAME, class: 1, ttl: 60, rdatas: [parseName(to).wire], signatures: [] },
  })
  const text = (one: Question) => one.name.key

  it('are followed link by link, each with its own evidence, and are as weak as their weakest', async () => {
    const { outsiders } = five()
    await world.told(question, [outsiders[0]!], 10_000)
    const start = ask('start.example.net')
    const { resolve } = resolverAt(outsiders[1]!, {
      sees: (one) => (text(one) === text(start) ? alias('start.example.net', 'www.example.com') : truth),
    })
    const served = await resolve(start)
    expect(texts(served.answers)).toEqual(['CNAME www.example.com.', 'A 198.51.100.1'])
    expect(served.findings.map((one) => one.evidence.provenance)).toEqual(['solo', 'agreed'])
    expect(served.provenance).toBe('solo')
  })

  it('that loop or never end are SERVFAIL with an extended error', async () => {
    five()
    const loop = resolverAt(undefined, {
      sees: (one) =>
        text(one) === text(ask('a.example.net'))
          ? alias('a.example.net', 'b.example.net')
          : alias('b.example.net', 'a.example.net'),
    })
    expect(await loop.resolve(ask('a.example.net'))).toMatchObject({
      rcode: Rcode.SERVFAIL,
      ede: [{ text: 'the CNAME chain loops' }],
    })
    let i = 0
    const endless = resolverAt(undefined, {
      sees: (one) =>
        alias(`n${i}.example.net`, `n${++i}.example.net`) && {
          ...alias('x.example.net', `n${i}.example.net`),
          rrset: {
            ...(alias('x.example.net', `n${i}.example.net`) as Extract<Outcome, { kind: 'rrset' }>).rrset,
            name: one.name,
          },
        },
    })
    expect(await endless.resolve(ask('n0.example.net'))).toMatchObject({
      rcode: Rcode.SERVFAIL,
      ede: [{ text: 'the CNAME chain is too long' }],
    })
    expect(endless.own.asked.length).toBeLessThanOrEqual(12)
  })

  it('of eight links, as real content networks have, resolve', async () => {
    five()
    const { resolve } = resolverAt(undefined, {
      sees: (one) => {
        const n = Number(/(\d+)/.exec(one.name.key)?.[1] ?? 0)
        return n < 8 ? alias(`cdn${n}.example.net`, `cdn${n + 1}.example.net`) : answer(one, [9])
      },
    })
    expect((await resolve(ask('cdn0.example.net'))).answers).toHaveLength(9)
  })

  it('through a DNAME carry the CNAME that it stands for', async () => {
    five()
    const dname: Outcome = {
      kind: 'rrset',
      apex: parseName('example.net'),
      proofs: [],
      rrset: {
        name: parseName('old.example.net'),
        type: Type.DNAME,
        class: 1,
        ttl: 60,
        rdatas: [parseName('example.com').wire],
        signatures: [],
      },
    }
    const { resolve } = resolverAt(undefined, {
      sees: (one) => (one.name.key.includes('old') ? dname : answer(one, [1])),
    })
    const served = await resolve(ask('www.old.example.net'))
    expect(texts(served.answers)).toEqual(['DNAME example.com.', 'CNAME www.example.com.', 'A 198.51.100.1'])
  })
})

describe('a DNAME', () => {
  const dname = (owner: string, target: string): Outcome => ({
    kind: 'rrset',
    apex: parseName('example.net'),
    proofs: [],
    rrset: {
      name: parseName(owner),
      type: Type.DNAME,
      class: 1,
      ttl: 60,
      rdatas: [parseName(target).wire],
      signatures: [],
    },
  })

  it('that leads to a name that is too long is answered with YXDOMAIN, and shown', async () => {
    five()
    const long = `${'t'.repeat(60)}.${'u'.repeat(60)}.example.com`
    const { resolve } = resolverAt(undefined, { sees: () => dname('old.example.net', long) })
    const served = await resolve(ask(`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(10)}.old.example.net`))
    expect(served.rcode).toBe(Rcode.YXDOMAIN)
    expect(served.answers.map((one) => one.type)).toEqual([Type.DNAME])
  })

  it('above the name is followed even when a DNAME is what is asked for', async () => {
    five()
    const { resolve } = resolverAt(undefined, {
      sees: (one) => (one.name.key.includes('old') ? dname('old.example.net', 'example.com') : nothing(3)),
    })
    const served = await resolve(ask('x.old.example.net', Type.DNAME))
    expect(served.rcode).toBe(Rcode.NXDOMAIN)
    expect(texts(served.answers)).toEqual(['DNAME example.com.', 'CNAME x.example.com.'])
    const own = await resolve(ask('old.example.net', Type.DNAME))
    expect([own.rcode, texts(own.answers)]).toEqual([Rcode.NOERROR, ['DNAME example.com.']])
  })
})

describe('what never leaves the node', () => {
  it('answers special-use names locally, even without RD', async () => {
    const { outsiders } = five()
    const { resolve, own } = resolverAt(outsiders[1]!)
    expect(await resolve(ask('localhost'), { rd: false })).toMatchObject({ rcode: Rcode.NOERROR, authoritative: true })
    expect(own.asked).toHaveLength(0)
    expect(world.requests).toHaveLength(0)
  })

  it('asks no peer for names of a context of their own', async () => {
    const { outsiders } = five()
    const { resolve } = resolverAt(outsiders[1]!, { context: 'stub:example.com.' })
    expect(await resolve()).toMatchObject({ by: 'iteration' })
    expect(world.requests).toHaveLength(0)
  })

  it('refuses RD=0 for names of the world', async () => {
    const { outsiders } = five()
    expect(await resolverAt(outsiders[1]!).resolve(question, { rd: false })).toMatchObject({ rcode: Rcode.REFUSED })
  })
})

describe('absence', () => {
  it('is NXDOMAIN with the SOA', async () => {
    five()
    const { resolve } = resolverAt(undefined, { sees: () => nothing(3) })
    const served = await resolve()
    expect(served.rcode).toBe(Rcode.NXDOMAIN)
    expect(texts(served.authorities)[0]).toMatch(/^SOA /)
  })
})
