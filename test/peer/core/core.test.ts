/** A reload of the part of a node that resolves: what changes, what the cache keeps, and what is never mixed. */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createCache } from '../../../src/cache/index.ts'
import { loadConfig } from '../../../src/config/index.ts'
import { Class, nameToText, parseName, Rcode, Type, typeFromText } from '../../../src/dns/index.ts'
import { Core } from '../../../src/peer/core/core.ts'
import { answerWith, createWorld, demoSpec, signWorld, systemClock, texts, type World } from '../../world/index.ts'

const signed = signWorld(demoSpec(), {
  '.': {},
  'com.': {},
  'example.com.': { corrupt: ['mail.example.com. A'] },
})
const dir = mkdtempSync(join(tmpdir(), 'chordns-core-'))
afterAll(() => rmSync(dir, { recursive: true }))

const HINTS = join(dir, 'hints')
const ANCHORS = join(dir, 'anchors')
const HOSTS = join(dir, 'hosts')

let world: World
let core: Core
let cache: ReturnType<typeof createCache>
beforeEach(async () => {
  world = await createWorld(signed.spec, { sockets: false })
  writeFileSync(HINTS, world.hintsText())
  writeFileSync(ANCHORS, signed.anchorText)
  cache = createCache({
    maxBytes: 1 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds: 0,
    seed: randomBytes(8),
  })
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const random = {
    bytes: (length: number) => new Uint8Array(randomBytes(length)),
    below: (bound: number) => randomInt(bound),
  }
  core = new Core(
    {
      cache,
      exchange: world.exchange('127.0.0.1'),
      clock: systemClock,
      random,
      log: quiet,
    },
    { ownListeners: () => [], chunks: () => undefined },
    config(),
  )
})

interface Sections {
  readonly [section: string]: object
}

function config(sections: Sections = {}) {
  const settings = {
    ...sections,
    iterator: { rootHints: HINTS, port: world.port, queryLoopback: true, ipv6: false, ...sections['iterator'] },
    dnssec: { trustAnchors: ANCHORS, ...sections['dnssec'] },
  }
  const files: Record<string, string> = { c: JSON.stringify(settings), [HOSTS]: '192.168.1.5 host.example.net' }
  return loadConfig({ env: {}, file: 'c', readFile: (path) => files[path] }).config
}

async function resolve(question: string) {
  const [name = '', type = 'A'] = question.split(' ')
  const before = world.count()
  const resolution = await core.resolver.resolve({
    question: { name: parseName(name), type: typeFromText(type)!, class: Class.IN },
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: false,
    authenticData: false,
    client: 'test',
    signal: new AbortController().signal,
  })
  return { rcode: resolution.rcode, texts: texts(resolution.answers), asked: world.count() - before }
}

const reload = (sections?: Sections) => core.prepare(config(sections))()
const flushedBy = (sections?: Sections) => {
  const { flushed } = reload(sections)
  return flushed === 'all' ? 'all' : flushed.map(nameToText)
}

describe('a reload without changes', () => {
  it('keeps the cache and goes on counting', async () => {
    await resolve('www.example.com')
    const { upstreamQueries } = core.recursor.stats()
    expect(upstreamQueries).toBeGreaterThan(0)
    const { generation } = cache
    expect(flushedBy()).toEqual([])
    expect(await resolve('www.example.com')).toEqual({ rcode: Rcode.NOERROR, texts: ['A 192.0.2.81'], asked: 0 })
    expect(core.recursor.stats().upstreamQueries).toBe(upstreamQueries)
    // What was derived from the cache is made anew.
    expect(cache.generation).toBeGreaterThan(generation)
  })
})

describe('local data', () => {
  it('comes and goes, and with it what is told to peers', async () => {
    const question = { name: parseName('host.example.net'), type: Type.A, class: Class.IN }
    expect((await resolve('host.example.net')).rcode).toBe(Rcode.NXDOMAIN)
    expect(core.isPrivate(question)).toBe(false)
    reload({ local: { hosts: [HOSTS] } })
    expect(await resolve('host.example.net')).toMatchObject({ texts: ['A 192.168.1.5'], asked: 0 })
    expect(core.isPrivate(question)).toBe(true)
    reload()
    expect((await resolve('host.example.net')).rcode).toBe(Rcode.NXDOMAIN)
    expect(core.isPrivate(question)).toBe(false)
  })
})

describe('answers', () => {
  it('are rewritten as the new configuration says', async () => {
    expect((await resolve('www.example.org AAAA')).texts).toEqual([])
    reload({ dns64: { enabled: true } })
    expect((await resolve('www.example.org AAAA')).texts).toEqual(['AAAA 64:ff9b::cb00:7151'])
  })
})

describe('stub and forward zones', () => {
  const stub = (server: string) => ({ iterator: { stubs: { 'example.net': [server] } } })

  it('that come, go or change empty the cache at and below them, and nowhere else', async () => {
    await resolve('www.example.com')
    await resolve('www.example.net')
    world.server('ns1.example.org').behave({ tamper: answerWith('www.example.net. 300 A 203.0.113.99') })
    expect(flushedBy(stub('127.53.12.1'))).toEqual(['example.net.'])
    expect((await resolve('www.example.net')).texts).toEqual(['A 203.0.113.99'])
    expect((await resolve('www.example.com')).asked).toBe(0)
    expect(flushedBy(stub('127.53.12.1'))).toEqual([])
    expect((await resolve('www.example.net')).asked).toBe(0)
    // The same context, other servers: what the old ones said must not be served.
    expect(flushedBy(stub('127.53.11.1'))).toEqual(['example.net.'])
    expect((await resolve('www.example.net')).texts).toEqual(['A 198.51.100.81'])
    expect(flushedBy()).toEqual(['example.net.'])
    expect((await resolve('www.example.net')).texts).toEqual(['A 198.51.100.81'])
  })
})

