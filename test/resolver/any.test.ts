/** ANY (RFC 8482) and the root key sentinel (RFC 8509), over a signed world. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Class, parseName, type Question, Rcode, readEde, Type, typeFromText } from '../../src/dns/index.ts'
import { anchorTags, parseTrustAnchors, sentinelFails } from '../../src/dnssec/index.ts'
import { createResolver, type Resolution } from '../../src/resolver/index.ts'
import type { VirtualClock } from '../../src/sim/index.ts'
import { testClock } from '../setup/clock.ts'
import { createStack, createWorld, type Stack, signWorld, simpleSpec, texts, type World } from '../world/index.ts'

const SIGNED = signWorld(
  simpleSpec({
    'com.': '',
    'example.com.': 'www 60 A 192.0.2.1\nwww TXT "x"\nalias CNAME www\nbad A 192.0.2.2\n',
    'plain.com.': 'www A 192.0.2.3\n',
  }),
  { '.': {}, 'com.': {}, 'example.com.': { corrupt: ['bad.example.com. A'] } },
)
const HINFO = 'HINFO "RFC8482" ""'

let clock: VirtualClock
let world: World
let stack: Stack
beforeEach(async () => {
  clock = testClock(Date.now())
  world = await createWorld(SIGNED.spec, { sockets: false, clock })
  stack = createStack(world, { anchors: SIGNED.anchorText, clock })
})

const ask = (name: string, type = 'A', flags = {}) => clock.run(stack.ask({ name, type }, { ad: true, ...flags }))

describe('ANY', () => {
  it('is answered by a HINFO when nothing is known, and nobody is asked', async () => {
    const reply = await ask('www.example.com', 'ANY')
    expect([reply.rcode, reply.aa, reply.ad, texts(reply.answers)]).toEqual([Rcode.NOERROR, false, false, [HINFO]])
    expect(world.count()).toBe(0)
  })

  it('is answered by one RRset that is known, with its signatures for who wants them', async () => {
    await ask('www.example.com', 'TXT')
    expect(texts((await ask('www.example.com', 'ANY')).answers)).toEqual(['TXT "x"'])
    await ask('www.example.com')
    world.clearLog()
    const reply = await ask('www.example.com', 'ANY', { do: true })
    expect([reply.ad, reply.answers.map(({ type }) => type)]).toEqual([true, [Type.A, Type.RRSIG]])
    expect(world.count()).toBe(0)
  })

  it('is answered by the alias alone, which is not followed', async () => {
    await ask('alias.example.com')
    expect(texts((await ask('alias.example.com', 'ANY')).answers)).toEqual(['CNAME www.example.com.'])
  })

  it('is told that a name does not exist, if that is known', async () => {
    await ask('missing.example.com')
    const reply = await ask('missing.example.com', 'ANY')
    expect([reply.rcode, reply.ad, reply.answers]).toEqual([Rcode.NXDOMAIN, true, []])
  })

  it('learns nothing of a type that is absent, of what is bogus, expired, or not judged yet', async () => {
    await ask('www.plain.com')
    const question = { name: parseName('www.plain.com.'), type: Type.A, class: Class.IN }
    const judged = stack.cache.get('main', question, clock.now())!
    stack.cache.flush()
    stack.cache.put('main', { ...judged, security: 'indeterminate' }, clock.now())
    await ask('www.example.com', 'MX')
    await ask('bad.example.com')
    for (const name of ['www.example.com', 'bad.example.com', 'www.plain.com'])
      expect(texts((await ask(name, 'ANY')).answers)).toEqual([HINFO])
    expect(texts((await ask('bad.example.com', 'ANY', { cd: true })).answers)).toEqual(['A 192.0.2.2'])
    await ask('www.example.com')
    clock.skip(60_000)
    expect(texts((await ask('www.example.com', 'ANY')).answers)).toEqual([HINFO])
  })

  it('is for recursion only', async () => {
    expect((await ask('www.example.com', 'ANY', { rd: false })).rcode).toBe(Rcode.REFUSED)
  })
})

describe('the root key sentinel', () => {
  const rootTags = anchorTags(parseTrustAnchors(SIGNED.anchorText)[0]!)
  const pad = (tag: number) => String(tag).padStart(5, '0')
  const trusted = pad(rootTags[0]!)
  const other = pad((rootTags[0]! + 1) % 65_536)
  const zone = [
    `root-key-sentinel-is-ta-${trusted}`,
    `root-key-sentinel-not-ta-${trusted}`,
    `root-key-sentinel-is-ta-${other}`,
    `root-key-sentinel-not-ta-${other}`,
  ]
  const text = zone.map((label) => `${label} A 192.0.2.9\n${label} TXT "x"\n`).join('')
  const signed = signWorld(simpleSpec({ 'com.': '', 'example.com.': text, 'plain.com.': text }), {
    '.': { keys: SIGNED.keys.get('.')! },
    'com.': {},
    'example.com.': {},
  })

  async function resolve(name: string, type = 'A', checkingDisabled = false): Promise<Resolution> {
    const here = await createWorld(signed.spec, { sockets: false, clock })
    const { cache, recursor } = createStack(here, { anchors: signed.anchorText, clock })
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const contextOf = (question: Question) => recursor.contextOf(question)
    const resolver = createResolver(
      {
        cache,
        recursor,
        chunks: undefined,
        clock,
        log,
        contextOf,
        sentinel: (question, answer) => sentinelFails(question, { ...answer, rootTags }),
      },
      { order: 'race', hedgeMs: 'auto', strict: false, serveStale: false, prefetch: false },
    )
    return clock.run(
      resolver.resolve({
        question: { name: parseName(name), type: typeFromText(type)!, class: Class.IN },
        recursionDesired: true,
        checkingDisabled,
        dnssecOk: false,
        authenticData: true,
        client: 'test',
        signal: new AbortController().signal,
      }),
    )
  }

  it.each([
    [`root-key-sentinel-is-ta-${trusted}.example.com`, 'A', false, Rcode.NOERROR],
    [`root-key-sentinel-not-ta-${trusted}.example.com`, 'A', false, Rcode.SERVFAIL],
    [`ROOT-KEY-SENTINEL-IS-TA-${other}.example.com`, 'A', false, Rcode.SERVFAIL],
    [`root-key-sentinel-not-ta-${other}.example.com`, 'A', false, Rcode.NOERROR],
    [`root-key-sentinel-not-ta-${trusted}.example.com`, 'TXT', false, Rcode.NOERROR],
    [`root-key-sentinel-not-ta-${trusted}.example.com`, 'A', true, Rcode.NOERROR],
    [`root-key-sentinel-not-ta-${trusted}.plain.com`, 'A', false, Rcode.NOERROR],
  ])('%s %s CD=%s', async (name, type, cd, rcode) => {
    const resolution = await resolve(name, type, cd)
    expect([resolution.rcode, resolution.answers.length]).toEqual([rcode, rcode === Rcode.NOERROR ? 1 : 0])
    if (rcode === Rcode.SERVFAIL) expect(resolution.ede[0]?.text).toContain('RFC 8509')
  })

  it('is not there without trust anchors', async () => {
    const reply = await ask('missing.example.com')
    expect(readEde(reply.edns!.options)).toEqual([])
  })
})
