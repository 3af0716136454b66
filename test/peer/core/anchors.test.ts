/** Names on a ledger, resolved by a whole core: by the keys and servers that stand there, whatever the parent says. */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createCache } from '../../../src/cache/index.ts'
import type { Chunks } from '../../../src/chunks/index.ts'
import { loadConfig } from '../../../src/config/index.ts'
import { Class, parseName, Rcode, recordToText, Type, typeFromText } from '../../../src/dns/index.ts'
import {
  type MemoryState,
  NameAnchors,
  type NameSettings,
  nameTransferPayload,
  releasePayload,
  updatePayload,
} from '../../../src/ledger/index.ts'
import { anchored } from '../../../src/peer/core/anchors.ts'
import { Core } from '../../../src/peer/core/core.ts'
import type { ResolveStep } from '../../../src/resolver/index.ts'
import { withHidden } from '../../ledger/anchors/hiding.ts'
import { stateChain } from '../../ledger/anchors/state-view.ts'
import { carrierOf, nameBlocks, ownerOf } from '../../ledger/modules/names/blocks.ts'
import {
  createWorld,
  dsRdata,
  makeKeys,
  signWorld,
  signZone,
  simpleSpec,
  systemClock,
  texts,
  type World,
  type WorldSpec,
  type ZoneKeys,
  type ZoneSpec,
} from '../../world/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-anchors-'))
afterAll(() => rmSync(dir, { recursive: true }))
let world: World | undefined
afterEach(() => world?.stopAll())

const alice = ownerOf('alice')
const bob = ownerOf('bob')
const by = carrierOf('any')
const keys = makeKeys(13)
const others = makeKeys(13)
const SERVER = { 'shop.com.': '127.54.8.1', 'shop.p2p.': '127.54.9.1' } as const
type Zone = keyof typeof SERVER

const zoneText = (zone: Zone, address: string) =>
  `@ 300 IN SOA ns1 admin 1 3600 600 86400 60\n@ 300 IN NS ns1\nns1 300 IN A ${SERVER[zone]}\nwww 300 IN A ${address}\n`

interface Changed {
  readonly corrupt?: readonly string[]
  readonly signedBy?: ZoneKeys
  /** What com says of shop: by default a delegation without DS. */
  readonly parent?: 'nothing' | 'another DS'
  /** What stands in shop.com besides. */
  readonly more?: string
  readonly zones?: readonly ZoneSpec[]
}

const dsText = (zone: string, by: ZoneKeys) =>
  recordToText({
    name: parseName(zone),
    type: Type.DS,
    class: Class.IN,
    ttl: 300,
    rdata: dsRdata(parseName(zone), by.ksk),
  })

/** The root, com and example.com are signed; com delegates shop.com without DS, and other.com to a server in p2p; nobody delegates p2p. */
function internet(changed: Changed = {}): {
  spec: WorldSpec
  anchorText: string
} {
  const delegation = `shop 300 IN NS ns1.shop\nns1.shop 300 IN A ${SERVER['shop.com.']}`
  const ds = changed.parent === 'another DS' ? `\n${dsText('shop.com.', others)}` : ''
  const plain = simpleSpec({
    'com.': `${changed.parent === 'nothing' ? '' : `${delegation}${ds}`}\nother 300 IN NS ns1.shop.p2p.`,
    'example.com.': 'www A 192.0.2.81',
  })
  const signed = signWorld(plain, { '.': {}, 'com.': {}, 'example.com.': {} })
  const zones = (Object.keys(SERVER) as Zone[]).map((origin) => ({
    origin,
    servers: [origin],
    text: signZone(origin, `${zoneText(origin, '192.0.2.7')}${(origin === 'shop.com.' && changed.more) || ''}`, {
      keys: changed.signedBy ?? keys,
      ...(changed.corrupt !== undefined && { corrupt: changed.corrupt }),
    }),
  }))
  const servers = Object.fromEntries(Object.entries(SERVER).map(([name, address]) => [name, { addresses: [address] }]))
  const spec = {
    ...signed.spec,
    servers: { ...signed.spec.servers, ...servers },
    zones: [
      ...signed.spec.zones,
      ...zones,
      {
        origin: 'other.com.',
        servers: ['shop.p2p.'],
        text: '@ 300 IN SOA ns1.shop.p2p. admin 1 3600 600 86400 60\n@ 300 IN NS ns1.shop.p2p.\nwww 300 IN A 192.0.2.99\n',
      },
      ...(changed.zones ?? []),
    ],
  }
  return { spec, anchorText: signed.anchorText }
}