describe('what answers are judged by', () => {
  it('a negative trust anchor counts from the reload on, and no longer after the next one', async () => {
    expect((await resolve('mail.example.com')).rcode).toBe(Rcode.SERVFAIL)
    const nta = { dnssec: { negativeTrustAnchors: ['example.com'] } }
    expect(flushedBy(nta)).toEqual(['example.com.'])
    expect(await resolve('mail.example.com')).toMatchObject({ rcode: Rcode.NOERROR, texts: ['A 192.0.2.25'] })
    expect(core.isPrivate({ name: parseName('mail.example.com'), type: Type.A, class: Class.IN })).toBe(true)
    expect(flushedBy()).toEqual(['example.com.'])
    expect((await resolve('mail.example.com')).rcode).toBe(Rcode.SERVFAIL)
  })

  it('other anchors in the same file empty the cache', async () => {
    await resolve('www.example.com')
    const other = signWorld(demoSpec(), { '.': {} })
    writeFileSync(ANCHORS, other.anchorText)
    expect(flushedBy()).toBe('all')
    expect((await resolve('www.example.com')).rcode).toBe(Rcode.SERVFAIL)
    writeFileSync(ANCHORS, signed.anchorText)
    expect(flushedBy()).toBe('all')
    expect((await resolve('www.example.com')).rcode).toBe(Rcode.NOERROR)
  })

  it('so does switching validation', async () => {
    expect(flushedBy({ dnssec: { validate: false } })).toBe('all')
    expect((await resolve('mail.example.com')).texts).toEqual(['A 192.0.2.25'])
    expect(flushedBy()).toBe('all')
    expect((await resolve('mail.example.com')).rcode).toBe(Rcode.SERVFAIL)
  })
})

describe('a local copy of the root zone', () => {
  it('is in place after a reload that has emptied the cache', async () => {
    const copy = join(dir, 'root.zone')
    writeFileSync(copy, demoSpec().zones.find((zone) => zone.origin === '.')!.text)
    const atRoot = () => world.count((asked) => asked.server.endsWith('root'))
    const sections = { iterator: { localRoot: copy }, dnssec: { validate: false } }
    expect(flushedBy(sections)).toBe('all')
    expect((await resolve('www.example.com')).texts).toEqual(['A 192.0.2.81'])
    writeFileSync(HINTS, world.hintsText().replace(/^.*b\.root.*$/gim, ''))
    expect(flushedBy(sections)).toBe('all')
    expect((await resolve('www.example.org')).texts).toEqual(['A 203.0.113.81'])
    expect(atRoot()).toBe(0)
  })
})

describe('files that are a help and no more', () => {
  it('do not keep a node from answering when they are of no use: the copy of the root, a line of the hints', async () => {
    const copy = join(dir, 'root.zone')
    writeFileSync(copy, '. SOA')
    writeFileSync(HINTS, `${world.hintsText()}\n<html>\n`)
    const sections = { iterator: { localRoot: copy }, dnssec: { validate: false } }
    expect(flushedBy(sections)).toBe('all')
    expect((await resolve('www.example.com')).texts).toEqual(['A 192.0.2.81'])
    expect(flushedBy({ ...sections, iterator: { localRoot: '/nowhere' } })).toBeDefined()
    expect((await resolve('www.example.org')).texts).toEqual(['A 203.0.113.81'])
    writeFileSync(HINTS, world.hintsText())
  })
})

describe('a question in work during a reload', () => {
  it('is answered, and what it found under the old rules does not enter the cache', async () => {
    for (const server of ['ns1.example.com', 'ns2.example.com']) world.server(server).behave({ delayMs: 100 })
    const before = resolve('mail.example.com')
    while (world.count((asked) => asked.server.endsWith('example.com')) === 0)
      await new Promise((done) => setTimeout(done, 5))
    reload({ dnssec: { validate: false } })
    expect((await before).rcode).toBe(Rcode.SERVFAIL)
    expect(await resolve('mail.example.com')).toMatchObject({ texts: ['A 192.0.2.25'] })
    const late = resolve('www.example.com')
    reload({ dnssec: { validate: false } })
    expect((await late).texts).toEqual(['A 192.0.2.81'])
    expect((await resolve('www.example.com')).asked).toBeGreaterThan(0)
  })
})

describe('a configuration that cannot be put in force', () => {
  it('changes nothing', async () => {
    await resolve('www.example.com')
    const { generation } = cache
    writeFileSync(ANCHORS, 'nonsense')
    expect(() => core.prepare(config({ dns64: { enabled: true } }))).toThrow(
      expect.objectContaining({ code: expect.any(String) }),
    )
    writeFileSync(HINTS, '')
    writeFileSync(ANCHORS, signed.anchorText)
    expect(() => core.prepare(config())).toThrow(expect.objectContaining({ code: 'HINTS_EMPTY' }))
    writeFileSync(HINTS, world.hintsText())
    const unasked = {
      code: 'HINTS_EMPTY',
      message: expect.stringMatching(/rootHints: .*no server in it has an address/),
    }
    expect(() => core.prepare(config({ iterator: { queryLoopback: false } }))).toThrow(expect.objectContaining(unasked))
    writeFileSync(HINTS, world.hintsText())
    expect(() => core.prepare(config({ dnssec: { trustAnchors: '/nowhere' } }))).toThrow(/there is no file \/nowhere/)
    expect(cache.generation).toBe(generation)
    expect(await resolve('www.example.com')).toMatchObject({ texts: ['A 192.0.2.81'], asked: 0 })
    expect((await resolve('www.example.org AAAA')).texts).toEqual([])
  })
})