function settings(zone: Zone, by: ZoneKeys = keys): NameSettings {
  const addresses = [Uint8Array.from(SERVER[zone].split('.'), Number)]
  return {
    updateByCds: true,
    ds: [dsRdata(parseName(zone), by.ksk)],
    servers: [{ name: parseName(`ns1.${zone}`), addresses }],
  }
}

interface Options {
  readonly zone?: Zone
  readonly registered?: boolean
  readonly ledger?: object
  readonly internet?: Changed
  readonly anchoredKeys?: ZoneKeys
  readonly stubs?: Readonly<Record<string, string>>
  readonly chunks?: Chunks
  readonly staleSeconds?: number
  /** By a motion of its TLD. */
  readonly hidden?: boolean
}

async function node({
  zone = 'shop.com.',
  registered = true,
  ledger = {},
  internet: changed,
  anchoredKeys,
  stubs = {},
  chunks,
  staleSeconds = 0,
  hidden = false,
}: Options = {}) {
  const { spec, anchorText } = internet(changed)
  const net = await createWorld(spec, { sockets: false })
  world = net
  const [hints, anchors] = [join(dir, 'hints'), join(dir, 'anchors')]
  writeFileSync(hints, net.hintsText())
  writeFileSync(anchors, anchorText)
  const tld = zone.split('.')[1]!
  const blocks = nameBlocks({ chainName: tld })
  if (registered) expect(blocks.register(alice, 'shop', settings(zone, anchoredKeys))).toBe(0)
  const state = blocks.state() as MemoryState
  const chain = stateChain(tld, hidden ? withHidden(state, 'shop') : state, () => blocks.now())
  const file = JSON.stringify({
    iterator: {
      rootHints: hints,
      port: net.port,
      queryLoopback: true,
      ipv6: false,
      stubs: Object.fromEntries(Object.entries(stubs).map(([at, address]) => [at, [`${address}:${net.port}`]])),
    },
    // Nobody delegates the TLDs of stub zones.
    dnssec: { trustAnchors: anchors, negativeTrustAnchors: Object.keys(stubs) },
    ledger,
  })
  const cache = createCache({
    maxBytes: 1 << 20,
    minTtl: 0,
    maxTtl: 86_400,
    negativeMaxTtl: 3_600,
    staleSeconds,
    seed: randomBytes(8),
  })
  const core = new Core(
    {
      cache,
      exchange: net.exchange('127.0.0.1'),
      clock: systemClock,
      random: { bytes: (length) => new Uint8Array(randomBytes(length)), below: (bound) => randomInt(bound) },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    },
    { ownListeners: () => [], chunks: () => chunks, ledger: () => chain.view, makeAnchors: () => NameAnchors },
    loadConfig({ env: {}, file: 'c', readFile: () => file }).config,
  )
  async function ask(question: string, checkingDisabled = false) {
    const [name = '', type = 'A'] = question.split(' ')
    const steps: ResolveStep[] = []
    const before = net.count()
    const { rcode, answers, security, provenance, ede } = await core.resolver.resolve({
      question: { name: parseName(name), type: typeFromText(type)!, class: Class.IN },
      recursionDesired: true,
      checkingDisabled,
      dnssecOk: false,
      authenticData: false,
      client: 'test',
      signal: new AbortController().signal,
      onStep: (step) => steps.push(step),
    })
    const ledger = steps.flatMap((step) => (step.kind === 'ledger' ? [step.detail] : []))
    return { rcode, texts: texts(answers), security, provenance, ede, ledger, asked: net.count() - before }
  }
  const rootAsked = () => net.count(({ server }) => server === 'a.root')
  return { ask, chain, blocks, core, cache, rootAsked }
}

describe('an anchored name', () => {
  it('is validated by the key on the ledger although its parent has no DS, and the proof is explained', async () => {
    const { ask, rootAsked } = await node()
    const answer = await ask('www.shop.com')
    expect(answer).toMatchObject({ rcode: Rcode.NOERROR, texts: ['A 192.0.2.7'], security: 'secure' })
    expect(answer.ledger.join()).toMatch(
      /shop\.com\. is anchored on com: key \d+, generation 1, proven by \d+ bytes at height 1/,
    )
    // Neither root nor TLD was asked on the way.
    expect(rootAsked()).toBe(0)
  })

  it('costs no request of the ledger once it is known, and none at all for names outside', async () => {
    const { ask, chain } = await node()
    await ask('www.shop.com')
    expect(await ask('www.shop.com')).toMatchObject({ asked: 0 })
    await ask('www.shop.com AAAA')
    expect(chain.requests).toBe(1)
    expect(await ask('www.example.com')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.81'] })
    expect(chain.requests).toBe(2)
    chain.advance()
    await ask('www.shop.com')
    await ask('www.shop.com')
    // One of the name, and two at first of whether names have changed hands; from then on one of each a block.
    expect(chain.requests).toBe(5)
    chain.advance()
    await ask('www.shop.com')
    await ask('www.shop.com')
    expect(chain.requests).toBe(7)
  })

  it('is SERVFAIL when one record was changed, and when the zone is signed by other keys than the anchored', async () => {
    const corrupt = await node({ internet: { corrupt: ['www.shop.com. A'] } })
    expect(await corrupt.ask('www.shop.com')).toMatchObject({ rcode: Rcode.SERVFAIL })
    await world?.stopAll()
    const wrong = await node({ internet: { signedBy: others } })
    expect(await wrong.ask('www.shop.com')).toMatchObject({ rcode: Rcode.SERVFAIL })
  })

  it('in a TLD of the ledger alone needs no root server; what nobody has does not exist', async () => {
    const { ask, rootAsked } = await node({ zone: 'shop.p2p.', ledger: { precedence: { p2p: 'ledger-only' } } })
    expect(await ask('www.shop.p2p')).toMatchObject({ texts: ['A 192.0.2.7'], security: 'secure' })
    expect(await ask('www.other.p2p')).toMatchObject({ rcode: Rcode.NXDOMAIN, provenance: 'ledger' })
    expect(await ask('_x.p2p')).toMatchObject({ rcode: Rcode.NXDOMAIN })
    expect(await ask('p2p SOA')).toMatchObject({ rcode: Rcode.NOERROR, texts: [] })
    expect(rootAsked()).toBe(0)
  })

  it('is resolved by the DNS when nobody has it on the ledger', async () => {
    const { ask } = await node({ registered: false })
    const answer = await ask('www.shop.com')
    expect(answer).toMatchObject({ texts: ['A 192.0.2.7'], security: 'insecure', provenance: 'solo' })
    expect(answer.ledger).toEqual(['not registered at height 1 of com'])
  })

  it('comes after the DNS where the operator wants it so', async () => {
    const ledger = { precedence: { com: 'dns', p2p: 'dns' } }
    const inDns = await node({ ledger })
    expect(await inDns.ask('www.shop.com')).toMatchObject({ security: 'insecure', texts: ['A 192.0.2.7'] })
    await world?.stopAll()
    const notInDns = await node({ zone: 'shop.p2p.', ledger })
    expect(await notInDns.ask('www.shop.p2p')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'] })
    expect(await notInDns.ask('www.shop.p2p')).toMatchObject({ asked: 0, security: 'secure' })
  })
})

describe('what a parent would be asked of an anchored name', () => {
  it('is the DS set: the one of the ledger, secure, and no parent hears of the question', async () => {
    const { ask } = await node({ internet: { parent: 'another DS' } })
    const answer = await ask('shop.com DS')
    expect(answer).toMatchObject({ rcode: Rcode.NOERROR, security: 'secure', provenance: 'ledger', asked: 0 })
    expect(answer.texts).toEqual([expect.stringMatching(/^DS /)])
    expect(dsText('shop.com.', keys)).toContain(answer.texts[0]!.slice(3))
    expect(answer.ledger.join()).toContain('shop.com. is anchored on com')
    expect(await ask('shop.com DS', true)).toMatchObject({ texts: answer.texts, asked: 0 })
    expect(await ask('www.shop.com')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'] })
  })

  it('is proven not to be there where the TLD is the ledger’s, and is the parent’s to say where nobody has the name', async () => {
    const only = await node({ zone: 'shop.p2p.', ledger: { precedence: { p2p: 'ledger-only' } } })
    expect(await only.ask('shop.p2p DS')).toMatchObject({ security: 'secure', provenance: 'ledger' })
    expect(await only.ask('free.p2p DS')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'secure', asked: 0 })
    expect(await only.ask('_x.p2p DS')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'insecure' })
    await world?.stopAll()
    const { ask } = await node({ registered: false, internet: { parent: 'another DS' } })
    expect(await ask('shop.com DS')).toMatchObject({ security: 'secure', provenance: 'solo' })
  })

  it('comes from the ledger also where the DNS goes first and has no such name', async () => {
    const { ask } = await node({ zone: 'shop.p2p.', ledger: { precedence: { p2p: 'dns' } } })
    expect(await ask('shop.p2p DS')).toMatchObject({ security: 'secure', provenance: 'ledger', rcode: Rcode.NOERROR })
  })

  it('is the NS set: that of the zone itself, validated by the anchored key', async () => {
    const { ask, rootAsked } = await node()
    expect(await ask('shop.com NS')).toMatchObject({ security: 'secure', texts: ['NS ns1.shop.com.'] })
    expect(await ask('shop.com DNSKEY')).toMatchObject({ security: 'secure' })
    expect(await ask('a.b.c.d.shop.com')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'secure' })
    expect(rootAsked()).toBe(0)
  })

  it('is the chain of trust of a zone below, which goes on from the anchored key', async () => {
    const child = makeKeys(13)
    const text =
      '@ 300 IN SOA ns1.shop.com. admin 1 3600 600 86400 60\n@ 300 IN NS ns1.shop.com.\nwww 300 IN A 192.0.2.9\n'
    const zones = [
      { origin: 'sub.shop.com.', servers: ['shop.com.'], text: signZone('sub.shop.com.', text, { keys: child }) },
    ]
    const more = `sub 300 IN NS ns1.shop.com.\n${dsText('sub.shop.com.', child)}\n`
    const { ask, rootAsked } = await node({ internet: { more, zones, parent: 'another DS' } })
    expect(await ask('www.sub.shop.com')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.9'] })
    expect(await ask('sub.shop.com DS')).toMatchObject({ security: 'secure', provenance: 'solo' })
    expect(rootAsked()).toBe(0)
  })

  it('is not what denies it: neither a signed denial of the parent, nor an NXDOMAIN in the cache', async () => {
    const com = await node({ internet: { parent: 'nothing' } })
    // The NSEC record of this answer covers shop.com as well.
    expect(await com.ask('shoo.com')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'secure' })
    expect(await com.ask('www.shop.com')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'] })
    expect(await com.ask('shop.com DS')).toMatchObject({ security: 'secure', provenance: 'ledger' })
    await world?.stopAll()
    const root = await node({ zone: 'shop.p2p.' })
    expect(await root.ask('free.p2p')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'secure' })
    expect(await root.ask('www.shop.p2p')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'] })
    await world?.stopAll()
    const late = await node({ registered: false, internet: { parent: 'nothing' } })
    expect(await late.ask('www.shop.com')).toMatchObject({ rcode: Rcode.NXDOMAIN })
    late.blocks.register(alice, 'shop', settings('shop.com.'))
    late.chain.advance(late.blocks.state() as MemoryState)
    await late.ask('www.shop.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await late.ask('www.shop.com')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'] })
  })

  it('is no ring: it is neither read for the name nor told of it, and what is observed of it is private', async () => {
    const touched: string[] = []
    const chunks = new Proxy({} as Chunks, {
      get(_, property) {
        touched.push(String(property))
        return property === 'expects' ? () => 'no' : () => undefined
      },
    })
    const { ask, core } = await node({ chunks })
    for (const question of ['www.shop.com', 'shop.com DS', 'shop.com NS', 'x.shop.com'])
      expect(await ask(question)).toMatchObject({ security: 'secure' })
    expect(touched).toEqual([])
    expect(core.isPrivate({ name: parseName('www.shop.com.'), type: Type.A, class: Class.IN })).toBe(true)
  })

  it('is nothing old: what the DNS said before is not served stale when the zone is not signed by the anchored key', async () => {
    const { ask, chain, blocks } = await node({ registered: false, staleSeconds: 86_400 })
    expect(await ask('www.shop.com')).toMatchObject({ security: 'insecure' })
    blocks.register(alice, 'shop', settings('shop.com.', others))
    chain.advance(blocks.state() as MemoryState)
    await ask('www.shop.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await ask('www.shop.com')).toMatchObject({ rcode: Rcode.SERVFAIL, texts: [] })
    // Who checks for itself gets what there is.
    expect(await ask('www.shop.com', true)).toMatchObject({ texts: ['A 192.0.2.7'], security: 'bogus' })
  })

  it('is what the operator says, in a stub zone', async () => {
    const stubs = { 'shop.p2p': SERVER['shop.p2p.'] }
    const ledger = { precedence: { p2p: 'ledger-only' } }
    const { ask, chain } = await node({ zone: 'shop.p2p.', registered: false, ledger, stubs })
    expect(await ask('www.shop.p2p')).toMatchObject({ rcode: Rcode.NOERROR, texts: ['A 192.0.2.7'], ledger: [] })
    expect(chain.requests).toBe(0)
  })

  it('is the address of a server that has its name there, for zones that have theirs in the DNS', async () => {
    const { ask } = await node({ zone: 'shop.p2p.', ledger: { precedence: { p2p: 'ledger-only' } } })
    expect(await ask('www.other.com')).toMatchObject({ rcode: Rcode.NOERROR, texts: ['A 192.0.2.99'] })
    await world?.stopAll()
    const none = await node({ zone: 'shop.p2p.', registered: false, ledger: { precedence: { p2p: 'ledger-only' } } })
    expect(await none.ask('www.other.com')).toMatchObject({ rcode: Rcode.SERVFAIL })
  })
})

describe('a name that its TLD hides', () => {
  it('is NXDOMAIN with an error that says who hides it and why, not secure, and comes back when it is shown', async () => {
    const { ask, chain, blocks } = await node({ hidden: true })
    const said = expect.stringContaining('com hides shop.com. since')
    for (const name of ['www.shop.com', 'shop.com DS', 'shop.com'])
      expect(await ask(name)).toMatchObject({
        rcode: Rcode.NXDOMAIN,
        security: 'insecure',
        asked: 0,
        ede: [{ code: 16, text: said }],
      })
    chain.advance(blocks.state() as MemoryState)
    await ask('www.shop.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await ask('www.shop.com')).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'], ede: [] })
  })

  it('resolves at a node that ignores it, which explains that', async () => {
    const { ask } = await node({ hidden: true, ledger: { hidden: 'ignore' } })
    const answer = await ask('www.shop.com')
    expect(answer).toMatchObject({ security: 'secure', texts: ['A 192.0.2.7'] })
    expect(answer.ledger.join()).toMatch(/com hides shop\.com\. since .* by motion 3 .*, which this node ignores/)
  })
})

describe('a change on the ledger', () => {
  it('of the keys counts from the question after the next block, and keeps what was validated', async () => {
    const { ask, chain, blocks, core } = await node({ anchoredKeys: others })
    expect(await ask('www.shop.com')).toMatchObject({ rcode: Rcode.SERVFAIL })
    blocks.block([{ by, payload: updatePayload(alice, blocks.place('shop'), settings('shop.com.')) }])
    chain.advance(blocks.state() as MemoryState)
    await ask('www.shop.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    core.recursor.forget(parseName('com.'), 'below')
    expect(await ask('mail.shop.com')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'secure' })
  })

  it('of the owner leaves nothing of the old one', async () => {
    const { ask, chain, blocks, cache } = await node()
    await ask('www.shop.com')
    const { generation } = cache
    blocks.block([], 3_700_000)
    blocks.block([{ by, payload: nameTransferPayload(alice, blocks.place('shop'), bob.publicKey) }])
    chain.advance(blocks.state() as MemoryState)
    await ask('www.shop.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(cache.generation).toBeGreaterThan(generation)
    const answer = await ask('www.shop.com')
    expect(answer.ledger.join()).toContain('generation 2')
    expect(answer.asked).toBeGreaterThan(0)
    blocks.block([{ by, payload: releasePayload(bob, blocks.place('shop')) }])
    chain.advance(blocks.state() as MemoryState)
    await ask('www.shop.com')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await ask('www.shop.com')).toMatchObject({ security: 'insecure' })
  })
})

describe('a ledger that cannot be asked', () => {
  it('leaves names that are not known to the DNS, or to nobody, as configured', async () => {
    const open = await node()
    open.chain.cut = true
    expect(await open.ask('www.shop.com')).toMatchObject({ security: 'insecure', texts: ['A 192.0.2.7'] })
    await world?.stopAll()
    const closed = await node({ ledger: { unreachable: 'fail' } })
    closed.chain.cut = true
    expect(await closed.ask('www.shop.com')).toMatchObject({ rcode: Rcode.SERVFAIL })
    await world?.stopAll()
    const only = await node({ zone: 'shop.p2p.', ledger: { precedence: { p2p: 'ledger-only' } } })
    only.chain.cut = true
    expect(await only.ask('www.shop.p2p')).toMatchObject({ rcode: Rcode.SERVFAIL })
  })

  it('does not turn a name that is known to be anchored over to its parent', async () => {
    const { ask, chain } = await node()
    await ask('www.shop.com')
    chain.cut = true
    chain.advance()
    expect(await ask('mail.shop.com')).toMatchObject({ rcode: Rcode.NXDOMAIN, security: 'secure' })
  })
})

it('is refused where what finds names on ledgers was not loaded, so that no name of one is taken for the DNS', () => {
  const file = JSON.stringify({ ledger: { precedence: { p2p: 'ledger-only' } } })
  const { config } = loadConfig({ env: {}, file: 'c', readFile: (path) => (path === 'c' ? file : undefined) })
  const nothing = {} as never
  expect(() => anchored(nothing, nothing, config.ledger)).toThrow(/was not loaded/)
})
